// Ties a job to what wshd says about it: at its start, and again after a restart of the server.
import { noticeOom } from '../effects/watch-memory.ts';
import { writeSnapshot } from '../effects/write-snapshot.ts';
import type { Container, Warden } from '../warden.ts';
import { createJob, type Job } from './job.ts';

const TERM = 15;

/** Reads from what wshd's rings still have. The job is in the container's table from here on. */
export function createAttachedJob(
  warden: Warden,
  c: Container,
  { id, discardOutput, logTag }: { id: number; discardOutput: boolean; logTag: string },
): Job {
  const job = createJob({
    id,
    discardOutput,
    logTag,
    outputLimit: warden.config.jobOutputLimit,
    terminate: () => c.wshd?.signal(id, TERM),
    onEnd: () => {
      const trail = { cause: c.machine.last() };
      // Before anybody reads the job's info: a job that was killed for memory says so (reference 5.8).
      if (c.machine.snapshot().value === 'active' && noticeOom(c)) void c.machine.send({ type: 'oom' }, trail);
      const state = c.machine.snapshot().value;
      if (state === 'active' || state === 'stopping' || state === 'stopped') writeSnapshot(c);
    },
  });
  c.jobs.add(job);
  c.wshd?.attach(id, !discardOutput, {
    ...job.reader,
    // When this server leaves, the job goes on and the next one attaches.
    onLost: () => (c.leaving ? undefined : job.reader.onLost()),
  });
  return job;
}
