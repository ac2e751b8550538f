// One pool protocol for networks, user ids and ports (warden: container/pool/*). Pure: the time comes from the caller.
// First in, first out, so that an entry rests as long as possible before somebody else gets it.

export interface Pool<T> {
  /** The entry that has rested longest, or undefined when none has rested long enough. `now` in ms. */
  acquire(now: number): T | undefined;
  /** Takes this very entry out (adoption, or asked for by a client). False when it is not there. */
  claim(entry: T): boolean;
  /** Puts an entry back; it can be had again after the release delay. A stranger or a free entry is ignored. */
  release(entry: T, now: number): void;
  readonly free: number;
}

/** @param releaseDelay ms that an entry rests after its release */
export function createPool<T extends string | number>(entries: readonly T[], releaseDelay = 0): Pool<T> {
  const all = new Set(entries);
  let queue = entries.map((entry) => ({ entry, since: Number.NEGATIVE_INFINITY }));
  return {
    acquire(now) {
      const head = queue[0];
      if (!head || now - head.since < releaseDelay) return undefined;
      queue.shift();
      return head.entry;
    },
    claim(entry) {
      const rest = queue.filter((q) => q.entry !== entry);
      const found = rest.length < queue.length;
      queue = rest;
      return found;
    },
    release(entry, now) {
      if (all.has(entry) && !queue.some((q) => q.entry === entry)) queue.push({ entry, since: now });
    },
    get free() {
      return queue.length;
    },
  };
}
