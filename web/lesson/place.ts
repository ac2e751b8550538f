// Which lesson is open and at which step, as the URL says it. Imports nothing: it is part of the first view.
export interface LessonPlace {
  /** A lesson's id, or `article`. */
  lesson: string;
  /** From 1, as it is read aloud; a scene's paragraph. */
  step: number;
}

/** What stands for a lesson when the article is read along with. */
export const ARTICLE = 'article';

/** `lesson=a-push-in-five-minutes&step=3`; null when no lesson is open. */
export function lessonPlace(parts: URLSearchParams): LessonPlace | null {
  const lesson = parts.get('lesson');
  const step = Number(parts.get('step') ?? 1);
  return lesson ? { lesson, step: Number.isInteger(step) && step > 0 ? step : 1 } : null;
}

/** The dock's panel for it. */
export function panelOfLesson({ lesson }: Pick<LessonPlace, 'lesson'>): 'lesson' | 'article' {
  return lesson === ARTICLE ? 'article' : 'lesson';
}
