// Blobs on disk, keyed as in cc: blobstore.rb (k[0..1]/k[2..3]/k). A blob is there whole or not at all: it is written
// beside its place and renamed. Nothing here knows what a blob is for.
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface Blobstore {
  has(key: string): boolean;
  /** Where the blob is; it may be read, never written. */
  path(key: string): string;
  /** Bytes of the blob, or undefined when there is none. */
  size(key: string): Promise<number | undefined>;
  /** Copies the file at `from` in. */
  putFile(key: string, from: string): Promise<void>;
  /** Moves the file at `from` in; it must be in a work folder of this store. */
  moveFile(key: string, from: string): Promise<void>;
  put(key: string, from: Readable): Promise<void>;
  remove(key: string): Promise<void>;
  /** Every key, in no order. */
  keys(): string[];
}

export interface Blobs {
  packages: Blobstore;
  droplets: Blobstore;
  buildpackCache: Blobstore;
  buildpacks: Blobstore;
  resources: Blobstore;
  /** A fresh folder for work in progress, on the same file system. The caller removes it. */
  work(): Promise<string>;
}

/** Opens the stores under `dir`; what a killed process left in its work folder is removed. */
export function openBlobs(dir: string): Blobs {
  const work = join(dir, 'tmp');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const store = (name: string) => openBlobstore(join(dir, name), work);
  return {
    packages: store('packages'),
    droplets: store('droplets'),
    buildpackCache: store('buildpack_cache'),
    buildpacks: store('buildpacks'),
    resources: store('resources'),
    work: async () => {
      const folder = join(work, randomUUID());
      await mkdir(folder, { recursive: true });
      return folder;
    },
  };
}

/** One store under `root`; `work` must be on the same file system. */
export function openBlobstore(root: string, work: string): Blobstore {
  const path = (key: string) => join(root, ...partition(key));
  const settle = async (key: string, temporary: string) => {
    await mkdir(dirname(path(key)), { recursive: true });
    await rename(temporary, path(key));
  };
  return {
    has: (key) => existsSync(path(key)),
    path,
    size: async (key) => (await stat(path(key)).catch(() => undefined))?.size,
    putFile: async (key, from) => {
      const temporary = join(work, randomUUID());
      await copyFile(from, temporary);
      await settle(key, temporary);
    },
    moveFile: settle,
    put: async (key, from) => {
      const temporary = join(work, randomUUID());
      try {
        await pipeline(from, createWriteStream(temporary));
        await settle(key, temporary);
      } finally {
        await rm(temporary, { force: true });
      }
    },
    keys: () => {
      const below = (folder: string) => (existsSync(folder) ? readdirSync(folder) : []);
      const places = below(root).flatMap((a) => below(join(root, a)).map((b) => join(root, a, b)));
      return places.flatMap((place) =>
        readdirSync(place, { withFileTypes: true }).flatMap((e) =>
          e.isDirectory() ? readdirSync(join(place, e.name)).map((inner) => `${e.name}/${inner}`) : [e.name],
        ),
      );
    },
    remove: async (key) => {
      await rm(path(key), { recursive: true, force: true });
      const folder = dirname(path(key));
      if (existsSync(folder) && readdirSync(folder).length === 0) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Bytes read at once: with the usual 64 KiB a large file is mostly turns of the event loop. */
const READ_BYTES = 1 << 20;

/** SHA1 of a file, hex. */
export async function sha1Of(path: string): Promise<string> {
  const hash = createHash('sha1');
  await pipeline(createReadStream(path, { highWaterMark: READ_BYTES }), hash);
  return hash.digest('hex');
}

/** Keys are ours (guids, hashes, `<guid>/<sha1>`), but a path is built from them, so their shape is checked. */
function partition(key: string): string[] {
  const lower = key.toLowerCase();
  if (!/^[0-9a-z_-]{4,}(\/[0-9a-z_-]+)?$/.test(lower)) throw new Error(`[cc] could not name blob ${key}: not a key`);
  return [lower.slice(0, 2), lower.slice(2, 4), ...lower.split('/')];
}
