// Views of the journal as pure functions of (entries, cursor). They read the record only: no machine is ever executed here.
// `entries` are in `seq` order; `seq` is the last entry that counts, so every answer is how things stood right after it.
// Answers are shared by all who ask for the same moment (`fold.ts`): nobody may change them.
import { folding, indexAfter } from './fold.ts';
import wshd from './gen/wshd-steps.json' with { type: 'json' };
import type { Entry, GateBody, GatePoint, KernelBody, MessageBody, StepBody, TransitionBody } from './journal.ts';

export interface ActorView {
  machine: string;
  /** State value as XState prints it. */
  value: unknown;
  /** A removed key stays as null: the journal does not tell the two apart. */
  context: Record<string, unknown>;
  /** Edge ids of the latest transition (`machines/graph.ts`). */
  lastEdges: string[];
  /** The latest transition's event and `seq`. */
  event: string;
  seq: number;
}

/** Every actor that has made a transition, by `<machine>:<id>`, in the order of their first one. */
export const actorsAt = folding<Map<string, ActorView>>({
  init: () => new Map(),
  take: (actors, e) => {
    if (e.type === 'transition') actors.set(e.actor, moved(actors.get(e.actor), e));
  },
  clone: (actors) => new Map(actors),
});

/**
 * Every boot of wshd, by its actor: wshd drives itself in C, so that its state follows from its steps (`wshd-boot.ts`).
 * The state is the step that is next to be done.
 */
export const bootsAt = folding<Map<string, ActorView>>({
  init: () => new Map(),
  take: (boots, e) => {
    if (e.type === 'step' && e.of === 'boot') boots.set(e.actor, followed(boots.get(e.actor), e));
  },
  clone: (boots) => new Map(boots),
});

export interface MessageView extends Pick<MessageBody, 'transport' | 'from' | 'to' | 'name'> {
  state: 'travelling' | 'received' | 'dropped';
  /** `seq` of each end; null for a foreign end that leaves no entry. */
  sent: number | null;
  received: number | null;
}

/** Every message up to the cursor, in the order in which it was first seen. A broadcast has one view for each receiver. */
export function messagesAt(entries: readonly Entry[], seq: number): readonly MessageView[] {
  return passing(entries, seq).all;
}

interface Passing {
  /** A view is replaced, never changed. */
  all: MessageView[];
  /** The `seq` at which each of `all` was first seen. It follows from the record alone, so that all clones share it. */
  firsts: number[];
  /** Where in `all` the message is that a gate's entry stands for. Shared like `firsts`. */
  gates: Map<number, number>;
}

const passing = folding<Passing>({
  init: () => ({ all: [], firsts: [], gates: new Map() }),
  take: passed,
  clone: (state) => ({ ...state, all: state.all.slice() }),
});

function passed(state: Passing, e: Entry): void {
  const { all, firsts, gates } = state;
  const at = e.cause === null ? undefined : (gates.get(e.cause) ?? sentAt(state, e.cause));
  // What is held on its way is still travelling: the gate stands for its `sent`.
  if (e.type === 'gate' && at !== undefined) gates.set(e.seq, at);
  if (e.type !== 'message') return;
  const { transport, from, to, name } = e;
  const origin = at === undefined ? undefined : all[at];
  const same = origin?.name === name && origin.transport === transport ? origin : undefined;
  if (at !== undefined && same?.state === 'travelling' && e.phase !== 'sent') {
    all[at] =
      e.phase === 'received' ? { ...same, state: 'received', received: e.seq, to } : { ...same, state: 'dropped' };
    return;
  }
  firsts[all.length] = e.seq;
  if (e.phase === 'sent') all.push({ transport, from, to, name, state: 'travelling', sent: e.seq, received: null });
  else {
    const received = e.phase === 'received' ? e.seq : null;
    all.push({ transport, from, to, name, sent: same?.sent ?? null, state: e.phase, received });
  }
}

/** Where in `all` the message is whose `sent` has this `seq`. */
function sentAt({ all, firsts }: Passing, seq: number): number | undefined {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((firsts[middle] ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return all[low]?.sent === seq ? low : undefined;
}

export interface HeldView {
  gate: string;
  point: GatePoint;
  /** Breakpoint id or `pause`. */
  by: string;
  seq: number;
  /** Lab time at which it came to the gate, milliseconds. */
  lt: number;
}

/** The gates at which something waits, oldest first. */
export function heldAt(entries: readonly Entry[], seq: number): HeldView[] {
  return [...holding(entries, seq).values()];
}

const holding = folding<Map<string, HeldView>>({
  init: () => new Map(),
  take: (held, e) => {
    if (e.type === 'gate') hold(held, e, e.seq, e.lt);
  },
  clone: (held) => new Map(held),
});

/** The story an entry belongs to: its own run, or that of the nearest entry that led to it. */
export function runOf(entries: readonly Entry[], seq: number): string | null {
  return causeChain(entries, seq).findLast((e) => e.run !== null)?.run ?? null;
}

export interface RunView {
  run: string;
  first: number;
  last: number;
  entries: number;
}

/** The runs that have begun, oldest first, with their extent so far. */
export function runsAt(entries: readonly Entry[], seq: number): RunView[] {
  return [...running(entries, seq).values()];
}

const running = folding<Map<string, RunView>>({
  init: () => new Map(),
  take: (runs, { run, seq }) => {
    if (run === null) return;
    const known = runs.get(run);
    runs.set(run, { run, first: known?.first ?? seq, last: seq, entries: (known?.entries ?? 0) + 1 });
  },
  clone: (runs) => new Map(runs),
});

/** From the beginning of the story to the entry `seq` itself. Stops where a cause is not among `entries`. */
export function causeChain(entries: readonly Entry[], seq: number): Entry[] {
  const chain: Entry[] = [];
  let at: number | null = seq;
  while (at !== null) {
    const e: Entry | undefined = entryAt(entries, at);
    if (!e) break;
    chain.push(e);
    // A cause is always smaller; anything else is a broken record, and must not make this endless.
    at = e.cause !== null && e.cause < at ? e.cause : null;
  }
  return chain.reverse();
}

export interface ContainerView {
  handle: string;
  /** The container machine's value, once it has made a transition. */
  state: unknown;
  /** Host pid of its wshd, as its boot steps and samples name it. */
  pid: number | null;
  /** Boot steps that have returned, in order. */
  booted: string[];
  /** The boot or job step it is in or came out of last. */
  step: Pick<StepBody, 'of' | 'name' | 'when' | 'call' | 'args' | 'result' | 'file' | 'line'> | null;
  /** Kernel facts by path, as sampled last. */
  kernel: Record<string, unknown>;
}

/** Every container that has shown itself by a boot step, a sample or a transition of its machine, by handle. */
export function containersAt(entries: readonly Entry[], seq: number): Map<string, ContainerView> {
  return containing(entries, seq).all;
}

interface Containing {
  all: Map<string, ContainerView>;
  /** Handles whose view belongs to this state alone: the others are copied before they are changed. */
  own: Set<string>;
}

const containing = folding<Containing>({
  init: () => ({ all: new Map(), own: new Set() }),
  take: (state, e) => {
    if (e.type === 'step') stepped(ownView(state, e.handle), e);
    else if (e.type === 'kernel') sampled(ownView(state, e.handle), e);
    else if (e.type === 'transition' && e.machine === 'container') ownView(state, idOf(e.actor)).state = e.value;
  },
  clone: (state) => {
    state.own.clear();
    return { all: new Map(state.all), own: new Set() };
  },
});

function ownView({ all, own }: Containing, handle: string): ContainerView {
  const known = all.get(handle);
  if (known && own.has(handle)) return known;
  const view = known
    ? { ...known, kernel: { ...known.kernel } }
    : { handle, state: null, pid: null, booted: [], step: null, kernel: {} };
  all.set(handle, view);
  own.add(handle);
  return view;
}

export interface AppView {
  guid: string;
  /** As the start message said it; the guid until one was seen. */
  name: string;
  /** The app machine's value, once it has made a transition. */
  state: unknown;
  /** Hosts that a DEA registered with the router and did not take back. */
  uris: string[];
}

/** Every app that the journal tells of: by its machine, its start messages and its routes. In order of appearance. */
export function appsAt(entries: readonly Entry[], seq: number): AppView[] {
  return [...telling(entries, seq).values()];
}

const telling = folding<Map<string, AppView>>({
  init: () => new Map(),
  take: (apps, e) => {
    const change = (guid: string, part: (view: AppView) => Partial<AppView>) => {
      const view = apps.get(guid) ?? { guid, name: guid, state: null, uris: [] };
      apps.set(guid, { ...view, ...part(view) });
    };
    if (e.type === 'transition' && e.machine === 'app') change(idOf(e.actor), () => ({ state: e.value }));
    if (e.type === 'message' && e.transport === 'nats') routed(change, e);
  },
  clone: (apps) => new Map(apps),
});

type ChangeApp = (guid: string, part: (view: AppView) => Partial<AppView>) => void;

/** dea_ng's messages: `dea.<id>.start` has `droplet` (the app) and `name`; `router.(un)register` has `app` and `uris`. */
function routed(change: ChangeApp, e: MessageBody): void {
  if (typeof e.payload !== 'object' || e.payload === null) return;
  const { app, droplet, name, uris, start_message } = e.payload as Record<string, unknown>;
  // The first instance starts on its stager: its start message travels inside the staging request.
  if (start_message !== undefined) routed(change, { ...e, name: 'dea.stager.start', payload: start_message });
  if (/^dea\..+\.start$/.test(e.name) && typeof droplet === 'string' && typeof name === 'string')
    change(droplet, () => ({ name }));
  if (typeof app !== 'string' || app === '' || !Array.isArray(uris)) return;
  const hosts = uris.filter((uri): uri is string => typeof uri === 'string');
  change(app, ({ uris }) => {
    const others = uris.filter((uri) => !hosts.includes(uri));
    if (e.name === 'router.register') return { uris: [...others, ...hosts] };
    return e.name === 'router.unregister' ? { uris: others } : {};
  });
}

export { indexAfter };

/** The entry with this `seq`, or undefined; numbers may have gaps. */
export function entryAt(entries: readonly Entry[], seq: number): Entry | undefined {
  const e = entries[indexAfter(entries, seq) - 1];
  return e?.seq === seq ? e : undefined;
}

function moved(before: ActorView | undefined, e: TransitionBody & { seq: number }): ActorView {
  // An actor of a restarted process begins anew under its old name: what its former life knew is gone.
  const context = e.event === 'xstate.init' ? e.context : { ...before?.context, ...e.context };
  return { machine: e.machine, value: e.value, context, lastEdges: e.edges, event: e.event, seq: e.seq };
}

const BOOT = wshd.boot.map((step) => step.name);

function followed(before: ActorView | undefined, e: StepBody & { seq: number }): ActorView {
  const from = before ? String(before.value) : e.name;
  const at = { machine: 'wshd-boot', context: { handle: e.handle, pid: e.pid }, seq: e.seq };
  if (e.when === 'before')
    return { ...at, value: e.name, lastEdges: before?.lastEdges ?? [], event: before?.event ?? '' };
  const failed = (e.result ?? 0) < 0;
  const event = failed ? 'failed' : `${e.name}.done`;
  const value = failed ? 'failed' : (BOOT[BOOT.indexOf(e.name) + 1] ?? 'ready');
  return { ...at, value, lastEdges: [`wshd-boot.${from}:${event}:0→wshd-boot.${value}`], event };
}

function hold(held: Map<string, HeldView>, e: GateBody, seq: number, lt: number): void {
  if (e.phase === 'held') held.set(e.gate, { gate: e.gate, point: e.point, by: e.by, seq, lt });
  else held.delete(e.gate);
}

function stepped(container: ContainerView, e: StepBody): void {
  const { of, name, when, call, args, result, file, line } = e;
  container.step = { of, name, when, call, args, result, file, line };
  if (of === 'boot') container.pid = e.pid;
  if (of === 'boot' && when === 'after') container.booted = [...container.booted, name];
}

function sampled(container: ContainerView, e: KernelBody): void {
  container.pid ??= e.pid;
  // The first picture of a process is compared with nothing: it is whole, and what an earlier one said is over.
  if (e.diff['ns.mnt']?.[0] === null) container.kernel = {};
  for (const [path, pair] of Object.entries(e.diff)) {
    // A diff that was kept only by its hash (a record of an older journal) tells nothing about single facts.
    if (!Array.isArray(pair)) continue;
    const after: unknown = pair[1];
    if (after === null || after === undefined) delete container.kernel[path];
    else container.kernel[path] = after;
  }
}

function idOf(actor: string): string {
  return actor.slice(actor.indexOf(':') + 1);
}
