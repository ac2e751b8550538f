// S2 and S4 of staging: the container, its folders, and where it lies (dea_ng: staging_task.rb).
// Each script may run twice with the same result.

import type { DeaDeps, Doing } from '../deps.ts';
import { ADMIN_BUILDPACKS, APP_LINK, BUILDPACKS, STAGING_LOG, workspaceInside } from '../layout.ts';
import { CPU_SHARES_WHILE_STAGING } from '../settings.ts';
import type { Task } from '../staging.ts';
import { createContainer } from './create-container.ts';
import { runInContainer } from './run-in-container.ts';

/** Abortable: an aborted Create is destroyed as soon as it answers. */
export async function createStagingContainer(deps: DeaDeps, task: Task, doing: Doing): Promise<{ handle: string }> {
  const { folders } = deps.settings;
  const made = await createContainer(
    deps,
    {
      owner: task.actor,
      binds: [
        { from: task.workspace, to: workspaceInside(task.id) },
        { from: folders.buildpacks, to: BUILDPACKS },
        { from: folders.adminBuildpacks, to: ADMIN_BUILDPACKS },
      ],
      cpuShares: CPU_SHARES_WHILE_STAGING,
      diskMb: task.claim.diskMb,
      memoryMb: task.claim.memoryMb,
      inbound: false,
      egress: task.message.egress_network_rules,
      stack: task.message.start_message.stack,
      onHandle: (handle) => {
        task.handle = handle;
        deps.snapshot.save();
      },
    },
    doing,
  );
  return { handle: made.handle };
}

export async function prepareLog(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const folder = STAGING_LOG.slice(0, STAGING_LOG.lastIndexOf('/'));
  await runInContainer(deps, inside(task, `mkdir -p ${folder} && touch ${STAGING_LOG}`), doing);
}

/** Some buildpacks expect a non-empty /app. */
export async function prepareAppDir(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const script = `mkdir -p ${APP_LINK} && touch ${APP_LINK}/support_heroku_buildpacks && chown -R vcap:vcap ${APP_LINK}`;
  await runInContainer(deps, { ...inside(task, script), privileged: true }, doing);
}

export async function readInfo(deps: DeaDeps, task: Task, { trail }: Doing): Promise<{ containerPath: string }> {
  const { handle } = inside(task, '');
  const info = await deps.wardens.call({ owner: task.actor, name: 'info' }, 'Info', { handle }, trail);
  task.containerPath = info.containerPath;
  deps.snapshot.save();
  return { containerPath: info.containerPath };
}

/** A script for this task's container. */
export function inside(task: Task, script: string) {
  if (!task.handle) throw new Error('[dea] could not work in the staging container: there is none');
  return { owner: task.actor, handle: task.handle, script };
}
