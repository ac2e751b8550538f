// The droplets a DEA holds, one folder for each SHA1 (dea_ng: droplet.rb, droplet_registry). One download for each SHA1,
// however many instances wait for it. Which droplets are still needed is the reaper's question.
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

export interface DropletStore {
  /** The folder of a droplet, also before it is there. */
  folder(sha1: string): string;
  /** Whether it is there and still has this SHA1. */
  has(sha1: string): Promise<boolean>;
  /** Calls `download` unless the droplet is there or on its way. Rejects when what came has another SHA1. */
  fetch(sha1: string, download: (file: string) => Promise<void>): Promise<void>;
  /** Takes `file`, which nobody may change any more, in and answers its SHA1. */
  keep(file: string): Promise<string>;
  /** Removes every droplet that is not among `needed`; answers what went. */
  reap(needed: ReadonlySet<string>): Promise<string[]>;
}

export function createDropletStore(folders: { droplets: string; tmp: string }): DropletStore {
  const coming = new Map<string, Promise<void>>();
  const folder = (sha1: string) => `${folders.droplets}/${sha1}`;
  const file = (sha1: string) => `${folder(sha1)}/droplet.tgz`;

  /** What was hashed already, by what would be different after any change of the file. */
  const checked = new Map<string, string>();

  async function take(from: string, sha1: string): Promise<void> {
    await mkdir(folder(sha1), { recursive: true });
    await rename(from, file(sha1));
    checked.set(sha1, await markOf(file(sha1)));
  }

  async function has(sha1: string): Promise<boolean> {
    if (!existsSync(file(sha1))) return false;
    const mark = await markOf(file(sha1));
    if (checked.get(sha1) === mark) return true;
    if ((await sha1Of(file(sha1))) !== sha1) return false;
    checked.set(sha1, mark);
    return true;
  }

  async function download(sha1: string, get: (file: string) => Promise<void>): Promise<void> {
    if (await has(sha1)) return;
    const part = await partFile(folders.tmp);
    try {
      await get(part);
      const got = await sha1Of(part);
      if (got !== sha1) throw new Error(`[dea] could not download droplet ${sha1}: its SHA1 is ${got}`);
      await take(part, sha1);
    } finally {
      await rm(part, { force: true });
    }
  }

  return {
    folder,
    has,
    fetch: (sha1, get) => {
      const present = coming.get(sha1);
      if (present) return present;
      const going = download(sha1, get).finally(() => coming.delete(sha1));
      coming.set(sha1, going);
      return going;
    },
    keep: async (from) => {
      const sha1 = await sha1Of(from);
      if (!existsSync(file(sha1))) {
        const part = await partFile(folders.tmp);
        // 40 MB with a vendored runtime: a second name costs nothing.
        await link(from, part).catch(() => copyFile(from, part));
        await take(part, sha1);
      }
      return sha1;
    },
    reap: async (needed) => {
      const gone: string[] = [];
      for (const name of await readdir(folders.droplets).catch(() => [])) {
        if (needed.has(name) || coming.has(name)) continue;
        // Renamed first: a fetch that begins now must not find half a folder.
        const doomed = `${folders.tmp}/${name}.${randomBytes(4).toString('hex')}`;
        await rename(folder(name), doomed);
        await rm(doomed, { recursive: true, force: true });
        gone.push(name);
      }
      return gone;
    },
  };
}

/** Without the change time: a link taken away elsewhere changes it, and the bytes are the same. */
async function markOf(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  return `${ino} ${size} ${mtimeMs}`;
}

async function partFile(tmp: string): Promise<string> {
  await mkdir(tmp, { recursive: true });
  return `${tmp}/${randomBytes(8).toString('hex')}.part`;
}

/** Bytes read at once: with the usual 64 KiB a droplet is mostly turns of the event loop. */
export const READ_BYTES = 1 << 20;

export async function sha1Of(file: string): Promise<string> {
  const hash = createHash('sha1');
  await pipeline(createReadStream(file, { highWaterMark: READ_BYTES }), hash);
  return hash.digest('hex');
}
