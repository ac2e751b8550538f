// Reading and writing cgroup files. The kernel answers a write at once, so these are synchronous on purpose: no gate and no
// other request can come between a write and the value read back.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';

export function read(path: string): string {
  return readFileSync(path, 'utf8').trim();
}

/** The file's text, or undefined where it is not there (not offered by this kernel, or the cgroup is gone). */
export function readIfThere(path: string): string | undefined {
  try {
    return read(path);
  } catch (e) {
    if (isGone(e)) return undefined;
    throw e;
  }
}

export function write(path: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'r+' });
  } catch (e) {
    throw new Error(`[warden] could not write "${text}" to ${path}: ${code(e)}`, { cause: e });
  }
}

/** `name value` lines as numbers. */
export function keyed(text: string): Record<string, bigint> {
  const pairs = text.split('\n').map((line) => line.split(' '));
  return Object.fromEntries(pairs.filter((p) => /^\d+$/.test(p[1] ?? '')).map(([k, v]) => [k!, BigInt(v!)]));
}

/** Makes the directory; adopts one that is there. */
export function ensure(path: string): void {
  mkdirSync(path, { recursive: true });
}

/** Removes a cgroup directory and those below it; one that is gone is fine. Throws EBUSY while tasks are inside. */
export function removeTree(path: string): void {
  for (const name of subdirectories(path)) removeTree(`${path}/${name}`);
  try {
    rmdirSync(path);
  } catch (e) {
    if (!isGone(e)) throw new Error(`[warden] could not remove ${path}: ${code(e)}`, { cause: e });
  }
}

export function subdirectories(path: string): string[] {
  if (!existsSync(path)) return [];
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((d) => d.isDirectory())
      .map((d) => d.name);
  } catch (e) {
    if (isGone(e)) return [];
    throw e;
  }
}

export function pidsIn(path: string): number[] {
  return (readIfThere(path) ?? '').split('\n').filter(Boolean).map(Number);
}

function isGone(e: unknown): boolean {
  return code(e) === 'ENOENT' || code(e) === 'ENODEV';
}

function code(e: unknown): string {
  return e instanceof Error && 'code' in e ? String(e.code) : String(e);
}
