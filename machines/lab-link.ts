// What travels on the lab link, one JSON object a line: entries go up; clock, rules and orders come down.
import type { Breakpoint, GateRules } from './gates.ts';
import type { EdgeKey, EntryBody, GatePoint, Ref } from './journal.ts';

/** One entry as its producer numbers it. `cause` is a local `n` of the same process, of the same life. */
export interface Upward {
  n: number;
  at: number;
  t: number;
  lt: number;
  cause: number | null;
  body: EntryBody;
  edge?: EdgeKey;
}

export interface HeldGate {
  gate: string;
  point: GatePoint;
  by: string;
  /** Local number of the `held` entry. */
  n: number;
}

/** A timer as the skipper sees it. wait: the flow waits here. beat: periodic, background. limit: a deadline. */
export interface TimerView {
  due: number;
  kind: 'wait' | 'beat' | 'limit';
  label: string;
}

export type LinkUp =
  | {
      type: 'hello';
      proc: string;
      life: string;
      pid: number;
      role: string;
      token?: string;
      held: HeldGate[];
      next: number;
      lt: number;
    }
  | { type: 'entries'; entries: Upward[] }
  | { type: 'alias'; edge: string; of: string }
  | { type: 'held'; gate: HeldGate; lt: number }
  | { type: 'opened'; gate: string }
  | { type: 'applied'; version: number; epoch: number }
  | { type: 'timers'; ask: number; timers: TimerView[] }
  /** After `fire`: how often each label fired, and the earliest timer of each kind that is left. */
  | { type: 'settled'; ask: number; fired: Record<string, number>; timers: TimerView[] }
  | { type: 'secret'; text: string };

export type LinkDown =
  | { type: 'welcome'; lab: string; admitted: number; rules: GateRules; clock: ClockState }
  | { type: 'ack'; n: number }
  | { type: 'rules'; rules: GateRules }
  | { type: 'clock'; clock: ClockState }
  | { type: 'open'; gate: string; by: string }
  /** The next message that fits is lost; `keep` takes that back. */
  | { type: 'drop'; drop: Breakpoint }
  | { type: 'keep'; id: string }
  | { type: 'timers?'; ask: number }
  | { type: 'fire'; ask: number; until: number; kinds: TimerView['kind'][] }
  | { type: 'settle'; ask: number }
  | { type: 'secret'; text: string };

/** Lab time as its one owner publishes it: `lt` ms at CLOCK_MONOTONIC `mono` ms, advancing only while `running`. */
export interface ClockState {
  epoch: number;
  running: boolean;
  lt: number;
  mono: number;
}

export type { Ref };
