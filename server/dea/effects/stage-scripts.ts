// S5, S6, S8 and S11 of staging: the short scripts around the buildpack (dea_ng: staging_task.rb). Each is a Run in the
// container as vcap and may run again: archives unpack over what is there, the droplet is packed anew.

import type { StagingError } from '../../../machines/staging-task.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import { CACHE, DROPLET_TGZ, STAGED, STAGING_LOG, UNSTAGED, workspaceInside } from '../layout.ts';
import type { Task } from '../staging.ts';
import { unzip } from '../unzip.ts';
import { inside } from './prepare-staging.ts';
import { runInContainer, tryInContainer } from './run-in-container.ts';

const COMMAND_NOT_FOUND = 127;

export async function unpackApp(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const zip = `${workspaceInside(task.id)}/app.zip`;
  const say = sayInside(`-----> Downloaded app package ($(du -h ${zip} | cut -f1))`);
  const script = `${say}
command -v unzip > /dev/null || exit ${COMMAND_NOT_FOUND}
unzip -q -o ${zip} -d ${UNSTAGED}
mkdir -p ${UNSTAGED}`;
  const answer = await tryInContainer(deps, inside(task, script), doing.trail);
  told(deps, task, doing, answer.stdout);
  if (answer.exitStatus === COMMAND_NOT_FOUND) return unpackWithoutUnzip(deps, task, doing);
  if (answer.exitStatus !== 0) {
    throw new Error(`Script exited with status ${answer.exitStatus}: ${answer.stderr.trim().split('\n').at(-1) ?? ''}`);
  }
}

/** A stack without unzip: unpacked on the host with checked paths, then copied from the mounted workspace. */
async function unpackWithoutUnzip(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  await unzip(`${task.workspace}/app.zip`, `${task.workspace}/app`);
  await runInContainer(
    deps,
    inside(task, `mkdir -p ${UNSTAGED} && cp -R ${workspaceInside(task.id)}/app/. ${UNSTAGED}`),
    doing,
  );
}

export async function unpackCache(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const tgz = `${workspaceInside(task.id)}/buildpack_cache.tgz`;
  const say = sayInside(`-----> Downloaded app buildpack cache ($(du -h ${tgz} | cut -f1))`);
  const { stdout } = await runInContainer(
    deps,
    inside(task, `${say}\nmkdir -p ${CACHE} && tar -xzf ${tgz} -C ${CACHE}`),
    doing,
  );
  told(deps, task, doing, stdout);
}

/** gzip at its fastest: a droplet with a runtime is mostly one large binary, and packing it is most of a small push. */
export async function packDroplet(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const script = `set -o pipefail\ntar -C ${STAGED} -cf - . | gzip -1 > ${DROPLET_TGZ}`;
  await runInContainer(deps, inside(task, script), doing);
}

export async function logUpload(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const say = sayInside(`-----> Uploading droplet ($(du -h ${DROPLET_TGZ} | cut -f1))`);
  const { stdout } = await runInContainer(deps, inside(task, say), doing);
  told(deps, task, doing, stdout);
}

/** Says what failed; the container is still as it was. Idempotent. */
export async function noteFailure(
  deps: DeaDeps,
  task: Task,
  doing: Doing,
  { error }: { error: StagingError | null },
): Promise<void> {
  deps.log.line(sourceOf(task), 'err', `Staging failed: ${error?.message ?? 'unknown'}`, doing.trail.cause);
}

/** Who speaks in the user's staging log. */
export function sourceOf(task: Task) {
  return { source: 'STG', index: task.id, app: task.message.app_id, actor: task.actor };
}

/** A line for the user: into the staging log of the droplet, and to the script's stdout for us. */
function sayInside(text: string): string {
  return `echo "${text}" | tee -a ${STAGING_LOG}`;
}

function told(deps: DeaDeps, task: Task, doing: Doing, stdout: string): void {
  for (const line of stdout.split('\n').filter(Boolean)) deps.log.line(sourceOf(task), 'out', line, doing.trail.cause);
}
