// The journal's process is killed while a gate is held: what DESIGN 3 says must happen.
import { appendFileSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { monotonic } from '../../server/clock/mono.ts';
import { type Bench, bench, type Proc, until } from '../lab/fixtures/harness.ts';

interface State {
  lt: number;
  running: boolean;
  paused: boolean;
  held: { gate: string; by: string; proc: string }[];
  breakpoints: { id: string }[];
  procs: { proc: string }[];
}
const point = { kind: 'effect', proc: 'a', actor: 'staging-task:1', name: 'compile', when: 'start' };

describe('the journal, killed with -9 while a gate is held', () => {
  let b: Bench;
  let spine: Proc;
  let a: Proc;
  const state = () => b.api<State>('GET', '/state');
  beforeEach(async () => {
    b = await bench();
    spine = await b.spine();
    a = await b.worker('a');
    await b.api('POST', '/breakpoints', { name: 'compile' });
    await a.ask({ do: 'pass', point, as: 'compile' });
    await until('the gate to be held', async () => (await state()).held.length === 1);
    await until('its entry to be on disk', () => b.onDisk().some((e) => e.type === 'gate'));
  }, 60_000);
  afterEach(() => b?.close());

  it('comes back with the gate listed, the same breakpoints, lab time standing, and one numbering without gap or double', async () => {
    const before = await state();
    const standing = await a.ask<number>({ do: 'now' });
    await a.ask({ do: 'note', text: 'while it dies', count: 500 });
    await spine.kill();
    await a.ask({ do: 'note', text: 'while it is dead', count: 500 });
    expect(await a.ask({ do: 'now' }), 'time stands still without its owner').toBe(standing);
    spine = await b.spine();
    const again = await until('the gate to be listed again', async () => {
      const now = await state().catch(() => undefined);
      return now && now.held.length === 1 && now;
    });
    expect(again.held[0]?.gate).toBe(before.held[0]?.gate);
    expect(again.running).toBe(false);
    expect(again.lt).toBeGreaterThanOrEqual(before.lt);
    expect(again.breakpoints).toEqual(before.breakpoints);
    await b.api('POST', '/open', { gate: before.held[0]?.gate });
    await until(
      'the flow to go on',
      async () => (await a.ask<{ compile: { opened: boolean } }>({ do: 'held' })).compile.opened,
    );
    const own = await until('all to be on disk', () => {
      const all = b.onDisk().filter((e) => e.proc === 'a');
      return all.some((e) => e.type === 'note' && e.text === 'went past compile') && all;
    });
    expect(b.onDisk().map((e) => e.seq)).toEqual(b.onDisk().map((_, i) => i + 1));
    expect(own.map((e) => e.src?.n)).toEqual(own.map((_, i) => i + 1));
    // held, opened and what followed hang together over the restart.
    const [held, opened] = own.filter((e) => e.type === 'gate');
    expect(opened?.cause).toBe(held?.seq);
    expect(own.at(-1)?.cause).toBe(opened?.seq);
  });

  it('stays away: after ten real seconds the gate opens by itself, and the record says so later', async () => {
    const killed = monotonic();
    await spine.kill();
    await until(
      'the gate to open',
      async () => (await a.ask<{ compile: { opened: boolean } }>({ do: 'held' })).compile.opened,
    );
    const alone = await a.ask<number>({ do: 'now' });
    await until('lab time to run without its owner', async () => (await a.ask<number>({ do: 'now' })) > alone);
    spine = await b.spine();
    const opened = await until('the entry', () => b.onDisk().find((e) => e.type === 'gate' && e.phase === 'opened'));
    expect(opened).toMatchObject({ by: 'link lost', proc: 'a' });
    // All processes of a host share this clock.
    expect((opened.t - killed) / 1000, 'seconds, and not before').toBeGreaterThan(9.9);
    const back = await until('lab time to run', async () => {
      const now = await state();
      return now.running && now;
    });
    expect(back.lt, 'never back').toBeGreaterThanOrEqual(alone);
  });

  it('comes back alone: lab time runs, and the record says that the gate ended with its process', async () => {
    await Promise.all([spine.kill(), a.kill()]);
    spine = await b.spine();
    await until('lab time to run', async () => (await state()).running);
    expect((await state()).held).toEqual([]);
    const opened = await until('the entry', () => b.onDisk().find((e) => e.type === 'gate' && e.phase === 'opened'));
    expect(opened).toMatchObject({ by: 'process ended', cause: b.onDisk().find((e) => e.type === 'gate')?.seq });
  });

  it('is as paused as before, because the flow lived on', async () => {
    await b.api('POST', '/pause');
    await spine.kill();
    spine = await b.spine();
    const now = await until('the process to be back', async () => {
      const s = await state();
      return s.procs.some((p) => p.proc === 'a') && s;
    });
    expect(now.paused).toBe(true);
    await b.api('POST', '/continue');
    await until(
      'the flow to go on',
      async () => (await a.ask<{ compile: { opened: boolean } }>({ do: 'held' })).compile.opened,
    );
  });

  it('drops a torn last line and goes on with the number after the last whole one', async () => {
    await spine.kill();
    const folder = join(b.dir, 'journal');
    const last = join(folder, readdirSync(folder).sort().at(-1) ?? '');
    appendFileSync(last, '{"seq":999999,"type":"note","text":"torn');
    const head = readFileSync(last, 'utf8').trim().split('\n').length - 2;
    spine = await b.spine();
    await a.ask({ do: 'note', text: 'after', count: 3 });
    await until('new entries', () => b.onDisk().some((e) => e.type === 'note' && e.text === 'after 2'));
    expect(b.onDisk().map((e) => e.seq)).toEqual(b.onDisk().map((_, i) => i + 1));
    expect(b.onDisk().length).toBeGreaterThan(head);
  });
});

describe('a process that is killed while it holds a gate', () => {
  let b: Bench;
  beforeEach(async () => {
    b = await bench();
    await b.spine();
  }, 60_000);
  afterEach(() => b?.close());

  it('takes the gate with it: lab time runs again, and the record says how the gate ended', async () => {
    const a = await b.worker('a');
    await b.api('POST', '/breakpoints', { name: 'compile' });
    await a.ask({ do: 'pass', point, as: 'compile' });
    await until('the gate to be held', async () => (await b.api<State>('GET', '/state')).held.length === 1);
    await a.kill();
    await until('lab time to run', async () => (await b.api<State>('GET', '/state')).running);
    const opened = await until('the entry', () => b.onDisk().find((e) => e.type === 'gate' && e.phase === 'opened'));
    const held = b.onDisk().find((e) => e.type === 'gate' && e.phase === 'held');
    expect(opened).toMatchObject({ by: 'process ended', proc: 'journal', cause: held?.seq });
  });
});

describe('a full segment', () => {
  it('is followed by another, and readers do not notice', async () => {
    const b = await bench();
    try {
      await b.spine({ segmentBytes: 20_000 });
      const a = await b.worker('a');
      for (let round = 1; round <= 10; round += 1) {
        await a.ask({ do: 'note', text: 'many', count: 100 });
        await until('all on disk', () => b.onDisk().filter((e) => e.proc === 'a').length === 100 * round);
      }
      expect(readdirSync(join(b.dir, 'journal')).length).toBeGreaterThan(3);
      const read: number[] = [];
      for (;;) {
        const { entries } = await b.api<{ entries: { seq: number }[] }>(
          'GET',
          `/journal?after=${read.at(-1) ?? 0}&limit=77`,
        );
        if (entries.length === 0) break;
        read.push(...entries.map((e) => e.seq));
      }
      expect(read).toEqual(b.onDisk().map((e) => e.seq));
    } finally {
      await b.close();
    }
  });
});
