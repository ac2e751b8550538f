// What a lab has in the kernel's cgroups, found by its id alone, whether or not any process of ours still knows.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const CGROUP = '/sys/fs/cgroup';

/** Whether a lab whose main may be dead still has processes in containers. */
export function hasContainers(lab: string): boolean {
  return cgroupsOf(lab).some((dir) => pidsIn(dir).length > 0);
}

/** The lab's top directory in each hierarchy, v1 and v2. */
export function cgroupsOf(lab: string): string[] {
  const name = `wardenscope-${lab}`;
  const roots = existsSync(CGROUP) ? [CGROUP, ...readdirSync(CGROUP).map((n) => `${CGROUP}/${n}`)] : [];
  return roots.map((root) => `${root}/${name}`).filter((dir) => existsSync(dir));
}

export function pidsIn(group: string): number[] {
  return everyGroup(group).flatMap((dir) => {
    try {
      return readFileSync(`${dir}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
    } catch {
      return [];
    }
  });
}

/** A cgroup and all below it, the deepest first. */
export function everyGroup(dir: string): string[] {
  try {
    const below = readdirSync(dir, { withFileTypes: true }).filter((d) => d.isDirectory());
    return [...below.flatMap((d) => everyGroup(`${dir}/${d.name}`)), dir];
  } catch {
    return [];
  }
}
