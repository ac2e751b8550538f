// The jobs that one connection follows: their set-up, their streams, who waits for what. Sends nothing: client.ts does.
import { readFileSync } from 'node:fs';
import type { Lab, Trail } from '../../lab/types.ts';
import { limitTexts } from './limits.ts';
import { type Line, lineReader, type StepLine } from './lines.ts';
import { type Course, closedGates, takeStep } from './steps.ts';

export interface JobOptions {
  /** The caller's number, below 2^31; lives until `forget`. */
  job: number;
  user: string;
  /** Empty: the user's shell. */
  argv: string[];
  env?: string[];
  cwd?: string;
  /** Soft and hard in one, by the names of 2014 (`nofile`); -1 is unlimited. */
  rlimits?: Record<string, bigint | number>;
  tty?: { cols: number; rows: number };
  leaf?: 'jobs' | 'visit';
  /** At each held step, with the job's pid by the host's number (0 when it is already gone). */
  onHeld?: (line: StepLine, subject: number, cause: Trail) => void;
}

export interface JobListener {
  onOutput(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  onExit(status: number): void;
  onLost(): void;
}

export interface Followed {
  hostPid: number;
  /** While its set-up goes on. */
  course?: Course;
  /** Takes the bytes of its set-up's lines. */
  read?: (bytes: Buffer) => void;
  spawned?: { resolve: (v: { pid: number }) => void; reject: (e: Error) => void };
  listener?: JobListener;
  /** Bytes of stdin. */
  sent: number;
  taken: number;
  waiting: { upTo: number; done: () => void; fail: (e: Error) => void }[];
}

export const newJob = (): Followed => ({ hostPid: 0, sent: 0, taken: 0, waiting: [] });

/** Lets the lab see the set-up of a job; `go` opens a held gate. Returns the SPAWN's texts. */
export function follow(
  job: Followed,
  options: JobOptions,
  { lab, handle, trail, go }: { lab: Lab; handle: string; trail: Trail; go: () => void },
): string[] {
  const course: Course = { lab, of: 'job', handle, job: options.job, trail };
  course.onHeld = (line, cause) => options.onHeld?.(line, job.hostPid, cause);
  job.course = course;
  const texts = textsOf(options);
  const shown = [...texts, ...Object.entries(options.rlimits ?? {}).map(([name, value]) => `rlimit=${name}:${value}`)];
  job.read = lineReader('job', shown, (line: Line) => {
    // That it failed is also said by its status and on its stderr.
    if ('failed' in line || 'ready' in line) return;
    void takeStep(course, line, job.hostPid)?.then(go);
    if (line.step === 'execve' && line.when === 'after') job.course = undefined;
  });
  return [...texts, ...limitTexts(options.rlimits ?? {}), `closed=${closedGates(course)}`];
}

function textsOf({ user, argv, env = [], cwd, tty, leaf = 'jobs' }: JobOptions): string[] {
  return [
    `user=${user}`,
    `leaf=${leaf}`,
    ...(cwd === undefined ? [] : [`cwd=${cwd}`]),
    ...(tty ? [`tty=${tty.rows}:${tty.cols}`] : []),
    ...env.map((e) => `env=${e}`),
    ...argv.map((a) => `arg=${a}`),
  ];
}

/** wshd has taken so many bytes of stdin. */
export function taken(job: Followed, upTo: number): void {
  job.taken = upTo;
  job.waiting = job.waiting.filter((w) => {
    if (w.upTo <= upTo) w.done();
    return w.upTo > upTo;
  });
}

export function until(job: Followed, upTo: number): Promise<void> {
  if (job.taken >= upTo) return Promise.resolve();
  return new Promise((done, fail) => job.waiting.push({ upTo, done, fail }));
}

/** Nothing more will come: whoever waits for the job is told why. */
export function giveUp(job: Followed, error: Error): void {
  job.spawned?.reject(error);
  job.spawned = undefined;
  for (const w of job.waiting.splice(0)) w.fail(error);
  const { listener } = job;
  job.listener = undefined;
  listener?.onLost();
}

/** The host's number of a child of PID 1, found by its number inside; 0 when it is already gone. */
export function hostPid(init: number, inside: number): number {
  try {
    const children = readFileSync(`/proc/${init}/task/${init}/children`, 'utf8').trim().split(' ').reverse();
    const is = (pid: string) =>
      /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] === String(inside);
    return Number(children.find((pid) => pid !== '' && is(pid)) ?? 0);
  } catch {
    return 0;
  }
}
