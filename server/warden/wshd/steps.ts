// Between wshd's lines and the lab: a line becomes a `step` entry, the debugger's rules become closed gates, a held step
// waits at its gate. The same for the boot and for a job.
import type { GatePoint } from '../../../machines/journal.ts';
import type { Lab, Trail } from '../../lab/types.ts';
import { type StepLine, type StepsOf, stepsOf } from './lines.ts';

/** One run through a table of wshd's, as the lab sees it. */
export interface Course {
  lab: Lab;
  of: StepsOf;
  handle: string;
  job?: number;
  /** Moves on from step to step. */
  trail: Trail;
  /** A held step before its gate: the kernel stands still for this process. */
  onHeld?: (line: StepLine, cause: Trail) => void;
}

/** `wshd:<handle>`, the actor of all entries and gates of wshd. */
export const wshdActor = (handle: string) => `wshd:${handle}`;

export function stepPoint(
  course: Course,
  step: { name: string; file: string; line: number },
  when: 'before' | 'after',
): GatePoint {
  const { lab, of, handle } = course;
  const { name, file, line } = step;
  const machine = of === 'boot' ? 'wshd-boot' : 'wshd-job';
  return { kind: 'step', proc: lab.proc, actor: wshdActor(handle), machine, name, when, handle, file, line };
}

/**
 * The gates that wshd shall close, in its words (` name/when name/when `, or `*`). Kernel recording closes all `after`
 * gates: a sample is only true while its process stands still.
 */
export function closedGates(course: Course): string {
  const { gates } = course.lab;
  const rules = gates.rules();
  if (rules.disabled || (!rules.paused && !rules.kernelRecording && rules.breakpoints.length === 0)) return ' ';
  if (rules.paused) return ' *';
  const closed = stepsOf(course.of).flatMap((step) =>
    (['before', 'after'] as const)
      .filter((when) => (rules.kernelRecording && when === 'after') || gates.closes(stepPoint(course, step, when)))
      .map((when) => `${step.name}/${when} `),
  );
  return ` ${closed.join('')}`;
}

/** Tells a run that is under way which gates are closed from now on. */
export const gateLine = (course: Course) => `closed${closedGates(course)}\n`;

/** Records one line. Where it is held, waits at the gate; resolves when wshd may go on. Synchronous where it is not. */
export function takeStep(course: Course, line: StepLine, pid: number): Promise<void> | undefined {
  const { lab, of, handle, trail } = course;
  const { step: name, when, call, args, result, file, ns } = line;
  trail.cause = lab.rec.record(
    {
      type: 'step',
      actor: wshdActor(handle),
      of,
      handle,
      name,
      when,
      call,
      args,
      file,
      line: line.line,
      pid,
      ...(when === 'after' ? { result, ns } : {}),
      ...(course.job === undefined ? {} : { job: course.job }),
    },
    trail.cause,
  );
  return line.held ? hold(course, line) : undefined;
}

async function hold(course: Course, line: StepLine): Promise<void> {
  const { lab, trail, onHeld } = course;
  onHeld?.(line, trail);
  const point = stepPoint(course, { name: line.step, file: line.file, line: line.line }, line.when);
  trail.cause = await lab.gates.pass(point, trail.cause);
}
