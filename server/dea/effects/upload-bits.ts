// S12 and S13 of staging: the droplet and what the buildpack keeps (dea_ng: staging_task.rb). Idempotent: the Cloud
// Controller stores a droplet under its SHA1 and a cache under its app.
import type { DeaDeps, Doing } from '../deps.ts';
import { upload } from '../download.ts';
import { CACHE, CACHE_TGZ } from '../layout.ts';
import type { Task } from '../staging.ts';
import { copyOut } from './copy-out.ts';
import { inside } from './prepare-staging.ts';
import { runInContainer } from './run-in-container.ts';

export async function uploadDroplet(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  await send(deps, task, doing, task.message.upload_uri, `${task.workspace}/staged/droplet.tgz`);
}

export async function saveCache(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const url = task.message.buildpack_cache_upload_uri;
  if (!url) return;
  const script = `mkdir -p ${CACHE} && tar -C ${CACHE} -czf ${CACHE_TGZ} .`;
  await runInContainer(deps, inside(task, script), doing);
  await copyOut(deps, { ...inside(task, ''), from: CACHE_TGZ, to: `${task.workspace}/staged` }, doing);
  await send(deps, task, doing, url, `${task.workspace}/staged/buildpack_cache.tgz`);
}

function send(deps: DeaDeps, task: Task, { trail, signal }: Doing, url: string, file: string): Promise<void> {
  return upload({ lab: deps.lab, url, file, field: 'upload[droplet]', from: task.actor, trail, signal });
}
