// Where a learner stands, kept between visits in local storage. Lesson and step are in the URL (place.ts).
import { type Answers, noAnswers } from '../../machines/lesson.ts';

export interface Kept {
  /** The lab the answers belong to: another lab has another journal. */
  lab: string;
  answers: Answers;
  /** Ids of the breakpoints that the lesson has set, by step. */
  gates: Record<string, string>;
  /** Name and address of the app that the lesson has pushed; empty before. */
  app: string;
  url: string;
  /** The lesson has turned kernel recording on, and turns it off when it ends. */
  recording?: boolean;
}

const keyOf = (lesson: string): string => `wardenscope.lesson.${lesson}`;

/** What was kept of this lesson in this lab; undefined for a new learner. */
export function readKept(lesson: string, lab: string): Kept | undefined {
  try {
    const kept: Kept = JSON.parse(localStorage.getItem(keyOf(lesson)) ?? 'null');
    if (kept?.lab !== lab || typeof kept.gates !== 'object' || typeof kept.app !== 'string') return undefined;
    return { ...kept, answers: { ...noAnswers(0), ...kept.answers } };
  } catch {
    return undefined;
  }
}

export function keep(lesson: string, kept: Kept): void {
  try {
    localStorage.setItem(keyOf(lesson), JSON.stringify(kept));
  } catch {
    // Private windows may refuse: progress then lasts as long as the page.
  }
}

export function forget(lesson: string): void {
  try {
    localStorage.removeItem(keyOf(lesson));
  } catch {
    // Nothing was kept.
  }
}
