// P1: three processes, one order, one clock, on real pushes through the processes that `npm start` starts.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { type Cf, cf, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const HELLO = join(import.meta.dirname, '../../lessons/apps/hello-node');

async function running(c: Cf, guid: string, count = 1, ms = 120_000) {
  return until(
    `${count} running instance(s)`,
    async () => {
      const a = await c.instances(guid);
      if (a.status !== 200) return false;
      const all = Object.values(a.json<Record<string, { state: string }>>());
      return all.length === count && all.every((i) => i.state === 'RUNNING') && all;
    },
    ms,
  );
}

const isFirstAnswer = (e: Entry) =>
  e.type === 'message' && e.transport === 'proxy' && e.phase === 'received' && e.from.startsWith('app');

/** The foreground from the PUT to the app's first answer through the router. */
function meanwhile(entries: Entry[], put: Entry): Entry[] {
  const answer = entries.find((e) => e.seq > put.seq && isFirstAnswer(e));
  expect(answer, 'the first answer').toBeDefined();
  return entries.filter((e) => e.seq > put.seq && e.seq <= (answer?.seq ?? 0) && !e.background);
}

/**
 * Those that have no cause or have lost the run. What a timer has sent (a heartbeat that came with news: foreground only
 * for who receives it) has a cause and belongs to no run.
 */
function orphans(push: Entry[], entries: Entry[], run: string | null): string[] {
  const bySeq = new Map(entries.map((e) => [e.seq, e]));
  const periodic = (e: Entry) => e.cause !== null && bySeq.get(e.cause)?.background === true;
  return push
    .filter((e) => e.cause === null || (e.run !== run && !periodic(e)))
    .map((e) => `${e.seq} ${e.proc} ${e.actor} ${e.type} ${'name' in e ? e.name : ''} cause ${e.cause} run ${e.run}`);
}

/** What is about this app, its staging task, its instances or their containers, after the PUT that began it. */
function story(entries: Entry[], guid: string, after: number) {
  const put = entries.find(
    (e) =>
      e.seq > after &&
      e.type === 'message' &&
      e.phase === 'received' &&
      e.name === 'PUT /v2/apps/:guid' &&
      JSON.stringify(e.payload ?? '').includes('STARTED'),
  );
  if (!put) throw new Error('no PUT started the app');
  const names = new Set([guid]);
  for (const e of meanwhile(entries, put)) {
    const actorOf = e.type === 'transition' && e.context.app === guid ? e.actor : undefined;
    // A handle is told in the answer to Create; nothing else is created meanwhile.
    const made =
      e.type === 'message' && e.name === 'CreateResponse' ? (e.payload as { handle: string }).handle : undefined;
    for (const name of [actorOf, made]) if (name) names.add(name);
  }
  // The app, one staging task, one instance, a container for each, a route.
  expect(names.size).toBe(6);
  const isAbout = (e: Entry) => {
    const text = JSON.stringify(e);
    return [...names].some((name) => text.includes(name));
  };
  return { put, push: meanwhile(entries, put).filter(isAbout) };
}

describe('the record of a push, with 0–50 ms of random delay on each lab link', () => {
  let lab: RunningLab;
  let c: Cf;
  let d: Debug;
  let entries: Entry[];
  let bySeq: Map<number, Entry>;
  let guid: string;
  beforeAll(async () => {
    lab = await startLab({ env: { WARDENSCOPE_LINK_JITTER: '50' } });
    c = await cf(lab.url);
    d = debug(lab.url);
    guid = await c.prepare('ordered', HELLO);
    const put = await c.start(guid);
    expect(put.status, put.text).toBe(201);
    await running(c, guid);
    expect((await c.visit('ordered')).status).toBe(200);
    await d.entry('the first answer through the router', isFirstAnswer);
    await new Promise((r) => setTimeout(r, 1000));
    entries = await d.journal();
    bySeq = new Map(entries.map((e) => [e.seq, e]));
  }, 300_000);
  afterAll(() => lab?.stop());

  it('no entry is caused by one at or after itself, and seq has no gap', () => {
    expect(entries.map((e) => e.seq)).toEqual(entries.map((_, i) => i + 1));
    expect(entries.filter((e) => e.cause !== null && e.cause >= e.seq)).toEqual([]);
  });

  it('every entry of the push but the first has a cause', () => {
    // Chosen by whom it is about, not by its run: a run is inherited from the cause, and what has lost it would fall out.
    const { put, push } = story(entries, guid, 0);
    expect(push.length).toBeGreaterThan(100);
    expect(put).toMatchObject({ cause: null, run: 'push ordered' });
    expect(orphans(push, entries, put.run)).toEqual([]);
    // Nothing else went on: what names nobody, such as a request for a file, belongs to the push as well.
    expect(orphans(meanwhile(entries, put), entries, put.run)).toEqual([]);
    expect(entries.filter((e) => e.type === 'note' && e.text.startsWith('no sent entry within'))).toEqual([]);
  });

  it('every entry of the push but the first has a cause, also when the push was held and stepped on its way', async () => {
    const stepped = await c.prepare('stepped', HELLO);
    const { head } = await d.state();
    for (const kind of ['delivery', 'effect'] as const) await d.breakAt({ kind, foreground: true });
    await d.breakAt({ kind: 'step', name: 'pivot_root' });
    const put = c.start(stepped);
    await d.held('the request', (h) => h.point.name.startsWith('PUT /v2/apps/'));
    await until(
      'a running instance, gate by gate',
      async () => {
        const { held } = await d.state();
        for (const { gate } of held) await d.open(gate).catch(() => 'opened with the step before');
        return (await c.instances(stepped)).text.includes('RUNNING');
      },
      120_000,
    );
    for (const { id } of (await d.state()).breakpoints) await d.clear(id);
    await d.go();
    expect((await put).status).toBe(201);
    await until('the app to answer', async () => (await c.visit('stepped')).status === 200);
    await d.entry('the first answer through the router', (e) => e.seq > head && isFirstAnswer(e));
    const after = (await d.journal()).filter((e) => e.seq > head);
    const { put: first, push } = story(after, stepped, head);
    expect(push.length).toBeGreaterThan(100);
    expect(orphans(push, after, first.run)).toEqual([]);
    const gates = after.filter((e) => e.type === 'gate' && e.phase === 'held');
    const kinds = new Set(gates.map((e) => e.type === 'gate' && `${e.point.kind} ${e.point.transport ?? ''}`));
    expect([...kinds]).toEqual(expect.arrayContaining(['delivery http', 'delivery nats', 'delivery warden', 'step ']));
    // A gate that holds a request of ours from outside (the start itself, and no other here) has nothing before it.
    const begun = gates.filter((e) => e.cause === null).map((e) => e.type === 'gate' && e.point.name);
    expect(begun).toEqual(['PUT /v2/apps/:guid']);
    for (let e: Entry | undefined = push.at(-1); e !== first; e = after.find((one) => one.seq === e?.cause))
      expect(e, 'the chain').toBeDefined();
  }, 300_000);

  it('the chain from the app’s first answer reaches the request that began the push', () => {
    const answer = entries.find(isFirstAnswer);
    const chain: Entry[] = [];
    for (let e = answer; e; e = e.cause === null ? undefined : bySeq.get(e.cause)) chain.push(e);
    const first = chain.at(-1);
    expect(first?.type === 'message' && first.name).toMatch(/^PUT \/v2\/apps\//);
    expect(new Set(chain.map((e) => e.proc)).size).toBeGreaterThanOrEqual(3);
  });

  it('every matched message was received after it was sent', () => {
    const pairs = entries.filter((e) => e.type === 'message' && e.phase === 'received' && e.cause !== null);
    expect(pairs.length).toBeGreaterThan(20);
    for (const e of pairs) expect(bySeq.get(e.cause ?? 0)?.t, `entry ${e.seq}`).toBeLessThanOrEqual(e.t);
  });
});

describe('two things held', () => {
  let lab: RunningLab;
  let c: Cf;
  let d: Debug;
  beforeAll(async () => {
    lab = await startLab();
    c = await cf(lab.url);
    d = debug(lab.url);
  }, 300_000);
  afterAll(() => lab?.stop());

  it('held at step k, pause asked, k opened: it stops at k+1, which had no breakpoint', async () => {
    const guid = await c.prepare('twice', HELLO);
    const bp = await d.breakAt({ kind: 'step', name: 'pivot_root', when: 'before', once: true });
    const put = c.start(guid);
    const first = await d.held('pivot_root', (h) => h.point.name === 'pivot_root');
    await d.pause();
    await d.open(first.gate);
    const next = await d.held(
      'the gate after it',
      (h) => h.gate !== first.gate && h.point.handle === first.point.handle,
    );
    expect([next.point.name, next.point.when]).toEqual(['pivot_root', 'after']);
    expect(next.by).toBe('pause');
    const lt = (await d.state()).lt;
    await new Promise((r) => setTimeout(r, 300));
    expect((await d.state()).lt, 'lab time stands still while something is held').toBe(lt);
    await d.step();
    const third = await d.held('the next step', (h) => h.gate !== next.gate && h.point.handle === first.point.handle);
    expect(third.point.name).not.toBe('pivot_root');
    await d.clear(bp).catch(() => undefined);
    await d.go();
    expect((await put).status).toBe(201);
    await running(c, guid);
  }, 300_000);

  it('a skip of 960 s of lab time leaves routes, instances and advertisements alive', async () => {
    const guid = await c.prepare('patient', HELLO);
    expect((await c.start(guid)).status).toBe(201);
    await running(c, guid);
    const before = await d.state();
    const seen = (await c.visit('patient', '/json')).json<{ hostname: string }>();
    await d.skip({ ms: 960_000 });
    const after = await d.state();
    expect(after.lt - before.lt).toBeGreaterThanOrEqual(960_000);
    const again = await c.visit('patient', '/json');
    expect(again.status).toBe(200);
    expect(again.json<{ hostname: string }>().hostname, 'the same container').toBe(seen.hostname);
    await running(c, guid);
    const second = await c.prepare('afterwards', HELLO);
    expect((await c.start(second)).status, 'advertisements are fresh: a stager is found at once').toBe(201);
    const bad = (await d.journal()).filter(
      (e) =>
        e.seq > before.head &&
        ((e.type === 'message' && e.phase === 'sent' && (e.name === 'hm9000.start' || e.name === 'hm9000.stop')) ||
          (e.type === 'transition' && e.machine === 'route' && /stale|pruned/.test(JSON.stringify(e.value)))),
    );
    expect(bad).toEqual([]);
  }, 300_000);
});
