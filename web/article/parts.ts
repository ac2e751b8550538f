// Parts of the article's panel: the list of its scenes, and what a scene offers to try. Draws only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Scene } from '../../machines/article.ts';
import type { Try } from '../../machines/lesson.ts';
import { drives } from '../driver/seat.ts';
import { mark, needsWheel, type Said, saidView } from '../lesson/said.ts';
import { line, type Say, type Texts } from '../lesson/say.ts';
import { lessonWord } from '../lesson/words.ts';
import type { Model } from '../model.ts';
import { articleWord } from './words.ts';

export function sceneList(model: Model, scenes: readonly Scene[], go: (paragraph: number) => void): TemplateResult {
  const { language } = model;
  const texts = { model, values: {} };
  return html`<article class="lesson article"><div class="lesson-body">
    <h2>${articleWord(language, 'title')}</h2>
    <p>${articleWord(language, 'about')}</p>
    <p class="lesson-wait">${articleWord(language, 'checked')}</p>
    <ol class="scenes">${scenes.map(
      (scene) => html`<li><button class="scene" @click=${() => go(scene.paragraph)}>
        <b>${scene.paragraph}. ${line(texts, scene.title)}</b><span class="about">${line(texts, scene.text)}</span></button></li>`,
    )}</ol>
  </div></article>`;
}

export interface Trying {
  model: Model;
  texts: Texts;
  /** What came of the last try. */
  said: Said | null;
  act(one: Try): void;
}

export function tries(scene: Scene, { model, texts, said, act }: Trying): TemplateResult | typeof nothing {
  if (scene.tries.length === 0) return nothing;
  const { language } = model;
  const word: Say = (key, values) => lessonWord(language, key, values);
  const watches = !drives(model);
  return html`<p class="lesson-turn">${articleWord(language, 'findOut')}</p>
    ${scene.tries.map(
      (one) => html`<button class="lesson-try" ?disabled=${watches && needsWheel(one)} @click=${() => act(one)}>
        ${mark(one)}<span>${line(texts, one.text)}</span></button>`,
    )}
    ${watches && scene.tries.some(needsWheel) ? html`<p class="lesson-wait">${articleWord(language, 'watching')}</p>` : nothing}
    ${said ? saidView(said, { language, url: '', word }) : nothing}`;
}
