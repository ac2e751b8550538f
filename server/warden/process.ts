// Knowing a process again: its number together with the time it started, which no later process of that number has.
import { readdirSync, readFileSync } from 'node:fs';

/** Field 22 of /proc/PID/stat (ticks since boot); undefined when there is no such process. A zombie still has one. */
export function startedAt(pid: number): string | undefined {
  const text = stat(pid);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19];
}

/** Whether it is there and not a zombie. */
export function isAlive(pid: number): boolean {
  const text = stat(pid);
  return text !== undefined && !/^\) [ZX]/.test(text.slice(text.lastIndexOf(')')));
}

/** Signals it only if it is still the one that started then. Returns whether it was. */
export function killIfSame(pid: number, started: string, signal: NodeJS.Signals): boolean {
  if (startedAt(pid) !== started) return false;
  return killAnyway(pid, signal);
}

/** For a pid just read from a cgroup, whose membership says who it is. */
export function killAnyway(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Host pids of processes that have this text as one of their command line's words. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => commandLine(pid).split('\0').includes(word));
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function stat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
}
