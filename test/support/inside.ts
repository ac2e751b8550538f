// What the kernel says of one container, from its PID 1: who else lives in it, and the files of its cgroups.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Host pids of all processes in the pid namespace of this PID 1, itself left out. */
export function inside(init: number): number[] {
  const ns = readlinkSync(`/proc/${init}/ns/pid`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== init)
    .map(Number)
    .filter((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/pid`) === ns;
      } catch {
        return false;
      }
    });
}

/** A file of the v1 or v2 cgroup that this process is in. */
export function cgroupFile(pid: number, controller: string, v1: string, v2: string): string {
  const all = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  const line = all.split('\n').find((l) => l.split(':')[1]?.split(',').includes(controller));
  if (line) return readFileSync(`/sys/fs/cgroup/${controller}${line.split(':')[2]}/${v1}`, 'utf8').trim();
  const path = /^0::(.*)$/m.exec(all)?.[1] ?? '';
  return readFileSync(`/sys/fs/cgroup${path}/${v2}`, 'utf8').trim();
}

/** Whether the kernel has stopped the jobs of this container; `job` is one of them. */
export function isFrozen(job: number): boolean {
  return /^(FROZEN|1)$/.test(cgroupFile(job, 'freezer', 'freezer.state', 'cgroup.freeze'));
}

/** The limit of memory that the kernel has for the container of this PID 1, bytes. */
export function memoryLimit(init: number): number {
  return Number(cgroupFile(init, 'memory', 'memory.limit_in_bytes', '../memory.max'));
}
