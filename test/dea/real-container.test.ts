// A DEA on real containers: real Warden, real wshd, a real broker; only the Cloud Controller's storage is a small server here.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, type Bus, connectBus, startBroker } from '../../server/bus/index.ts';
import { prepareBundled } from '../../server/dea/bundled.ts';
import { createDea, type Dea } from '../../server/dea/dea.ts';
import { type Instance, stateOf } from '../../server/dea/registry.ts';
import { type DeaSettings, deaFolders, nodeAddress } from '../../server/dea/settings.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import { until } from '../support/cf.ts';
import { startNode, type TestNode, whyNot } from '../warden/node.ts';

const APPS = join(import.meta.dirname, '../../lessons/apps');
const why = whyNot();
if (why) console.log(`skipped: a DEA on real containers: ${why}`);

describe.skipIf(why !== '')('a DEA on real containers', () => {
  let node: TestNode;
  let root: string;
  let lab: MemoryLab;
  let broker: Broker;
  let cc: Bus;
  let bus: Bus;
  let storage: Server;
  let bits: Buffer;
  let stored: Map<string, Buffer>;
  let dea: Dea;
  let exited: Record<string, unknown>[];

  beforeAll(async () => {
    node = await startNode();
    root = mkdtempSync(join(tmpdir(), 'dea-real-'));
    chmodSync(root, 0o755);
    await prepareBundled(deaFolders(join(root, 'dea')).buildpacks);
  }, 300_000);
  afterAll(async () => {
    await node?.end();
    if (root) rmSync(root, { recursive: true, force: true });
  }, 300_000);

  beforeEach(async () => {
    lab = memoryLab('dea/0', 'real');
    broker = await startBroker({ lab, listen: '127.0.0.1', port: 0, user: 'u', password: 'p' });
    [cc, bus] = await Promise.all([connect('cc'), connect('dea:0')]);
    exited = [];
    cc.subscribe('droplet.exited', {}, (json) => void exited.push(json as Record<string, unknown>));
    await cc.flush();
    stored = new Map();
    storage = createServer(async (req, res) => {
      const path = (req.url ?? '').split('?')[0] ?? '';
      if (req.method === 'GET') return void res.end(path.startsWith('/bits') ? bits : stored.get(path));
      stored.set(path, Buffer.concat(await req.toArray()));
      res.statusCode = 201;
      res.end('{}');
    });
    await new Promise<void>((resolve) => storage.listen(0, '127.0.0.1', resolve));
    dea = await boot();
  });

  afterEach(async () => {
    lab.open();
    lab.pause(false);
    await dea.hosted.send({ type: 'shutdown' }, { cause: null });
    await dea.hosted.done;
    expect(await list(), 'nothing is left').toEqual([]);
    dea.deps.wardens.close();
    await bus.close();
    await cc.close();
    await broker.close();
    storage.closeAllConnections();
    await new Promise((resolve) => storage.close(resolve));
    await lab.close();
  }, 300_000);

  const connect = (name: string) =>
    connectBus({ url: `nats://127.0.0.1:${broker.port}`, user: 'u', password: 'p', lab, proc: 'dea/0', name });

  async function boot(): Promise<Dea> {
    const settings: DeaSettings = {
      id: '0-feed',
      index: 0,
      address: nodeAddress(node.config.slot, node.config.node),
      stacks: ['lucid64'],
      rootfs: {},
      zone: 'default',
      domain: 'localhost',
      capacity: { memoryMb: 8192, diskMb: 32_768, memoryOvercommit: 1, diskOvercommit: 1 },
      stagingMinimum: { memoryMb: 1024, diskMb: 2048 },
      maxStagingMs: 900_000,
      healthCheckMs: 60_000,
      evacuationMs: 600_000,
      crashLifetimeMs: 3_600_000,
      folders: deaFolders(join(root, 'dea')),
      wardenSocket: node.socket,
      run: node.config.run,
      owner: 'root',
    };
    const made = createDea({ lab, bus, settings, bundled: ['nodejs', 'staticfile', 'procfile'] });
    await until('the DEA to be up', () => made.hosted.snapshot().matches('up'));
    await bus.flush();
    return made;
  }

  async function list(): Promise<string[]> {
    const client = await node.client('list');
    const { handles } = await client.request('List', {}, { cause: null });
    client.close();
    return handles;
  }

  function zip(folder: string): Buffer {
    const file = join(root, 'bits.zip');
    rmSync(file, { force: true });
    execFileSync('zip', ['-q', '-r', file, '.'], { cwd: folder });
    return readFileSync(file);
  }

  function folderOf(files: Record<string, string>): string {
    const folder = mkdtempSync(join(root, 'app-'));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(folder, name, '..'), { recursive: true });
      writeFileSync(join(folder, name), text);
      if (name.startsWith('bin/')) chmodSync(join(folder, name), 0o755);
    }
    return folder;
  }

  const url = (path: string) => `http://127.0.0.1:${(storage.address() as AddressInfo).port}${path}`;

  /** What the Cloud Controller would ask; both replies. */
  async function stage(properties: object = {}, start: object = {}): Promise<Record<string, unknown>[]> {
    const message = {
      app_id: 'app1',
      task_id: 'task1',
      properties: {
        services: [],
        resources: { memory: 128, disk: 512, fds: 1024 },
        environment: [],
        meta: {},
        ...properties,
      },
      download_uri: url('/bits'),
      upload_uri: url('/droplet'),
      buildpack_cache_upload_uri: url('/cache'),
      start_message: {
        droplet: 'app1',
        name: 'hello',
        uris: ['hello.localhost'],
        version: 'v1',
        limits: { mem: 128, disk: 512, fds: 1024 },
        env: [],
        vcap_application: { name: 'hello' },
        index: 0,
        ...start,
      },
    };
    const replies = await cc.request('staging.0-feed.start', message, {
      trail: { cause: null },
      max: 2,
      timeoutMs: 900_000,
    });
    return replies.map((r) => r.json as Record<string, unknown>);
  }

  const running = (): Promise<Instance> =>
    until('the instance to run', () => [...dea.deps.registry.instances.values()].find((i) => stateOf(i) === 'RUNNING'));

  function visit(one: Instance, path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      get({ host: dea.deps.settings.address, port: one.hostPort ?? 0, path, agent: false }, async (res) =>
        resolve(Buffer.concat(await res.toArray()).toString()),
      ).on('error', reject);
    });
  }

  const logs = (source: string) =>
    lab.bodies().flatMap((b) => (b.type === 'log' && b.source === source ? [b.text] : []));

  it('stages hello-node and runs it: the answer comes from inside the container, with what a user expects there', async () => {
    bits = zip(join(APPS, 'hello-node'));
    const [setup, done] = await stage({}, { env: ['COLOUR=blue', 'HOUSE=$HOME/x'] });
    expect(setup?.error).toBeUndefined();
    expect(done, JSON.stringify(logs('STG').slice(-10))).toMatchObject({ detected_buildpack: 'Node.js' });
    expect(done?.error).toBeUndefined();
    expect([...stored.keys()]).toEqual(['/droplet', '/cache']);
    const one = await running();
    const told = JSON.parse(await visit(one, '/json'));
    expect(told).toMatchObject({ hostname: one.handle, port: one.containerPort, instance: 0, cwd: '/home/vcap/app' });
    expect(told.init).toMatch(/^wshd/);
    expect(told.uid).not.toBe(0);
    const env = JSON.parse(await visit(one, '/env'));
    expect(env).toMatchObject({
      COLOUR: 'blue',
      HOUSE: '/home/vcap/app/x',
      HOME: '/home/vcap/app',
      MEMORY_LIMIT: '128m',
    });
    expect(logs('STG').join('\n')).toMatch(/Downloaded app package[\s\S]*Vendoring Node\.js[\s\S]*Uploading droplet/);
    await until('the app’s own words', () => logs('App').some((t) => t.includes('GET /json')));
    await until('stats', () => (one.usage?.memoryBytes ?? 0) > 0);
  }, 300_000);

  it('reports an exit, keeps the logs and gives the container back; a stop says TERM and leaves nothing', async () => {
    bits = zip(join(APPS, 'hello-node'));
    await stage();
    const one = await running();
    await visit(one, '/exit?code=3');
    await until('droplet.exited', () => exited[0]);
    expect(exited[0]).toMatchObject({ reason: 'CRASHED', exit_status: 3 });
    await until('the container to be gone', async () => (await list()).length === 0);
    expect(readdirSync(join(root, 'dea/crashes', one.instanceId, 'logs'))).toContain('stdout.log');
  }, 300_000);

  it('runs a worker without a route at once, and lets it go without an event when it is stopped', async () => {
    bits = zip(join(APPS, 'procfile-worker'));
    const [, done] = await stage({}, { uris: [] });
    expect(done).toMatchObject({ detected_buildpack: 'Procfile' });
    await running();
    await until('its work', () => logs('App').includes('piece of work 1'));
    cc.publish('dea.stop', { droplet: 'app1' }, null);
    await until('only the crash before to be left', () =>
      [...dea.deps.registry.instances.values()].every((i) => stateOf(i) === 'CRASHED'),
    );
    expect(exited).toEqual([]);
  }, 300_000);

  it('serves a static site', async () => {
    bits = zip(join(APPS, 'static-site'));
    await stage();
    expect(await visit(await running(), '/')).toContain('<h1>A static site</h1>');
  }, 300_000);

  it('holds an unmodified custom buildpack at a line, inside the container, and lets it go on', async () => {
    bits = zip(folderOf({ 'x.txt': 'x' }));
    const pack = folderOf({
      'bin/detect': '#!/bin/bash\nexit 1\n',
      'bin/compile': '#!/usr/bin/env bash\nset -e\necho before\ntouch /tmp/passed\necho after\n',
      'bin/release': '#!/bin/bash\nprintf -- "---\\ndefault_process_types:\\n  web: sleep 1000\\n"\n',
    });
    lab.breakOn({ kind: 'script', file: 'bin/compile', line: 4, id: 'line' });
    const staged = stage({ buildpack: pack }, { uris: [] });
    const gate = await until('the line', () => lab.held()[0]);
    const handle = gate.point.handle ?? '';
    expect(gate.point).toMatchObject({ kind: 'script', name: 'touch /tmp/passed' });
    const inside = async (script: string) => {
      const client = await node.client('look');
      const { exitStatus } = await client.request('Run', { handle, script }, { cause: null });
      client.close();
      return exitStatus;
    };
    expect(await inside('test -e /tmp/passed')).toBe(1);
    expect(logs('STG')).toContain('before');
    expect(logs('STG')).not.toContain('after');
    lab.unbreak('line');
    lab.open(gate.gate);
    expect((await staged)[1]?.error).toBeUndefined();
    expect(logs('STG')).toContain('after');
    await running();
  }, 300_000);

  it('can be held on failure with the container as the buildpack left it', async () => {
    bits = zip(folderOf({ 'x.txt': 'x' }));
    const pack = folderOf({ 'bin/compile': '#!/bin/bash\necho clue > /tmp/clue\nexit 4\n' });
    lab.breakOn({ state: 'staging-task.failed' });
    const staged = stage({ buildpack: pack });
    const gate = await until('the hold', () => lab.held()[0], 60_000);
    const [handle] = await list();
    const client = await node.client('look');
    const { stdout } = await client.request('Run', { handle: handle ?? '', script: 'cat /tmp/clue' }, { cause: null });
    client.close();
    expect(stdout).toBe('clue\n');
    lab.open(gate.gate);
    const [, done] = await staged;
    expect(done?.error_info).toMatchObject({ type: 'BuildpackCompileFailed' });
  }, 300_000);

  it('adopts a living app after a restart: same process, same container', async () => {
    bits = zip(join(APPS, 'hello-node'));
    await stage();
    const before = await running();
    const told = JSON.parse(await visit(before, '/json'));
    dea.deps.wardens.close();
    before.hosted.stop();
    dea.hosted.stop();
    await bus.close();
    bus = await connect('dea:0');
    dea = await boot();
    const one = await running();
    expect(one.handle).toBe(before.handle);
    expect(JSON.parse(await visit(one, '/json'))).toMatchObject({ hostname: told.hostname, pid: told.pid });
    await visit(one, '/exit?code=5');
    await until('droplet.exited', () => exited[0]);
    expect(exited[0]).toMatchObject({ exit_status: 5 });
  }, 300_000);
});
