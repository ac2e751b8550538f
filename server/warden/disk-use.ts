// What a container has written to its own layer, looked at when one of its jobs has failed: disk quotas are off, so that Info
// has no disk_stat to say it. Counted by a process inside, as everything in a container's tree; recorded as the kernel's word.
import { statSync } from 'node:fs';
import { runHelper } from './jobs/helper.ts';
import type { Container, Trail, Warden } from './warden.ts';

/**
 * An inode that has changed since the container's folder was made lies in its upper layer: the one below is never written to.
 * What vcap may not read is not counted. A look at a tree that is too large ends, and nothing is known.
 */
const LOOK = 'exec timeout 3 find / -xdev -newerct "$1" -printf "%i %b\\n" 2>/dev/null';
const BLOCK = 512;
/** `find` says 1 where there was something that it may not read. */
const LOOKED = [0, 1];
/** A container that ran out of memory is being stopped, and its first TERM meets this look as well. */
const TRIES = 2;

/** Records `disk.used` and `disk.files`, or nothing where it cannot be told. A paused lab is not made to do more. */
export async function sampleDisk(warden: Warden, c: Container, trail: Trail): Promise<void> {
  const { lab } = warden;
  const pid = c.init?.pid;
  if (pid === undefined || lab.gates.rules().paused) return;
  const began = performance.now();
  for (let i = 0; i < TRIES; i++) {
    const used = await look(warden, c, trail).catch(() => undefined);
    if (!used) continue;
    const ms = Math.round((performance.now() - began) * 1000) / 1000;
    const diff: Record<string, [unknown, unknown]> = {
      'disk.used': [null, used.bytes],
      'disk.files': [null, used.files],
    };
    lab.rec.record({ type: 'kernel', actor: `container:${c.id}`, handle: c.handle, pid, diff, ms }, trail.cause);
    return;
  }
}

async function look(warden: Warden, c: Container, trail: Trail): Promise<{ bytes: number; files: number } | undefined> {
  // The mount's place in the depot, which is the host's: it has not changed since it was made.
  const since = statSync(`${c.path}/mnt`).ctime.toISOString();
  let text = '';
  const args = ['/bin/bash', '-c', LOOK, 'disk-use', since];
  const onStdout = (bytes: Buffer) => {
    text += bytes.toString('latin1');
  };
  const { status } = await runHelper(warden, c, { args, onStdout, trail: { ...trail } });
  return LOOKED.includes(status) ? sumOf(text) : undefined;
}

/** Lines of inode and blocks; a file with two names is counted once. */
export function sumOf(text: string): { bytes: number; files: number } {
  const blocks = new Map<string, number>();
  for (const [, inode = '', count] of text.matchAll(/^(\d+) (\d+)$/gm)) blocks.set(inode, Number(count));
  return { bytes: [...blocks.values()].reduce((sum, n) => sum + n * BLOCK, 0), files: blocks.size };
}
