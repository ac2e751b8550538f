// Skipping lab time in real processes: order, nothing expired, deadlines of held things, and speed as a ratio.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, bench, type Proc, until } from '../lab/fixtures/harness.ts';

interface Fired {
  label: string;
  lt: number;
  at: number;
}
interface State {
  lt: number;
  running: boolean;
  held: { gate: string }[];
}
const point = { kind: 'effect', proc: 'a', actor: 'instance:1', name: 'compile', when: 'start' };

describe('a skip', () => {
  let b: Bench;
  let workers: Proc[];
  const state = () => b.api<State>('GET', '/state');
  const fired = (p: Proc | undefined) => (p ? p.ask<Fired[]>({ do: 'fired' }) : Promise.resolve([]));
  beforeEach(async () => {
    b = await bench();
    await b.spine();
    workers = await Promise.all(['a', 'b', 'c'].map((name) => b.worker(name)));
  }, 60_000);
  afterEach(() => b?.close());

  it('of 960 s fires the beats of three processes in deadline order, each as often as time would have', async () => {
    // Phases differ, so that hardly two deadlines are equal.
    const plan = workers.map((_, i) =>
      [5000, 10_000, 7000, 13_000].map((ms, k): [number, string] => [ms + i * 17 + k, `${i}/${k}`]),
    );
    await b.api('POST', '/pause');
    const starts = await Promise.all(workers.map((p, i) => p.ask<number>({ do: 'timers', beats: plan[i] })));
    const before = (await state()).lt;
    const began = performance.now();
    const report = await b.api<{ to: number; from: number; stopped: string }>('POST', '/skip', { ms: 960_000 });
    const took = performance.now() - began;
    expect(report).toMatchObject({ from: before, to: before + 960_000, stopped: 'reached' });
    const all = (await Promise.all(workers.map(fired))).flat();
    for (const [i, beats] of plan.entries()) {
      for (const [ms, label] of beats) {
        const times = all.filter((f) => f.label === label).map((f) => f.lt);
        expect(times).toEqual(
          Array.from(
            { length: Math.floor((before + 960_000 - (starts[i] ?? 0)) / ms) },
            (_, n) => (starts[i] ?? 0) + (n + 1) * ms,
          ),
        );
      }
    }
    // `at` is each process's own; the order across processes is that of the record, tested below with messages.
    for (const p of workers) {
      const own = await fired(p);
      expect(own.map((f) => f.lt)).toEqual(own.map((f) => f.lt).sort((x, y) => x - y));
    }
    process.stdout.write(`960 s of lab time with 12 beats (${all.length} fired): ${Math.round(took)} ms\n`);
    expect((await state()).running).toBe(false);
    const notes = b.onDisk().filter((e) => e.type === 'note' && e.actor === 'clock');
    expect(notes, 'one line stands for all').toHaveLength(1);
  }, 60_000);

  it('lets messages of a beat arrive, over two hops of 20 real milliseconds, before the next beat is due', async () => {
    await b.api('POST', '/pause');
    const [a, , c] = workers;
    for (const p of workers) await p.ask({ do: 'slow', ms: 20 });
    await a?.ask({ do: 'message-beat', ms: 1000, route: ['b', 'c'] });
    await c?.ask({ do: 'message-beat', ms: 1300, route: ['b', 'a'] });
    await b.api('POST', '/skip', { ms: 10_100 });
    const messages = await until('all messages', () => {
      const all = b.onDisk().flatMap((e) => (e.type === 'message' ? [e] : []));
      return all.length === 4 * (10 + 7) && all;
    });
    for (const m of messages.filter((e) => e.phase === 'received')) {
      const sent = messages.find((e) => e.seq === m.cause);
      expect(m.lt - (sent?.lt ?? 0), 'received in the group in which it was sent').toBeLessThan(10);
    }
    const order = messages
      .filter((m) => m.phase === 'sent' && (m.payload as { hop: number }).hop === 0)
      .map((m) => m.lt);
    expect(order).toEqual([...order].sort((x, y) => x - y));
  });

  it('to the next foreground timer fires what is before it, then it, and nothing after', async () => {
    await b.api('POST', '/pause');
    const start = (await workers[0]?.ask<number>({ do: 'timers', beats: [[10_000, 'beat']] })) ?? 0;
    await workers[1]?.ask({
      do: 'timers',
      beats: [],
      waits: [
        [45_000, 'back-off'],
        [50_000, 'later'],
      ],
    });
    const report = await b.api('POST', '/skip', { to: 'next' });
    expect(report).toMatchObject({ stopped: 'timer', label: 'back-off', fired: { beat: 4, 'back-off': 1 } });
    expect((await fired(workers[0])).map((f) => f.lt)).toEqual([10, 20, 30, 40].map((s) => start + s * 1000));
    expect((await fired(workers[1])).map((f) => f.label)).toEqual(['back-off']);
  });

  it('says so when nobody waits for time', async () => {
    await b.api('POST', '/pause');
    const before = (await state()).lt;
    expect(await b.api('POST', '/skip', { to: 'next' })).toMatchObject({ stopped: 'nothing' });
    expect((await state()).lt).toBe(before);
  });

  it('stops before a deadline while something is held, and reaches it when nothing is', async () => {
    const start =
      (await workers[1]?.ask<number>({ do: 'timers', beats: [[10_000, 'beat']], limits: [[59_000, 'staging']] })) ?? 0;
    await b.api('POST', '/breakpoints', { name: 'compile', once: true });
    await workers[0]?.ask({ do: 'pass', point, as: 'compile' });
    await until('the gate', async () => (await state()).held.length === 1);
    expect(await b.api('POST', '/skip', { ms: 960_000 })).toMatchObject({ stopped: 'limit', label: 'staging' });
    const at = (await state()).lt;
    expect(at).toBeLessThan(start + 59_010);
    expect(at).toBeGreaterThan(start + 58_990);
    expect((await fired(workers[1])).map((f) => f.label)).toEqual(['beat', 'beat', 'beat', 'beat', 'beat']);
    expect(await b.api('POST', '/skip', { to: 'next' }), 'and stays there').toMatchObject({ stopped: 'nothing' });
    await b.api('POST', '/continue');
    await until('time to run', async () => (await state()).running);
    await b.api('POST', '/skip', { ms: 10_000 });
    expect((await fired(workers[1])).map((f) => f.label)).toContain('staging');
  });

  it('leaves work that is under way in real time the time it needs before its deadline', async () => {
    await workers[0]?.ask({ do: 'work', realMs: 600, limitMs: 60_000, retryMs: 500 });
    await until('its start', () => b.onDisk().some((e) => e.type === 'effect'));
    await b.api('POST', '/skip', { ms: 960_000 });
    const end = await until('its end', () => b.onDisk().find((e) => e.type === 'effect' && e.phase !== 'start'));
    expect(end).toMatchObject({ phase: 'end' });
    // And work that never ends is not waited for for ever.
    await workers[0]?.ask({ do: 'work', realMs: 900_000, limitMs: 2000, retryMs: 500 });
    await b.api('POST', '/skip', { ms: 960_000 });
    await until('its failure', () => b.onDisk().some((e) => e.type === 'effect' && e.phase === 'fail'));
  }, 60_000);

  it('ends where a gate closes on the way', async () => {
    await b.api('POST', '/pause');
    await workers[0]?.ask({ do: 'timers', beats: [[10_000, 'beat']] });
    await workers[1]?.ask({ do: 'pass-at', ms: 25_000, point: { ...point, proc: 'b' }, as: 'woken' });
    const before = (await state()).lt;
    const report = await b.api<{ to: number; stopped: string }>('POST', '/skip', { ms: 960_000 });
    expect(report.stopped).toBe('held');
    expect(report.to - before).toBeLessThan(26_000);
    expect((await state()).held).toHaveLength(1);
  });
});
