// Grace time (reference 5.7): a container nobody is connected to for so long is destroyed. A connection counts for every
// container that exists when it opens, and for each that a request of its names. Runs on lab time.
import type { Lab, Timer } from '../lab/types.ts';

export interface GraceTime<C> {
  /**
   * A connection begins to count for this container. Counting twice is counting once. One that has closed meanwhile, as
   * while its Create was under way, counts no more: nobody would ever leave.
   */
  register(connection: object, c: C): void;
  /** The connection has closed: timers start for those that nobody is left for. */
  leave(connection: object): void;
  /** Nobody is connected to it yet (adopted): the timer starts at once. */
  watch(c: C): void;
  /** The container is gone. */
  forget(c: C): void;
  stop(): void;
}

export interface GraceTimeOptions<C> {
  lab: Lab;
  /** Seconds; 0 or less: never. */
  secondsOf: (c: C) => number;
  nameOf: (c: C) => string;
  onExpired: (c: C) => void;
}

export function createGraceTime<C extends object>({
  lab,
  secondsOf,
  nameOf,
  onExpired,
}: GraceTimeOptions<C>): GraceTime<C> {
  const connections = new Map<C, Set<object>>();
  const timers = new Map<C, Timer>();
  const closed = new WeakSet<object>();

  function cancel(c: C): void {
    timers.get(c)?.cancel();
    timers.delete(c);
  }

  function start(c: C): void {
    const seconds = secondsOf(c);
    if (seconds <= 0) return;
    cancel(c);
    const timer = lab.clock.after(seconds * 1000, 'limit', `grace time of ${nameOf(c)}`, () => {
      timers.delete(c);
      onExpired(c);
    });
    timers.set(c, timer);
  }

  return {
    register(connection, c) {
      const counted = connections.get(c) ?? new Set();
      connections.set(c, counted);
      if (closed.has(connection)) {
        if (counted.size === 0) start(c);
        return;
      }
      counted.add(connection);
      cancel(c);
    },
    leave(connection) {
      closed.add(connection);
      for (const [c, counted] of connections) if (counted.delete(connection) && counted.size === 0) start(c);
    },
    watch(c) {
      connections.set(c, new Set());
      start(c);
    },
    forget(c) {
      cancel(c);
      connections.delete(c);
    },
    stop() {
      for (const c of [...timers.keys()]) cancel(c);
    },
  };
}
