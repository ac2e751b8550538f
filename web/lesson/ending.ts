// The end of a lesson: how the predictions went, what it comes down to, and what can be done next. Draws only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Lesson } from '../../machines/lesson.ts';
import { MENU } from '../menu.ts';
import type { Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { type Say, say } from './say.ts';
import { lessonWord } from './words.ts';

/** A lesson that was finished. */
export interface Ended {
  lesson: Lesson;
  /** Questions answered right, of so many. */
  right: number;
  asked: number;
}

export function ending(model: Model, ended: Ended, page: PageActions, close: () => void): TemplateResult {
  const { lesson, right, asked } = ended;
  const word: Say = (key, values) => lessonWord(model.language, key, values);
  const sums = lesson.steps.flatMap((s) => s.sums);
  const save = MENU.find((item) => item.title === 'exportRun');
  const off = save?.off?.(model) ?? '';
  return html`<article class="lesson lesson-end" aria-label=${lesson.title[model.language]}>
    <div class="lesson-body">
      <h2>${word('ended', { title: lesson.title[model.language] })}</h2>
      ${asked === 0 ? nothing : html`<p class="lesson-score" role="status">${word('score', { n: right, all: asked })}</p>`}
      <p class="lesson-turn">${word('sums')}</p>
      <ol>${sums.map((s) => html`<li>${say({ model, values: {} }, s)}</li>`)}</ol>
      <p class="lesson-turn">${word('whatNext')}</p>
      <button class="lesson-try" @click=${() => page.open('apps')}><i aria-hidden="true">▲</i><span>${word('ownFolder')}</span></button>
      <button class="lesson-try" @click=${() => page.open('article')}><i aria-hidden="true">☰</i><span>${word('article')}</span></button>
      <button class="lesson-try" ?disabled=${!save || off !== ''} title=${off} @click=${() => save?.run(page, model)}><i aria-hidden="true">↓</i><span>${word('exportRun')}</span></button>
    </div>
    <footer class="lesson-foot"><div><button class="lesson-next" @click=${close}>${word('allLessons')}</button></div></footer>
  </article>`;
}
