// The rows of the record: read once, in pieces, and searched without being read anew.
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { journeysOf } from '../../machines/sequence.ts';
import type { Filter } from '../../web/model.ts';
import { createRows } from '../../web/rows.ts';
import { recordedPushes } from './recorded.ts';

const entries = recordedPushes();
const all: Filter = { text: '', type: '', run: '', actor: '', background: false };
const rowsOf = (filter: Partial<Filter> = {}, of: readonly Entry[] = entries) => {
  const made = createRows({ ...all, ...filter });
  made.read(of);
  return made;
};

describe('the rows of a record', { timeout: 60_000 }, () => {
  it('are the same whether it was there or came bit by bit, and no entry is looked at twice', () => {
    const whole = rowsOf();
    const growing: Entry[] = [];
    const bits = createRows(all);
    for (let i = 0; i < entries.length; i += 13) {
      growing.push(...entries.slice(i, i + 13));
      bits.read(growing);
      expect(bits.counted).toBe(growing.length);
    }
    expect(bits.rows).toEqual(whole.rows);
  });

  it('can be read in pieces: a long search stops when it is enough, and goes on where it was', () => {
    const long = Array.from(
      { length: 30_000 },
      (_, i) => ({ ...entries[i % entries.length], seq: i + 1, cause: null }) as Entry,
    );
    const search = createRows({ ...all, text: 'pivot_root' });
    let slices = 0;
    let asked = 0;
    while (!search.read(long, () => ++asked % 10 === 0)) {
      slices += 1;
      expect(search.counted).toBeLessThan(long.length);
    }
    expect(slices).toBeGreaterThan(5);
    expect(search.counted).toBe(long.length);
    expect(search.rows).toEqual(rowsOf({ text: 'pivot_root' }, long).rows);
    expect(search.rows.length).toBeGreaterThan(20);
  });

  it('have both ends of a message in one row, and find it by either', () => {
    const { rows, rowOf } = rowsOf();
    const create = journeysOf(entries).all.find((j) => j.name === 'CreateRequest');
    const [arrival] = create?.arrivals ?? [];
    const at = rowOf(entries, create?.seq ?? 0);
    expect(rows[at]?.entries.map((e) => e.seq)).toEqual([create?.seq, arrival?.seq]);
    expect(rowOf(entries, arrival?.seq ?? 0)).toBe(at);
  });

  it('show the other end by itself where the search leaves only that in', () => {
    const { rows } = rowsOf({ text: 'received createrequest' });
    expect(rows.map((row) => row.entries.length)).toEqual(rows.map(() => 1));
    expect(rows.length).toBeGreaterThan(1);
  });

  it('fold periodic traffic, and show it one by one when asked', () => {
    const folded = rowsOf().rows.filter((row) => row.fold);
    expect(folded.length).toBeGreaterThan(3);
    expect(Math.max(...folded.map((row) => row.entries.length))).toBeGreaterThan(5);
    expect(rowsOf({ background: true }).rows.some((row) => row.fold)).toBe(false);
  });

  it('are of one kind, one actor, one component or one run', () => {
    for (const row of rowsOf({ type: 'step' }).rows) expect(row.entries[0]?.type).toBe('step');
    for (const row of rowsOf({ actor: 'warden:0' }).rows)
      expect(row.entries.every((e) => e.actor === 'warden:0')).toBe(true);
    const dea = rowsOf({ actor: 'is dea' }).rows.flatMap((row) => row.entries.map((e) => e.actor.split(':')[0]));
    expect(new Set(dea)).toEqual(new Set(['dea', 'instance', 'staging-task']));
    const [run = ''] = rowsOf().runs;
    for (const row of rowsOf({ run }).rows) expect(row.entries[0]?.run).toBe(run);
  });

  it('lead from one to the next and back, from between two as well', () => {
    const made = rowsOf();
    for (let i = 1; i < made.rows.length - 1; i++) {
      const here = made.rows[i];
      const seq = here?.fold ? (here.entries.at(-1)?.seq ?? 0) : (here?.seq ?? 0);
      const next = made.neighbour(seq, 1) ?? 0;
      expect(next).toBeGreaterThan(seq);
      expect(made.neighbour(next, -1)).toBe(seq);
    }
    expect(made.neighbour(entries.at(-1)?.seq ?? 0, 1)).toBeUndefined();
  });
});
