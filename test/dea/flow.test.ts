// A DEA with everything real around it but Warden's containers: a real broker, a real lab, a Cloud Controller's storage over
// HTTP, the Warden protocol on a socket. What a container really does is for the suites of the whole system.
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, type Bus, connectBus, startBroker } from '../../server/bus/index.ts';
import { createDea, type Dea } from '../../server/dea/dea.ts';
import { stateOf } from '../../server/dea/registry.ts';
import { type DeaSettings, deaFolders } from '../../server/dea/settings.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import { zipOf } from '../cc/zip-fixture.ts';
import { until } from '../support/cf.ts';
import { type FakeWarden, fakeWarden } from './fake-warden.ts';

const DROPLET = 'the droplet';
const SHA1 = createHash('sha1').update(DROPLET).digest('hex');

let root: string;
let lab: MemoryLab;
let broker: Broker;
let cc: Bus;
let bus: Bus;
let warden: FakeWarden;
let storage: Server;
let uploads: { url: string; body: string }[];
let downloads: string[];
let heard: { subject: string; json: Record<string, unknown> }[];
let dea: Dea;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'dea-flow-'));
  lab = memoryLab('dea/0', 'real');
  broker = await startBroker({ lab, listen: '127.0.0.1', port: 0, user: 'u', password: 'p' } as Parameters<
    typeof startBroker
  >[0]);
  const connect = (name: string) =>
    connectBus({ url: `nats://127.0.0.1:${broker.port}`, user: 'u', password: 'p', lab, proc: 'dea/0', name });
  [cc, bus] = await Promise.all([connect('cc'), connect('dea:0')]);
  heard = [];
  for (const subject of [
    'droplet.exited',
    'dea.heartbeat',
    'router.register',
    'router.unregister',
    'dea.shutdown',
    'dea.advertise',
  ]) {
    cc.subscribe(subject, {}, (json) => void heard.push({ subject, json: json as Record<string, unknown> }));
  }
  await cc.flush();
  warden = fakeWarden(join(root, 'w.sock'), join(root, 'depot'));
  await warden.listen();
  warden.files['staging_info.yml'] =
    '---\nbuildpack_path: "/b/nodejs"\ndetected_buildpack: "Node.js"\nstart_command: "node server.js"\n';
  warden.files['droplet.tgz'] = DROPLET;
  warden.files['buildpack_cache.tgz'] = 'the cache';
  warden.files['staging_task.log'] = 'the log';
  warden.files.logs = 'app logs';
  warden.endings.push({ script: /runner\/run/, status: 0 });
  uploads = [];
  downloads = [];
  storage = createServer(async (req, res) => {
    if (req.method === 'GET') {
      downloads.push(req.url ?? '');
      res.statusCode = req.url?.includes('missing') ? 404 : 200;
      res.end(req.url?.startsWith('/staging/droplets') ? DROPLET : 'zip');
      return;
    }
    uploads.push({ url: req.url ?? '', body: Buffer.concat(await req.toArray()).toString() });
    res.statusCode = req.url?.includes('full') ? 507 : 201;
    res.end('{}');
  });
  await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
  warden.hostPort = (storage.address() as AddressInfo).port;
  dea = await boot();
});

afterEach(async () => {
  dea.deps.wardens.close();
  dea.hosted.stop();
  await bus.close();
  await cc.close();
  await broker.close();
  await warden.crash();
  storage.closeAllConnections();
  await new Promise((resolve) => storage.close(resolve));
  await lab.close();
  rmSync(root, { recursive: true, force: true });
});

async function boot(): Promise<Dea> {
  const settings: DeaSettings = {
    id: '0-feed',
    index: 0,
    address: '127.0.0.1',
    stacks: ['lucid64'],
    rootfs: {},
    zone: 'default',
    domain: 'localhost',
    capacity: { memoryMb: 4096, diskMb: 8192, memoryOvercommit: 1, diskOvercommit: 1 },
    stagingMinimum: { memoryMb: 1024, diskMb: 2048 },
    maxStagingMs: 900_000,
    healthCheckMs: 60_000,
    evacuationMs: 600_000,
    crashLifetimeMs: 3_600_000,
    folders: deaFolders(join(root, 'dea')),
    wardenSocket: join(root, 'w.sock'),
    run: root,
    owner: 'root',
  };
  const made = createDea({ lab, bus, settings, bundled: ['nodejs'] });
  await until('the DEA to be up', () => made.hosted.snapshot().matches('up'));
  await bus.flush();
  return made;
}

const url = (path: string) => `http://u:p@127.0.0.1:${(storage.address() as AddressInfo).port}${path}`;

function startMessage(more: object = {}) {
  return {
    droplet: 'app1',
    name: 'hello',
    uris: ['hello.localhost'],
    sha1: SHA1,
    executableUri: url('/staging/droplets/app1/download'),
    version: 'v1',
    services: [],
    limits: { mem: 256, disk: 512, fds: 1024 },
    cc_partition: 'default',
    env: ['COLOUR=blue'],
    start_command: null,
    health_check_timeout: null,
    vcap_application: { name: 'hello' },
    index: 0,
    egress_network_rules: [],
    ...more,
  };
}

function stagingMessage(more: object = {}) {
  return {
    app_id: 'app1',
    task_id: 'task1',
    properties: { services: [], resources: { memory: 256, disk: 512, fds: 1024 }, environment: [], meta: {} },
    download_uri: url('/staging/apps/app1'),
    upload_uri: url('/staging/droplets/app1/upload'),
    buildpack_cache_download_uri: null,
    buildpack_cache_upload_uri: url('/staging/buildpack_cache/app1/upload'),
    start_message: startMessage({ sha1: null, executableUri: null }),
    admin_buildpacks: [],
    egress_network_rules: [],
    ...more,
  };
}

type Answer = Record<string, unknown>;
async function stage(more: object = {}, answers = 2): Promise<Answer[]> {
  const replies = await cc.request('staging.0-feed.start', stagingMessage(more), {
    trail: { cause: null },
    max: answers,
    timeoutMs: 1_000_000,
  });
  return replies.map((r) => r.json as Answer);
}

async function started(more: object = {}) {
  cc.publish('dea.0-feed.start', startMessage(more), null);
  const one = await until('the instance to run', () =>
    [...dea.deps.registry.instances.values()].find((i) => stateOf(i) === 'RUNNING'),
  );
  await until('it to be announced', () => told('router.register').length > 0);
  return one;
}

const told = (subject: string) => heard.filter((h) => h.subject === subject).map((h) => h.json);

describe('staging', () => {
  it('answers twice, uploads droplet and cache, and starts instance 0 from the local droplet without any message', async () => {
    const [first, second] = await stage();
    expect(first).toEqual({ task_id: 'task1', task_streaming_log_url: null });
    expect(second).toMatchObject({ task_id: 'task1', detected_buildpack: 'Node.js', droplet_sha1: SHA1 });
    expect(second).not.toHaveProperty('error');
    expect(uploads.map((u) => u.url)).toEqual([
      '/staging/droplets/app1/upload?async=true',
      '/staging/buildpack_cache/app1/upload?async=true',
    ]);
    expect(uploads[0]?.body).toContain('name="upload[droplet]"');
    expect(uploads[0]?.body).toContain(DROPLET);
    const one = await until('instance 0', () =>
      [...dea.deps.registry.instances.values()].find((i) => stateOf(i) === 'RUNNING'),
    );
    expect(one.message.sha1).toBe(SHA1);
    expect(downloads.filter((d) => d.startsWith('/staging/droplets'))).toEqual([]);
    await until('the staging container to be gone', () => !warden.containers.has('h1'));
  });

  it('asks Warden in the order of the original', async () => {
    await stage();
    await until('the end', () => warden.commands('h1').includes('Destroy'));
    expect(warden.commands('h1').slice(0, 3)).toEqual(['LimitCpu', 'LimitDisk', 'LimitMemory']);
    expect(warden.commands('h1')).not.toContain('NetIn');
    const limits = warden.asked.filter((a) => a.handle === 'h1').map((a) => a.message);
    expect(limits[0]).toMatchObject({ limitInShares: 512n });
    expect(limits[1]).toMatchObject({ byte: BigInt(2048 * 1024 * 1024), inode: 200000n });
    expect(limits[2]).toMatchObject({ limitInBytes: BigInt(1024 * 1024 * 1024) });
  });

  it('refuses in one reply when there is no room', async () => {
    const properties = { ...stagingMessage().properties, resources: { memory: 5000, disk: 1 } };
    expect(await stage({ properties }, 1)).toEqual([
      { task_id: 'task1', error: 'Not enough memory resources available' },
    ]);
    expect(warden.containers.size).toBe(0);
  });

  it('answers both times with the error when the package cannot be had', async () => {
    const [first, second] = await stage({ download_uri: url('/missing') });
    for (const answer of [first, second]) expect(answer?.error).toMatch(/404/);
    expect(second?.droplet_sha1).toBeNull();
    await until('nothing to be left', () => warden.containers.size === 0 && dea.deps.registry.tasks.size === 0);
  });

  it('names the runner’s error in error_info, after having collected its word', async () => {
    warden.endings.unshift({ script: /runner\/run/, status: 1 });
    warden.files['staging_info.yml'] = '---\nstaging_error:\n  type: "NoAppDetectedError"\n  message: "nobody"\n';
    const [, second] = await stage();
    expect(second).toMatchObject({ error: 'nobody', error_info: { type: 'NoAppDetectedError', message: 'nobody' } });
    expect(uploads).toEqual([]);
  });

  it('fails when the droplet cannot be stored', async () => {
    const [, second] = await stage({ upload_uri: url('/full') });
    expect(second?.error).toMatch(/507/);
    expect([...dea.deps.registry.instances.values()]).toEqual([]);
  });

  it('ends a buildpack that takes longer than 900 s of lab time', async () => {
    warden.endings.length = 0;
    const staged = stage();
    await until('the runner to be linked', () => warden.commands('h1').includes('Link'));
    await lab.advance(900_000);
    const [, second] = await staged;
    expect(second?.error).toBe('Staging in container timed out');
    expect(warden.asked.find((a) => a.command === 'Stop')?.message).toMatchObject({ kill: true });
  });

  it('stops on staging.stop and answers that it did', async () => {
    warden.endings.length = 0;
    const staged = stage();
    await until('the runner to be linked', () => warden.commands('h1').includes('Link'));
    cc.publish('staging.stop', { app_id: 'app1' }, null);
    const [, second] = await staged;
    expect(second).toEqual({ task_id: 'task1', error: 'Error staging: task stopped' });
    await until('nothing to be left', () => warden.containers.size === 0 && dea.deps.registry.tasks.size === 0);
  });

  it('can be held on failure, before the container is destroyed, by a breakpoint on the state `failed`', async () => {
    lab.breakOn({ state: 'staging-task.failed' });
    warden.endings.unshift({ script: /runner\/run/, status: 1 });
    const staged = stage();
    const gate = await until('the hold', () => lab.held()[0]);
    expect(gate.point).toMatchObject({ kind: 'effect', name: 'linkRunner', when: 'end', machine: 'staging-task' });
    expect(warden.containers.has('h1')).toBe(true);
    lab.open(gate.gate);
    expect((await staged)[1]?.error).toBeTruthy();
  });

  it('waits for a Warden that is being restarted instead of failing the task', async () => {
    await warden.crash();
    const staged = stage();
    const began = (b: object) => 'name' in b && b.name === 'createContainer';
    await until('the first attempt', () => lab.bodies().some(began));
    // Nobody listens for a while: without another attempt the task has failed by now.
    await new Promise((resolve) => setTimeout(resolve, 100));
    await warden.listen();
    expect((await staged)[1]?.error).toBeUndefined();
  });

  it('fetches the Cloud Controller’s buildpacks once, and offers them in its order', async () => {
    const zip = zipOf([{ name: 'bin/compile', data: '#!/bin/bash\n', mode: 0o100755 }]);
    const served = storage.listeners('request')[0] as (req: IncomingMessage, res: ServerResponse) => void;
    storage.removeAllListeners('request');
    storage.on('request', (req: IncomingMessage, res: ServerResponse) => {
      if (!req.url?.startsWith('/v2/buildpacks')) return served(req, res);
      downloads.push(req.url);
      res.end(zip);
    });
    const admin_buildpacks = [
      { key: 'b_2', url: url('/v2/buildpacks/b/download') },
      { key: 'system/nodejs', url: 'system:nodejs' },
    ];
    warden.endings.length = 0;
    const staged = stage({ admin_buildpacks });
    const task = await until('the runner', () =>
      warden.commands('h1').includes('Link') ? [...dea.deps.registry.tasks.values()][0] : undefined,
    );
    const config = readFileSync(join(task.workspace, 'plugin_config'), 'utf8');
    expect(config).toMatch(/buildpack_dirs=\('\S*admin_buildpacks\/b_2' '\S*buildpacks\/nodejs'\)/);
    expect(existsSync(join(root, 'dea/admin_buildpacks/b_2/bin/compile'))).toBe(true);
    warden.end('h1', 0);
    await staged;
    warden.endings.push({ script: /runner\/run/, status: 0 });
    await stage({ admin_buildpacks, stage_only: true, task_id: 'task2' });
    expect(downloads.filter((d) => d.startsWith('/v2/buildpacks'))).toHaveLength(1);
  });

  it('starts nothing when it was asked to stage only', async () => {
    await stage({ stage_only: true });
    expect(dea.deps.registry.instances.size).toBe(0);
  });

  it('counts the task while it lasts, and gives the room back', async () => {
    warden.endings.length = 0;
    const staged = stage();
    await until('the runner to be linked', () => warden.commands('h1').includes('Link'));
    const last = () => Number(told('dea.advertise').at(-1)?.available_memory);
    cc.publish('dea.locate', {}, null);
    await until('a smaller advertisement', () => last() === 4096 - 1024);
    cc.publish('staging.stop', { app_id: 'app1' }, null);
    await staged;
    await until('the old one', async () => {
      cc.publish('dea.locate', {}, null);
      await cc.flush();
      return last() === 4096;
    });
  });
});

describe('an instance', () => {
  it('is RUNNING with a heartbeat at once and its route', async () => {
    const one = await started();
    expect(warden.commands(one.handle ?? '').slice(0, 4)).toEqual(['LimitCpu', 'LimitDisk', 'LimitMemory', 'NetIn']);
    expect(told('dea.heartbeat').at(-1)).toMatchObject({
      dea: '0-feed',
      droplets: [{ droplet: 'app1', version: 'v1', index: 0, state: 'RUNNING', instance: one.instanceId }],
    });
    expect(told('router.register')[0]).toMatchObject({
      dea: '0-feed',
      app: 'app1',
      uris: ['hello.localhost'],
      host: '127.0.0.1',
      port: warden.hostPort,
      tags: { component: 'dea-0' },
    });
    const spawn = warden.asked.find((a) => a.command === 'Spawn');
    expect(spawn?.message).toMatchObject({ discardOutput: true, rlimits: { nofile: 1024n, nproc: 512n } });
    expect(String(spawn?.message.script)).toContain('node server.js');
  });

  it('downloads a droplet once however many instances want it', async () => {
    for (const index of [0, 1, 2]) cc.publish('dea.0-feed.start', startMessage({ index }), null);
    await until(
      'three to run',
      () => [...dea.deps.registry.instances.values()].filter((i) => stateOf(i) === 'RUNNING').length === 3,
    );
    expect(downloads).toEqual(['/staging/droplets/app1/download']);
  });

  it('crashes when what came is not what was named', async () => {
    cc.publish('dea.0-feed.start', startMessage({ sha1: '0'.repeat(40) }), null);
    await until('droplet.exited', () => told('droplet.exited')[0]);
    expect(told('droplet.exited')[0]).toMatchObject({ reason: 'CRASHED', exit_description: 'failed to start' });
  });

  it('reports a crash at once, keeps its logs, gives the container back and stays CRASHED in heartbeats', async () => {
    const one = await started();
    warden.end(one.handle ?? '', 3);
    const exited = await until('droplet.exited', () => told('droplet.exited')[0]);
    expect(exited).toMatchObject({
      droplet: 'app1',
      instance: one.instanceId,
      index: 0,
      reason: 'CRASHED',
      exit_status: 3,
      exit_description: 'app instance exited',
    });
    expect(told('router.unregister')).toHaveLength(1);
    await until('the container to be gone', () => warden.containers.size === 0);
    expect(existsSync(join(root, 'dea/crashes', one.instanceId, 'logs/logs'))).toBe(true);
    dea.deps.heartbeat({ cause: null });
    await until('CRASHED in a heartbeat', () => JSON.stringify(told('dea.heartbeat').at(-1)).includes('"CRASHED"'));
  });

  it('leaves without an event when it is stopped: unregistered first, then stopped, then destroyed', async () => {
    const one = await started();
    const handle = one.handle ?? '';
    cc.publish('dea.stop', { droplet: 'app1' }, null);
    await until('it to be gone', () => dea.deps.registry.instances.size === 0);
    expect(told('droplet.exited')).toEqual([]);
    expect(told('router.unregister')).toHaveLength(1);
    expect(warden.commands(handle).slice(-2)).toEqual(['Stop', 'Destroy']);
  });

  it('is not stopped by a message for another version or index', async () => {
    await started();
    cc.publish('dea.stop', { droplet: 'app1', version: 'v2' }, null);
    cc.publish('dea.stop', { droplet: 'app1', indices: [1] }, null);
    const replies = await cc.request(
      'dea.find.droplet',
      { droplet: 'app1' },
      { trail: { cause: null }, timeoutMs: 5000 },
    );
    expect(replies.map((r) => (r.json as Answer).state)).toEqual(['RUNNING']);
  });

  it('gets a new id and version with new routes, and tells the router only the difference', async () => {
    const one = await started();
    const before = one.instanceId;
    cc.publish('dea.update', { droplet: 'app1', uris: ['other.localhost'], version: 'v2' }, null);
    await until('the old route to go', () => told('router.unregister')[0]);
    expect(told('router.register').at(-1)).toMatchObject({ uris: ['other.localhost'] });
    expect(told('router.unregister')[0]).toMatchObject({ uris: ['hello.localhost'] });
    expect(one.instanceId).not.toBe(before);
    expect(one.version).toBe('v2');
    expect(stateOf(one)).toBe('RUNNING');
  });

  it('answers dea.find.droplet with stats while it runs', async () => {
    const one = await started();
    const [reply] = await cc.request(
      'dea.find.droplet',
      { droplet: 'app1', include_stats: true, states: ['RUNNING'] },
      { trail: { cause: null }, timeoutMs: 5000 },
    );
    expect(reply?.json).toMatchObject({
      dea: '0-feed',
      instance: one.instanceId,
      index: 0,
      state: 'RUNNING',
      staged: `/${one.instanceId}`,
      stats: { name: 'hello', host: '127.0.0.1', mem_quota: 256 * 1024 * 1024, fds_quota: 1024, usage: { cpu: 0 } },
    });
  });

  it('is refused with droplet.exited, and never registered, when there is no room', async () => {
    cc.publish('dea.0-feed.start', startMessage({ limits: { mem: 9000, disk: 1, fds: 1 } }), null);
    const exited = await until('droplet.exited', () => told('droplet.exited')[0]);
    expect(exited).toMatchObject({ reason: 'CRASHED', exit_description: 'Not enough memory resource available.' });
    expect(dea.deps.registry.instances.size).toBe(0);
  });

  it('keeps running and is not reported when Warden goes and comes back', async () => {
    const one = await started();
    await warden.crash();
    await warden.listen();
    await until('a second Link', () => warden.commands(one.handle ?? '').filter((c) => c === 'Link').length === 2);
    expect(stateOf(one)).toBe('RUNNING');
    expect(told('droplet.exited')).toEqual([]);
  });
});

describe('a restart of the DEA', () => {
  /** As after `kill -9`: nothing is said or saved. */
  async function killed(): Promise<void> {
    dea.deps.wardens.close();
    for (const one of dea.deps.registry.instances.values()) one.hosted.stop();
    for (const task of dea.deps.registry.tasks.values()) task.hosted.stop();
    dea.hosted.stop();
    await bus.close();
    bus = await connectBus({
      url: `nats://127.0.0.1:${broker.port}`,
      user: 'u',
      password: 'p',
      lab,
      proc: 'dea/0',
      name: 'dea:0',
    });
  }

  it('adopts a living container by linking its job again: same handle, same ids, nothing done twice', async () => {
    const { handle, instanceId, jobId } = await started();
    await killed();
    warden.asked.length = 0;
    dea = await boot();
    const one = await until('it to run again', () =>
      [...dea.deps.registry.instances.values()].find((i) => stateOf(i) === 'RUNNING'),
    );
    expect([one.handle, one.instanceId, one.jobId]).toEqual([handle, instanceId, jobId]);
    await until('a Link', () => warden.commands().includes('Link'));
    expect(new Set(warden.commands())).toEqual(new Set(['Info', 'Link']));
    warden.end(handle ?? '', 9);
    await until('the crash to be noticed', () => told('droplet.exited')[0]);
  });

  it('reports as crashed what is gone', async () => {
    await started();
    await killed();
    warden.containers.clear();
    dea = await boot();
    expect(await until('droplet.exited', () => told('droplet.exited')[0])).toMatchObject({ reason: 'CRASHED' });
  });

  it('destroys the container of a staging task, which nobody restores', async () => {
    warden.endings.length = 0;
    cc.publish('staging.0-feed.start', stagingMessage(), null);
    await until('the runner to be linked', () => warden.commands('h1').includes('Link'));
    await killed();
    dea = await boot();
    expect(warden.containers.size).toBe(0);
    expect(dea.deps.registry.tasks.size).toBe(0);
  });

  it('reports nothing when the whole lab was ended in order', async () => {
    await started();
    await dea.hosted.send({ type: 'detach' }, { cause: null });
    await dea.hosted.done;
    expect(JSON.parse(readFileSync(join(root, 'dea/db/instances.json'), 'utf8'))).toMatchObject({ detached: true });
    await killed();
    warden.containers.clear();
    dea = await boot();
    expect(told('droplet.exited')).toEqual([]);
    expect(dea.deps.registry.instances.size).toBe(0);
  });
});

describe('evacuation', () => {
  it('says so once for each instance, keeps it serving until it is stopped, then shuts down', async () => {
    const one = await started();
    await dea.hosted.send({ type: 'evacuate' }, { cause: null });
    expect(await until('droplet.exited', () => told('droplet.exited')[0])).toMatchObject({ reason: 'DEA_EVACUATION' });
    expect(told('dea.shutdown')).toHaveLength(1);
    expect(stateOf(one)).toBe('EVACUATING');
    await dea.hosted.send({ type: 'evacuate' }, { cause: null });
    expect(told('droplet.exited')).toHaveLength(1);
    cc.publish('dea.stop', { droplet: 'app1' }, null);
    await until('it to be gone', () => dea.deps.registry.instances.size === 0);
    await lab.advance(10_000);
    await dea.hosted.done;
    expect(warden.containers.size).toBe(0);
  });

  it('shuts down at any price after 600 s', async () => {
    await started();
    await dea.hosted.send({ type: 'evacuate' }, { cause: null });
    await until('droplet.exited', () => told('droplet.exited')[0]);
    await lab.advance(600_000);
    await dea.hosted.done;
    expect(warden.containers.size).toBe(0);
  });
});
