// What if: faults in one container that only its warden can make. Each leaves a `fault` entry from which its consequences
// follow; none goes over the Warden protocol, which knows nothing of the kind.
import type { Cause } from '../../machines/journal.ts';
import type { ContainerFault } from '../main/child.ts';
import { jobsFrozen } from './cgroup/frozen.ts';
import type { Container, Warden } from './warden.ts';

const KILL = 9;
let made = 0;

/** Does it and returns the number of its entry. Throws why it cannot be done; then there is none. */
export function inject(warden: Warden, { what, handle, job }: ContainerFault): number {
  const c = [...warden.known.values()].find((known) => known.handle === handle || known.id === handle);
  if (!c) throw new Error(`[warden] could not ${what} ${handle}: there is no such container`);
  if (what === 'kill-job') return killJob(warden, c, job ?? 0);
  const before = jobsFrozen(c.cgroup);
  const fault = say(warden, what, c.handle);
  c.cgroup.freezeJobs(what === 'freeze');
  const diff = { 'cgroup.jobs.frozen': [before, jobsFrozen(c.cgroup)] as [boolean, boolean] };
  const kernel = { type: 'kernel', actor: `container:${c.id}`, handle: c.handle, pid: c.init?.pid ?? 0 } as const;
  warden.lab.rec.record({ ...kernel, diff, ms: 0 }, fault);
  return fault.n;
}

function killJob(warden: Warden, c: Container, id: number): number {
  const job = c.jobs.get(id);
  if (job.status !== undefined || !c.wshd)
    throw new Error(`[warden] could not kill job ${id} of ${c.handle}: it runs no more`);
  const fault = say(warden, 'kill-job', `${c.handle} job ${id}`);
  job.killedBy = fault;
  c.wshd.signal(id, KILL);
  return fault.n;
}

function say({ lab, actor }: Warden, what: string, target: string): NonNullable<Cause> {
  made += 1;
  // A story of its own: what comes of it is not the push's doing.
  const begins = `fault ${lab.proc} ${process.pid}.${made}`;
  return lab.rec.record({ type: 'fault', actor, what, target, begins }, null);
}
