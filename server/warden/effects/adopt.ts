// Takes over a container that an earlier server left alive (warden: server.rb recover_containers, base.rb recover).
import { createAttachedJob } from '../jobs/attach.ts';
import { startedAt } from '../process.ts';
import type { Snapshot } from '../snapshot.ts';
import type { Container, Trail, Warden } from '../warden.ts';
import { connectToWshd } from './connect-to-wshd.ts';
import { writeSnapshot } from './write-snapshot.ts';

/**
 * Adoptable by its nature, idempotent. Throws where the container is not whole (PID 1 gone, wshd refuses, its ids taken):
 * it is destroyed then. Output of jobs that had ended is gone, as in the original, unless wshd still has it.
 */
export async function adopt(
  warden: Warden,
  c: Container,
  snapshot: Snapshot,
  { trail }: { trail: Trail },
): Promise<void> {
  const { pid, started } = snapshot.wshd;
  if (startedAt(pid) !== started) throw new Error(`[warden] could not adopt container ${c.handle}: its PID 1 is gone`);
  claim(warden, c);
  await connectToWshd(warden, c, { trail });
  const jobs = (await c.wshd?.list()) ?? [];
  const over: Promise<unknown>[] = [];
  for (const { job, status } of jobs) {
    const kept = snapshot.jobs[job];
    warden.jobIdSeen(job);
    // A job that no snapshot names is a helper of the dead server; nobody will ask for it again.
    if (!kept) {
      c.wshd?.signal(job, 9);
      continue;
    }
    const made = createAttachedJob(warden, c, { id: job, discardOutput: kept.discard_output, logTag: kept.log_tag });
    if (status !== undefined) over.push(made.ended);
  }
  for (const id of Object.keys(snapshot.jobs)) warden.jobIdSeen(Number(id));
  // Those that have ended meanwhile are no running jobs to anybody who asks from now on.
  await Promise.all(over);
  if (c.limitMemory !== undefined) c.cgroup.limitMemory(c.limitMemory);
  if (c.limitCpu !== undefined) c.cgroup.limitCpu(c.limitCpu);
  c.oomKills = c.cgroup.oomKills();
  writeSnapshot(c);
}

/** Ids come out of the pools, so that no new container gets them. What is not ours is forgotten: it must not be released. */
function claim(warden: Warden, c: Container): void {
  const { networks, uids, ports } = warden.pools;
  const failed: string[] = [];
  if (c.network === undefined || !networks.claim(c.network)) {
    failed.push(`network ${c.network}`);
    c.network = undefined;
  }
  if (c.uid === undefined || !uids.claim(c.uid)) {
    failed.push(`user ids from ${c.uid}`);
    c.uid = undefined;
  }
  const mine = c.ports.splice(0).filter((port) => ports.claim(port) || !failed.push(`port ${port}`));
  c.ports.push(...mine);
  if (failed.length > 0) throw taken(c, failed.join(', '));
}

function taken(c: Container, what: string): Error {
  return new Error(`[warden] could not adopt container ${c.handle}: ${what} is not free`);
}
