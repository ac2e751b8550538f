// The data folder: made, checked, locked, and the lab's identity in it (`lab.json`). What lies in its sub-folders
// belongs to the rooms.
import { randomBytes } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { claim, release } from './claim.ts';
import { Refusal } from './refusal.ts';

/** Version of the data folder. A newer one is refused; an older one is migrated here, once there is one. */
export const DATA_VERSION = 1;

/** Longest path of a Unix socket, in bytes: sun_path is 108 with its terminating NUL. */
const SOCKET_PATH_MAX = 107;

const LabFile = z.object({
  version: z.number().int(),
  /** Six base-32 letters: part of the name of every kernel object of this lab. */
  id: z.string().regex(/^[a-z2-7]{6}$/),
  natsUser: z.string(),
  natsPassword: z.string(),
  internal: z.string(),
  /** Password of the user `admin` when the listen address is wider than loopback. */
  admin: z.string(),
  /** Token of the lab's own API when the listen address is wider than loopback. */
  token: z.string(),
});
export type LabFile = z.infer<typeof LabFile>;

export interface DataFolder {
  dir: string;
  lab: LabFile;
  /** Gives the folder back to the next lab. */
  unlock(): void;
}

/** Opens and locks a data folder. Throws a Refusal: unwritable, too deep, newer than this program, or in use. */
export function openDataFolder(path: string): DataFolder {
  try {
    makeFolder(path);
    accessSync(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Refusal(
      `The data folder ${path} cannot be written to (${reason(error)}); choose another with --data DIR.`,
    );
  }
  const dir = realpathSync(path);
  const longest = Buffer.byteLength(`${dir}/nodes/15/warden.sock`);
  if (longest > SOCKET_PATH_MAX) {
    const over = longest - SOCKET_PATH_MAX;
    throw new Refusal(
      `The data folder ${dir} is ${over} bytes too deep for Unix sockets; choose a shorter path with --data DIR.`,
    );
  }
  const lock = `${dir}/main.lock`;
  const standing = claimFolder(lock, dir);
  if (standing)
    throw new Refusal(
      `A lab already runs on the data folder ${dir} (pid ${standing}); stop it, or choose another with --data DIR.`,
    );
  try {
    for (const folder of ['db', 'blobs', 'journal', 'stack', 'nodes', 'log'])
      mkdirSync(`${dir}/${folder}`, { recursive: true });
    return { dir, lab: readOrMakeLab(`${dir}/lab.json`, dir), unlock: () => release(lock) };
  } catch (error) {
    release(lock);
    throw error;
  }
}

/** mkdir -p. Node's own `recursive` never comes back where the kernel answers ENOENT below a folder that exists (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/** The lab of a data folder that may be in use; undefined where there is none. */
export function readLab(dir: string): LabFile | undefined {
  try {
    return LabFile.parse(JSON.parse(readFileSync(`${dir}/lab.json`, 'utf8')));
  } catch {
    return undefined;
  }
}

function claimFolder(lock: string, dir: string): number | undefined {
  try {
    return claim(lock, '', dir)?.owner.pid;
  } catch (error) {
    throw new Refusal(
      `The data folder ${dir} cannot be written to (${reason(error)}); choose another with --data DIR.`,
    );
  }
}

function readOrMakeLab(file: string, dir: string): LabFile {
  if (existsSync(file)) {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const version = z.object({ version: z.number() }).safeParse(found).data?.version;
    if (version !== undefined && version > DATA_VERSION)
      throw new Refusal(
        `The data folder ${dir} is from a newer Wardenscope (version ${version}); update, or choose another with --data DIR.`,
      );
    const lab = LabFile.safeParse(found);
    if (lab.success) return lab.data;
    throw new Refusal(
      `The file ${file} is damaged; move it away (running containers of that lab are then tidied by wardenscope clean).`,
    );
  }
  const lab: LabFile = {
    version: DATA_VERSION,
    id: labId(),
    natsUser: 'nats',
    natsPassword: secret(),
    internal: secret(),
    admin: secret(),
    token: secret(),
  };
  writeFileSync(`${file}.new`, `${JSON.stringify(lab, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return lab;
}

function labId(): string {
  return [...randomBytes(6)].map((byte) => 'abcdefghijklmnopqrstuvwxyz234567'[byte & 31]).join('');
}

function secret(): string {
  return randomBytes(18).toString('base64url');
}

function reason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
