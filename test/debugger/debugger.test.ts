// The debugger against real processes: what closes, who waits, what opens it, and that time stands still meanwhile.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, bench, type Proc, until } from '../lab/fixtures/harness.ts';

interface Held {
  gate: string;
  by: string;
  proc: string;
  point: { name: string };
  seq?: number;
}
interface State {
  lt: number;
  running: boolean;
  paused: boolean;
  held: Held[];
  breakpoints: { id: string; disabled?: boolean }[];
  procs: { proc: string; applied: number }[];
  version: number;
  head: number;
}
const at = (proc: string, name: string, more = {}) => ({
  kind: 'effect',
  proc,
  actor: `instance:${proc}`,
  name,
  when: 'start',
  ...more,
});

describe('the debugger', () => {
  let b: Bench;
  let a: Proc;
  let c: Proc;
  const state = () => b.api<State>('GET', '/state');
  const holding = (name: string) =>
    until(`${name} to be held`, async () => (await state()).held.find((h) => h.point.name === name));
  const past = (proc: Proc, as: string) =>
    until(
      `${as} to be passed`,
      async () => (await proc.ask<Record<string, { opened: boolean }>>({ do: 'held' }))[as]?.opened,
    );
  beforeEach(async () => {
    b = await bench();
    await b.spine();
    [a, c] = await Promise.all([b.worker('a'), b.worker('c')]);
  }, 60_000);
  afterEach(() => b?.close());

  it('holds what a breakpoint asks for and nothing else', async () => {
    await b.api('POST', '/breakpoints', { name: 'comp*', proc: 'a' });
    await a.ask({ do: 'pass', point: at('a', 'compile'), as: 'one' });
    await c.ask({ do: 'pass', point: at('c', 'compile'), as: 'two' });
    const held = await holding('compile');
    expect(held.proc).toBe('a');
    await past(c, 'two');
    expect(b.onDisk().find((e) => e.seq === held.seq)).toMatchObject({ type: 'gate', phase: 'held', gate: held.gate });
    await b.api('POST', '/open', { gate: held.gate });
    await past(a, 'one');
  });

  it('stops lab time in every process while something is held anywhere, and lets it run again', async () => {
    await b.api('POST', '/breakpoints', { name: 'compile', once: true });
    await a.ask({ do: 'pass', point: at('a', 'compile'), as: 'one' });
    const held = await holding('compile');
    await until('the clocks to stand', async () => {
      const first = await c.ask<number>({ do: 'now' });
      return first === (await c.ask<number>({ do: 'now' }));
    });
    const before = await Promise.all([a, c].map((p) => p.ask<number>({ do: 'now' })));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await Promise.all([a, c].map((p) => p.ask<number>({ do: 'now' })))).toEqual(before);
    expect((await state()).running).toBe(false);
    await b.api('POST', '/open', { gate: held.gate });
    await until('the clocks to run', async () => (await c.ask<number>({ do: 'now' })) > (before[1] ?? 0));
  });

  it('fires no timer while held, however long it is due in real time', async () => {
    await b.api('POST', '/breakpoints', { name: 'compile', once: true });
    await a.ask({ do: 'pass', point: at('a', 'compile'), as: 'one' });
    const held = await holding('compile');
    await c.ask({ do: 'timers', beats: [], waits: [[50, 'soon']] });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await c.ask({ do: 'fired' })).toEqual([]);
    await b.api('POST', '/open', { gate: held.gate });
    await until('the timer', async () => (await c.ask<unknown[]>({ do: 'fired' })).length === 1);
  });

  it('counts a pause when every process has acknowledged it', async () => {
    expect(await b.api('POST', '/pause')).toEqual({ missing: [] });
    const now = await state();
    expect(now.procs.map((p) => p.proc).sort()).toEqual(['a', 'c', 'control']);
    expect(now.procs.map((p) => p.applied)).toEqual(now.procs.map(() => now.version));
    expect([now.paused, now.running]).toEqual([true, false]);
    // From here on nothing gets past a gate in any process; background goes on.
    await a.ask({ do: 'pass', point: at('a', 'one'), as: 'one' });
    await c.ask({ do: 'pass', point: at('c', 'two'), as: 'two' });
    await c.ask({ do: 'pass', point: at('c', 'beat', { background: true }), as: 'beat' });
    await past(c, 'beat');
    expect(
      (await until('both', async () => (await state()).held.length === 2 && state())).held.map((h) => h.by),
    ).toEqual(['pause', 'pause']);
    await b.api('POST', '/continue');
    await past(a, 'one');
    await past(c, 'two');
    expect((await until('time to run', async () => (await state()).running && state())).paused).toBe(false);
  });

  it('says which process has not acknowledged a pause', async () => {
    c.child.kill('SIGSTOP');
    try {
      expect(await b.api('POST', '/pause')).toEqual({ missing: ['c'] });
    } finally {
      c.child.kill('SIGCONT');
    }
    await until('it to acknowledge', async () => {
      const now = await state();
      return now.procs.every((p) => p.applied === now.version);
    });
  });

  it('held at k by a breakpoint, paused, k opened: stops at k+1, which has none', async () => {
    await b.api('POST', '/breakpoints', { name: 'k', once: true });
    await a.ask({ do: 'pass', point: at('a', 'k'), after: [at('a', 'k+1'), at('a', 'k+2')], as: 'flow' });
    const first = await holding('k');
    await b.api('POST', '/pause');
    await b.api('POST', '/open', { gate: first.gate });
    expect((await holding('k+1')).by).toBe('pause');
    expect((await state()).held).toHaveLength(1);
  });

  it('steps: opens the oldest, answers when the next gate has closed, and says when all is quiet', async () => {
    await b.api('POST', '/pause');
    await a.ask({ do: 'pass', point: at('a', 'a1'), after: [at('a', 'a2')], as: 'flow a' });
    await holding('a1');
    await c.ask({ do: 'pass', point: at('c', 'c1'), as: 'flow c' });
    const second = await holding('c1');
    expect(await b.api('POST', '/step', {})).toMatchObject({ outcome: 'held', held: { point: { name: 'a2' } } });
    expect(await b.api('POST', '/step', { gate: second.gate })).toMatchObject({
      opened: second.gate,
      outcome: 'quiet',
    });
    await past(c, 'flow c');
    expect((await state()).held.map((h) => h.point.name)).toEqual(['a2']);
    await expect(b.api('POST', '/step', { gate: second.gate })).rejects.toThrow('404');
  });

  it('steps into time where the flow waits for it: jumps to the next foreground timer and says so', async () => {
    await b.api('POST', '/pause');
    const start = await c.ask<number>({ do: 'timers', beats: [[5000, 'beat']], waits: [[42_000, 'back-off']] });
    const report = await b.api('POST', '/step', {});
    expect(report).toMatchObject({
      opened: null,
      outcome: 'skipped',
      skip: { stopped: 'timer', label: 'back-off', fired: { beat: 8 } },
    });
    expect((await state()).lt).toBe(start + 42_000);
    expect((await state()).paused).toBe(true);
  });

  it('runs to a point once', async () => {
    await b.api('POST', '/pause');
    await a.ask({ do: 'pass', point: at('a', 'a1'), after: [at('a', 'a2'), at('a', 'a3')], as: 'flow' });
    await holding('a1');
    await b.api('POST', '/run-to', { name: 'a3' });
    await holding('a3');
    expect((await state()).breakpoints).toEqual([]);
    await b.api('POST', '/continue');
    await past(a, 'flow');
  });

  it('steps over what other actors do', async () => {
    await b.api('POST', '/pause');
    const other = at('a', 'inner', { actor: 'container:x' });
    await a.ask({ do: 'pass', point: at('a', 'call'), after: [other, at('a', 'after the call')], as: 'flow' });
    await holding('call');
    expect(await b.api('POST', '/over', {})).toMatchObject({
      outcome: 'held',
      held: { point: { name: 'after the call' } },
    });
    expect((await state()).paused).toBe(true);
  });

  it('keeps, disables and removes breakpoints, and refuses what says nothing', async () => {
    const { id } = await b.api<{ id: string }>('POST', '/breakpoints', { name: 'compile' });
    await b.api('PATCH', `/breakpoints/${id}`, { disabled: true });
    await a.ask({ do: 'pass', point: at('a', 'compile'), as: 'disabled' });
    await past(a, 'disabled');
    await b.api('PATCH', `/breakpoints/${id}`, { disabled: false });
    await a.ask({ do: 'pass', point: at('a', 'compile'), as: 'enabled' });
    const held = await holding('compile');
    await b.api('DELETE', `/breakpoints/${id}`);
    expect(
      (await state()).held.map((h) => h.gate),
      'what is held stays held',
    ).toEqual([held.gate]);
    await expect(b.api('POST', '/breakpoints', { once: true })).rejects.toThrow('400');
    await expect(b.api('POST', '/breakpoints', { nmae: 'x' })).rejects.toThrow('400');
    await expect(b.api('DELETE', '/breakpoints/none')).rejects.toThrow('404');
  });

  it('streams entries with their numbers and goes on after the last one seen', async () => {
    await a.ask({ do: 'note', text: 'streamed', count: 5 });
    await until('them on disk', () => b.onDisk().filter((e) => e.proc === 'a').length === 5);
    const first = await events(`${b.url()}/stream`, {}, 3);
    expect(first.map((e) => e.id)).toEqual([1, 2, 3]);
    const rest = events(`${b.url()}/stream`, { 'last-event-id': '3' }, 4);
    await a.ask({ do: 'note', text: 'later', count: 2 });
    expect((await rest).map((e) => e.id)).toEqual([4, 5, 6, 7]);
  });

  it('does not answer pages of another origin', async () => {
    const response = await fetch(`${b.url()}/pause`, { method: 'POST', headers: { origin: 'http://evil.example' } });
    expect(response.status).toBe(403);
    expect((await state()).paused).toBe(false);
  });
});

/** Reads so many events of a stream, then leaves it. */
async function events(url: string, headers: Record<string, string>, count: number): Promise<{ id: number }[]> {
  const leave = new AbortController();
  const response = await fetch(url, { headers, signal: leave.signal });
  const found: { id: number }[] = [];
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += new TextDecoder().decode(chunk);
    found.splice(
      0,
      found.length,
      ...[...text.matchAll(/^id: (\d+)\ndata: \{.*\}\n\n/gm)].map((m) => ({ id: Number(m[1]) })),
    );
    if (found.length >= count) break;
  }
  leave.abort();
  return found.slice(0, count);
}
