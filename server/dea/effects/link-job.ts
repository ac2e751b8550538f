// Waits for the end of an instance's job and says so as a fact (dea_ng: instance.rb link). Adoptable: Link may be asked
// again by another life of the DEA or of Warden; the job does not notice.
import type { AnyEventObject } from 'xstate';
import type { Trail } from '../../lab/types.ts';
import { WardenConnectionError } from '../../warden/protocol/index.ts';
import type { DeaDeps } from '../deps.ts';
import type { Unhosted } from '../instances.ts';

export function linkJob(
  deps: DeaDeps,
  one: Unhosted,
  trail: Trail,
  send: (event: AnyEventObject, trail: Trail) => Promise<void>,
): () => void {
  const stopped = new AbortController();
  const { handle, jobId } = one;
  const ended = (status: number, description: string) => {
    if (!stopped.signal.aborted) void send({ type: 'job.exited', status, description }, trail);
  };
  if (handle === null || jobId === null) {
    queueMicrotask(() => ended(-1, 'unknown'));
    return () => stopped.abort();
  }
  deps.wardens
    .insist({ owner: one.actor, name: 'link' }, 'Link', { handle, jobId }, trail, stopped.signal)
    .then((answer) => ended(answer.exitStatus, describe(answer.info)))
    .catch((error: unknown) => {
      if (error instanceof WardenConnectionError && stopped.signal.aborted) return;
      ended(-1, 'unknown');
    });
  return () => stopped.abort();
}

/** The first event Warden noted (`out of memory`), else that the app ended, else that nobody knows. */
export function describe(info: { events: readonly string[] } | undefined): string {
  if (!info) return 'cannot be determined';
  return info.events[0] ?? 'app instance exited';
}
