// Whether the jobs of a container are frozen, as the kernel says; freezing is the Cgroup's own (v1.ts, v2.ts).
import type { Cgroup } from './cgroup.ts';
import { readIfThere } from './files.ts';

/** False too where there is no such container any more. */
export function jobsFrozen({ paths }: Pick<Cgroup, 'paths'>): boolean {
  if (paths.unified) return /^1/.test(readIfThere(`${paths.unified}/jobs/cgroup.freeze`) ?? '');
  return /^(FROZEN|FREEZING)/.test(readIfThere(`${paths.freezer}/jobs/freezer.state`) ?? '');
}
