// Which colour and glyph a lane has: those of its component, and of you, NATS and a container's wshd.
import { COMPONENTS, type Identity } from '../identity.ts';

const OTHERS = {
  you: { id: 'ink', glyph: '☻', name: 'you' },
  nats: { id: 'soft', glyph: '≡', name: 'NATS' },
} as const satisfies Record<string, Identity>;

/** `id` names a CSS colour of tokens.css. */
export function laneIdentity(lane: string): Identity {
  const kind = lane.split('/')[0] ?? '';
  if (kind === 'you' || kind === 'nats') return OTHERS[kind];
  const component = COMPONENTS.find((c) => c.id === (kind === 'container' ? 'wshd' : kind));
  return component ?? { id: 'lab', glyph: '○', name: lane };
}
