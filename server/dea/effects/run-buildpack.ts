// S7 of staging: the buildpack runner as a job of the container (dea_ng: staging_task.rb promise_stage). The time limit
// is the machine's; line gates are open from before the job's first line until its end.
import type { DeaDeps, Doing } from '../deps.ts';
import { stagingVariables } from '../env.ts';
import { BUILDPACKS, workspaceInside } from '../layout.ts';
import { openScriptGates } from '../script-gates.ts';
import type { Task } from '../staging.ts';
import { stagingScript } from '../start-script.ts';
import { inside } from './prepare-staging.ts';
import { sourceOf } from './stage-scripts.ts';

/** Not idempotent: a second Spawn would run the buildpack twice. The job's id is in the snapshot before anybody waits. */
export async function spawnRunner(deps: DeaDeps, task: Task, doing: Doing): Promise<{ jobId: number }> {
  const { handle } = inside(task, '');
  const workspace = workspaceInside(task.id);
  task.gates = await openScriptGates({
    lab: deps.lab,
    folder: `${task.workspace}/gates`,
    actor: task.actor,
    handle,
    app: task.message.app_id,
    cause: doing.trail.cause,
  });
  const script = stagingScript(
    stagingVariables(task.message, deps.settings.maxStagingMs / 1000),
    `${BUILDPACKS}/runner/run`,
    `${workspace}/plugin_config`,
    `${workspace}/gates`,
  );
  const { jobId } = await deps.wardens.call(
    { owner: task.actor, name: 'app' },
    'Spawn',
    { handle, script, discardOutput: true },
    doing.trail,
  );
  task.jobId = jobId;
  deps.snapshot.save();
  if (task.containerPath) {
    task.stopReading = deps.output.follow({
      containerPath: task.containerPath,
      jobId,
      source: sourceOf(task),
      cause: () => task.gates?.last ?? doing.trail.cause,
    });
  }
  return { jobId };
}

/** Adoptable: Link may be asked again as often as the connection breaks. Rejects on any exit status but 0. */
export async function linkRunner(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const { handle } = inside(task, '');
  if (task.jobId === null) throw new Error('[dea] could not link the buildpack runner: it was not spawned');
  const { exitStatus } = await deps.wardens.insist(
    { owner: task.actor, name: 'link' },
    'Link',
    { handle, jobId: task.jobId },
    doing.trail,
    doing.signal,
  );
  task.gates?.close();
  if (exitStatus !== 0) throw new Error(`Script exited with status ${exitStatus}`);
}
