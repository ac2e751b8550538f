// The replies of a staging task (reference 1.5) and its completion (S14). A reply is sent once for each of its states;
// a second one would only be an answer that nobody waits for.
import { basename } from 'node:path';
import type { StagingError } from '../../../machines/staging-task.ts';
import { buildpackDirs } from '../admin-buildpacks.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import { forget, type Task } from '../staging.ts';

/** Once. Ready (or not): releases the Cloud Controller's blocked PUT. We have no staging log over HTTP yet, so no URL. */
export async function answerSetup(
  _deps: DeaDeps,
  task: Task,
  { trail }: Doing,
  { error }: { error: StagingError | null },
): Promise<void> {
  const failure = error ? { error: error.message } : {};
  task.reply({ task_id: task.id, task_streaming_log_url: null, ...failure }, trail.cause);
}

/** Once. The second reply, the reservation given back, and on success instance 0 on this very DEA, without any message. */
export async function complete(
  deps: DeaDeps,
  task: Task,
  doing: Doing,
  outcome: { error: StagingError | null; sha1: string | null; detectedBuildpack: string | null },
): Promise<void> {
  const { error, sha1, detectedBuildpack } = outcome;
  task.reply(
    {
      task_id: task.id,
      detected_buildpack: detectedBuildpack,
      buildpack_key: keyOf(deps, task),
      droplet_sha1: error ? null : sha1,
      ...(error ? { error: error.message } : {}),
      ...(error && NAMED.has(error.type) ? { error_info: error } : {}),
    },
    doing.trail.cause,
  );
  forget(deps, task);
  if (!error && sha1 && !task.message.stage_only) {
    deps.startInstance({ ...task.message.start_message, sha1 }, { ...doing.trail });
  }
}

/** Once: the only reply of a task that was stopped. */
export async function answerStopped(deps: DeaDeps, task: Task, { trail }: Doing): Promise<void> {
  task.reply({ task_id: task.id, error: 'Error staging: task stopped' }, trail.cause);
  forget(deps, task);
}

const NAMED = new Set(['NoAppDetectedError', 'BuildpackCompileFailed', 'BuildpackReleaseFailed']);

/** The key under which the Cloud Controller knows the buildpack that was used; null for a custom one. */
function keyOf(deps: DeaDeps, task: Task): string | null {
  const used = task.buildpackPath;
  if (!used) return null;
  const known = buildpackDirs(task.message, deps.bundled).find((b) => b.dir === used);
  return known?.key ?? (task.message.properties.buildpack_key ? basename(used) : null);
}
