// The health manager on a real broker, with DEAs and a Cloud Controller that exist only as messages. Lab time by hand.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Desired } from '../../machines/health-analysis.ts';
import { type Broker, type Bus, connectBus, startBroker } from '../../server/bus/index.ts';
import { bulkFetcher, createHealthManager, type HealthManager } from '../../server/hm/index.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';

const S = 1000;
let lab: MemoryLab;
let broker: Broker;
let bus: Bus;
let hm: HealthManager;
let desired: Desired[];
let fetches: number;
/** Heartbeats as the DEA sends them now: index and state by instance. */
let instances: Record<string, [number, string]>;
let sent: { at: number; subject: string; json: Record<string, unknown> }[];
let timer: { cancel(): void };
let folder: string;

/** A health manager that remembers what the one before it in this test has kept. */
const life = () =>
  createHealthManager({
    lab,
    bus,
    fetchDesired: async () => {
      fetches += 1;
      return desired;
    },
    seconds: () => 1_400_000_000,
    file: join(folder, 'hm.json'),
  });

const app = (n: number, more: Partial<Desired> = {}): Desired => ({
  droplet: 'a',
  version: 'v1',
  instances: n,
  state: 'STARTED',
  package_state: 'STAGED',
  ...more,
});
function beat(dea = '0-x') {
  const droplets = Object.entries(instances).map(([instance, [index, state]]) => ({
    cc_partition: 'default',
    droplet: 'a',
    version: 'v1',
    instance,
    index,
    state,
    state_timestamp: 1,
  }));
  // As a DEA does: nothing runs, nothing is sent, but it still advertises.
  if (droplets.length > 0) bus.publish('dea.heartbeat', { dea, droplets }, null, { background: true });
  bus.publish('dea.advertise', { id: dea }, null, { background: true });
}
/** Lab time passes second by second; what is published on the way arrives before the next. */
async function pass(ms: number): Promise<void> {
  for (let at = 0; at < ms; at += S) {
    await lab.advance(Math.min(S, ms - at));
    await lab.settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

beforeEach(async () => {
  lab = memoryLab('control');
  broker = await startBroker({ lab });
  bus = await connectBus({ url: broker.url, lab, proc: 'control', name: 'control' });
  [desired, instances, sent, fetches] = [[], {}, [], 0];
  for (const subject of ['hm9000.start', 'hm9000.stop']) {
    bus.subscribe(subject, { actor: 'cc' }, (json) => {
      sent.push({ at: lab.clock.now(), subject, json: json as Record<string, unknown> });
    });
  }
  folder = mkdtempSync(join(tmpdir(), 'ws-hm-'));
  hm = life();
  timer = lab.clock.every(10 * S, 'dea beats', () => beat());
});
afterEach(async () => {
  timer.cancel();
  hm.close();
  await bus.close();
  await broker.close();
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs one instance long enough for everything to be fresh. */
async function settled(): Promise<void> {
  desired = [app(1)];
  instances = { i1: [0, 'RUNNING'] };
  await pass(60 * S);
  expect(hm.status().fresh).toBe(true);
  expect(sent).toEqual([]);
}
const ask = async () =>
  (await bus.request('app.state', { droplet: 'a', version: 'v1' }, { trail: { cause: null }, timeoutMs: 2 * S }))[0]
    ?.json;

describe('the health manager', () => {
  it('decides nothing before it has heard heartbeats for 30 s', async () => {
    desired = [app(2)];
    instances = { i1: [0, 'RUNNING'] };
    await pass(35 * S);
    expect(hm.status().orders).toEqual([]);
    expect(await ask()).toEqual({});
    await pass(30 * S);
    expect(hm.status().orders).toMatchObject([{ order: { reason: 'missing', index: 1 } }]);
  });

  it('answers a crash in 0 to 31 s: heartbeat, analyzer, sender', async () => {
    await settled();
    const crashed = lab.clock.now();
    instances = { i1: [0, 'CRASHED'] };
    await pass(31 * S);
    expect(sent).toMatchObject([{ subject: 'hm9000.start', json: { droplet: 'a', version: 'v1', instance_index: 0 } }]);
    expect(sent[0]!.json.message_id).toMatch(/^[0-9a-f-]{36}$/);
    expect(sent[0]!.at - crashed).toBeLessThanOrEqual(31 * S);
  });

  it('says which heartbeat led to a start', async () => {
    await settled();
    instances = { i1: [0, 'CRASHED'] };
    await pass(31 * S);
    const entries = lab.entries();
    const start = entries.find(
      (e) => e.body.type === 'message' && e.body.name === 'hm9000.start' && e.body.phase === 'sent',
    );
    const queued = entries.find((e) => e.n === start?.cause);
    const told = entries.find((e) => e.n === queued?.cause);
    expect(queued?.body).toMatchObject({
      type: 'note',
      text: expect.stringContaining('queued the start of a index 0 (crashed)'),
    });
    expect(told?.body).toMatchObject({ type: 'message', name: 'dea.heartbeat', phase: 'received' });
    expect(JSON.stringify(told?.body)).toContain('CRASHED');
  });

  it('holds a heartbeat that tells something new when all is paused, and none that repeats', async () => {
    await settled();
    lab.pause();
    beat();
    await bus.flush();
    expect(lab.held()).toEqual([]);
    instances = { i1: [0, 'CRASHED'] };
    beat();
    await expect.poll(() => lab.held()).toMatchObject([{ point: { name: 'dea.heartbeat', actor: 'hm' } }]);
    lab.pause(false);
    lab.open();
    await expect.poll(() => hm.status().actual).toMatchObject([{ state: 'CRASHED' }]);
  });

  it('lets a skip stop at the restart: the back-off is a foreground timer', async () => {
    await settled();
    const waits: number[] = [];
    for (let n = 0; n < 5; n++) {
      instances = { [`c${n}`]: [0, 'CRASHED'] };
      const before = sent.length;
      await pass(25 * S);
      const wait = timers().find((t) => t.kind === 'wait');
      const from = lab.clock.now();
      while (sent.length === before) await pass(S);
      waits.push(lab.clock.now() - from);
      if (n >= 3) {
        expect(wait?.label).toBe("health manager's start of a index 0 (crashed)");
        expect(sent.at(-1)!.at).toBe(wait?.due);
      }
      instances = { [`r${n}`]: [0, 'RUNNING'] };
      await pass(35 * S);
    }
    expect(sent).toHaveLength(5);
    expect(waits[3]! + 25 * S).toBeGreaterThanOrEqual(30 * S);
    expect(waits[4]! + 25 * S).toBeGreaterThanOrEqual(60 * S);
    expect(timers().filter((t) => t.kind === 'wait')).toEqual([]);
    expect(await ask()).toMatchObject({
      crash_counts: [{ instance_index: 0, crash_count: 5 }],
      desired: { instances: 1 },
    });
  });

  it('goes on after a restart with the crash counts and the back-off of its life before', async () => {
    await settled();
    for (let n = 0; n < 4; n++) {
      instances = { [`c${n}`]: [0, 'CRASHED'] };
      const before = sent.length;
      while (sent.length === before) await pass(S);
      instances = { [`r${n}`]: [0, 'RUNNING'] };
      await pass(35 * S);
    }
    instances = { c4: [0, 'CRASHED'] };
    while (hm.status().orders.length === 0) await pass(S);
    const [queued] = hm.status().orders;
    hm.close();
    await pass(20 * S);
    hm = life();
    expect(hm.status()).toMatchObject({ orders: [queued], crashes: [{ index: 0, count: 5 }] });
    const wait = timers().find((t) => t.kind === 'wait');
    expect(wait?.label).toBe("health manager's start of a index 0 (crashed)");
    const before = sent.length;
    while (sent.length === before) await pass(S);
    expect(sent.at(-1)!.at).toBe(wait?.due);
    expect(sent.at(-1)!.at).toBeGreaterThanOrEqual(queued?.order.sendOn ?? Number.POSITIVE_INFINITY);
  });

  it('sends no second start after a restart where the first one was sent', async () => {
    await settled();
    instances = { i1: [0, 'CRASHED'] };
    while (sent.length === 0) await pass(S);
    hm.close();
    hm = life();
    instances = { i2: [0, 'RUNNING'] };
    await pass(120 * S);
    expect(sent).toHaveLength(1);
    expect(hm.status()).toMatchObject({ orders: [], crashes: [{ count: 1 }] });
  });

  it('forgets crashes after 1920 s of quiet', async () => {
    await settled();
    instances = { i1: [0, 'CRASHED'] };
    await pass(31 * S);
    instances = { i2: [0, 'RUNNING'] };
    await pass(1900 * S);
    expect(hm.status().crashes).toMatchObject([{ count: 1 }]);
    await pass(40 * S);
    expect(hm.status().crashes).toEqual([]);
  });

  it('starts what a dead DEA ran: 30 s of silence, 30 s of grace', async () => {
    await settled();
    instances = {};
    const silent = lab.clock.now();
    await pass(90 * S);
    expect(sent).toMatchObject([{ subject: 'hm9000.start', json: { instance_index: 0 } }]);
    const after = (sent[0]!.at - silent) / S;
    expect(after).toBeGreaterThanOrEqual(50);
    expect(after).toBeLessThanOrEqual(85);
  });

  it('stops what nobody wants, after asking once more what is wanted', async () => {
    await settled();
    instances = { i1: [0, 'RUNNING'], i2: [1, 'RUNNING'] };
    await pass(31 * S);
    expect(sent).toMatchObject([
      { subject: 'hm9000.stop', json: { instance_guid: 'i2', instance_index: 1, is_duplicate: false } },
    ]);
  });

  it('leaves an app alone that is younger than its copy of the desired state', async () => {
    await settled();
    await pass(5 * S);
    desired = [app(1, { version: 'v1' }), app(1, { droplet: 'b', version: 'w' })];
    const young = { droplet: 'b', version: 'w', instance: 'b1', index: 0, state: 'RUNNING' };
    const before = fetches;
    for (let i = 0; i < 3; i++) {
      bus.publish('dea.heartbeat', { dea: '1-y', droplets: [young] }, null);
      await pass(10 * S);
    }
    expect(sent).toEqual([]);
    expect(fetches).toBeGreaterThan(before);
    expect(hm.status().orders).toEqual([]);
  });

  it('answers a crash in 31 s also when its copy of the desired state says that the app is being staged', async () => {
    await settled();
    const young = { droplet: 'b', version: 'w' };
    desired = [app(1), app(1, { ...young, package_state: 'PENDING' })];
    const before = fetches;
    while (fetches === before) await pass(S);
    desired = [app(1), app(1, young)];
    const tell = (state: string) =>
      bus.publish('dea.heartbeat', { dea: '1-y', droplets: [{ ...young, instance: 'b1', index: 0, state }] }, null);
    tell('RUNNING');
    await pass(10 * S);
    tell('CRASHED');
    const crashed = lab.clock.now();
    await pass(21 * S);
    expect(sent).toMatchObject([{ subject: 'hm9000.start', json: { droplet: 'b', instance_index: 0 } }]);
    expect(sent[0]!.at - crashed).toBeLessThanOrEqual(21 * S);
  });

  it('sends no start for an app that was stopped meanwhile', async () => {
    await settled();
    instances = {};
    await pass(45 * S);
    while (hm.status().orders.length === 0) await pass(S);
    desired = [];
    await pass(60 * S);
    expect(sent).toEqual([]);
    expect(hm.status().orders).toEqual([]);
  });

  it('replaces an evacuated instance at the next sending, however little it knows', async () => {
    await pass(45 * S);
    desired = [app(1)];
    bus.publish(
      'droplet.exited',
      { droplet: 'a', version: 'v1', index: 0, instance: 'i', reason: 'DEA_EVACUATION' },
      null,
    );
    bus.publish('droplet.exited', { droplet: 'a', version: 'v1', index: 1, instance: 'j', reason: 'CRASHED' }, null);
    await pass(11 * S);
    expect(sent).toMatchObject([{ subject: 'hm9000.start', json: { instance_index: 0 } }]);
  });

  it('decides nothing on old desired state, and goes on when it can be fetched again', async () => {
    await settled();
    const good = desired;
    desired = new Proxy(good, {
      get() {
        throw new Error('[hm] could not fetch desired state: status 503');
      },
    });
    await pass(130 * S);
    expect(hm.status().fresh).toBe(false);
    instances = { i1: [0, 'CRASHED'] };
    await pass(40 * S);
    expect(sent).toEqual([]);
    expect(JSON.stringify(lab.bodies())).toContain('could not fetch desired state: status 503');
    desired = good;
    await pass(65 * S);
    expect(sent[0]).toMatchObject({ subject: 'hm9000.start', json: { instance_index: 0 } });
  });
});

describe('the bulk fetcher', () => {
  it('reads page by page until an empty one, and its credentials are in no entry', async () => {
    const seen: string[] = [];
    const server = createServer((req, res) => {
      const url = new URL(req.url ?? '', 'http://x');
      seen.push(
        `${req.headers.authorization} ${url.searchParams.get('batch_size')} ${url.searchParams.get('bulk_token')}`,
      );
      const { id = 0 } = JSON.parse(url.searchParams.get('bulk_token') ?? '{}');
      const one = { id: `g${id}`, version: 'v', instances: 2, state: 'STARTED', package_state: 'STAGED', memory: 64 };
      res.end(JSON.stringify({ results: id < 2 ? { [`g${id}`]: one } : {}, bulk_token: { id: id + 1 } }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const fetch = bulkFetcher({ lab, url, user: 'bulk', password: 'b-u-l-k', batch: 1 });
    const all = await fetch({ cause: null });
    expect(all.map((a) => [a.droplet, a.instances])).toEqual([
      ['g0', 2],
      ['g1', 2],
    ]);
    const basic = `Basic ${Buffer.from('bulk:b-u-l-k').toString('base64')}`;
    expect(seen).toEqual([`${basic} 1 {}`, `${basic} 1 {"id":1}`, `${basic} 1 {"id":2}`]);
    expect(JSON.stringify(lab.entries())).not.toContain(basic.slice(6));
    await new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    });
  });

  it('says what failed', async () => {
    const fetch = bulkFetcher({ lab, url: 'http://127.0.0.1:1', user: 'u', password: 'p' });
    await expect(fetch({ cause: null })).rejects.toThrow(
      /could not GET http:\/\/127\.0\.0\.1:1\/bulk\/apps: .*ECONNREFUSED/,
    );
  });
});

/** The timers of this lab, from its clock (memoryLab keeps the process clock whole). */
function timers(): { due: number; kind: string; label: string }[] {
  const { clock } = lab;
  return 'timers' in clock && typeof clock.timers === 'function' ? clock.timers() : [];
}
