// Launches wshd to boot one container and tells the lab its steps (warden: start.sh). What a step does is in wshd/boot.c.
import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import type { Lab, Trail } from '../../lab/types.ts';
import { capabilitiesText } from './limits.ts';
import { type Line, lineReader, type StepLine } from './lines.ts';
import { type Course, gateLine, takeStep } from './steps.ts';

export interface BootOptions {
  lab: Lab;
  /** Path of the wshd program. */
  binary: string;
  handle: string;
  /** What ps shows: `wshd: <id>`. */
  title: string;
  /** `key=value` texts, wshd/README.md has their table. */
  keys: string[];
  trail: Trail;
  /** Ends the boot by closing its control descriptor. */
  signal?: AbortSignal;
  /** At each held step; `subject` is PID 1 (host's number) as soon as it exists, before that the starter. */
  onHeld?: (line: StepLine, subject: number, cause: Trail) => void;
}

export interface BootedContainer {
  /** PID 1 by the host's number. */
  readonly pid: number;
  /** The starter; undefined once it was reaped. */
  readonly starter: number | undefined;
  /** PID 1's status, 0–255 or 128 + n, when it and its starter are gone. */
  readonly ended: Promise<number>;
  kill(): void;
}

/** Resolves at `ready`. Rejects with wshd's own words when a step fails, and when it is aborted; nothing is left then. */
export async function bootContainer(options: BootOptions): Promise<BootedContainer> {
  const { binary, handle, title, lab, trail, signal } = options;
  const keys = [...options.keys, capabilitiesText];
  const id = title.replace(/^wshd: /, '');
  // A session of its own and no pipe but the control descriptor: the starter outlives this process once it is ready.
  const child = spawn(binary, ['boot', `id=${id}`, ...keys], {
    argv0: title,
    detached: true,
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const ended = exit(child);
  const control = child.stdio[3];
  if (!(control instanceof Duplex)) throw new Error(`[wshd] could not boot ${handle}: no control descriptor`);
  const course: Course = { lab, of: 'boot', handle, trail };
  let subject = child.pid ?? 0;
  course.onHeld = (line, cause) => options.onHeld?.(line, subject, cause);
  const stopRules = lab.gates.onRules(() => control.write(gateLine(course)));
  // A starter that dies alone leaves PID 1 held: it ends by end of file, while its last words can still be read.
  void ended.then(() => control.end());
  const abort = () => control.destroy();
  signal?.addEventListener('abort', abort);
  try {
    control.write(`${gateLine(course)}go\n`);
    const pid = await new Promise<number>((resolve, reject) => {
      const refuse = (why: string) => reject(new Error(`[wshd] could not boot ${handle}: ${why}`));
      const take = (line: Line) => {
        if ('ready' in line) return resolve(line.ready);
        if ('failed' in line) return refuse(line.failed);
        if (line.step === 'clone' && line.when === 'after' && (line.result ?? 0) > 0) subject = line.result ?? 0;
        takeStep(course, line, line.pid)?.then(() => control.write('go\n'), reject);
      };
      const read = lineReader('boot', keys, take);
      control.on('data', (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          reject(error);
        }
      });
      control.on('error', () => undefined);
      control.on('close', () => refuse(signal?.aborted ? 'it was aborted' : 'wshd ended without a word'));
      child.on('error', reject);
    });
    return booted(child, pid, ended);
  } catch (error) {
    // End of file ends what is left of the boot; it is over when the starter is gone.
    control.destroy();
    if (child.pid !== undefined) await ended;
    throw error;
  } finally {
    stopRules();
    signal?.removeEventListener('abort', abort);
    control.destroy();
  }
}

function booted(child: ChildProcess, pid: number, ended: Promise<number>): BootedContainer {
  child.unref();
  let gone = false;
  void ended.then(() => {
    gone = true;
  });
  return {
    pid,
    get starter() {
      return gone ? undefined : child.pid;
    },
    ended,
    kill() {
      if (!gone) process.kill(pid, 'SIGKILL');
    },
  };
}

function exit(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 255)));
}
