// One colour and one glyph for each component, in every view. Colour never stands alone: the glyph says the same.
import type { Entry, EntryType } from '../machines/journal.ts';

export interface Identity {
  /** Names the CSS colour `--<id>`. */
  id: string;
  glyph: string;
  name: string;
}

const IDENTITIES = {
  cc: { id: 'cc', glyph: '◆', name: 'Cloud Controller' },
  dea: { id: 'dea', glyph: '■', name: 'DEA' },
  warden: { id: 'warden', glyph: '●', name: 'Warden' },
  wshd: { id: 'wshd', glyph: '⬢', name: 'wshd' },
  router: { id: 'router', glyph: '▲', name: 'Router' },
  hm: { id: 'hm', glyph: '✚', name: 'Health Manager' },
  lab: { id: 'lab', glyph: '○', name: 'Lab' },
} satisfies Record<string, Identity>;

/** Which component an actor, process or endpoint belongs to, by the part before `:` or `/`. */
const OWNERS: Partial<Record<string, keyof typeof IDENTITIES>> = {
  cc: 'cc',
  uaa: 'cc',
  app: 'cc',
  dea: 'dea',
  instance: 'dea',
  'staging-task': 'dea',
  warden: 'warden',
  container: 'warden',
  wshd: 'wshd',
  'wshd-boot': 'wshd',
  router: 'router',
  route: 'router',
  hm: 'hm',
};

export function identityOf(e: Entry): Identity {
  if (e.type === 'step' || e.type === 'kernel' || e.type === 'script') return IDENTITIES.wshd;
  return byName(e.actor) ?? byName(e.proc) ?? IDENTITIES.lab;
}

function byName(name: string): Identity | undefined {
  const owner = OWNERS[name.split(/[:/]/)[0] ?? ''];
  return owner ? IDENTITIES[owner] : undefined;
}

/** In the order in which the filter offers them. */
export const COMPONENTS: readonly Identity[] = Object.values(IDENTITIES);

/** In the order in which the filter offers them. */
export const TYPES: readonly EntryType[] = [
  'message',
  'transition',
  'effect',
  'step',
  'script',
  'kernel',
  'log',
  'gate',
  'fault',
  'note',
];
