// Breakpoints on the record: at which entry one held, or would have. What closes a gate on a live lab is machines/gates.ts.
import { type Breakpoint, breaks } from './gates.ts';
import { type Direction, entryOf, walk } from './grain.ts';
import type { Entry, GatePoint, TransitionBody } from './journal.ts';

/**
 * continue and reverse-continue on the record: the nearest place at which a breakpoint held, or at which one of these
 * would have. Disabled ones do not count. Null where there is none in that direction.
 */
export function breakFrom(
  entries: readonly Entry[],
  seq: number,
  { breakpoints, direction }: { breakpoints: readonly Breakpoint[]; direction: Direction },
): number | null {
  const live = breakpoints.filter((b) => !b.disabled);
  const lands = (e: Entry): boolean => {
    if (e.type === 'gate') return e.phase === 'held' && !OWN.includes(e.by);
    const cause = e.cause === null ? undefined : entryOf(entries, e.cause);
    // What follows a gate is the same place once more.
    if (cause?.type === 'gate' && !OWN.includes(cause.by)) return false;
    return pointsOf(e).some((point) => live.some((b) => breaks(b, point)));
  };
  return walk(entries, seq, { grain: 'entry', direction, lands });
}

/** What closes a gate without a breakpoint. */
const OWN = ['pause', 'beat', 'sample'];

/** The gates that an entry has passed, as far as the record tells: what a breakpoint for it has to say. */
export function pointsOf(e: Entry): GatePoint[] {
  const { proc, actor, background } = e;
  const at = { proc, actor, ...(background && { background }) };
  switch (e.type) {
    case 'message':
      return e.phase === 'sent' ? [] : [{ ...at, kind: 'delivery', name: e.name, transport: e.transport }];
    case 'transition':
      return [{ ...at, kind: 'delivery', machine: e.machine, name: e.event, edges: e.edges, enters: enteredBy(e) }];
    case 'effect':
      return e.phase === 'start' ? [{ ...at, kind: 'effect', machine: e.machine, name: e.name, when: 'start' }] : [];
    case 'step': {
      const step = { ...at, kind: 'step', machine: `wshd-${e.of}`, name: e.name, handle: e.handle } as const;
      const place = { ...step, file: e.file, line: e.line };
      // A step that nothing held leaves one entry, when it is done: it has come past both its gates.
      return e.when === 'before'
        ? [{ ...place, when: 'before' }]
        : ['before' as const, e.when].map((when) => ({ ...place, when }));
    }
    case 'script':
      // Where a line has failed nothing waits: the next one does.
      if (e.status !== undefined) return [];
      return [{ ...at, kind: 'script', name: e.command, handle: e.handle, file: e.file, line: e.line }];
    default:
      return [];
  }
}

/** States that a transition entered, outermost first, by the ids of machines/graph.ts; read from its edges and value. */
function enteredBy({ machine, value, edges }: TransitionBody): string[] {
  const active = activeIds(machine, value);
  if (edges.length === 0) return active;
  const entered = edges.flatMap((edge) => {
    const source = edge.slice(0, edge.indexOf(':'));
    const targets = edge
      .slice(edge.lastIndexOf('→') + 1)
      .split(',')
      .filter(Boolean);
    const near = (id: string) => targets.some((t) => id === t || within(id, t) || within(t, id));
    return active.filter((id) => near(id) && !within(source, id));
  });
  return active.filter((id) => entered.includes(id));
}

function within(id: string, outer: string): boolean {
  return id.startsWith(`${outer}.`);
}

/** `{ staging: 'requesting' }` of app: `app.staging`, `app.staging.requesting`. */
function activeIds(prefix: string, value: unknown): string[] {
  if (typeof value === 'string') return [`${prefix}.${value}`];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [`${prefix}.${key}`, ...activeIds(`${prefix}.${key}`, inner)]);
}
