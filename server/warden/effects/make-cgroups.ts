// Makes a container's cgroups before anything runs in them.
import type { Container, Warden } from '../warden.ts';

/** Idempotent. Abortable: tearDown removes them. */
export async function makeCgroups(warden: Warden, c: Container): Promise<void> {
  c.cgroup.make();
  c.cgroup.limitPids(warden.config.pidsLimit);
  c.oomKills = c.cgroup.oomKills();
}
