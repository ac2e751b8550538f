// What a restarted Cloud Controller clears up before it serves: stagings whose replies nobody waits for any more, jobs
// that were cut off, and blobs that no record names. Idempotent.
import { rmSync } from 'node:fs';
import { z } from 'zod';
import type { Blobs, Blobstore } from './blobstore.ts';
import type { Store } from './store.ts';

export const RESTARTED = 'the Cloud Controller was restarted while staging';

/**
 * An app whose staging was under way is FAILED, unless its droplet has arrived meanwhile: then it is STAGED and the
 * health manager starts what is missing. Returns the guids of the apps that failed.
 */
export function recover(store: Store): string[] {
  const cut = store.apps.find([{ column: 'staging_under_way', values: [1] }]);
  const failed = cut.filter((app) => app.package_state !== 'STAGED');
  for (const app of cut) store.apps.update(app.guid, { staging_under_way: false });
  for (const app of failed) {
    store.apps.update(app.guid, {
      package_state: 'FAILED',
      staging_failed_reason: 'StagingError',
      staging_failed_description: RESTARTED,
      // Outdates the task. A droplet that still comes is kept all the same and makes the app STAGED.
      staging_task_id: null,
      updated_at: store.now(),
    });
  }
  for (const job of store.jobs.find([{ column: 'status', values: ['queued', 'running'] }])) {
    const error = {
      code: 10001,
      description: 'Server error: the Cloud Controller was restarted',
      error_code: 'CF-ServerError',
    };
    store.jobs.update(job.guid, { status: 'failed', error_json: error, updated_at: store.now() });
  }
  return failed.map((app) => app.guid);
}

/**
 * Removes blobs that no record names: what was stored just before a kill, and old buildpacks whose time is over.
 * Synchronous, so that nothing can be stored between the look and the removal.
 */
export function sweep(store: Store, blobs: Blobs): void {
  const rows = store.db.prepare("SELECT app_guid || '/' || sha1 AS key FROM droplets").all();
  const droplets = new Set(rows.map((row) => z.object({ key: z.string() }).parse(row).key));
  const buildpacks = new Set(store.buildpacks.find().map((b) => b.key));
  const isApp = (guid: string) => store.apps.get(guid) !== undefined;
  removeUnless(blobs.packages, isApp);
  removeUnless(blobs.buildpackCache, isApp);
  removeUnless(blobs.droplets, (key) => droplets.has(key));
  removeUnless(blobs.buildpacks, (key) => buildpacks.has(key));
}

function removeUnless(blobs: Blobstore, isNamed: (key: string) => boolean): void {
  for (const key of blobs.keys()) if (!isNamed(key)) rmSync(blobs.path(key), { force: true });
}
