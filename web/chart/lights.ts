// What a statechart lights at one moment: the active states, the last edge, what is possible or held next, breakpoints.
// Pure: from the record and the lab's rules; no machine is run.
import type { BreakpointFields } from '../../machines/break-here.ts';
import type { Breakpoint } from '../../machines/gates.ts';
import type { MachineGraph } from '../../machines/graph.ts';
import type { GatePoint } from '../../machines/journal.ts';
import { type ActorView, entryAt, heldAt } from '../../machines/projection.ts';
import { activeIn } from '../active.ts';
import { chartOf } from '../charts.ts';
import { focusOf, type Model } from '../model.ts';

/** What a chart shows of one actor at one moment. */
export interface Lights {
  /** Active state ids, outermost first. */
  active: string[];
  /** Edge ids of the latest transition. */
  taken: string[];
  /** State and edge ids with a breakpoint. */
  breaks: string[];
  /** States that a held gate would enter and edges that it would take. */
  next: string[];
  /** Edges that leave what is active: what can happen next. */
  possible: string[];
  /** `Stop before`, for labels. */
  says: string;
}

/** The chosen actor; else the newest of the chosen machine; else whoever the entry at the cursor is about, or moved last. */
export function shownActor(model: Model, actors: ReadonlyMap<string, ActorView>): string | null {
  if (model.actor !== null && actors.has(model.actor)) return model.actor;
  const drawn = [...actors].filter(
    ([, a]) => chartOf(a.machine) && (model.machine === null || a.machine === model.machine),
  );
  const entry = entryAt(model.entries, focusOf(model));
  if (model.machine === null && entry && drawn.some(([id]) => id === entry.actor)) return entry.actor;
  return (
    drawn.reduce<[string, ActorView] | null>(
      (best, one) => (best && best[1].seq > one[1].seq ? best : one),
      null,
    )?.[0] ?? null
  );
}

export function lightsOf(model: Model, graph: MachineGraph, actor: ActorView | undefined, says: string): Lights {
  const { machine } = graph;
  const active = actor ? activeIn(machine, actor.value) : [];
  const points = (model.cursor === null ? (model.lab?.held ?? []) : heldAt(model.entries, model.cursor)).map(
    (h) => h.point,
  );
  const next = points.filter((p) => p.machine === machine).flatMap(aheadOf);
  return {
    active,
    taken: actor?.lastEdges ?? [],
    breaks: (model.lab?.breakpoints ?? []).flatMap((b) => brokenIn(machine, b)),
    next,
    possible: graph.edges.filter((e) => e.kind !== 'initial' && active.includes(e.source)).map((e) => e.id),
    says,
  };
}

/** wshd has no mailbox: before a state of its boot is before that step, on an edge is right after it. */
export function breakpointAt(machine: string, { state, edge }: { state?: string; edge?: string }): BreakpointFields {
  if (machine !== 'wshd-boot') return state ? { machine, state } : { machine, edge };
  const step = state?.split('.').at(-1) ?? edge?.split(':')[1]?.replace(/\.done$/, '') ?? '';
  return { kind: 'step', name: step, when: state ? 'before' : 'after' };
}

/** The states and edges of a chart that a breakpoint names. */
function brokenIn(machine: string, b: Breakpoint): string[] {
  if (b.disabled) return [];
  if (machine === 'wshd-boot' && b.kind === 'step' && b.when === 'before') return [`wshd-boot.${b.name}`];
  return (b.machine ?? machine) === machine ? [b.state, b.edge].filter((id) => id !== undefined) : [];
}

/** What a held gate of this machine would enter and take. */
function aheadOf(point: GatePoint): string[] {
  if (point.kind === 'step' && point.when === 'before') return [`${point.machine}.${point.name}`];
  return [...(point.enters ?? []), ...(point.edges ?? [])];
}
