// Cgroups of version 1: one directory for each controller, as in 2014, and the freezer with a leaf that may be frozen.
// pids and freezer are ours, not 2014.
import type { Cgroup, CgroupTree, CpuUsage, MemoryLimit } from './cgroup.ts';
import { ensure, keyed, pidsIn, read, readIfThere, removeTree, subdirectories, write } from './files.ts';

const CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'devices', 'pids', 'freezer'] as const;

/** null, zero, random, urandom, tty, ptmx, pts: what the original allows (reference 6.4). */
export const ALLOWED_DEVICES = ['c 1:3 rw', 'c 1:5 rw', 'c 1:8 rw', 'c 1:9 rw', 'c 5:0 rw', 'c 5:2 rw', 'c 136:* rw'];

/** @param root where the controllers are mounted, each under its own name */
export function createCgroupV1(root: string, lab: string): CgroupTree {
  return {
    version: 1,
    controllers: CONTROLLERS,
    container: (id) => containerV1(root, `${lab}/instance-${id}`),
    makeLab() {
      const missing = CONTROLLERS.filter((c) => readIfThere(`${root}/${c}/cgroup.procs`) === undefined);
      if (missing.length > 0) throw new Error(`[warden] could not use v1 at ${root}: without ${missing.join(' ')}`);
      for (const c of CONTROLLERS) ensure(`${root}/${c}/${lab}`);
    },
    removeLab: () => {
      for (const c of CONTROLLERS)
        if (subdirectories(`${root}/${c}/${lab}`).length === 0) removeTree(`${root}/${c}/${lab}`);
    },
  };
}

function containerV1(root: string, name: string): Cgroup {
  const at = (controller: (typeof CONTROLLERS)[number]) => `${root}/${controller}/${name}`;
  const paths = Object.fromEntries(CONTROLLERS.map((c) => [c, at(c)]));
  const freezer = at('freezer');
  return {
    paths,
    joins: (leaf) => [
      ...CONTROLLERS.filter((c) => c !== 'freezer').map(at),
      // wshd itself is never frozen: it stays in the parent directory, which no state is written to.
      leaf === 'init' ? freezer : `${freezer}/${leaf}`,
    ],
    make() {
      for (const c of CONTROLLERS) ensure(at(c));
      ensure(`${freezer}/jobs`);
      ensure(`${freezer}/visit`);
      write(`${at('devices')}/devices.deny`, 'a');
      for (const device of ALLOWED_DEVICES) write(`${at('devices')}/devices.allow`, device);
    },
    limitMemory: (bytes) => limitMemory(at('memory'), bytes),
    limitCpu(shares) {
      write(`${at('cpu')}/cpu.shares`, String(shares));
      return BigInt(read(`${at('cpu')}/cpu.shares`));
    },
    cpuShares: () => BigInt(read(`${at('cpu')}/cpu.shares`)),
    limitPids: (count) => write(`${at('pids')}/pids.max`, String(count)),
    memoryStat: () => keyed(readIfThere(`${at('memory')}/memory.stat`) ?? ''),
    memoryLimit: () => BigInt(read(`${at('memory')}/memory.limit_in_bytes`)),
    cpuStat: () => cpuStat(at('cpuacct')),
    // The cpu cgroup is the one whose tasks the original's stop and destroy read.
    pids: () => pidsIn(`${at('cpu')}/cgroup.procs`),
    freezeJobs(frozen) {
      // What a killed server made halfway has no leaves yet: nothing is frozen there.
      if (!frozen && readIfThere(`${freezer}/jobs/freezer.state`) === undefined) return;
      write(`${freezer}/jobs/freezer.state`, frozen ? 'FROZEN' : 'THAWED');
    },
    oomKills: () => Number(keyed(readIfThere(`${at('memory')}/memory.oom_control`) ?? '').oom_kill ?? 0n),
    killAll: () => false,
    remove() {
      for (const c of CONTROLLERS) removeTree(at(c));
    },
  };
}

/**
 * Both files twice: memsw may never be below the memory limit, so that raising needs one order and lowering the other;
 * in the second round the one that was refused in the first is accepted (warden: features/mem_limit.rb).
 */
function limitMemory(path: string, bytes: bigint): MemoryLimit {
  const files = [`${path}/memory.limit_in_bytes`, `${path}/memory.memsw.limit_in_bytes`].filter(
    (f) => readIfThere(f) !== undefined,
  );
  for (const last of [false, true]) {
    for (const file of files) {
      try {
        write(file, String(bytes));
      } catch (e) {
        if (last) throw e;
      }
    }
  }
  return { bytes: BigInt(read(files[0]!)), swapLimited: files.length === 2 };
}

function cpuStat(path: string): CpuUsage {
  const stat = keyed(readIfThere(`${path}/cpuacct.stat`) ?? '');
  return {
    usage: BigInt(readIfThere(`${path}/cpuacct.usage`) ?? '0'),
    user: stat.user ?? 0n,
    system: stat.system ?? 0n,
  };
}
