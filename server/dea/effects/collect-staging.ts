// S9, S10 and the "always" part of staging: what comes out of the container (dea_ng: staging_task.rb). Idempotent: copies.
import { readFile } from 'node:fs/promises';
import type { StagingInfo } from '../../../machines/staging-task.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import { DROPLET_TGZ, STAGING_INFO, STAGING_LOG } from '../layout.ts';
import type { Task } from '../staging.ts';
import { parseStagingInfo } from '../staging-info.ts';
import { copyOut } from './copy-out.ts';
import { inside } from './prepare-staging.ts';

export async function copyOutDroplet(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  await copyOut(deps, { ...inside(task, ''), from: DROPLET_TGZ, to: `${task.workspace}/staged` }, doing);
}

/** The droplet's name is its SHA1; this DEA keeps a copy, from which instance 0 starts. */
export async function saveDroplet(deps: DeaDeps, task: Task): Promise<{ sha1: string }> {
  return { sha1: await deps.droplets.keep(`${task.workspace}/staged/droplet.tgz`) };
}

export async function copyOutStagingInfo(deps: DeaDeps, task: Task, doing: Doing): Promise<StagingInfo> {
  await copyOut(deps, { ...inside(task, ''), from: STAGING_INFO, to: task.workspace }, doing);
  const info = parseStagingInfo(await readFile(`${task.workspace}/staging_info.yml`, 'utf8'));
  task.buildpackPath = info.buildpackPath;
  return { detectedBuildpack: info.detectedBuildpack, error: info.error };
}

export async function copyOutTaskLog(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  await copyOut(deps, { ...inside(task, ''), from: STAGING_LOG, to: task.workspace }, doing);
}
