// What went wrong with an app, as the record tells it: a staging that failed, an instance that did not start or crashed,
// an order that was refused. Finding failures is a fold over the record; one failure's card is read from the entries
// around it. Nothing here advises: what to do next is failure-advice.ts.
import { type Fold, folding } from './fold.ts';
import type { Entry, GateBody, TransitionBody } from './journal.ts';

/** staging: no droplet. start: an instance never served. crash: it had served. order: a command was refused or got lost. */
export type FailureKind = 'staging' | 'start' | 'crash' | 'order';

export interface Failure {
  /** The entry that says so: the transition, or the gate at which the failure is held. */
  seq: number;
  app: string;
  kind: FailureKind;
  /** `staging-task:…`, `instance:…`, or `app:…` for an order. */
  actor: string;
  /** Instance index; null in staging. */
  index: number | null;
  /** Held before anything is cleaned up: the container is still there. The gate's name. */
  held: string | null;
  /** The container's handle, once there was one. */
  handle: string | null;
  /** First entry of that actor. */
  since: number;
}

interface Seen {
  app: string;
  index: number | null;
  handle: string | null;
  /** Top state. */
  state: string;
  since: number;
}

interface Found {
  /** Staging tasks and instances by their actor. */
  actors: Map<string, Seen>;
  /** In the order of the record. */
  failures: Failure[];
}

const found: Fold<Found> = {
  init: () => ({ actors: new Map(), failures: [] }),
  clone: ({ actors, failures }) => ({ actors: new Map(actors), failures: [...failures] }),
  take: (state, e) => {
    if (e.type === 'transition') moved(state, e);
    else if (e.type === 'gate') atGate(state, e);
    else if (e.type === 'effect' && e.name === 'createContainer' && e.phase === 'end') made(state, e.actor, e.output);
    else if (e.type === 'note' && e.actor === 'you') noted(state, e.seq, e.data);
  },
};

const foundAt = folding(found);

/** Every failure up to the cursor, oldest first; one that was held first has the `seq` of its gate. */
export function failuresAt(entries: readonly Entry[], seq: number): readonly Failure[] {
  return foundAt(entries, seq).failures;
}

/** The newest failure of an app; undefined when a later staging or start has made it good. */
export function lastFailureOf(entries: readonly Entry[], seq: number, app: string): Failure | undefined {
  return failuresAt(entries, seq).findLast((f) => f.app === app);
}

function moved(state: Found, e: Entry & TransitionBody): void {
  if (e.machine === 'app') ordered(state, e);
  if (e.machine !== 'staging-task' && e.machine !== 'instance') return;
  const top = topOf(e.value);
  const known = e.event === 'xstate.init' ? undefined : state.actors.get(e.actor);
  const { app, index, handle } = e.context;
  const now: Seen = {
    app: typeof app === 'string' ? app : (known?.app ?? ''),
    index: typeof index === 'number' ? index : (known?.index ?? null),
    // What it had says more than that it is gone.
    handle: typeof handle === 'string' ? handle : (known?.handle ?? null),
    state: top,
    since: known?.since ?? e.seq,
  };
  state.actors.set(e.actor, now);
  const failed = e.machine === 'staging-task' ? top === 'failed' : top === 'CRASHED';
  // An instance that an earlier life of its DEA had seen crash crashes not again.
  if (!failed || known?.state === top || (known === undefined && e.event === 'xstate.init')) return;
  add(state, e.actor, now, { seq: e.seq, kind: kindOf(e.machine, known?.state ?? ''), held: null });
}

function kindOf(machine: string, before: string): FailureKind {
  if (machine === 'staging-task') return 'staging';
  return before === 'RUNNING' || before === 'EVACUATING' ? 'crash' : 'start';
}

/** A gate that leads to a failure: what is held there has already gone wrong, and nothing is cleaned up yet. */
function atGate(state: Found, e: Entry & GateBody): void {
  if (e.phase === 'opened') {
    const at = state.failures.findIndex((f) => f.held === e.gate);
    const old = state.failures[at];
    if (old) state.failures[at] = { ...old, held: null };
    return;
  }
  const { machine, actor, enters = [] } = e.point;
  const fails = machine === 'staging-task' ? 'staging-task.failed' : 'instance.CRASHED';
  const known = state.actors.get(actor);
  if (!known || !enters.includes(fails) || (machine !== 'staging-task' && machine !== 'instance')) return;
  add(state, actor, known, { seq: e.seq, kind: kindOf(machine, known.state), held: e.gate });
}

function add(state: Found, actor: string, seen: Seen, said: Pick<Failure, 'seq' | 'kind' | 'held'>): void {
  const last = state.failures.findLastIndex((f) => f.actor === actor);
  const old = state.failures[last];
  // What was held before it failed is the same failure.
  if (old && old.since === seen.since) {
    state.failures[last] = { ...old, held: said.held ?? old.held, handle: seen.handle ?? old.handle };
    return;
  }
  const { app, index, handle, since } = seen;
  state.failures.push({ ...said, app, actor, index, handle, since });
}

/** An order that came to nothing before any DEA was at work: nobody had room, the upload was refused. */
function ordered(state: Found, e: Entry & TransitionBody): void {
  const { problem } = e.context;
  if (problem === null || problem === undefined || typeof e.context.guid === 'string') return;
  // A staging that failed on its DEA has said so itself.
  if (topOf(e.value) === 'staging') return;
  const guid = e.actor.slice('app:'.length);
  order(state, e.seq, guid);
}

function noted(state: Found, seq: number, data: unknown): void {
  if (typeof data !== 'object' || data === null || !('app' in data) || typeof data.app !== 'string') return;
  const last = state.failures.at(-1);
  // The page's own push says once more what the app's machine said a moment before.
  if (last?.app === data.app && last.kind === 'order' && seq - last.seq < 50) return;
  order(state, seq, data.app);
}

function order(state: Found, seq: number, app: string): void {
  const plain = { kind: 'order', index: null, held: null, handle: null } as const;
  state.failures.push({ ...plain, seq, app, actor: `app:${app}`, since: seq });
}

function made(state: Found, actor: string, output: unknown): void {
  const known = state.actors.get(actor);
  if (!known || typeof output !== 'object' || output === null || !('handle' in output)) return;
  state.actors.set(actor, { ...known, handle: String(output.handle) });
}

/** `RUNNING` of `{ RUNNING: 'serving' }`. */
export function topOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? (Object.keys(value)[0] ?? '') : String(value);
}
