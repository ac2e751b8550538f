// The droplets of apps: stored by content, the newest two of each app kept. A stored droplet makes its app STAGED:
// cc: droplet_uploader.rb.
import { z } from 'zod';
import type { Blobs } from './blobstore.ts';
import { ApiError } from './errors.ts';
import type { Store } from './store.ts';

export interface Droplets {
  /** Moves the file at `path` (in a work folder), which has this SHA1, in as the app's newest droplet. Throws AppNotFound. */
  store(app: string, path: string, sha1: string): Promise<void>;
  /** SHA1s of an app's droplets, newest first. */
  of(app: string): string[];
  /** Where the app's current droplet is. Throws AppPackageNotFound. */
  current(app: string): string;
  removeAll(app: string): Promise<void>;
}

const KEPT = 2;

export function createDroplets(store: Store, blobs: Blobs): Droplets {
  const of = (app: string) =>
    store.db
      .prepare('SELECT sha1 FROM droplets WHERE app_guid = ? ORDER BY stored DESC')
      .all(app)
      .map((row) => z.object({ sha1: z.string() }).parse(row).sha1);
  const key = (app: string, sha1: string) => `${app}/${sha1}`;
  const remove = async (app: string, sha1: string) => {
    store.db.prepare('DELETE FROM droplets WHERE app_guid = ? AND sha1 = ?').run(app, sha1);
    await blobs.droplets.remove(key(app, sha1));
  };
  return {
    of,
    store: async (app, path, sha1) => {
      await blobs.droplets.moveFile(key(app, sha1), path);
      if (!store.apps.get(app)) {
        // Deleted while the droplet was on its way.
        await blobs.droplets.remove(key(app, sha1));
        throw new ApiError('AppNotFound', app);
      }
      store.db.prepare('DELETE FROM droplets WHERE app_guid = ? AND sha1 = ?').run(app, sha1);
      store.db.prepare('INSERT INTO droplets (app_guid, sha1) VALUES (?, ?)').run(app, sha1);
      const staged = {
        package_state: 'STAGED',
        staging_failed_reason: null,
        staging_failed_description: null,
      } as const;
      store.apps.update(app, { ...staged, droplet_hash: sha1, updated_at: store.now() });
      for (const old of of(app).slice(KEPT)) await remove(app, old);
    },
    current: (app) => {
      const sha1 = store.apps.get(app)?.droplet_hash;
      if (!sha1 || !blobs.droplets.has(key(app, sha1))) throw new ApiError('AppPackageNotFound', app);
      return blobs.droplets.path(key(app, sha1));
    },
    removeAll: async (app) => {
      for (const sha1 of of(app)) await remove(app, sha1);
    },
  };
}
