// Writes what the next server needs to take a container over (warden: base.rb write_snapshot). It is deleted before a
// change and written after it, so that one that was caught in the middle is destroyed instead of half understood. Two
// files take turns, because on ext4 a rename over another file starts its way to the disk, and the next unlink waits for it.
import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { snapshotOf } from '../snapshot.ts';
import type { Container } from '../warden.ts';

/** Idempotent. Nothing is written while a change is under way: its end writes. */
export function writeSnapshot(c: Container): void {
  if (c.changing > 0) return;
  const path = snapshotPath(c);
  overwrite(`${path}.new`, JSON.stringify(snapshotOf(c)));
  const before = linked(path);
  renameSync(`${path}.new`, path);
  if (before) renameSync(before, `${path}.new`);
}

/** Idempotent. Its file is kept aside for the next snapshot, under a name that nobody reads. */
export function deleteSnapshot(c: Container): void {
  const path = snapshotPath(c);
  ifThere(() => renameSync(path, `${path}.new`));
}

/** Runs a change without a snapshot; overlapping changes share the gap. */
export async function changing<T>(c: Container, change: () => Promise<T>): Promise<T> {
  c.changing += 1;
  deleteSnapshot(c);
  try {
    return await change();
  } finally {
    c.changing -= 1;
    if (hasFolder(c)) writeSnapshot(c);
  }
}

function hasFolder(c: Container): boolean {
  const state = c.machine.snapshot().value;
  return state === 'active' || state === 'stopping' || state === 'stopped';
}

const PAGE = 4096;

/**
 * In place, filled up to whole pages with the spaces that JSON may end with: a file whose length stays costs ext4 nothing,
 * while emptying or cutting it first would wait for the disk.
 */
function overwrite(path: string, text: string): void {
  const length = Buffer.byteLength(text) + 1;
  const bytes = Buffer.from(`${text}${' '.repeat((PAGE - (length % PAGE)) % PAGE)}\n`);
  const file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600);
  try {
    writeSync(file, bytes, 0, bytes.length, 0);
    if (fstatSync(file).size > bytes.length) ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}

/** A second name for the present snapshot, so that its file outlives the rename over it; undefined where there is none. */
function linked(path: string): string | undefined {
  const second = `${path}.old`;
  ifThere(() => unlinkSync(second));
  return ifThere(() => linkSync(path, second)) ? second : undefined;
}

function ifThere(act: () => void): boolean {
  try {
    act();
    return true;
  } catch (e) {
    if (e instanceof Error && 'code' in e && e.code === 'ENOENT') return false;
    throw e;
  }
}

function snapshotPath(c: Container): string {
  return `${c.path}/snapshot.json`;
}
