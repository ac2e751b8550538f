// What DEAs and the health manager ask: packages, droplets, caches, and the desired state of all apps.
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import type { AppActors } from '../app-actors.ts';
import { type Call, created, type Handler, param, type Reply } from '../call.ts';
import type { Context } from '../context.ts';
import type { Droplets } from '../droplets.ts';
import { ApiError } from '../errors.ts';
import type { Jobs } from '../jobs.ts';
import type { Presenter, Resource } from '../resources.ts';
import type { App } from '../store.ts';
import { receiveUpload, type UploadedFile } from '../upload.ts';
import { named } from './list.ts';

export interface InternalDeps {
  context: Context;
  present: Presenter;
  droplets: Droplets;
  actors: Pick<AppActors, 'dropletStored'>;
  jobs: Jobs;
}

/** What is left of the pages: the row number after which the next batch begins. */
const BULK_TOKEN = z.object({ id: z.number().int().min(0).default(0) });
const MAX_BATCH = 5000;

export function internalHandlers({ context, present, droplets, actors, jobs }: InternalDeps) {
  const { store, blobs, internalUrl } = context;

  /**
   * The job as DEAs poll it, at the internal address. It is short, so the answer waits for its end: a poll of the
   * original comes a second later, and a push should not wait for that.
   */
  const jobFor = async (name: string, work: () => Promise<void>): Promise<Reply> => {
    const job = jobs.run(name, work);
    await jobs.ended(job.guid);
    const shown = present.job(store.jobs.get(job.guid) ?? job);
    return created({
      ...shown,
      metadata: { ...shown.metadata, url: `${internalUrl}/staging/jobs/${job.guid}` },
    } satisfies Resource);
  };
  const receive = async (call: Call, keep: (app: App, file: UploadedFile) => Promise<void>, name: string) => {
    const app = named(call, store.apps, 'AppNotFound');
    const folder = await blobs.work();
    const tidy = () => rm(folder, { recursive: true, force: true });
    try {
      const file = await oneFile(call, folder);
      return await jobFor(name, () => keep(app, file).finally(tidy));
    } catch (error) {
      await tidy();
      throw error;
    }
  };

  return {
    downloadPackage: (call) => {
      const { guid } = named(call, store.apps, 'AppNotFound');
      if (!blobs.packages.has(guid)) throw new ApiError('AppPackageNotFound', guid);
      return { file: blobs.packages.path(guid) };
    },
    uploadDroplet: (call) => {
      const keep = async (app: App, file: UploadedFile) => {
        await droplets.store(app.guid, file.path, file.sha1);
        actors.dropletStored(app, { ...call.trail });
      };
      return receive(call, keep, 'droplet_upload');
    },
    downloadDroplet: (call) => ({ file: droplets.current(param(call, 'guid')) }),
    uploadBuildpackCache: (call) =>
      receive(call, (app, file) => blobs.buildpackCache.moveFile(app.guid, file.path), 'buildpack_cache_upload'),
    downloadBuildpackCache: (call) => {
      const guid = param(call, 'guid');
      if (!blobs.buildpackCache.has(guid)) throw new ApiError('NotFound', guid);
      return { file: blobs.buildpackCache.path(guid) };
    },
    /** A job that nobody remembers has ended long ago, and well: cc: jobs_controller.rb. */
    getJob: (call) => {
      const job = store.jobs.get(param(call, 'guid'));
      const past = {
        guid: '0',
        created_at: store.now(),
        updated_at: null,
        name: '',
        status: 'finished',
        error_json: null,
      } as const;
      return { json: present.job(job ?? past) };
    },

    bulkApps: (call) => {
      const size = Math.min(MAX_BATCH, z.coerce.number().int().min(1).catch(500).parse(call.query.batch_size));
      const { id } = BULK_TOKEN.catch({ id: 0 }).parse(tokenOf(call.query.bulk_token));
      const rows = store.db
        .prepare('SELECT rowid AS id, guid FROM apps WHERE rowid > ? ORDER BY rowid LIMIT ?')
        .all(id, size);
      const found = rows.map((row) => z.object({ id: z.number(), guid: z.string() }).parse(row));
      const results = Object.fromEntries(found.flatMap(({ guid }) => desired(store.apps.get(guid))));
      return { json: { results, bulk_token: { id: found.at(-1)?.id ?? id } } };
    },
  } satisfies Record<string, Handler>;
}

function desired(app: App | undefined): [string, Record<string, unknown>][] {
  if (!app) return [];
  const { guid, version, state, instances, memory, package_state, updated_at } = app;
  return [[guid, { id: guid, version, state, instances, memory, package_state, updated_at }]];
}

/** `bulk_token` is JSON in the query, as the health manager sends back what it got. */
function tokenOf(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : {};
  } catch {
    return {};
  }
}

async function oneFile(call: Call, folder: string): Promise<UploadedFile> {
  const { files } = await receiveUpload(call.req, folder).catch((error: Error) => {
    throw new ApiError('DropletUploadInvalid', error.message);
  });
  const [file] = files;
  if (!file || files.length > 1) throw new ApiError('DropletUploadInvalid', 'exactly one file must be provided');
  const expected = call.req.headers['content-md5'];
  if (expected !== undefined && expected !== file.md5)
    throw new ApiError('DropletUploadInvalid', 'the MD5 does not match');
  return file;
}
