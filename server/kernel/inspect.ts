// What the kernel says about one process and its cgroups, as flat facts by path; and the difference of two such pictures.
// Reads /proc and the cgroup files it is given, enters no namespace and starts no program. A hostname is therefore not
// among the facts: /proc shows only the reader's own.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { interfacesOf } from './interfaces.ts';

/** `ns.mnt`, `mounts[/proc]`, `cgroup.memory.limit_in_bytes`, `interfaces[lo]`, `root`, `files[/]`, … */
export type Facts = Record<string, unknown>;

/** Changed facts only: [before, after]; null where there was or is nothing. */
export type Diff = Record<string, [unknown, unknown]>;

const NAMESPACES = ['user', 'mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'];

/** What is used up, and so changes by itself with time: worth no entry of its own (`sampler.ts`), but told with every other. */
const USAGE_FILES = ['memory.usage_in_bytes', 'memory.current', 'cpuacct.usage'];

/** Cgroup files that are shown, where they are there. */
const CGROUP_FILES = [
  ...USAGE_FILES,
  'memory.limit_in_bytes',
  'memory.memsw.limit_in_bytes',
  'memory.oom_control',
  'cpu.shares',
  'devices.list',
  'pids.max',
  'pids.current',
  'freezer.state',
  'memory.max',
  'memory.swap.max',
  'cpu.weight',
  'cgroup.freeze',
];

/**
 * The picture of `pid` (host's number). `cgroups`: directory by controller. A process that is gone gives no process facts.
 * Synchronous, about 2 ms: nothing can move between two readings but the process itself.
 */
export function inspect(pid: number, cgroups: Record<string, string>): Facts {
  const facts: Facts = {};
  for (const name of NAMESPACES) {
    const inode = attempt(() => namespaceInode(pid, name));
    if (inode !== undefined) facts[`ns.${name}`] = { inode, own: inode !== hostInode(name) };
  }
  Object.assign(facts, mountsOf(pid), statusOf(pid), interfacesOf(pid), cgroupFacts(pid, cgroups));
  const root = attempt(() => statSync(`/proc/${pid}/root/`, { bigint: true }));
  if (root) facts.root = `${root.dev}:${root.ino}`;
  // The names only: nothing below the root is opened or followed.
  const names = attempt(() => readdirSync(`/proc/${pid}/root/`));
  if (names) facts['files[/]'] = names.sort();
  return facts;
}

export function diff(before: Facts, after: Facts): Diff {
  const out: Diff = {};
  for (const path of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [before[path] ?? null, after[path] ?? null];
    if (JSON.stringify(was) !== JSON.stringify(is)) out[path] = [was, is];
  }
  return out;
}

/** Whether more has changed than what is used up. */
export function tells(changes: Diff): boolean {
  return Object.keys(changes).some((path) => !USAGE_FILES.includes(path.replace(/^cgroup\./, '')));
}

/** The inode that names a namespace. */
export function namespaceInode(pid: number | 'self', name: string): number {
  return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/${name}`))?.[1]);
}

const hostInodes = new Map<string, number>();

/** warden's own namespaces are the host's. */
function hostInode(name: string): number {
  const known = hostInodes.get(name) ?? namespaceInode('self', name);
  hostInodes.set(name, known);
  return known;
}

/** Mounts stacked on one point are numbered from the second on. */
function mountsOf(pid: number): Facts {
  const facts: Facts = {};
  for (const line of lines(`/proc/${pid}/mountinfo`)) {
    const [left = '', right = ''] = line.split(' - ');
    const [, , , root = '', at = '', options = ''] = left.split(' ');
    const [type = '', source = ''] = right.split(' ');
    const point = unescaped(at);
    let path = `mounts[${point}]`;
    for (let n = 2; path in facts; n += 1) path = `mounts[${point}]#${n}`;
    facts[path] = { type, source: unescaped(source), root: unescaped(root), options };
  }
  return facts;
}

function statusOf(pid: number): Facts {
  const status = Object.fromEntries(
    lines(`/proc/${pid}/status`).map((l) => {
      const at = l.indexOf(':');
      return [l.slice(0, at), l.slice(at + 1).trim()];
    }),
  );
  if (status.Pid === undefined) return {};
  return {
    'process.name': status.Name,
    'process.pids': status.NSpid?.split('\t').map(Number),
    'ids.uid': status.Uid?.split('\t').map(Number),
    'ids.gid': status.Gid?.split('\t').map(Number),
    'ids.map': lines(`/proc/${pid}/uid_map`).map((l) => l.trim().split(/\s+/).map(Number)),
    'capabilities.effective': status.CapEff,
    'capabilities.permitted': status.CapPrm,
    'capabilities.bounding': status.CapBnd,
    'security.seccomp': Number(status.Seccomp ?? 0),
    'security.no_new_privs': Number(status.NoNewPrivs ?? 0),
  };
}

function cgroupFacts(pid: number, cgroups: Record<string, string>): Facts {
  const facts: Facts = {};
  for (const line of lines(`/proc/${pid}/cgroup`)) {
    const [, controllers = '', path = ''] = line.split(':');
    facts[`cgroup.path[${controllers || 'unified'}]`] = path;
  }
  const inside = new Set<number>();
  for (const folder of Object.values(cgroups)) {
    const names = attempt(() => readdirSync(folder)) ?? [];
    for (const file of CGROUP_FILES) if (names.includes(file)) facts[`cgroup.${file}`] = text(`${folder}/${file}`);
    for (const p of [folder, `${folder}/init`, `${folder}/jobs`, `${folder}/visit`])
      for (const line of lines(`${p}/cgroup.procs`)) inside.add(Number(line));
  }
  for (const member of [...inside].sort((a, b) => a - b)) {
    const status = lines(`/proc/${member}/status`);
    const numbers = (key: string) =>
      status
        .find((l) => l.startsWith(`${key}:`))
        ?.split('\t')
        .slice(1)
        .map(Number);
    const pids = numbers('NSpid');
    if (pids)
      facts[`processes[${member}]`] = { name: status[0]?.slice(6), inside: pids.at(-1), parent: numbers('PPid')?.[0] };
  }
  return facts;
}

function lines(path: string): string[] {
  return (text(path) ?? '').split('\n').filter(Boolean);
}

function text(path: string): string | undefined {
  return attempt(() => readFileSync(path, 'utf8').trim());
}

function unescaped(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** What is gone, or not to be seen, is no fact. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
