// Says a lesson's text in the page's language, or in both, with its values filled in.
import { html, nothing, type TemplateResult } from 'lit';
import type { Text } from '../../machines/lesson.ts';
import { filled, type ValueName } from '../../machines/lesson-values.ts';
import type { Model } from '../model.ts';
import type { LessonWord } from './words.ts';

/** A word of the reader's own. */
export type Say = (key: LessonWord, values?: Record<string, string | number>) => string;

export interface Texts {
  model: Pick<Model, 'language' | 'both'>;
  values: Partial<Record<ValueName, string>>;
}

/** A text in the page's language, or one below the other in both. */
export function say({ model, values }: Texts, text: Text | null): TemplateResult | typeof nothing {
  if (!text) return nothing;
  const languages = model.both ? (['en', 'ja'] as const) : ([model.language] as const);
  return html`${languages.map((l) => html`<p lang=${l}>${filled(text[l], values)}</p>`)}`;
}

export function line({ model, values }: Texts, text: Text | undefined): string {
  if (!text) return '';
  const languages = model.both ? (['en', 'ja'] as const) : ([model.language] as const);
  return languages.map((l) => filled(text[l], values)).join(' / ');
}
