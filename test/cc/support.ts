// A Cloud Controller over real HTTP and a real broker, with a DEA and a health manager that answer as the messages say.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import { type Bus, connectBus, startBroker } from '../../server/bus/index.ts';
import { type CloudController, type CloudControllerDeps, createCloudController } from '../../server/cc/index.ts';
import type { StagingMessage, StartMessage } from '../../server/cc/messages.ts';
import { memoryLab } from '../../server/lab/memory-lab.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests read into answers of many shapes; a wrong path fails its test.
export type Json = any;

export interface Answer {
  status: number;
  json: Json;
  headers: Headers;
}

export interface Rig {
  url: string;
  cc: CloudController;
  bus: Bus;
  dea: FakeDea;
  dir: string;
  deps: CloudControllerDeps;
  lab: ReturnType<typeof memoryLab>;
  /** Messages on the bus that the Cloud Controller sent, as [subject, payload]. */
  sent: [string, Json][];
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  internal(method: string, path: string, body?: FormData, headers?: Record<string, string>): Promise<Response>;
  login(): Promise<void>;
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function rig(options: { memory?: number; deaId?: string } = {}): Promise<Rig> {
  const dir = mkdtempSync(join(tmpdir(), 'cc-test-'));
  const lab = memoryLab('control', 'real');
  const broker = await startBroker({ lab, user: 'u', password: 'p' });
  const connect = (name: string) =>
    connectBus({ url: broker.url, user: 'u', password: 'p', lab: memoryLab(name, 'real'), proc: name, name });
  const bus = await connectBus({ url: broker.url, user: 'u', password: 'p', lab, proc: 'control', name: 'control' });
  const deaBus = await connect('dea/0');
  const sent: [string, Json][] = [];
  for (const subject of ['staging.>', 'dea.>', 'droplet.updated']) {
    deaBus.subscribe(subject, {}, (json, { subject: on }) => {
      if (!/advertise|locate/.test(on)) sent.push([on, json]);
    });
  }
  const door = express();
  const server: Server = await new Promise((resolve) => {
    const listening = door.listen(0, '127.0.0.1', () => resolve(listening));
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const deps: CloudControllerDeps = {
    ...{ lab, bus, dir, domain: 'localhost', frontDoor: url, random: () => 0 },
    admin: { user: 'admin', password: 'admin' },
    internal: { user: 'internal', password: 'a-secret-for-staging' },
    patience: (ms, fn) => {
      const timer = setTimeout(fn, ms);
      return () => clearTimeout(timer);
    },
  };
  let cc = createCloudController(deps);
  door.use((req, res, next) => cc.app(req, res, next));
  const dea = fakeDea(deaBus, options.deaId ?? '0-dea', options.memory ?? 8192);
  await deaBus.flush();
  dea.advertise();
  await until('the DEA is known', () => deaBus.flush().then(() => bus.flush()));

  let token = '';
  const result: Rig = {
    ...{ url, bus, dea, dir, deps, lab, sent },
    get cc() {
      return cc;
    },
    call: async (method, path, body, headers = {}) => {
      const isForm = body instanceof FormData;
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(token ? { authorization: `bearer ${token}` } : {}),
          ...(isForm ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: isForm || typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, json: text ? JSON.parse(text) : undefined, headers: response.headers };
    },
    internal: (method, path, body, headers = {}) => {
      const authorization = `Basic ${Buffer.from('internal:a-secret-for-staging').toString('base64')}`;
      return fetch(url + path, { method, headers: { authorization, ...headers }, ...(body ? { body } : {}) });
    },
    login: async () => {
      const { json } = await result.call(
        'POST',
        '/oauth/token',
        new URLSearchParams({ grant_type: 'password', username: 'admin', password: 'admin' }).toString(),
        { authorization: 'Basic Y2Y6', 'content-type': 'application/x-www-form-urlencoded' },
      );
      token = json.access_token;
    },
    restart: async () => {
      await cc.close();
      cc = createCloudController(deps);
      await bus.flush();
      dea.advertise();
      await deaBus.flush().then(() => bus.flush());
    },
    close: async () => {
      await cc.close();
      await bus.close();
      await deaBus.close();
      await broker.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return result;
}

export interface FakeDea {
  id: string;
  advertise(): void;
  /** What staging does; the default uploads a droplet and reports it. */
  stage: (message: StagingMessage) => Promise<{ setup: unknown; done?: Promise<unknown> }>;
  instances: { app: string; version: string; index: number; instance: string; state: string }[];
  start(message: StartMessage): void;
  /** Crash counts that `app.state` reports. */
  crashes: { instance_index: number; crash_count: number }[];
  upload(message: StagingMessage, content: string): Promise<string>;
}

function fakeDea(bus: Bus, id: string, memory: number): FakeDea {
  const dea: FakeDea = {
    id,
    instances: [],
    crashes: [],
    advertise: () => {
      const ad = { id, stacks: ['lucid64'], available_memory: memory, available_disk: 100_000 };
      const app_id_to_count: Record<string, number> = {};
      for (const i of dea.instances) app_id_to_count[i.app] = (app_id_to_count[i.app] ?? 0) + 1;
      bus.publish('dea.advertise', { ...ad, app_id_to_count, placement_properties: { zone: 'default' } }, null);
      bus.publish('staging.advertise', ad, null);
    },
    start: (m) => {
      const instance = createHash('sha1').update(`${m.droplet}${m.version}${m.index}${Math.random()}`).digest('hex');
      dea.instances.push({ app: m.droplet, version: m.version, index: m.index, instance, state: 'RUNNING' });
    },
    upload: async (message, content) => {
      const form = new FormData();
      form.append('upload[droplet]', new Blob([content]), 'droplet.tgz');
      const to = new URL(message.upload_uri);
      const authorization = `Basic ${Buffer.from(`${to.username}:${to.password}`).toString('base64')}`;
      to.username = '';
      to.password = '';
      const response = await fetch(to, { method: 'POST', headers: { authorization }, body: form });
      const { entity } = (await response.json()) as { entity?: { status?: string } };
      if (entity?.status !== 'finished') throw new Error(`upload: ${response.status} ${JSON.stringify(entity)}`);
      return createHash('sha1').update(content).digest('hex');
    },
    stage: async (message) => {
      const done = async () => {
        const droplet_sha1 = await dea.upload(message, `droplet of ${message.task_id}`);
        if (!message.stage_only) dea.start({ ...message.start_message, sha1: droplet_sha1 });
        return { task_id: message.task_id, detected_buildpack: 'Node.js', buildpack_key: null, droplet_sha1 };
      };
      return { setup: { task_id: message.task_id, task_streaming_log_url: null }, done: done() };
    },
  };
  bus.subscribe('dea.locate', {}, () => dea.advertise());
  bus.subscribe(`staging.${id}.start`, {}, async (json, { reply, trail }) => {
    const { setup, done } = await dea.stage(json as StagingMessage);
    reply(setup, trail.cause);
    if (done) reply(await done, trail.cause);
  });
  bus.subscribe(`dea.${id}.start`, {}, (json) => dea.start(json as StartMessage));
  bus.subscribe('dea.stop', {}, (json) => {
    const ask = json as { droplet: string; version?: string; indices?: number[]; instances?: string[] };
    dea.instances = dea.instances.filter(
      (i) =>
        i.app !== ask.droplet ||
        (ask.version !== undefined && i.version !== ask.version) ||
        (ask.indices !== undefined && !ask.indices.includes(i.index)) ||
        (ask.instances !== undefined && !ask.instances.includes(i.instance)),
    );
  });
  bus.subscribe('dea.update', {}, (json) => {
    const { droplet, version } = json as { droplet: string; version: string };
    for (const i of dea.instances) if (i.app === droplet) i.version = version;
  });
  bus.subscribe('dea.find.droplet', {}, (json, { reply, trail }) => {
    const ask = json as { droplet: string; version?: string; states?: string[]; include_stats?: boolean };
    for (const i of dea.instances) {
      if (i.app !== ask.droplet || (ask.version && ask.version !== i.version)) continue;
      if (ask.states && !ask.states.includes(i.state)) continue;
      const { app, ...rest } = i;
      const usage = { time: '2014-07-01 00:00:00 +0000', cpu: 0.01, mem: 1000, disk: 2000 };
      const about = { name: 'a', uris: [], host: '127.0.0.1', port: 61001, uptime: 5 };
      const quotas = { mem_quota: 1, disk_quota: 1, fds_quota: 1 };
      const stats = ask.include_stats ? { stats: { ...about, ...quotas, usage } } : {};
      reply({ dea: id, droplet: app, ...rest, state_timestamp: 1404000000.25, staged: '/x', ...stats }, trail.cause);
    }
  });
  bus.subscribe('app.state', { queue: 'hm9000' }, (json, { reply, trail }) => {
    const ask = json as { droplet: string; version: string };
    const crash_counts = dea.crashes.map((c) => ({ ...ask, ...c, created_at: 1404000000 }));
    reply({ ...ask, instance_heartbeats: [], crash_counts }, trail.cause);
  });
  return dea;
}

/** Polls until `check` holds or a minute has passed. */
export async function until(what: string, check: () => unknown): Promise<void> {
  const end = Date.now() + 60_000;
  for (;;) {
    const held = await check();
    if (held === undefined || held) return;
    if (Date.now() > end) throw new Error(`waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
