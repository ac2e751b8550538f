// Lab time inside one process: it follows what the owner (server/clock/owner.ts) publishes, stands still at once when a
// gate closes here, and fires the process's timers. It decides nothing about the lab's time itself.
import type { ClockState, TimerView } from '../../machines/lab-link.ts';
import type { LabClock } from '../lab/types.ts';
import { monotonic } from './mono.ts';
import { createTimerQueue, type QueuedTimer } from './timers.ts';

/** Real milliseconds without a sign of life after which the host counts as suspended: lab time does not jump. */
export const SUSPENDED_MS = 5000;
const TICK_MS = 1000;
/** The longest delay that setTimeout keeps; a longer one would fire at once. */
const LONGEST_MS = 0x7fffffff;

export interface ProcessClock extends LabClock {
  readonly epoch: number;
  readonly running: boolean;
  /** Takes over what the owner published. Lab time never goes back, whatever it says. */
  apply(state: ClockState): void;
  /** A gate closed here: lab time stands still at once, before the owner knows. */
  hold(): void;
  /** A gate opened here: lab time stays where it is until the owner says that it runs. */
  release(): void;
  /** Without the owner: stands still (`false`) or runs by itself (`true`). */
  alone(running: boolean): void;
  /**
   * Part of a skip: sets lab time to `until` and fires what is due by then, in order.
   * Returns how often each label fired. Timers of other kinds stay queued.
   */
  fire(until: number, kinds: readonly TimerView['kind'][]): Record<string, number>;
  timers(): TimerView[];
  /** The earliest timer of each kind: all that a skip has to know. */
  earliest(): TimerView[];
  stop(): void;
}

/**
 * A process's clock, standing still at `lt` until it is told otherwise.
 * @param options.mono real milliseconds; tests give their own
 * @param options.sharedMono false when the owner is on another host, whose CLOCK_MONOTONIC means nothing here
 */
export function createProcessClock(
  options: { lt?: number; mono?: () => number; sharedMono?: boolean } = {},
): ProcessClock {
  const mono = options.mono ?? monotonic;
  const queue = createTimerQueue();
  let base: ClockState = { epoch: 0, running: false, lt: options.lt ?? 0, mono: mono() };
  let holds = 0;
  // After the last local gate has opened, time waits for the owner's word: another process may hold one.
  let awaiting = false;
  let floor = base.lt;
  let seen = base.mono;
  let armed: NodeJS.Timeout | undefined;

  const runs = (): boolean => base.running && holds === 0 && !awaiting;

  function now(): number {
    const m = mono();
    if (m - seen > SUSPENDED_MS) base = { ...base, lt: floor, mono: m };
    seen = m;
    if (runs()) floor = Math.max(floor, base.lt + (m - base.mono));
    return floor;
  }

  function arm(): void {
    clearTimeout(armed);
    armed = undefined;
    const first = queue.first();
    if (!first || !runs()) return;
    armed = setTimeout(fireDue, Math.min(LONGEST_MS, Math.max(0, Math.ceil(first.due - now()))));
  }

  function call(timer: QueuedTimer): void {
    try {
      timer.fn();
    } catch (error) {
      // A callback's bug must surface as an uncaught error, but not take the other timers with it.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  function fireDue(): void {
    for (let first = queue.first(); first && runs() && first.due <= now(); first = queue.first()) {
      queue.remove(first);
      call(first);
    }
    arm();
  }

  function after(ms: number, kind: TimerView['kind'], label: string, fn: () => void) {
    const timer = queue.add(now() + Math.max(0, ms), kind, label, fn);
    if (queue.first() === timer) arm();
    return {
      due: timer.due,
      cancel: () => queue.remove(timer),
    };
  }

  function every(ms: number, label: string, fn: () => void) {
    if (!(ms > 0)) throw new Error(`[clock] could not repeat ${label}: the period must be above 0 ms, not ${ms}`);
    let timer: QueuedTimer;
    const schedule = (due: number): void => {
      timer = queue.add(due, 'beat', label, () => {
        // Beats that were missed while the process was busy are not made up for; the phase stays.
        const late = Math.max(0, Math.floor((now() - due) / ms));
        schedule(due + (late + 1) * ms);
        fn();
      });
    };
    schedule(now() + ms);
    arm();
    return {
      get due() {
        return timer.due;
      },
      cancel: () => queue.remove(timer),
    };
  }

  const view = ({ due, kind, label }: TimerView): TimerView => ({ due, kind, label });
  // A process that sleeps would look suspended: the tick is the sign of life that `now` compares with.
  const tick = setInterval(now, TICK_MS);
  tick.unref();

  return {
    get epoch() {
      return base.epoch;
    },
    get running() {
      return runs();
    },
    now,
    after,
    every,
    sleep: (ms, kind, label) => new Promise((resolve) => void after(ms, kind, label, resolve)),
    apply(state) {
      now();
      awaiting = false;
      base = { ...state, mono: (options.sharedMono ?? true) ? state.mono : mono() };
      if (!state.running) floor = Math.max(floor, state.lt);
      arm();
    },
    hold() {
      now();
      holds += 1;
      arm();
    },
    release() {
      holds = Math.max(0, holds - 1);
      awaiting = true;
      arm();
    },
    alone(running) {
      const lt = now();
      awaiting = false;
      base = { epoch: base.epoch, running, lt, mono: mono() };
      arm();
    },
    fire(until, kinds) {
      const fired: Record<string, number> = {};
      base = { ...base, running: false };
      for (let t = queue.first(kinds); t && t.due <= until; t = queue.first(kinds)) {
        // A callback that asks for the time sees its own deadline, as if time had run.
        floor = Math.max(floor, t.due);
        queue.remove(t);
        fired[t.label] = (fired[t.label] ?? 0) + 1;
        call(t);
      }
      floor = Math.max(floor, until);
      arm();
      return fired;
    },
    timers: () => queue.all().map(view),
    earliest: () =>
      (['wait', 'beat', 'limit'] as const).flatMap((kind) => {
        const first = queue.first([kind]);
        return first ? [view(first)] : [];
      }),
    stop() {
      clearInterval(tick);
      clearTimeout(armed);
      base = { ...base, running: false };
    },
  };
}
