// Reading a lesson along while another page drives: since when the record counts for who comes in the middle. Pure.
import type { Entry } from './journal.ts';
import { type Answers, noAnswers } from './lesson.ts';

/**
 * The answers of who reads along, when the driver has come to step `at`. The first step is a new beginning; at every other
 * one the newest push is the lesson's, and all of it counts, also what was before this page came.
 */
export function alongAt(answers: Answers | undefined, at: number, entries: readonly Entry[]): Answers {
  const head = entries.at(-1)?.seq ?? 0;
  if (at === 0) return noAnswers(head);
  return { ...(answers ?? noAnswers(head)), at, since: Math.min(answers?.since ?? head, pushBegan(entries) ?? head) };
}

/** The `seq` before the newest push: it begins by making an app. */
function pushBegan(entries: readonly Entry[]): number | undefined {
  const made = entries.findLast((e) => e.type === 'message' && e.name === 'POST /v2/apps' && e.phase === 'received');
  return made && made.seq - 1;
}
