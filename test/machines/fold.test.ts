// The fold that remembers answers as the plain fold does, whatever it was asked before.
import { describe, expect, it } from 'vitest';
import { folding } from '../../machines/fold.ts';
import type { Entry } from '../../machines/journal.ts';

const entry = (seq: number): Entry => ({
  ...{ seq, at: seq, t: seq, lt: seq, proc: 'p', cause: null, run: null },
  ...{ type: 'note', actor: 'lab', text: String(seq % 7) },
});
/** Every third number is missing, as in a record whose old background is gone. */
const record = (from: number, count: number) =>
  Array.from({ length: count }, (_, k) => entry(from + k + Math.floor(k / 2)));

const counts = {
  init: () => new Map<string, number[]>(),
  take: (state: Map<string, number[]>, e: Entry) => {
    const text = e.type === 'note' ? e.text : '';
    state.set(text, [...(state.get(text) ?? []), e.seq]);
  },
  clone: (state: Map<string, number[]>) => new Map(state),
};
function plain(entries: readonly Entry[], seq: number) {
  const state = counts.init();
  for (const e of entries) if (e.seq <= seq) counts.take(state, e);
  return state;
}

/** Numbers that look random and are the same in each run. */
function randomly(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x = (x * 1103515245 + 12345) % 2147483648;
    return Math.floor((x / 2147483648) * below);
  };
}

describe('a fold that remembers', () => {
  it('answers as the plain fold at any moment, in any order, while the record grows', () => {
    for (const seed of [1, 2]) {
      const random = randomly(seed);
      const at = folding(counts, 16);
      const entries: Entry[] = [];
      for (let k = 0; k < 150; k++) {
        if (random(3) === 0) entries.push(...record((entries.at(-1)?.seq ?? 0) + 1, random(40)));
        if (random(3) === 0) at.readOn(entries);
        const seq = random((entries.at(-1)?.seq ?? 0) + 5);
        expect(at(entries, seq)).toEqual(plain(entries, seq));
      }
    }
  });

  it('leaves what it handed out as it was', () => {
    const at = folding(counts, 16);
    const entries = record(1, 50);
    const early = at(entries, 30);
    const copy = structuredClone(early);
    entries.push(...record(200, 100));
    at(entries, 400);
    at(entries, 10);
    expect(early).toEqual(copy);
  });

  it('takes each entry once while it follows the newest, and at most a chunk to go back', () => {
    let taken = 0;
    const take: typeof counts.take = (state, e) => {
      taken += 1;
      counts.take(state, e);
    };
    const at = folding({ ...counts, take }, 16);
    const entries: Entry[] = [];
    for (let k = 0; k < 200; k++) {
      entries.push(...record((entries.at(-1)?.seq ?? 0) + 1, 5));
      at(entries, entries.at(-1)?.seq ?? 0);
    }
    expect(taken).toBe(1000);
    taken = 0;
    at(entries, entries[700]?.seq ?? 0);
    expect(taken).toBeLessThan(16);
  });

  it('notices a record that was cut or filled anew', () => {
    const at = folding(counts, 16);
    const entries = record(1, 100);
    at(entries, 200);
    entries.length = 0;
    entries.push(...record(7, 30));
    expect(at(entries, 200)).toEqual(plain(entries, 200));
    entries.length = 0;
    expect(at(entries, 200)).toEqual(new Map());
  });
});
