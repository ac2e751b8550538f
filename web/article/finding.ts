// What a scene's claim comes to: its dates, and each verdict, which waits until the record or the reader's own try shows it.
// Draws only.
import { html, nothing, type TemplateResult } from 'lit';
import { type Scene, TRIED, type Verdict } from '../../machines/article.ts';
import type { Entry } from '../../machines/journal.ts';
import { evidenceOf, holds } from '../../machines/lesson-predicates.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { line, say, type Texts } from '../lesson/say.ts';
import type { Model } from '../model.ts';
import type { ArticleWord } from './words.ts';

export interface Findings {
  model: Model;
  values: Texts['values'];
  story: readonly Entry[];
  /** The reader has tried what the scene offers, or wants to be told without. */
  tried: boolean;
  told: boolean;
  word(key: ArticleWord, values?: Record<string, number>): string;
  seek(seq: number): void;
  tell(): void;
}

const GLYPHS: Record<Verdict['finding'], string> = { holds: '✓', partly: '◐', fails: '✗', opinion: '“' };

/** Whether everything that the scene finds out is known. */
export function isKnown(
  { when }: Verdict,
  { story, tried, told }: Pick<Findings, 'story' | 'tried' | 'told'>,
): boolean {
  return !when || told || (when.name === TRIED ? tried : holds(story, when));
}

/** The dates of a scene, oldest first. */
export function dates(scene: Scene, { model, values }: Findings): TemplateResult | typeof nothing {
  if (scene.dates.length === 0) return nothing;
  return html`<ol class="scene-dates">${scene.dates.map(
    (d) => html`<li><time datetime=${d.date}>${d.date}</time> <span>${line({ model, values }, d.text)}</span></li>`,
  )}</ol>`;
}

export function verdicts(scene: Scene, of: Findings): TemplateResult | typeof nothing {
  if (scene.verdicts.length === 0) return nothing;
  const known = scene.verdicts.filter((v) => isKnown(v, of));
  const open = scene.verdicts.length - known.length;
  return html`${known.map((v) => verdict(v, of))}
    ${
      open === 0
        ? nothing
        : html`<p class="lesson-wait">${of.word(open === 1 ? 'untold' : 'untoldMore', { n: open })}
          <button class="quiet" @click=${of.tell}>${of.word('tell')}</button></p>`
    }`;
}

function verdict({ finding, when, text, source }: Verdict, of: Findings): TemplateResult {
  const { model, values, story, word } = of;
  const entry = when && when.name !== TRIED ? evidenceOf(story, when) : undefined;
  return html`<div class="scene-verdict ${finding}" role="status"><strong><i aria-hidden="true">${GLYPHS[finding]}</i> ${word(finding)}</strong>
    ${say({ model, values }, text)}
    ${source.en === '' ? nothing : html`<p class="lesson-wait">${word('source')} ${line({ model, values }, source)}</p>`}
    ${
      entry
        ? html`<div class="lesson-evidence"><p><b>${word('entry', { n: entry.seq })}</b> ${sentenceOf(entry)[model.language]}</p>
            <button class="quiet" aria-pressed=${model.cursor === entry.seq} @click=${() => of.seek(entry.seq)}>${word('seeEntry')}</button></div>`
        : nothing
    }</div>`;
}
