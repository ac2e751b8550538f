// Reads zip archives on the host: admin buildpacks, and app packages for a stack without unzip. Every path is checked:
// nothing is written outside the target folder, links are not followed.
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

/** Unpacks `file` into `target`. Rejects when an entry would lead out of it. */
export async function unzip(file: string, target: string): Promise<void> {
  const zip = await openPromise(file, { lazyEntries: true, strictFileNames: false });
  try {
    for await (const entry of zip.eachEntry()) await extract(zip, entry, target);
  } finally {
    zip.close();
  }
}

const FILE_TYPE = 0o170000;
const LINK = 0o120000;

async function extract(zip: ZipFile, entry: Entry, target: string): Promise<void> {
  const mode = (entry.externalFileAttributes >>> 16) & 0xffff;
  const path = inside(target, entry.fileName);
  if (entry.fileName.endsWith('/')) return void (await mkdir(path, { recursive: true }));
  await mkdir(dirname(path), { recursive: true });
  const stream = await zip.openReadStreamPromise(entry);
  if ((mode & FILE_TYPE) === LINK) {
    const to = Buffer.concat(await stream.toArray()).toString('utf8');
    inside(target, join(dirname(entry.fileName), to));
    return symlink(to, path);
  }
  await pipeline(stream, createWriteStream(path, { flags: 'wx' }));
  await chmod(path, mode & 0o777 ? (mode & 0o777) | 0o400 : 0o644);
}

function inside(target: string, name: string): string {
  const path = normalize(name);
  if (path.startsWith('/') || path === '..' || path.startsWith('../') || name.includes('\0')) {
    throw new Error(`[dea] could not unpack ${name}: it leads out of the archive`);
  }
  return join(target, path);
}
