// Unpacks an upload into an empty folder with every path checked. It refuses what could leave the folder, be a link or
// a device, or fill the disk; the limits hold for what is really written, not for what the archive claims.
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

export interface UnzipLimits {
  /** Bytes of all files together. */
  bytes: number;
  files: number;
  /** Characters of a path, and folders in it. */
  path: number;
  depth: number;
}

export const UPLOAD_LIMITS: UnzipLimits = { bytes: 2 * 1024 ** 3, files: 65_535, path: 1024, depth: 64 };

/** A file that was unpacked. */
export interface Unzipped {
  /** Relative path with `/`. */
  path: string;
  size: number;
  /** Unix mode bits (0 when the archive says nothing). */
  mode: number;
}

const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;

/**
 * Unpacks `archive` into `into`, which exists and is empty. Returns the files, without folders.
 * Throws an Error with a sentence for the uploader at the first entry that is refused; the caller discards the folder.
 */
export async function unzip(archive: string, into: string, limits: UnzipLimits = UPLOAD_LIMITS): Promise<Unzipped[]> {
  const zip = await openZip(archive);
  const files: Unzipped[] = [];
  const seen = new Set<string>();
  let left = limits.bytes;
  try {
    if (zip.entryCount > limits.files) throw new Error(`it has ${zip.entryCount} entries, ${limits.files} are allowed`);
    for await (const entry of zip.eachEntry()) {
      const path = checkedPath(entry, limits);
      const mode = (entry.externalFileAttributes >>> 16) & 0xffff;
      const kind = mode & S_IFMT;
      if (kind !== 0 && kind !== S_IFDIR && kind !== S_IFREG) {
        throw new Error(`${path} is a link or a special file; replace it by a copy of what it stands for`);
      }
      const isFolder = entry.fileName.endsWith('/') || kind === S_IFDIR;
      if (isFolder) {
        await mkdir(join(into, path), { recursive: true });
        continue;
      }
      if (seen.has(path)) throw new Error(`${path} is in it twice`);
      seen.add(path);
      const size = await writeEntry(zip, entry, join(into, path), left, limits.bytes);
      left -= size;
      files.push({ path, size, mode: mode & 0o777 });
    }
  } finally {
    zip.close();
  }
  return files;
}

/** The entry's path, relative and plain. yauzl checks names too; these checks do not depend on it. */
export function checkedPath(entry: Pick<Entry, 'fileName'>, limits: UnzipLimits): string {
  const name = entry.fileName;
  const parts = name.split('/').filter((p, i, all) => !(p === '' && i === all.length - 1) && p !== '.');
  const shown = JSON.stringify(name.slice(0, 80));
  if (name.startsWith('/') || /^[a-z]:/i.test(name)) throw new Error(`${shown} is an absolute path`);
  if (name.includes('\\') || name.includes('\0')) throw new Error(`${shown} has a character that no path may have`);
  if (parts.includes('..')) throw new Error(`${shown} leads out of the app`);
  if (parts.length === 0 || parts.includes('')) throw new Error(`${shown} is not a path`);
  if (name.length > limits.path || parts.length > limits.depth) throw new Error(`${shown} is too long or too deep`);
  return parts.join('/');
}

async function writeEntry(zip: ZipFile, entry: Entry, path: string, left: number, all: number): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  let size = 0;
  const count = new Transform({
    transform: (chunk: Buffer, _encoding, done) => {
      size += chunk.length;
      if (size > left) done(new Error(`its files are larger than ${all} bytes together`));
      else done(null, chunk);
    },
  });
  await pipeline(await zip.openReadStreamPromise(entry), count, createWriteStream(path, { flags: 'wx', mode: 0o644 }));
  return size;
}

/** strictFileNames: a backslash is refused instead of being read as a slash. */
async function openZip(archive: string): Promise<ZipFile> {
  try {
    const options = { lazyEntries: true, autoClose: false, validateEntrySizes: true, strictFileNames: true };
    return await openPromise(archive, options);
  } catch (error) {
    throw new Error(`it is not a zip archive (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
}
