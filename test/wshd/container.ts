// A small container for the tests of wshd: an own base tree, cgroups, network and folder, and their removal.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import {
  type BootedContainer,
  bootContainer,
  connectWshd,
  type JobOptions,
  type WshdClient,
} from '../../server/warden/wshd/index.ts';

/** `WSHD_BUILD=wshd/build/debug` runs the same tests with sanitizers. */
const BUILD = fileURLToPath(new URL(`../../${process.env.WSHD_BUILD ?? 'dist/wshd'}`, import.meta.url));
export const BINARY = `${BUILD}/wshd`;
export const WSH = `${BUILD}/wsh`;
const CGROUP = '/sys/fs/cgroup';
const CONTROLLERS = ['cpu', 'memory', 'pids', 'freezer'];

export const missing = () =>
  process.getuid?.() !== 0
    ? 'needs root'
    : !existsSync(`${CGROUP}/memory/tasks`)
      ? 'needs cgroup v1'
      : !existsSync(BINARY)
        ? 'wshd is not built'
        : undefined;

let count = 0;

export interface Ground {
  dir: string;
  sock: string;
  keys: string[];
  lab: MemoryLab;
  hostIf: string;
  cgroups: string[];
  /** Removes everything; processes in the cgroups are killed first. */
  clear(): Promise<void>;
}

/** Everything a boot needs, and nothing booted. The folder can be entered by root only. */
export function ground(): Ground {
  const id = `t${process.pid.toString(36)}${count++}`;
  const dir = mkdtempSync(`${tmpdir()}/wshd-test-`);
  chmodSync(dir, 0o700);
  for (const d of ['upper', 'work', 'root', 'rw', 'base/etc', 'base/home/vcap', 'base/root', 'base/tmp', 'base/usr'])
    mkdirSync(`${dir}/${d}`, { recursive: true });
  chmodSync(`${dir}/base/tmp`, 0o1777);
  for (const l of ['bin', 'sbin', 'lib', 'lib64']) if (existsSync(`/${l}`)) symlinkSync(`usr/${l}`, `${dir}/base/${l}`);
  writeFileSync(`${dir}/base/etc/passwd`, 'root:x:0:0:root:/root:/bin/sh\nvcap:x:1000:1000::/home/vcap:/bin/bash\n');
  execFileSync('chown', ['1000:1000', `${dir}/base/home/vcap`, `${dir}/rw`]);
  const cgroups: string[] = [];
  const keys: string[] = [];
  for (const controller of CONTROLLERS) {
    const top = `${CGROUP}/${controller}/wardenscope-test-${id}`;
    cgroups.push(top);
    for (const [leaf, name] of [
      ['init', 'cgroup'],
      ['jobs', 'jobs_cgroup'],
      ['visit', 'visit_cgroup'],
    ]) {
      mkdirSync(`${top}/${leaf}`, { recursive: true });
      keys.push(`${name}=${top}/${leaf}/tasks`);
    }
  }
  const hostIf = `w-${id}-0`;
  const sock = `${dir}/wshd.sock`;
  keys.push(
    `sock=${sock}`,
    `hostname=${id}`,
    `root=${dir}/root`,
    `lower=${dir}/base`,
    `upper=${dir}/upper`,
    `work=${dir}/work`,
  );
  keys.push('uid_base=500000000', `host_if=${hostIf}`, `container_if=w-${id}-1`, 'mtu=1500', 'prefix=30');
  keys.push(
    `host_ip=10.253.${process.pid % 250}.${((count * 4) % 248) + 1}`,
    `container_ip=10.253.${process.pid % 250}.${((count * 4) % 248) + 2}`,
  );
  keys.push('bind=ro:/usr:/usr', `bind=rw:${dir}/rw:/mine/rw`);
  const lab = memoryLab('warden/0');
  const clear = async () => {
    lab.open();
    await until('the cgroups are empty', () => {
      for (const pid of cgroups.flatMap(pidsIn)) tryTo(() => process.kill(pid, 'SIGKILL'));
      return cgroups.flatMap(pidsIn).length === 0;
    });
    for (const top of cgroups)
      for (const leaf of ['init', 'jobs', 'visit', '.']) tryTo(() => rmdirSync(`${top}/${leaf === '.' ? '' : leaf}`));
    await lab.close();
    rmSync(dir, { recursive: true, force: true });
  };
  return { dir, sock, keys, lab, hostIf, cgroups, clear };
}

export interface TestContainer extends Ground {
  booted: BootedContainer;
  client: WshdClient;
  run(argv: string[], options?: Partial<JobOptions>, stdin?: Buffer): Promise<Ran>;
}

export interface Ran {
  status: number;
  stdout: string;
  stderr: string;
}

export const boot = (g: Ground, keys = g.keys, signal?: AbortSignal) =>
  bootContainer({ lab: g.lab, binary: BINARY, handle: 'h1', title: 'wshd: h1', keys, trail: { cause: null }, signal });

export async function container(extra: string[] = []): Promise<TestContainer> {
  const g = ground();
  try {
    const booted = await boot(g, [...g.keys, ...extra]);
    const client = await connectWshd(g.lab, { path: g.sock, handle: 'h1', init: booted.pid });
    return { ...g, booted, client, run: (argv, options, stdin) => run(client, argv, options, stdin) };
  } catch (error) {
    await g.clear();
    throw error;
  }
}

let nextJob = 1;
export const newJob = () => nextJob++;

/** Runs a job to its end through a lossless reader and forgets it. */
export async function run(
  client: WshdClient,
  argv: string[],
  options: Partial<JobOptions> = {},
  stdin?: Buffer,
): Promise<Ran> {
  const job = options.job ?? newJob();
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  await client.spawn({ user: 'root', argv, ...options, job }, { cause: null });
  const ended = new Promise<number>((resolve, reject) => {
    client.attach(
      job,
      { lossless: true },
      {
        onOutput: (stream, bytes) => (stream === 'stdout' ? out : err).push(Buffer.from(bytes)),
        onExit: resolve,
        onLost: () => reject(new Error('the connection was lost')),
      },
    );
  });
  if (stdin) await client.stdin(job, stdin);
  if (!options.tty) await client.endStdin(job);
  const status = await ended;
  client.forget(job);
  return { status, stdout: Buffer.concat(out).toString('latin1'), stderr: Buffer.concat(err).toString('latin1') };
}

export async function until<T>(what: string, look: () => T | Promise<T>, ms = 60_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for: ${what}`);
    await new Promise((r) => setTimeout(r, 5));
  }
}

export const pidsIn = (top: string): number[] =>
  existsSync(top)
    ? [
        top,
        ...readdirSync(top, { withFileTypes: true })
          .filter((e) => e.isDirectory())
          .map((e) => `${top}/${e.name}`),
      ].flatMap((d) => readFileSync(`${d}/tasks`, 'utf8').split('\n').filter(Boolean).map(Number))
    : [];

/** Mount points of a process, as it sees them. */
export const mountsOf = (pid: number | 'self') =>
  readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .trim()
    .split('\n')
    .map((line) => {
      const [left = '', right = ''] = line.split(' - ');
      const f = left.split(' ');
      return { root: f[3] ?? '', at: f[4] ?? '', options: f[5] ?? '', type: right.split(' ')[0] ?? '' };
    });

export const fdsOf = (pid: number) =>
  readdirSync(`/proc/${pid}/fd`)
    .map((fd) => `${fd} ${readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\d{3,}/, 'N')}`)
    .sort();

export function tryTo(what: () => void): void {
  try {
    what();
  } catch {
    // Gone already: what was asked for.
  }
}
