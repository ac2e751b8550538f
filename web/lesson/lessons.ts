// The lessons that this page has, read from their Markdown when it was built.
import type { Lesson } from '../../machines/lesson.ts';
import { parseLesson } from '../../machines/lesson-text.ts';

const FILES = import.meta.glob<string>('../../lessons/*/*/README.md', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** In the order of their folders. */
export const LESSONS: readonly Lesson[] = Object.entries(FILES)
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([, source]) => parseLesson(source).lesson);
