// What warden needs of cgroups, whichever version the kernel has. v1.ts and v2.ts implement it.
import { existsSync } from 'node:fs';
import { createCgroupV1 } from './v1.ts';
import { createCgroupV2 } from './v2.ts';

export interface MemoryLimit {
  /** What the kernel reports after the write, bytes. */
  bytes: bigint;
  /** False where the kernel counts no swap, so that swap is not limited. */
  swapLimited: boolean;
}

export interface CpuUsage {
  /** Nanoseconds. */
  usage: bigint;
  /** USER_HZ ticks. */
  user: bigint;
  system: bigint;
}

export type Leaf = 'init' | 'jobs' | 'visit';

/** The cgroups of one container. Everything works on a stopped container too; `remove` and `make` are idempotent. */
export interface Cgroup {
  /** Directory for each controller (v2: one, named `unified`), for the kernel inspector and the snapshot. */
  readonly paths: Record<string, string>;
  /** Directories whose `tasks` (v1) or `cgroup.procs` (v2) a new process of this leaf writes itself into. */
  joins(leaf: Leaf): string[];
  make(): void;
  limitMemory(bytes: bigint): MemoryLimit;
  limitCpu(shares: bigint): bigint;
  cpuShares(): bigint;
  limitPids(count: number): void;
  /** Fields as in the protocol's MemoryStat; only what the kernel has. */
  memoryStat(): Record<string, bigint>;
  memoryLimit(): bigint;
  cpuStat(): CpuUsage;
  /** Host pids of everything inside, wshd included. */
  pids(): number[];
  freezeJobs(frozen: boolean): void;
  /** Times the kernel killed for memory here. */
  oomKills(): number;
  /** Kills everything inside in one write; false where the kernel cannot. */
  killAll(): boolean;
  /** Removes the directories. Throws while somebody is inside. */
  remove(): void;
}

export interface CgroupTree {
  readonly version: 1 | 2;
  readonly controllers: readonly string[];
  container(id: string): Cgroup;
  /** Makes the lab's own directory, so that a container's coming and going changes nothing above it. */
  makeLab(): void;
  /** Removes the lab's own directory if it is empty. */
  removeLab(): void;
}

/** Where each version is mounted, first come first tried: on a hybrid host the controllers are v1's. */
const PLACES: [1 | 2, string][] = [
  [1, '/sys/fs/cgroup'],
  [2, '/sys/fs/cgroup'],
  [2, '/sys/fs/cgroup/unified'],
];

/**
 * The tree of this host in which the lab's own directory could be made, with the controllers that warden needs; that
 * directory is there afterwards. Throws with what each version refused.
 */
export function openCgroups(lab: string): CgroupTree {
  const refused: string[] = [];
  for (const [version, root] of PLACES) {
    if (!isMounted(version, root)) continue;
    const tree = (version === 1 ? createCgroupV1 : createCgroupV2)(root, `wardenscope-${lab}`);
    try {
      tree.makeLab();
      return tree;
    } catch (e) {
      tree.removeLab();
      refused.push(e instanceof Error ? e.message.replace('[warden] ', '') : String(e));
    }
  }
  const why = refused.join('; ') || 'neither v1 controllers nor v2 are mounted; mount -t cgroup2 none /sys/fs/cgroup';
  throw new Error(`[warden] could not use cgroups: ${why}`);
}

function isMounted(version: 1 | 2, root: string): boolean {
  if (version === 2) return existsSync(`${root}/cgroup.controllers`);
  return ['cpu', 'memory', 'freezer'].some((controller) => existsSync(`${root}/${controller}/cgroup.procs`));
}
