// What keeps a lesson from going on and is not of its making: a look at the past, a pause, a gate of somebody else.
import type { Progress } from '../../machines/lesson.ts';
import { pointText } from '../../machines/sentences.ts';
import { drives } from '../driver/seat.ts';
import type { Model } from '../model.ts';
import type { LessonWord } from './words.ts';

/** What keeps the lesson from going on, and is not of its making. */
export interface Obstacle {
  word: LessonWord;
  values: Record<string, string | number>;
  /** What to press. */
  way: {
    word: LessonWord;
    values: Record<string, string | number>;
    does: 'now' | 'unblock' | 'goTo' | 'seat' | 'restart';
  };
  gates: string[];
  at: number;
}

/**
 * The first of the things that stand in the way.
 * @param mine the lesson's own breakpoints
 * @param opened gates that the lesson has opened a moment ago
 */
export function obstacleOf(
  model: Model,
  progress: Progress,
  mine: readonly string[],
  opened: ReadonlySet<string>,
): Obstacle | null {
  const { lab } = model;
  const none = { values: {}, gates: [], at: 0 };
  if (!drives(model)) return { ...none, word: 'notDriver', way: { word: 'whoDrives', values: {}, does: 'seat' } };
  if (progress.lost) {
    const word = progress.lost === 'lab-reset' ? 'cleared' : 'deleted';
    return { ...none, word, way: { word: 'restart', values: {}, does: 'restart' } };
  }
  if (model.cursor !== null) return { ...none, word: 'past', way: { word: 'toNow', values: {}, does: 'now' } };
  if (progress.ahead !== null) {
    const at = progress.ahead;
    return { ...none, at, word: 'ahead', way: { word: 'catchUp', values: { n: at + 1 }, does: 'goTo' } };
  }
  if (lab?.paused) return { ...none, word: 'paused', way: { word: 'unpause', values: {}, does: 'unblock' } };
  if (progress.canGoOn) return null;
  const foreign = (lab?.held ?? []).filter((h) => h.by !== 'beat' && !mine.includes(h.by) && !opened.has(h.gate));
  const [first] = foreign;
  if (!first) return null;
  const what = pointText(first.point)[model.language];
  const way = { word: 'letGo', values: {}, does: 'unblock' } as const;
  return { ...none, word: 'foreign', values: { what }, gates: foreign.map((h) => h.gate), way };
}
