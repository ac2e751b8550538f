// A Warden server for tests of the DEA: speaks the real protocol on a real socket and remembers what it was asked, but has
// no containers. Jobs end when the test says so; CopyOut writes what the test put there.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { basename, join } from 'node:path';
import { Frames } from '../../server/warden/protocol/index.ts';
import { decodeRequest, encodeError, encodeResponse } from '../../server/warden/protocol/messages.ts';

interface FakeContainer {
  state: string;
  jobs: Map<number, { status?: number; waiting: (() => void)[]; script: string }>;
}

export interface FakeWarden {
  readonly asked: { command: string; handle: string; message: Record<string, unknown> }[];
  readonly containers: Map<string, FakeContainer>;
  /** What CopyOut finds, by base name. */
  readonly files: Record<string, string>;
  /** Every job whose script matches ends at once with this status. */
  readonly endings: { script: RegExp; status: number }[];
  /** Commands that fail with this text. */
  readonly failures: Record<string, string>;
  hostPort: number;
  end(handle: string, status: number): void;
  listen(): Promise<void>;
  /** As if the server were killed: connections break, containers stay. */
  crash(): Promise<void>;
  commands(handle?: string): string[];
}

export function fakeWarden(socketPath: string, depot: string): FakeWarden {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  let handles = 0;
  let jobIds = 0;

  const fake: FakeWarden = {
    asked: [],
    containers: new Map(),
    files: {},
    endings: [],
    failures: {},
    hostPort: 61001,
    end: (handle, status) => {
      for (const job of fake.containers.get(handle)?.jobs.values() ?? []) finish(job, status);
    },
    listen: async () => {
      rmSync(socketPath, { force: true });
      server = createServer((socket) => serve(socket));
      await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
    },
    crash: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    },
    commands: (handle) => fake.asked.filter((a) => !handle || a.handle === handle).map((a) => a.command),
  };

  function finish(job: { status?: number; waiting: (() => void)[] }, status: number): void {
    if (job.status !== undefined) return;
    job.status = status;
    for (const go of job.waiting.splice(0)) go();
  }

  function serve(socket: Socket): void {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const frames = new Frames(1024 * 1024 * 16);
    let turn: Promise<unknown> = Promise.resolve();
    socket.on('data', (bytes) => {
      for (const payload of frames.push(bytes)) {
        const { command, message } = decodeRequest(payload);
        const fields = message as unknown as Record<string, unknown>;
        turn = turn.then(async () => {
          const frame = await answer(command, fields);
          if (!socket.destroyed) socket.write(frame);
        });
      }
    });
  }

  async function answer(command: string, m: Record<string, unknown>): Promise<Buffer> {
    const handle = String(m.handle ?? '');
    if (command === 'Echo') return encodeResponse('Echo', { message: String(m.message) }).frame;
    if (command === 'List') return encodeResponse('List', { handles: [...fake.containers.keys()] }).frame;
    fake.asked.push({ command, handle, message: m });
    const failure = fake.failures[command];
    if (failure) return encodeError(failure).frame;
    if (command === 'Create') {
      const made = `h${++handles}`;
      fake.containers.set(made, { state: 'active', jobs: new Map() });
      return encodeResponse('Create', { handle: made }).frame;
    }
    const container = fake.containers.get(handle);
    if (!container) return encodeError('unknown handle').frame;
    return inContainer(command, m, handle, container);
  }

  async function inContainer(
    command: string,
    m: Record<string, unknown>,
    handle: string,
    c: FakeContainer,
  ): Promise<Buffer> {
    switch (command) {
      case 'LimitCpu':
        return encodeResponse('LimitCpu', {}).frame;
      case 'LimitDisk':
        return encodeResponse('LimitDisk', {}).frame;
      case 'LimitMemory':
        return encodeResponse('LimitMemory', {}).frame;
      case 'NetIn':
        return encodeResponse('NetIn', { hostPort: fake.hostPort, containerPort: fake.hostPort }).frame;
      case 'NetOut':
        return encodeResponse('NetOut', {}).frame;
      case 'Info': {
        const info = { state: c.state, containerPath: join(depot, handle), hostIp: '10.0.0.1', events: [] };
        return encodeResponse('Info', info).frame;
      }
      case 'Run':
        return encodeResponse('Run', { exitStatus: 0, stdout: '', stderr: '' }).frame;
      case 'Spawn': {
        const jobId = ++jobIds;
        const job = { waiting: [], script: String(m.script) };
        c.jobs.set(jobId, job);
        const ending = fake.endings.find((e) => e.script.test(job.script));
        if (ending) finish(job, ending.status);
        return encodeResponse('Spawn', { jobId }).frame;
      }
      case 'Link': {
        const job = c.jobs.get(Number(m.jobId));
        if (!job) return encodeError('no such job').frame;
        if (job.status === undefined) await new Promise<void>((resolve) => job.waiting.push(resolve));
        return encodeResponse('Link', { exitStatus: job.status ?? 255, info: { state: c.state, events: [] } }).frame;
      }
      case 'CopyOut': {
        const name = basename(String(m.srcPath));
        const content = fake.files[name];
        if (content === undefined) return encodeError(`no ${name}`).frame;
        mkdirSync(String(m.dstPath), { recursive: true });
        writeFileSync(join(String(m.dstPath), name), content);
        return encodeResponse('CopyOut', {}).frame;
      }
      case 'Stop':
        c.state = 'stopped';
        for (const job of c.jobs.values()) finish(job, m.kill ? 137 : 143);
        return encodeResponse('Stop', {}).frame;
      case 'Destroy':
        for (const job of c.jobs.values()) finish(job, 137);
        fake.containers.delete(handle);
        return encodeResponse('Destroy', {}).frame;
      default:
        return encodeError(`unexpected ${command}`).frame;
    }
  }
  return fake;
}
