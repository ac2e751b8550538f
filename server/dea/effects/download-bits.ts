// S3 of staging: the app's package and what its buildpack kept from last time. Idempotent: the file is written anew.
import { rm } from 'node:fs/promises';
import type { DeaDeps, Doing } from '../deps.ts';
import { download } from '../download.ts';
import type { Task } from '../staging.ts';

export async function downloadApp(deps: DeaDeps, task: Task, doing: Doing): Promise<{ bytes: number }> {
  const file = `${task.workspace}/app.zip`;
  const bytes = await download({ lab: deps.lab, url: task.message.download_uri, file, from: task.actor, ...doing });
  return { bytes };
}

/** Best effort, as in the original: without a cache the buildpack only has more to do. The failure stays in the record. */
export async function downloadCache(deps: DeaDeps, task: Task, doing: Doing): Promise<{ found: boolean }> {
  const url = task.message.buildpack_cache_download_uri;
  if (!url) return { found: false };
  const file = `${task.workspace}/buildpack_cache.tgz`;
  try {
    await download({ lab: deps.lab, url, file, from: task.actor, ...doing });
    task.cacheFound = true;
  } catch (error) {
    await rm(file, { force: true });
    deps.lab.rec.record(
      {
        type: 'note',
        actor: task.actor,
        text: `no buildpack cache: ${error instanceof Error ? error.message : error}`,
      },
      doing.trail.cause,
    );
  }
  return { found: task.cacheFound };
}
