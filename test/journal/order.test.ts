// Order and causes across real processes, with random delay on each lab link.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { type Bench, bench, type Proc, until } from '../lab/fixtures/harness.ts';

const CHAINS = 40;
const HOPS = 8;

interface Hop {
  chain: string;
  hop: number;
}

describe('entries of three processes with 0–50 ms of random delay on each link', () => {
  let b: Bench;
  let entries: Entry[];
  beforeAll(async () => {
    b = await bench();
    await b.spine();
    const workers = new Map<string, Proc>();
    for (const name of ['a', 'b', 'c']) workers.set(name, await b.worker(name, { jitter: 50 }));
    const names = [...workers.keys()];
    await Promise.all(
      Array.from({ length: CHAINS }, (_, i) => {
        const route = Array.from({ length: HOPS }, (_h, h) => names[(i + h + 1) % 3]);
        return workers.get(names[i % 3] ?? '')?.ask({ do: 'begin', chain: `run-${i}`, route });
      }),
    );
    const wanted = CHAINS * (1 + 2 * HOPS);
    entries = await until('all chains to be on disk', () => {
      const all = b.onDisk().filter((e) => e.run !== null);
      return all.length >= wanted && b.onDisk();
    });
  }, 60_000);
  afterAll(() => b?.close());

  it('have one numbering without a gap, and no cause at or after its entry', () => {
    expect(entries.map((e) => e.seq)).toEqual(entries.map((_, i) => i + 1));
    expect(entries.filter((e) => e.cause !== null && e.cause >= e.seq)).toEqual([]);
  });

  it('follow each other as the messages did: every received comes from its own sent, across all hops', () => {
    const bySeq = new Map(entries.map((e) => [e.seq, e]));
    const received = entries.flatMap((e) => (e.type === 'message' && e.phase === 'received' ? [e] : []));
    expect(received).toHaveLength(CHAINS * HOPS);
    for (const e of received) {
      const cause = bySeq.get(e.cause ?? 0);
      expect(cause).toMatchObject({
        type: 'message',
        phase: 'sent',
        payload: e.payload,
        run: (e.payload as Hop).chain,
      });
      expect(e.run).toBe((e.payload as Hop).chain);
      expect(cause?.t).toBeLessThanOrEqual(e.t);
    }
    expect(entries.filter((e) => e.type === 'note' && e.actor === 'journal')).toEqual([]);
  });

  it('keep the order of their own process', () => {
    for (const proc of ['a', 'b', 'c']) {
      const own = b.onDisk().filter((e) => e.proc === proc);
      expect(own.map((e) => e.src?.n)).toEqual(own.map((_, i) => i + 1));
    }
  });
});
