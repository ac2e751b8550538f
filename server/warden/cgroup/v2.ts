// Cgroups of version 2: one directory with the leaves init, jobs and visit, because processes may only be in leaves.
// Devices are limited by the container's minimal /dev instead of a controller.
import { existsSync } from 'node:fs';
import type { Cgroup, CgroupTree, CpuUsage } from './cgroup.ts';
import { ensure, keyed, pidsIn, read, readIfThere, removeTree, subdirectories, write } from './files.ts';

const LEAVES = ['init', 'jobs', 'visit'] as const;
const CONTROLLERS = ['cpu', 'memory', 'pids'];
/** What v1 shows where nothing limits; v2 says `max`. */
const UNLIMITED = 9223372036854771712n;
const USER_HZ = 100n;

export function createCgroupV2(root: string, lab: string): CgroupTree {
  return {
    version: 2,
    controllers: CONTROLLERS,
    container: (id) => containerV2(root, lab, `instance-${id}`),
    makeLab() {
      // Said before anything is made: in a cgroup that cannot hand its controllers down nothing is left behind.
      enable(root);
      ensure(`${root}/${lab}`);
      enable(`${root}/${lab}`);
    },
    removeLab: () => {
      if (subdirectories(`${root}/${lab}`).length === 0) removeTree(`${root}/${lab}`);
    },
  };
}

/** cpu.shares 2…262144 to cpu.weight 1…10000 (reference 6.9). */
export function weightOf(shares: bigint): bigint {
  const clamped = shares < 2n ? 2n : shares > 262144n ? 262144n : shares;
  return 1n + ((clamped - 2n) * 9999n) / 262142n;
}

/** The least shares that give this weight. */
export function sharesOf(weight: bigint): bigint {
  return 2n + ((weight - 1n) * 262142n + 9998n) / 9999n;
}

function containerV2(root: string, lab: string, name: string): Cgroup {
  const path = `${root}/${lab}/${name}`;
  return {
    paths: { unified: path },
    joins: (leaf) => [`${path}/${leaf}`],
    make() {
      ensure(path);
      for (const parent of [root, `${root}/${lab}`, path]) enable(parent);
      for (const leaf of LEAVES) ensure(`${path}/${leaf}`);
    },
    limitMemory(bytes) {
      write(`${path}/memory.max`, String(bytes));
      const swap = readIfThere(`${path}/memory.swap.max`) !== undefined;
      if (swap) write(`${path}/memory.swap.max`, '0');
      return { bytes: bytesOf(read(`${path}/memory.max`)), swapLimited: swap };
    },
    limitCpu(shares) {
      write(`${path}/cpu.weight`, String(weightOf(shares)));
      return sharesOf(BigInt(read(`${path}/cpu.weight`)));
    },
    cpuShares: () => sharesOf(BigInt(read(`${path}/cpu.weight`))),
    limitPids: (count) => write(`${path}/pids.max`, String(count)),
    memoryStat: () => memoryStat(path),
    memoryLimit: () => bytesOf(read(`${path}/memory.max`)),
    cpuStat: () => cpuStat(path),
    pids: () => LEAVES.flatMap((leaf) => pidsIn(`${path}/${leaf}/cgroup.procs`)),
    freezeJobs(frozen) {
      // What a killed server made halfway has no leaves yet: nothing is frozen there.
      if (!frozen && readIfThere(`${path}/jobs/cgroup.freeze`) === undefined) return;
      write(`${path}/jobs/cgroup.freeze`, frozen ? '1' : '0');
    },
    oomKills: () => Number(keyed(readIfThere(`${path}/memory.events`) ?? '').oom_kill ?? 0n),
    killAll() {
      if (readIfThere(`${path}/cgroup.events`) === undefined) return true;
      // The file came with 5.14, and is for writing only.
      if (!existsSync(`${path}/cgroup.kill`)) return false;
      write(`${path}/cgroup.kill`, '1');
      return true;
    },
    remove: () => removeTree(path),
  };
}

/** Hands our controllers down to the cgroups below. Throws where they are not there or cannot be handed down. */
function enable(parent: string): void {
  const words = (file: string) => (readIfThere(`${parent}/${file}`) ?? '').split(' ');
  const offered = words('cgroup.controllers');
  const missing = CONTROLLERS.filter((c) => !offered.includes(c));
  if (missing.length > 0)
    throw new Error(`[warden] could not use ${parent}: it does not have the controllers ${missing.join(' ')}`);
  // Written only where something is to change: a write is refused to a cgroup with processes even when it would not.
  const wanted = CONTROLLERS.filter((c) => !words('cgroup.subtree_control').includes(c));
  if (wanted.length === 0) return;
  try {
    write(`${parent}/cgroup.subtree_control`, wanted.map((c) => `+${c}`).join(' '));
  } catch (e) {
    const inside = pidsIn(`${parent}/cgroup.procs`).length;
    if (inside === 0) throw e;
    throw new Error(
      `[warden] could not hand controllers down from ${parent}, which has ${inside} processes of its own; ` +
        `move them into a leaf: mkdir ${parent}/leaf; for p in $(cat ${parent}/cgroup.procs); do echo $p > ${parent}/leaf/cgroup.procs; done`,
      { cause: e },
    );
  }
}

function bytesOf(text: string): bigint {
  return text === 'max' ? UNLIMITED : BigInt(text);
}

/** v2's words in v1's fields, as far as they mean the same. */
function memoryStat(path: string): Record<string, bigint> {
  const s = keyed(readIfThere(`${path}/memory.stat`) ?? '');
  const fields: [string, bigint | undefined][] = [
    ['rss', s.anon],
    ['cache', s.file],
    ['mapped_file', s.file_mapped],
    ['pgfault', s.pgfault],
    ['pgmajfault', s.pgmajfault],
    ['inactive_anon', s.inactive_anon],
    ['active_anon', s.active_anon],
    ['inactive_file', s.inactive_file],
    ['active_file', s.active_file],
    ['unevictable', s.unevictable],
  ];
  const limit = readIfThere(`${path}/memory.max`);
  const stat: Record<string, bigint> = {};
  for (const [name, value] of fields) if (value !== undefined) stat[name] = stat[`total_${name}`] = value;
  if (limit !== undefined) stat.hierarchical_memory_limit = bytesOf(limit);
  return stat;
}

function cpuStat(path: string): CpuUsage {
  const s = keyed(readIfThere(`${path}/cpu.stat`) ?? '');
  const ticks = (micros: bigint | undefined) => ((micros ?? 0n) * USER_HZ) / 1_000_000n;
  return { usage: (s.usage_usec ?? 0n) * 1000n, user: ticks(s.user_usec), system: ticks(s.system_usec) };
}
