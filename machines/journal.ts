// The journal's schema: one closed union of entries. Every view is a pure function of (journal, cursor).
// Pure types only; nothing here reads a clock or a socket.

/** Version of a run file. A reader refuses a newer one and upgrades an older one. */
export const JOURNAL_VERSION = 1;

/** A producer's own name for an entry, before the journal gave it a `seq`. `n` counts from 1 without gaps. */
export interface Ref {
  readonly proc: string;
  readonly n: number;
}

/** What led here: an entry of this process, or nothing. Across processes causes travel only by edge keys. */
export type Cause = Ref | null;

export type Transport = 'http' | 'nats' | 'warden' | 'wsh' | 'proxy';

/** What every entry has, given at admission or by the producer. */
export interface Stamp {
  /** Total order, from 1. */
  seq: number;
  /** Wall clock, milliseconds since the epoch. */
  at: number;
  /** CLOCK_MONOTONIC of the producer, milliseconds with fraction. */
  t: number;
  /** Lab time, milliseconds since the lab began. Stands still while a gate is closed. */
  lt: number;
  proc: string;
  /** The `seq` that led here, always smaller than this entry's own; null for a beginning. */
  cause: number | null;
  /** The push (or other story) this belongs to; inherited from the cause. */
  run: string | null;
}

/** What every producer says about an entry. */
export interface Said {
  /** Who: `<machine>:<id>`, such as `instance:3f2c`, `container:17k`, `cc`, `router`, `warden:0`. */
  actor: string;
  /** Periodic traffic (heartbeats, advertisements): faint, folded, never a stop unless asked. */
  background?: boolean;
  /** Begins a run of this name; causes of later entries inherit it. */
  begins?: string;
}

export interface MessageBody extends Said {
  type: 'message';
  phase: 'sent' | 'received' | 'dropped';
  transport: Transport;
  from: string;
  to: string;
  /** HTTP: `PUT /v2/apps/:guid` or `200 PUT …`; NATS: the subject; Warden: `CreateRequest`, `CreateResponse`. */
  name: string;
  /** JSON value; bodies over 4 KiB only as {hash, bytes, head}. */
  payload?: unknown;
  /** Raw bytes of binary transports, hex, at most 4 KiB. */
  hex?: string;
  /** True where sender and receiver were matched by content, not by connection. */
  inferred?: boolean;
}

export interface TransitionBody extends Said {
  type: 'transition';
  machine: string;
  /** The event's type that was taken; `` for an `always` edge. */
  event: string;
  /** State value after, as XState prints it. */
  value: unknown;
  /** Edges taken in this microstep, as edge ids of `machines/graph.ts`. */
  edges: string[];
  /** Context keys that changed, with their new value (null when removed). */
  context: Record<string, unknown>;
}

export interface EffectBody extends Said {
  type: 'effect';
  machine: string;
  /** The name in `setup({actors})`. */
  name: string;
  phase: 'start' | 'end' | 'fail';
  input?: unknown;
  output?: unknown;
  error?: string;
  /** Real milliseconds, on `end` and `fail`. */
  ms?: number;
}

export interface StepBody extends Said {
  type: 'step';
  /** `boot` or `job`. */
  of: 'boot' | 'job';
  handle: string;
  name: string;
  when: 'before' | 'after';
  call: string;
  args: string[];
  /** Return value; negative errno on failure. Present on `after`. */
  result?: number;
  file: string;
  line: number;
  /** Host pid of the process that makes the call. */
  pid: number;
  /** Nanoseconds the call took, on `after`. */
  ns?: number;
  job?: number;
}

export interface ScriptBody extends Said {
  type: 'script';
  handle: string;
  /** The buildpack's folder, as its container sees it. Records of the first version do not tell. */
  buildpack?: string;
  file: string;
  line: number;
  command: string;
  /** Said when it has failed: what the command ended with. Its beginning is an entry of its own, without this. */
  status?: number;
  /** Under `set -e`: the shell that ran it ends here. */
  ends?: true;
}

export interface KernelBody extends Said {
  type: 'kernel';
  handle: string;
  pid: number;
  /** Changed facts only, by path (`ns.mnt`, `mounts[/proc]`, `cgroup.memory.limit_in_bytes`): [before, after]. */
  diff: Record<string, [unknown, unknown]>;
  /** Real milliseconds this sample cost. */
  ms: number;
}

export interface LogBody extends Said {
  type: 'log';
  /** `STG`, `App`, `DEA`, `API`, `RTR`, or a component's own name. */
  source: string;
  /** Instance index, task id or empty. */
  index: string;
  stream: 'out' | 'err';
  app?: string;
  text: string;
}

export interface GateBody extends Said {
  type: 'gate';
  phase: 'held' | 'opened';
  gate: string;
  point: GatePoint;
  /** Breakpoint id, `pause`, or `sample` on `held`; who opened it on `opened`. */
  by: string;
}

export interface FaultBody extends Said {
  type: 'fault';
  /** `kill`, `kill-job`, `freeze`, `thaw`, `memory`, `drop`. */
  what: string;
  target: string;
  /** drop: which order to drop the next message that fits this was. */
  of?: string;
}

/** What changed in the life of a process or component that is none of the above (started, ended, lost the link). */
export interface NoteBody extends Said {
  type: 'note';
  text: string;
  data?: unknown;
}

export type EntryBody =
  | MessageBody
  | TransitionBody
  | EffectBody
  | StepBody
  | ScriptBody
  | KernelBody
  | LogBody
  | GateBody
  | FaultBody
  | NoteBody;

export type Entry = Stamp & EntryBody;
export type EntryType = EntryBody['type'];

/**
 * How a `sent` and its `received` find each other across processes. Never on the wire.
 * `key` names (connection, direction, ordinal). A `received` with `expect: true` waits up to 250 ms for its `sent`;
 * without it the peer is foreign and the entry is a beginning (unless its local cause says otherwise). A message that is
 * held has its key on the `held` entry; its `received` then follows from `opened`.
 */
export interface EdgeKey {
  key: string;
  expect?: boolean;
}

/** The four kinds of gate (DESIGN 6) and what a breakpoint can ask of each. */
export type GateKind = 'delivery' | 'effect' | 'step' | 'script';

export interface GatePoint {
  kind: GateKind;
  /** The process that waits. */
  proc: string;
  /** `<machine>:<id>`. */
  actor: string;
  machine?: string;
  /** delivery: event type or message name; effect: its name; step: step name; script: the command. */
  name: string;
  /** step: before/after. effect: `start`, or `end` when a state behind it has a breakpoint. */
  when?: 'before' | 'after' | 'start' | 'end';
  transport?: Transport;
  handle?: string;
  app?: string;
  file?: string;
  line?: number;
  /** script: the buildpack's folder, as its container sees it. */
  buildpack?: string;
  /** States that would be entered, as dotted ids (`staging-task.staging.compile`), found by looking ahead. */
  enters?: string[];
  /** Edges that would be taken. */
  edges?: string[];
  background?: boolean;
}
