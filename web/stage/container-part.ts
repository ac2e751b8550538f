// One container as the stage shows it, from what is remembered of it. The kernel's word counts; where it was not looked at,
// the calls that returned say what must be so.

import { field } from '../../machines/field.ts';
import { isOwn, limitOf, mountText, numberOf, textOf } from './facts.ts';
import type { Kept, StageState } from './fold.ts';
import {
  type ContainerPart,
  type Floor,
  type FloorName,
  type Gauges,
  NAMESPACES,
  type Namespace,
  type Process,
  type Tree,
  type Wall,
} from './parts.ts';

const FLAGS: Record<Namespace, string> = {
  pid: 'CLONE_NEWPID',
  net: 'CLONE_NEWNET',
  mnt: 'CLONE_NEWNS',
  uts: 'CLONE_NEWUTS',
  ipc: 'CLONE_NEWIPC',
  user: 'CLONE_NEWUSER',
  cgroup: 'CLONE_NEWCGROUP',
};

const known = new WeakMap<Kept, { host: StageState['host']; part: ContainerPart }>();

/** The same part for the same facts: nothing is made twice while nothing has changed. */
export function partOf(host: StageState['host'], kept: Kept): ContainerPart {
  const before = known.get(kept);
  if (before?.host === host) return before.part;
  const part = make(host, kept);
  known.set(kept, { host, part });
  return part;
}

function make(host: StageState['host'], c: Kept): ContainerPart {
  const { handle, node, state, purpose, app, kernel, booted, starter, step, doors } = c;
  const inside = isOwn(kernel.get('ns.pid')) || booted.has('clone') ? 1 : null;
  return {
    ...{ handle, node, state, purpose, app, starter, step, doors: [...doors] },
    walls: NAMESPACES.map((namespace) => wallOf(c, namespace)),
    floor: floorOf(host, c),
    socket: booted.has('listen'),
    frozen: kernel.get('cgroup.jobs.frozen') === true,
    wshd: c.wshd === null ? null : { host: c.wshd, inside, name: 'wshd', parent: starter },
    processes: processesOf(c),
    gauges: gaugesOf(c),
    hostPath: hostPathOf(c),
  };
}

function wallOf(c: Kept, namespace: Namespace): Wall {
  const said = c.kernel.get(`ns.${namespace}`);
  const called =
    namespace === 'cgroup'
      ? c.booted.has('unshare_cgroup')
      : (c.booted.get('clone')?.join('|') ?? '').includes(FLAGS[namespace]);
  return {
    namespace,
    inode: numberOf(field(said, 'inode')),
    own: said === undefined ? called : isOwn(said),
    in2014: namespace !== 'user' && namespace !== 'cgroup',
    fact: factOf(c, namespace),
  };
}

/** What the namespace gives, in the words of the calls and of /proc. */
function factOf({ kernel, booted }: Kept, namespace: Namespace): string {
  switch (namespace) {
    case 'uts':
      return booted.get('hostname')?.[0] ?? '';
    case 'net': {
      const read = kernel.get('net.addresses');
      const own = isOwn(kernel.get('ns.net')) && Array.isArray(read) ? read.filter((a) => !/^127\./.test(a)) : [];
      const address = own[0] ?? booted.get('address')?.[1]?.split('/')[0];
      return [address, address ? '' : booted.has('lo_up') ? 'lo' : ''].filter(Boolean).join(' ');
    }
    case 'user': {
      const map = kernel.get('ids.map');
      const base =
        (Array.isArray(map) && Array.isArray(map[0]) ? numberOf(map[0][1]) : null) ??
        numberOf(booted.get('map_ids')?.[2]);
      return base ? `uid 0 = ${base}` : '';
    }
    default:
      return '';
  }
}

function floorOf(host: StageState['host'], c: Kept): Floor {
  const { kernel, booted } = c;
  const root = kernel.get('root');
  const pivoted = booted.has('pivot_root');
  const of = root === undefined || host.root === undefined ? pivoted : root !== host.root;
  const mounts = new Map<string, unknown>();
  for (const [path, fact] of kernel) {
    const point = /^mounts\[\/([^/\]]+)\]/.exec(path)?.[1];
    if (point !== undefined) mounts.set(point, fact);
  }
  const files = kernel.get('files[/]');
  const names = Array.isArray(files) ? files.map(String) : [...mounts.keys()].sort();
  const at = (name: string): FloorName => {
    const fact = mounts.get(name);
    const type = field(fact, 'type');
    const hosts = of && host.mount !== '' && mountText(fact) === host.mount && field(fact, 'root') === '/';
    return { name, mount: typeof type === 'string' ? type : null, host: hosts };
  };
  const all = names.map(at);
  const mount = mountText(kernel.get('mounts[/]')) || (of && booted.has('overlay') ? 'overlay' : '');
  return { of: of ? 'container' : 'host', names: all, mount, other: otherTree(c, of, all) };
}

/** Before pivot_root the container's tree, mounted in the host's; after it the host's, until it is let go. */
function otherTree(c: Kept, pivoted: boolean, names: FloorName[]): Tree | null {
  if (pivoted) {
    const hangs = names.find((n) => n.host)?.name;
    if (hangs === undefined && (names.length > 0 || c.booted.has('umount_old'))) return null;
    return { of: 'host', at: `/${hangs ?? 'mnt'}`, names: [] };
  }
  const at = hostPathOf(c);
  if (at === null) return null;
  const below = new Set<string>();
  for (const path of c.kernel.keys()) {
    const point = path.startsWith(`mounts[${at}/`) ? path.slice(`mounts[${at}/`.length).split(/[/\]]/)[0] : undefined;
    if (point) below.add(point);
  }
  for (const bind of c.booted.get('bind') ?? []) below.add(bind.split(':')[2]?.split('/')[1] ?? '');
  if (c.booted.has('dev')) below.add('dev');
  below.delete('');
  return { of: 'container', at, names: [...below].sort() };
}

/** The overlay's mount point in the host's tree. */
export function hostPathOf({ kernel, booted, handle }: Kept): string | null {
  const called = booted.get('overlay')?.[1];
  if (called !== undefined) return called;
  for (const path of kernel.keys()) {
    const point = /^mounts\[(.*)\]$/.exec(path)?.[1];
    if (point?.endsWith(`/${handle}/mnt`)) return point;
  }
  return null;
}

/** As the kernel saw them last, and the jobs that have come since. */
function processesOf(c: Kept): Process[] {
  const found = new Map<number, Process>();
  const jobs = [...c.jobs.values()];
  const names = new Map(jobs.map(({ pid, name }) => [pid, name]));
  for (const [path, fact] of c.kernel) {
    const host = Number(/^processes\[(\d+)\]$/.exec(path)?.[1]);
    if (!host || host === c.wshd) continue;
    const seen = textOf(field(fact, 'name')) ?? '';
    // A job that has become its program since the kernel was looked at is called by its program.
    const name = seen === 'wshd' ? (names.get(host) ?? seen) : seen;
    found.set(host, { host, inside: numberOf(field(fact, 'inside')), name, parent: numberOf(field(fact, 'parent')) });
  }
  for (const { pid, name, seq } of jobs) {
    if (seq > c.whole && !found.has(pid)) found.set(pid, { host: pid, inside: null, name, parent: c.wshd });
  }
  return [...found.values()].sort((a, b) => (a.host ?? 0) - (b.host ?? 0));
}

function gaugesOf({ kernel, reading, read, sampled, booted }: Kept): Gauges {
  const cgroup = (...names: string[]) =>
    names.map((n) => kernel.get(`cgroup.${n}`)).find((value) => value !== undefined);
  const later = read > sampled;
  const limit = limitOf(cgroup('memory.limit_in_bytes', 'memory.max'));
  const usage = numberOf(cgroup('memory.usage_in_bytes', 'memory.current'));
  const weight = numberOf(cgroup('cpu.weight'));
  const shares =
    later && reading.shares !== null ? reading.shares : (numberOf(cgroup('cpu.shares')) ?? weight ?? reading.shares);
  return {
    joined: booted.has('join_cgroups') || [...kernel.keys()].some((path) => path.startsWith('processes[')),
    memory: {
      limit: later ? (reading.limit ?? limit) : (limit ?? reading.limit),
      usage: later ? (reading.usage ?? usage) : (usage ?? reading.usage),
      rss: later || usage === null ? reading.rss : null,
    },
    cpu: { shares, unit: shares !== null && shares === weight ? 'weight' : 'shares', load: reading.load },
    pids: { now: numberOf(cgroup('pids.current')), max: limitOf(cgroup('pids.max')) },
  };
}
