// A queue of lab-time timers, ordered by deadline and then by the order of their making.
// It knows nothing about clocks: whoever owns one asks for what is due.
import type { TimerView } from '../../machines/lab-link.ts';

export interface QueuedTimer extends TimerView {
  readonly id: number;
  readonly fn: () => void;
}

export interface TimerQueue {
  /** Adds a timer. `due` is in lab milliseconds. */
  add(due: number, kind: TimerView['kind'], label: string, fn: () => void): QueuedTimer;
  remove(timer: QueuedTimer): void;
  /** The earliest timer, of the given kinds only if some are given; it stays queued. */
  first(kinds?: readonly TimerView['kind'][]): QueuedTimer | undefined;
  /** Every timer in the order in which it will fire. */
  all(): readonly QueuedTimer[];
}

/** An empty queue. A sorted array: insertion is a binary search, and a process has some hundred timers at most. */
export function createTimerQueue(): TimerQueue {
  const timers: QueuedTimer[] = [];
  let made = 0;

  function place(due: number): number {
    let low = 0;
    let high = timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((timers[middle]?.due ?? Number.POSITIVE_INFINITY) <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    add(due, kind, label, fn) {
      const timer = { id: ++made, due, kind, label, fn };
      timers.splice(place(due), 0, timer);
      return timer;
    },
    remove(timer) {
      const at = timers.indexOf(timer);
      if (at >= 0) timers.splice(at, 1);
    },
    first: (kinds) => (kinds ? timers.find((t) => kinds.includes(t.kind)) : timers[0]),
    all: () => timers,
  };
}
