// The moment and the selection live in the URL's hash; preferences live in local storage. Nothing else is kept.
import { READINGS, type Reading } from './beat.ts';
import { lessonPlace, panelOfLesson } from './lesson/place.ts';
import type { Language, Model, Theme } from './model.ts';
import { panelNamed } from './panels.ts';

type Place = Pick<
  Model,
  'cursor' | 'actor' | 'machine' | 'zoom' | 'host' | 'docked' | 'dock' | 'under' | 'drawer' | 'lesson'
>;

/** `#at=4182&actor=app:3f2c`; nothing while the page follows the newest entry. */
export function hashOf(place: Place): string {
  const parts = new URLSearchParams();
  if (place.cursor !== null) parts.set('at', String(place.cursor));
  if (place.actor !== null) parts.set('actor', place.actor);
  if (place.machine !== null) parts.set('machine', place.machine);
  if (place.zoom !== 'auto') parts.set('in', place.zoom);
  if (place.host) parts.set('face', 'host');
  if (!place.docked) parts.set('dock', 'folded');
  if (place.dock !== 'record') parts.set('show', place.dock);
  if (place.under !== 'inspector') parts.set('under', place.under);
  if (place.drawer !== null) parts.set('below', place.drawer);
  if (place.lesson !== null) {
    parts.set('lesson', place.lesson.lesson);
    parts.set('step', String(place.lesson.step));
  }
  return parts.toString().replaceAll('%3A', ':');
}

/** Reads it back; a number that is none means the newest. */
export function placeOf(hash: string): Place {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const at = Number(parts.get('at'));
  const lesson = lessonPlace(parts);
  return {
    cursor: Number.isInteger(at) && at > 0 ? at : null,
    actor: parts.get('actor'),
    machine: parts.get('machine'),
    zoom: parts.get('in') ?? 'auto',
    host: parts.get('face') === 'host',
    docked: parts.get('dock') !== 'folded',
    dock: panelNamed(parts.get('show'), 'dock') ?? (lesson ? panelOfLesson(lesson) : 'record'),
    under: panelNamed(parts.get('under'), 'under') ?? 'inspector',
    drawer: panelNamed(parts.get('below'), 'drawer'),
    lesson,
  };
}

export interface Preferences {
  language: Language;
  /** Captions in both languages. */
  both: boolean;
  /** How long a beat stays. */
  reading: Reading;
  theme: Theme;
}

const KEY = 'wardenscope';

export function readPreferences(): Preferences {
  const preferred = navigator.language.startsWith('ja') ? 'ja' : 'en';
  try {
    const kept = new Map(Object.entries(JSON.parse(localStorage.getItem(KEY) ?? '{}') as object));
    const language = kept.get('language');
    const theme = kept.get('theme');
    return {
      language: language === 'ja' || language === 'en' ? language : preferred,
      both: kept.get('both') === true,
      reading: READINGS.find((r) => r === kept.get('reading')) ?? 'calm',
      theme: theme === 'light' || theme === 'dark' ? theme : 'auto',
    };
  } catch {
    return { language: preferred, both: false, reading: 'calm', theme: 'auto' };
  }
}

export function keepPreferences({ language, both, reading, theme }: Preferences): void {
  try {
    localStorage.setItem(KEY, JSON.stringify({ language, both, reading, theme }));
  } catch {
    // Private windows may refuse: the choice then lasts as long as the page.
  }
}
