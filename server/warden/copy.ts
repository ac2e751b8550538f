// Copies files between host and container as a tar stream, with rsync's meaning of a trailing slash (`-r -p --links`): `a/`
// is the contents of a, `a` is a itself. Owners are not carried over: inside it is vcap, outside who was asked for.
import { spawn } from 'node:child_process';
import { lstatSync, mkdirSync, realpathSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { UnpackSync } from 'tar';
import { runHelper } from './jobs/helper.ts';
import { WardenError } from './protocol/messages.ts';
import type { Container, Trail, Warden } from './warden.ts';

/** $1 destination, $2 what arrives: `contents`, `folder` or `file`, $3 the file's permissions. */
const TAKE_IN = `
case $2 in
  file)
    case $1 in */) mkdir -p "$1";; esac
    if [ -d "$1" ]; then exec tar -xpmf - --no-same-owner -C "$1"; fi
    tar -xOf - > "$1" && chmod "$3" "$1";;
  *)
    mkdir -p "$1" && exec tar -xpmf - --no-same-owner -C "$1";;
esac`;

/** $1 source. GNU tar writes in pieces of a pipe's whole length then, not of 10 KiB; any other tar does not look. */
const GIVE_OUT = `
export TAR_OPTIONS=--blocking-factor=128
case $1 in
  */) cd "$1" && exec tar -cf - .;;
  *) cd "$(dirname "$1")" && exec tar -cf - -- "$(basename "$1")";;
esac`;

/** Throws `command exited with failure` with the tool's words, as the original does when rsync fails. */
export async function copyInto(warden: Warden, c: Container, from: string, to: string, trail: Trail): Promise<void> {
  const what = kindOf(from);
  const contents = what === 'contents';
  const args = contents ? ['-C', from, '-cf', '-', '.'] : ['-C', dirname(from), '-cf', '-', '--', basename(from)];
  const tar = spawn('tar', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  // Taken up at once: node throws away what nobody reads yet when the child ends.
  const archive = tar.stdout.pipe(new PassThrough());
  let said = '';
  tar.stderr.on('data', (d) => {
    said = (said + d).slice(-4096);
  });
  const packed = new Promise<number>((resolve) => {
    tar.once('error', () => resolve(127));
    tar.once('close', (status) => resolve(status ?? 255));
  });
  const mode = what === 'file' ? (statSync(from).mode & 0o777).toString(8) : '';
  const { status, stderr } = await runHelper(warden, c, {
    args: ['/bin/bash', '-c', TAKE_IN, 'copy-in', to, what, mode],
    stdin: archive,
    trail,
  });
  const outside = await packed;
  if (status !== 0 || outside !== 0) throw failure(stderr || said.trim());
}

/**
 * What comes out was written by whoever is in there: only files, folders and links are taken, with plain permissions, and
 * nothing above `to` (no device nodes, no setuid, no way through a link).
 */
export async function copyOutOf(
  warden: Warden,
  c: Container,
  from: string,
  to: string,
  owner: string,
  trail: Trail,
): Promise<void> {
  const intoFolder = from.endsWith('/') || to.endsWith('/') || isFolder(to);
  const target = intoFolder ? to : dirname(to);
  mkdirSync(target, { recursive: true });
  const links = new Map<string, string>();
  // The sync one: each piece is at most a pipe's length and goes to the page cache, which takes a third of the time that
  // the other needs for its turns of the event loop.
  const unpack = new UnpackSync({
    cwd: target,
    preserveOwner: false,
    preservePaths: false,
    noMtime: true,
    filter: (path, entry) => {
      if (!('type' in entry) || !['File', 'OldFile', 'Directory', 'SymbolicLink', 'Link'].includes(entry.type))
        return false;
      if (entry.type === 'SymbolicLink' && entry.linkpath?.startsWith('/')) links.set(path, entry.linkpath);
      entry.mode = (entry.mode ?? 0o644) & 0o777;
      // A single file to a new name, as rsync does it.
      if (!intoFolder && path === basename(from) && entry.type !== 'Directory') entry.path = basename(to);
      return true;
    },
  });
  let broken: Error | undefined;
  const unpacked = new Promise<void>((resolve) => unpack.once('close', resolve));
  const attempt = (what: () => void) => {
    if (broken) return;
    try {
      what();
    } catch (error) {
      broken = error instanceof Error ? error : new Error(String(error));
    }
  };
  unpack.once('error', (error) => {
    broken ??= error instanceof Error ? error : new Error(String(error));
  });
  const { status, stderr } = await runHelper(warden, c, {
    args: ['/bin/bash', '-c', GIVE_OUT, 'copy-out', from],
    onStdout: (bytes) => attempt(() => void unpack.write(bytes)),
    trail,
  });
  attempt(() => void unpack.end());
  if (!broken) await unpacked;
  if (status !== 0 || broken) throw failure(stderr || (broken?.message ?? ''));
  for (const [path, points] of links) restoreLink(target, path, points);
  if (owner !== '') await changeOwner(owner, target);
}

function kindOf(path: string): 'contents' | 'folder' | 'file' {
  try {
    if (!statSync(path).isDirectory()) return 'file';
    return path.endsWith('/') ? 'contents' : 'folder';
  } catch (e) {
    throw failure(`${path}: ${e instanceof Error ? e.message : e}`);
  }
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * The tar library cuts the slash off a link's absolute target; rsync --links keeps it. Put back only where the link lies
 * inside of the copy, because what is above it came from the container too.
 */
function restoreLink(root: string, path: string, points: string): void {
  const at = join(root, path);
  const inside = realpathSync(dirname(at));
  const top = realpathSync(root);
  if (inside !== top && !inside.startsWith(`${top}/`)) return;
  if (!lstatSync(at).isSymbolicLink()) return;
  unlinkSync(at);
  symlinkSync(points, at);
}

/** -h: a link that came out of the container is never followed. */
function changeOwner(owner: string, path: string): Promise<void> {
  const child = spawn('chown', ['-hR', '--', owner, path], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => (status === 0 ? resolve() : reject(failure(`chown to ${owner}`))));
  });
}

function failure(detail: string): WardenError {
  return new WardenError(`command exited with failure${detail === '' ? '' : `: ${detail.split('\n')[0]}`}`);
}
