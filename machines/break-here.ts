// From an entry to the breakpoint that stops where it was, the next time; and how often a breakpoint has stopped somebody.
// Pure: which gates there are is known from the record's own points (journal.ts GatePoint), setting them is the lab's.
import { folding } from './fold.ts';
import type { Breakpoint } from './gates.ts';
import type { Entry, GatePoint } from './journal.ts';
import { causeChain, entryAt } from './projection.ts';
import { journeysOf } from './sequence.ts';
import { answered } from './sequence-rows.ts';

export type BreakpointFields = Omit<Breakpoint, 'id'>;

/**
 * A message stops at its receiver, a step before its call, a transition before its state is entered, a script at that
 * line, a sample of the kernel at the step it was taken at. Undefined for what nothing can stop at, such as a log line.
 */
export function breakHere(entries: readonly Entry[], seq: number): BreakpointFields | undefined {
  const e = entryAt(entries, seq);
  switch (e?.type) {
    case 'message':
      return atReceiver(entries, e);
    case 'step':
      return { kind: 'step', ...(e.of === 'job' ? { machine: 'wshd-job' } : {}), name: e.name, when: 'before' };
    case 'transition':
      return { machine: e.machine, state: enteredBy(e) };
    case 'effect':
      return { kind: 'effect', machine: e.machine, name: e.name };
    case 'script':
      return { kind: 'script', file: e.file, line: Math.max(1, e.line) };
    case 'gate':
      return atPoint(e.point);
    case 'kernel': {
      const step = causeChain(entries, seq).findLast((one) => one.type === 'step' && one.handle === e.handle);
      return step ? breakHere(entries, step.seq) : undefined;
    }
    default:
      return undefined;
  }
}

/** How often each breakpoint has closed a gate, by its id. */
export const hitsAt = folding<Map<string, number>>({
  init: () => new Map(),
  take: (hits, e) => {
    if (e.type === 'gate' && e.phase === 'held') hits.set(e.by, (hits.get(e.by) ?? 0) + 1);
  },
  clone: (hits) => new Map(hits),
});

/** Answers of Warden, and what goes to somebody who is not ours, pass no gate: the request that they answer does. */
function atReceiver(entries: readonly Entry[], e: Extract<Entry, { type: 'message' }>): BreakpointFields | undefined {
  const { transport, name } = e;
  const request = answered(name);
  const journey = journeysOf(entries).of(e.seq);
  const receivers = (journey?.arrivals ?? []).filter((a) => a.seq !== null);
  if (request !== undefined && (transport === 'warden' || receivers.length === 0)) {
    return { kind: 'delivery', transport, name: lasting(request), actor: lasting(e.from) };
  }
  // A broadcast stops at whoever receives it, unless one end was chosen.
  const actor = e.phase === 'received' ? e.actor : receivers.length === 1 ? actorOf(entries, receivers[0]?.seq) : null;
  return { kind: 'delivery', transport, name: lasting(name), ...(actor ? { actor: lasting(actor) } : {}) };
}

/** Ids that are new with every push or every life give way to `*`: the same thing will be called so the next time. */
function lasting(name: string): string {
  return name.replace(/^(instance|staging-task):.*$/, '$1:*').replace(/[0-9a-f]{16,}/g, '*');
}

function actorOf(entries: readonly Entry[], seq: number | null | undefined): string | null {
  return seq === null || seq === undefined ? null : (entryAt(entries, seq)?.actor ?? null);
}

/** The state that the last edge leads to; of a beginning, the innermost state it begins in. */
function enteredBy(e: Extract<Entry, { type: 'transition' }>): string {
  const target = e.edges
    .map((edge) => edge.split('→').at(-1)?.split(',').at(-1) ?? '')
    .findLast((state) => state !== '');
  return target ?? [e.machine, ...innermost(e.value)].join('.');
}

function innermost(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  const [first] = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return first ? [first[0], ...innermost(first[1])] : [];
}

/** What was held is held again: by what it was, not by which process or container it was this time. */
function atPoint({ kind, machine, name, when, transport, file, line, actor, enters }: GatePoint): BreakpointFields {
  if (kind === 'step') return { kind, ...(machine === 'wshd-job' ? { machine } : {}), name, when };
  if (kind === 'script') return { kind, file, line };
  if (kind === 'effect') return { kind, machine, name };
  if (transport) return { kind, transport, name: lasting(name), actor: lasting(actor) };
  const state = enters?.at(-1);
  return state ? { machine, state } : { kind, machine, name };
}
