// What was dropped or chosen as the files of one app: a folder with all that is in it, a zip, or single files. It reads
// the browser's lists; nothing is packed here, the files go as they are.
import type { DroppedItem } from '../drop.ts';

export interface AppFile {
  /** Relative to the app's folder, with `/`. */
  path: string;
  file: File;
}

export interface AppFiles {
  /** Of the folder, the archive or the only file; empty where there is none. */
  name: string;
  /** Either one archive or single files. */
  zip: File | null;
  files: AppFile[];
  /** Bytes. */
  size: number;
  /** Folders that were left out: what git and others keep for themselves. */
  skipped: string[];
}

/** As `cf` leaves them out, and what file managers strew about. */
const NOISE = new Set(['.git', '.hg', '.svn', '__MACOSX', '.DS_Store']);

export function isZip(name: string): boolean {
  return /\.zip$/i.test(name);
}

/** Reads everything below what was dropped. Rejects when the browser cannot read a file or folder. */
export async function filesOfDrop(items: readonly DroppedItem[]): Promise<AppFiles> {
  const [only] = items;
  if (items.length === 1 && only?.file && isZip(only.name)) return zipFiles(only.file);
  const skipped: string[] = [];
  const files: AppFile[] = [];
  const folder = items.length === 1 && isDirectory(only?.entry ?? null) ? only?.entry : null;
  for (const item of items) {
    if (isDirectory(item.entry)) await walk(item.entry, folder ? '' : `${item.name}/`, files, skipped);
    else if (item.file && !NOISE.has(item.name)) files.push({ path: item.name, file: item.file });
  }
  return appFiles(folder?.name ?? '', files, skipped);
}

/** Files of an `<input type="file">`, with `webkitdirectory` or without. */
export function filesOfInput(chosen: readonly File[]): AppFiles {
  const [only] = chosen;
  if (chosen.length === 1 && only && isZip(only.name) && !only.webkitRelativePath) return zipFiles(only);
  const top = only?.webkitRelativePath.split('/')[0] ?? '';
  const skipped = new Set<string>();
  const files = chosen.flatMap((file) => {
    const path = file.webkitRelativePath ? file.webkitRelativePath.slice(top.length + 1) : file.name;
    const noise = path.split('/').find((part) => NOISE.has(part));
    if (noise !== undefined) skipped.add(noise);
    return noise === undefined ? [{ path, file }] : [];
  });
  return appFiles(top, files, [...skipped]);
}

function zipFiles(zip: File): AppFiles {
  return { name: zip.name.replace(/\.zip$/i, ''), zip, files: [], size: zip.size, skipped: [] };
}

function appFiles(name: string, files: AppFile[], skipped: string[]): AppFiles {
  return { name, zip: null, files, size: files.reduce((sum, { file }) => sum + file.size, 0), skipped };
}

function isDirectory(entry: FileSystemEntry | null): entry is FileSystemDirectoryEntry {
  return entry?.isDirectory === true;
}

async function walk(folder: FileSystemDirectoryEntry, at: string, files: AppFile[], skipped: string[]): Promise<void> {
  for (const entry of await childrenOf(folder)) {
    if (NOISE.has(entry.name)) skipped.push(at + entry.name);
    else if (isDirectory(entry)) await walk(entry, `${at}${entry.name}/`, files, skipped);
    else if (entry.isFile) files.push({ path: at + entry.name, file: await fileOf(entry as FileSystemFileEntry) });
  }
}

/** A browser hands over a hundred at a time, and none at the end. */
async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
