// What a lesson does to the lab: its own gates, the pace beat, a push, a visit, a fault. It never touches what others set.
import type { Answers, Lesson } from '../../machines/lesson.ts';
import type { FaultOrder } from '../../machines/lesson-faults.ts';
import { gatesOf, gatesToOpen, leftBehind } from '../../machines/lesson-gates.ts';
import { type Answer, type AppAnswer, type Held, type LabState, labApi } from '../lab-api.ts';

/** What the lab says of itself at this moment; throws its own sentence. */
export async function now(): Promise<LabState> {
  return granted(await labApi.state());
}

/** Sets the pace; throws the lab's own sentence. */
export async function setPace(pace: 'beat' | 'real' = 'beat'): Promise<void> {
  granted(await labApi.pace(pace));
}

/** Kernel recording lasts as long as the lesson; a push alone turns it off again at its end. */
export async function record(on: boolean): Promise<void> {
  granted(await labApi.recordKernel(on));
}

/** Takes away what lessons in pages that are gone have left closed. */
export async function tidy(lessons: readonly Lesson[]): Promise<void> {
  const { breakpoints, held } = granted(await labApi.state());
  const left = leftBehind(lessons, breakpoints, held);
  await Promise.all(left.breakpoints.map((id) => labApi.removeBreakpoint(id)));
  await open(left.gates);
}

/** Arms the gates of these steps; resolves with the breakpoint of each. */
export async function arm(lesson: Lesson, steps: readonly string[]): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const { step, gate } of gatesOf(lesson)) {
    if (steps.includes(step)) ids[step] = granted(await labApi.addBreakpoint(gate)).id;
  }
  return ids;
}

/** Takes away what is left of the lesson's gates and lets go what they hold. Resolves with the gates that it has opened. */
export async function disarm(gates: readonly string[]): Promise<string[]> {
  // A gate that has held somebody is gone from the list.
  const { breakpoints } = granted(await labApi.state());
  const standing = breakpoints.filter(({ id }) => gates.includes(id));
  await Promise.all(standing.map(({ id }) => labApi.removeBreakpoint(id)));
  return openHeld(gates);
}

/** Lets go what is behind the learner; `said` hears of each gate at once, so that none is opened twice. */
export function follow(
  lesson: Lesson,
  answers: Answers,
  held: readonly Held[],
  mine: readonly string[],
  said: (gate: string) => void,
): Promise<void> {
  const gates = gatesToOpen(lesson, answers, held, mine);
  for (const gate of gates) said(gate);
  return open(gates);
}

/** Opens gates; one that has been opened by somebody else meanwhile is no error. */
export async function open(gates: readonly string[]): Promise<void> {
  for (const gate of gates) await labApi.open(gate);
}

/**
 * Opens what these breakpoints of the lesson hold, and resolves with those gates. The lab is asked what it holds: the
 * page's own knowledge may be older than the record that has just told the learner that something is held. Throws the
 * lab's own sentence.
 */
export async function openHeld(mine: readonly string[]): Promise<string[]> {
  const { held } = granted(await labApi.state());
  const gates = held.filter((h) => mine.includes(h.by)).map((h) => h.gate);
  await open(gates);
  return gates;
}

/** Pushes the lesson's app under a name that is free: an app that is there already would not be staged again. */
export async function push(app: string): Promise<{ name: string; url: string }> {
  const taken = granted(await labApi.apps()).apps.map(({ name }) => name);
  let name = app;
  for (let n = 2; taken.includes(name); n++) name = `${app}-${n}`;
  return granted(await labApi.pushAs(app, name));
}

/** Asks the app through the router. */
export async function visit(app: string, path: string): Promise<AppAnswer> {
  return granted(await labApi.ask(app, path));
}

/** Lab time goes on to the next thing that the flow waits for. */
export async function skip(): Promise<void> {
  granted(await labApi.skip({ to: 'next' }));
}

export async function breakIt(order: FaultOrder): Promise<void> {
  granted(await labApi.fault(order));
}

function granted<T>(answer: Answer<T>): T {
  if (answer.ok) return answer.value;
  throw new Error(answer.error);
}
