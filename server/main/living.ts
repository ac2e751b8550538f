// Names of processes that survive the reuse of a pid: (boot, pid, start time), read from /proc. Kills nothing that it
// cannot verify.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** A process as written into a file: `start` is field 22 of /proc/PID/stat, in clock ticks since boot. */
export const Living = z.object({ pid: z.number().int().positive(), start: z.number(), boot: z.string() });
export type Living = z.infer<typeof Living>;

/** The name of a process that runs now; undefined when there is none. A zombie is not running. */
export function livingOf(pid: number): Living | undefined {
  const stat = statOf(pid);
  return stat && stat.state !== 'Z' && stat.state !== 'X' ? { pid, start: stat.start, boot: bootId() } : undefined;
}

/** Whether exactly this process still runs. */
export function isAlive(living: Living): boolean {
  const now = livingOf(living.pid);
  return now !== undefined && now.start === living.start && now.boot === living.boot;
}

/** Sends a signal to exactly this process. False when it is gone. */
export function signal(living: Living, name: NodeJS.Signals): boolean {
  if (!isAlive(living)) return false;
  try {
    return process.kill(living.pid, name);
  } catch {
    return false;
  }
}

/** Waits until none of these runs, at most `ms` real milliseconds. Resolves with those that still do. */
export async function gone(all: Living[], ms: number): Promise<Living[]> {
  const deadline = Date.now() + ms;
  for (;;) {
    const left = all.filter(isAlive);
    if (left.length === 0 || Date.now() > deadline) return left;
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** State letter, parent and start time. The command may hold spaces and brackets, so fields count from the last `)`. */
export function statOf(pid: number): { state: string; parent: number; start: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', parent: Number(fields[1]), start: Number(fields[19]) };
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
