// Background jobs as the API shows them: queued, running, finished or failed. One attempt each; a job is a promise of
// this process, and what a restart cuts off is marked failed by recovery.ts.
import { asApiError } from './errors.ts';
import type { Job, Store } from './store.ts';

export interface Jobs {
  /** Starts `work` and returns its record at once. */
  run(name: string, work: () => Promise<void>): Job;
  /** Resolves when this job has ended, however; at once for one that has. */
  ended(guid: string): Promise<void>;
  /** Resolves when every job that was begun has ended. */
  idle(): Promise<void>;
}

/** Jobs are kept for this many newer ones. */
const KEPT = 500;

export function createJobs(store: Store): Jobs {
  const running = new Map<string, Promise<void>>();
  return {
    run: (name, work) => {
      const job = store.jobs.insert({ ...store.stamp(), name, status: 'running', error_json: null });
      const end = (status: Job['status'], error_json: Job['error_json'] = null) => {
        store.jobs.update(job.guid, { status, error_json, updated_at: store.now() });
      };
      const task = work().then(
        () => end('finished'),
        (error: unknown) => end('failed', asApiError(error).body()),
      );
      running.set(job.guid, task);
      void task.finally(() => running.delete(job.guid));
      forgetOld(store);
      return job;
    },
    ended: async (guid) => running.get(guid),
    idle: async () => {
      while (running.size > 0) await Promise.all(running.values());
    },
  };
}

function forgetOld(store: Store): void {
  for (const job of store.jobs.find([{ column: 'status', values: ['finished', 'failed'] }], {
    descending: true,
    limit: 50,
    offset: KEPT,
  })) {
    store.jobs.remove(job.guid);
  }
}
