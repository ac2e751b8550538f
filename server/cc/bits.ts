// App bits to package: cc: app_bits_package.rb and resource_pool.rb. An upload that is refused leaves the app's package,
// the pool and the disk as they were.
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { pending } from './app-record.ts';
import { type Blobs, sha1Of } from './blobstore.ts';
import { ApiError } from './errors.ts';
import type { Store } from './store.ts';
import { checkedPath, type Unzipped, UPLOAD_LIMITS, unzip } from './unzip.ts';
import { type ZipMember, zipFolder } from './zip.ts';

/** A file that the client need not send again, as `PUT /v2/resource_match` and the `resources` field name it. */
export const RESOURCE = z.looseObject({
  fn: z.string().optional(),
  sha1: z.string(),
  size: z.number(),
  mode: z.string().optional(),
});
export type Resource = z.infer<typeof RESOURCE>;
export const RESOURCES = z.array(RESOURCE).max(UPLOAD_LIMITS.files);

/** The pool takes files strictly between these sizes, in bytes. */
const POOL_MIN = 0;
const POOL_MAX = 512 * 1024 ** 2;
/** Largest package, in bytes. */
const PACKAGE_LIMIT = 1024 ** 3;

export interface Bits {
  /** Those of `asked` that the pool has, as they were given. */
  match(asked: Resource[]): Promise<Resource[]>;
  /**
   * Packs an upload in `folder` (removed at the end): `archive` may be absent when every file is known.
   * A changed package makes the app PENDING. Throws AppBitsUploadInvalid, AppPackageInvalid.
   */
  pack(app: string, folder: string, archive: string | undefined, known: Resource[]): Promise<void>;
}

export function createBits(store: Store, blobs: Blobs): Bits {
  const isKnown = async (r: Resource) =>
    /^[0-9a-f]{40}$/i.test(r.sha1) &&
    r.size > POOL_MIN &&
    r.size < POOL_MAX &&
    (await blobs.resources.size(r.sha1)) === r.size;
  const pool = async (tree: string, file: Unzipped) => {
    if (file.size <= POOL_MIN || file.size >= POOL_MAX) return;
    const sha1 = await sha1Of(join(tree, file.path));
    if (!blobs.resources.has(sha1)) await blobs.resources.putFile(sha1, join(tree, file.path));
  };
  const fetch = async (tree: string, resource: Resource): Promise<ZipMember> => {
    const path = checkedPath({ fileName: resource.fn ?? '' }, UPLOAD_LIMITS);
    if (!(await isKnown(resource))) throw new Error(`${path} is not known here any more; push again`);
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await copyFile(blobs.resources.path(resource.sha1), join(tree, path));
    return {
      path,
      mode: /^[0-7]{3,4}$/.test(resource.mode ?? '') ? Number.parseInt(resource.mode ?? '', 8) & 0o777 : 0o644,
    };
  };

  return {
    match: async (asked) => {
      const known: Resource[] = [];
      for (const resource of asked) if (await isKnown(resource)) known.push(resource);
      return known;
    },
    pack: async (guid, folder, archive, known) => {
      try {
        const tree = join(folder, 'tree');
        await mkdir(tree);
        const members = await refusing(async () => {
          const sent = archive === undefined ? [] : await unzip(archive, tree);
          const fetched: ZipMember[] = [];
          for (const resource of known) fetched.push(await fetch(tree, resource));
          for (const file of sent) await pool(tree, file);
          return merge(sent, fetched);
        });
        if (members.length === 0) throw new ApiError('AppBitsUploadInvalid', 'there are no files in it');
        const packed = join(folder, 'package.zip');
        const size = await zipFolder(tree, members, packed);
        if (size > PACKAGE_LIMIT)
          throw new ApiError('AppPackageInvalid', `it has ${size} bytes, ${PACKAGE_LIMIT} are allowed`);
        await keep(guid, packed);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };

  async function keep(guid: string, packed: string): Promise<void> {
    const hash = await sha1Of(packed);
    const app = store.apps.get(guid);
    if (!app) throw new ApiError('AppNotFound', guid);
    await blobs.packages.moveFile(guid, packed);
    const changed = app.package_hash === hash ? {} : { package_hash: hash, ...pending() };
    store.apps.update(guid, { ...changed, package_updated_at: store.now(), updated_at: store.now() });
  }
}

/** Owner may always read and write; `mode` 0 is an archive that says nothing. */
function merge(sent: Unzipped[], fetched: ZipMember[]): ZipMember[] {
  const all = new Map<string, ZipMember>();
  for (const m of fetched) all.set(m.path, m);
  for (const m of sent) all.set(m.path, { path: m.path, mode: m.mode === 0 ? 0o644 : m.mode });
  return [...all.values()].map((m) => ({ ...m, mode: m.mode | 0o600 }));
}

async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError('AppBitsUploadInvalid', error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
