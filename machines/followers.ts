// What followed from an entry, kept by cause so that a long record is read once.
import type { Entry } from './journal.ts';

interface Index {
  index: number;
  last: Entry | undefined;
  byCause: Map<number, Entry[]>;
}

const indexes = new WeakMap<readonly Entry[], Index>();

/** The entries whose cause is `seq`, in order. */
export function followersOf(entries: readonly Entry[], seq: number): readonly Entry[] {
  let known = indexes.get(entries);
  if (!known || (known.index > 0 && entries[known.index - 1] !== known.last)) {
    known = { index: 0, last: undefined, byCause: new Map() };
    indexes.set(entries, known);
  }
  for (; known.index < entries.length; known.index += 1) {
    const e = entries[known.index];
    known.last = e;
    if (!e || e.cause === null) continue;
    const others = known.byCause.get(e.cause);
    if (others) others.push(e);
    else known.byCause.set(e.cause, [e]);
  }
  return known.byCause.get(seq) ?? [];
}
