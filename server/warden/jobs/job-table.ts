// The jobs of one container by id. A job stays until it was linked or streamed to its end (reference 5.6).
import { WardenError } from '../protocol/messages.ts';
import type { Job } from './job.ts';

export interface JobTable {
  add(job: Job): void;
  /** Throws `no such job`. */
  get(id: number): Job;
  remove(id: number): void;
  all(): Job[];
  /** Ids of those that still run, as Info names them. */
  running(): bigint[];
}

export function createJobTable(): JobTable {
  const jobs = new Map<number, Job>();
  return {
    add: (job) => void jobs.set(job.id, job),
    get(id) {
      const job = jobs.get(id);
      if (!job) throw new WardenError('no such job');
      return job;
    },
    remove: (id) => void jobs.delete(id),
    all: () => [...jobs.values()],
    running: () => [...jobs.values()].filter((j) => j.status === undefined).map((j) => BigInt(j.id)),
  };
}
