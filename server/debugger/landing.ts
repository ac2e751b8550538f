// Where over, into and out land: pure questions about gates. Down means into, as on the stage: Cloud Controller, DEA,
// Warden, wshd, script.
import type { Breakpoint } from '../../machines/gates.ts';
import type { GatePoint } from '../../machines/journal.ts';

/** over: the same actor again. into: something deeper, or the same actor. out: something higher. */
export type Landing = 'over' | 'into' | 'out';

type Fields = Omit<Breakpoint, 'id'>;

/** The layers from top to bottom, each with what its gates have in common. */
const LAYERS: readonly { of: (p: GatePoint) => boolean; fields: readonly Fields[] }[] = [
  { of: (p) => isMachine(p) && (p.proc === 'control' || p.proc === 'main'), fields: machinesOf({ proc: 'control' }) },
  { of: (p) => isMachine(p) && p.proc.startsWith('dea/'), fields: machinesOf({ proc: 'dea/*' }) },
  { of: (p) => isMachine(p) && p.proc.startsWith('warden/'), fields: machinesOf({ proc: 'warden/*' }) },
  { of: (p) => p.kind === 'step', fields: [{ kind: 'step' }] },
  { of: (p) => p.kind === 'script', fields: [{ kind: 'script' }] },
];

/** Deliveries and effects are steps of a machine; what it runs in a container is deeper, whichever process gates it. */
function machinesOf(fields: Fields): Fields[] {
  return [
    { ...fields, kind: 'delivery' },
    { ...fields, kind: 'effect' },
  ];
}

function isMachine(p: GatePoint): boolean {
  return p.kind === 'delivery' || p.kind === 'effect';
}

/**
 * The points at which a run that begins at `from` stops, as one-shot breakpoints without names. From a step or a
 * script line the same actor's machine is a landing too: what was stepped over may have been the last line.
 */
export function landingsOf(how: Landing, from: GatePoint): Fields[] {
  const depth = LAYERS.findLastIndex((layer) => layer.of(from));
  const same = isMachine(from) ? machinesOf({ actor: from.actor }) : [{ actor: from.actor }];
  const layers = how === 'out' ? LAYERS.slice(0, Math.max(0, depth)) : LAYERS.slice(depth + 1);
  const others = how === 'over' ? [] : layers.flatMap((layer) => layer.fields);
  // From the top there is nothing to go out to: the same actor's next gate is the end of what it does.
  const own = how === 'out' && others.length > 0 ? [] : same;
  return [...own, ...others].map((fields) => ({ ...fields, foreground: true }));
}
