// What every process of ours gets from the lab: a recorder, gates and a clock. Rooms depend on these interfaces only;
// openLab() connects them to the journal, nullLab() serves a process that runs without one.
import type { Breakpoint, GateRules } from '../../machines/gates.ts';
import type { Cause, EdgeKey, EntryBody, GatePoint, Ref } from '../../machines/journal.ts';
import type { TimerView } from '../../machines/lab-link.ts';

export interface Recorder {
  readonly proc: string;
  /** Appends an entry and returns its name for use as a later cause. Never blocks, never throws. */
  record(body: EntryBody, cause: Cause, edge?: EdgeKey): Ref;
  /** Says that what `edge` names is the passing on of what `of` names (the broker's own deliveries). */
  alias(edge: string, of: string): void;
  /** Masks this text in everything recorded from now on, by `*` of the same length. */
  secret(text: string): void;
}

export interface Gates {
  /** True when `pass` would wait: lets hot paths stay synchronous. */
  closes(point: GatePoint): boolean;
  /**
   * Waits while the gate at `point` is closed. Returns the cause to go on with: the `opened` entry if it was held,
   * else the cause given. Open gates resolve at once. While held, lab time stands still everywhere.
   * @param edge of the message that waits, where its cause is known only by its edge key: the journal finds the `sent`
   * for the `held` entry, and the `received` that follows from `opened` needs no edge any more
   */
  pass(point: GatePoint, cause: Cause, edge?: EdgeKey): Promise<Cause>;
  /**
   * Whether the message at this point shall be lost, as somebody asked for: then its `fault` entry, the cause of the
   * `dropped` that the caller records. Ask behind the gate. @param edge of the message, where its cause is not known
   */
  drops(point: GatePoint, cause: Cause, edge?: EdgeKey): Cause;
  rules(): GateRules;
  /** Called with every change of the rules (warden forwards them to boots that are under way). */
  onRules(listener: (rules: GateRules) => void): () => void;
}

export interface Timer {
  readonly due: number;
  cancel(): void;
}

export interface LabClock {
  /** Lab time in milliseconds. Stands still while a gate is closed anywhere in the lab. */
  now(): number;
  /**
   * Runs `fn` once after `ms` of lab time. `kind` says how a skip treats it: `wait` is a foreground stop,
   * `beat` fires on the way, `limit` is a deadline that a skip with something held never reaches.
   */
  after(ms: number, kind: TimerView['kind'], label: string, fn: () => void): Timer;
  /** Repeats every `ms` of lab time until cancelled; kind `beat`. */
  every(ms: number, label: string, fn: () => void): Timer;
  sleep(ms: number, kind: TimerView['kind'], label: string): Promise<void>;
}

export interface Lab {
  readonly proc: string;
  readonly rec: Recorder;
  readonly gates: Gates;
  readonly clock: LabClock;
  /** Called when a skip wants everything that was sent to have arrived (the bus flushes here). */
  onSettle(listener: () => Promise<void>): void;
  /** Sends what is buffered and leaves. */
  close(): Promise<void>;
}

/**
 * The thread of causes through one piece of work. Each traced call starts from `cause` and leaves there what came of it
 * (a reply's `received` entry), so that the next call follows from the last. Copy it (`{ ...trail }`) to go parallel.
 */
export interface Trail {
  cause: Cause;
}

export type { Breakpoint, Cause, GatePoint, Ref };
