// The gates of a lesson: what it arms, what it lets go, and what is left of it. Pure; web/lesson/lab.ts carries it out.
import type { Breakpoint } from './gates.ts';
import { breaks } from './gates.ts';
import type { Entry, GatePoint } from './journal.ts';
import { type Answers, type Lesson, storyOf, wasHeld } from './lesson.ts';

/** The breakpoints of a lesson by the step they belong to, in the order of its steps. */
export function gatesOf(lesson: Lesson): { step: string; gate: Omit<Breakpoint, 'id'> }[] {
  return lesson.steps.flatMap((s) =>
    s.hold ? [{ step: s.id, gate: { ...s.hold, once: true, foreground: true } }] : [],
  );
}

/** What a lesson has left closed that nobody follows any more: in a page that is gone, of whatever lesson. */
export function leftBehind<H extends { gate: string; by: string; point: GatePoint }>(
  lessons: readonly Lesson[],
  breakpoints: readonly Breakpoint[],
  held: readonly H[],
): { breakpoints: string[]; gates: string[] } {
  const all = lessons.flatMap((l) => gatesOf(l).map(({ gate }) => gate));
  const same = (b: Breakpoint) => all.some((gate) => fieldsOf(gate) === fieldsOf(b));
  const standing = new Set(breakpoints.map((b) => b.id));
  // A gate of a lesson is gone from the list once it holds; what still stands there is somebody's own.
  const ours = (h: H) =>
    /^b-/.test(h.by) && !standing.has(h.by) && all.some((g) => breaks({ ...g, id: h.by }, h.point));
  return { breakpoints: breakpoints.filter(same).map((b) => b.id), gates: held.filter(ours).map((h) => h.gate) };
}

/** The gates of a lesson that stand in the lab, by step, whichever page has set them: as breakpoints, or holding somebody. */
export function standing<H extends { by: string; point: GatePoint }>(
  lesson: Lesson,
  breakpoints: readonly Breakpoint[],
  held: readonly H[],
): Record<string, string> {
  const there = new Set(breakpoints.map((b) => b.id));
  const found: Record<string, string> = {};
  for (const { step, gate } of gatesOf(lesson)) {
    const set = breakpoints.find((b) => fieldsOf(b) === fieldsOf(gate));
    const holds = held.find((h) => /^b-/.test(h.by) && !there.has(h.by) && breaks({ ...gate, id: h.by }, h.point));
    const id = set?.id ?? holds?.by;
    if (id !== undefined) found[step] = id;
  }
  return found;
}

function fieldsOf({ id: _, ...fields }: Partial<Breakpoint>): string {
  return JSON.stringify(Object.entries(fields).sort());
}

/** Steps from the learner's on whose gate has not closed yet: what has to be armed, also after a restart of the lab. */
export function gatesAhead(lesson: Lesson, entries: readonly Entry[], answers: Answers): string[] {
  const story = storyOf(entries, answers);
  return lesson.steps.flatMap((s, i) => (s.hold && i >= answers.at && !wasHeld(story, s.hold) ? [s.id] : []));
}

/**
 * Which of the held gates the lesson lets go now: those of steps that are behind the learner, and this step's own once its
 * prediction is locked in (one about the held moment itself waits for the reader). Gates of others are not its business.
 * @param mine ids of the breakpoints that the lesson has set
 */
export function gatesToOpen<H extends { gate: string; by: string; point: GatePoint }>(
  lesson: Lesson,
  answers: Answers,
  held: readonly H[],
  mine: readonly string[],
): string[] {
  return held
    .filter((h) => mine.includes(h.by))
    .filter((h) => {
      const at = lesson.steps.findIndex((s) => s.hold && breaks({ ...s.hold, id: h.by }, h.point));
      const step = lesson.steps[at];
      const answered = step !== undefined && !step.stay && answers.chosen[step.id] !== undefined;
      return at < answers.at || (at === answers.at && answered);
    })
    .map((h) => h.gate);
}

/** Of the gates that are held, those at which the flow of another push has come: they are to be opened and set again. */
export function strangers<H extends { gate: string; by: string }>(
  story: readonly Entry[],
  held: readonly H[],
  mine: readonly string[],
): H[] {
  const own = new Set(story.flatMap((e) => (e.type === 'gate' && e.phase === 'held' ? [e.gate] : [])));
  return held.filter((h) => mine.includes(h.by) && !own.has(h.gate));
}
