// The first screen, before anything was pushed: the question, and the doors into the answer.
import { html, nothing, type TemplateResult } from 'lit';
import { DEBUG_FORM } from '../apps/form.ts';
import { openPush } from '../apps/start.ts';
import { hasBegun, type Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { word } from '../words.ts';
import '../style/hero.css';

/** The lesson that a newcomer begins with. */
const FIRST_LESSON = 'a-push-in-five-minutes';

export function toFirstLesson(page: PageActions): void {
  page.update({ lesson: { lesson: FIRST_LESSON, step: 1 }, dock: 'lesson', docked: true });
}

/** Gone as soon as a story has begun, a lesson is open, or the article is read. */
export function hero(model: Model, push: () => void, page: PageActions): TemplateResult | typeof nothing {
  const { language } = model;
  if (hasBegun(model) || model.lesson !== null || model.dock === 'article') return nothing;
  return html`<div class="hero">
      <p class="question">${word(language, 'question')}</p>
      <p class="promise">${word(language, 'promise')}</p>
      <div class="doors">
        <div><button class="push" @click=${push}>${word(language, 'push')}</button><p>${word(language, 'watchDoorSays')}</p></div>
        <div><button class="door" @click=${() => toFirstLesson(page)}>${word(language, 'lessonDoor')}</button><p>${word(language, 'lessonDoorSays')}</p></div>
      </div>
      <button class="quiet" @click=${() => page.open('article')}>${word(language, 'articleDoor')}</button>
      <button class="quiet" aria-haspopup="dialog" @click=${() => openPush(model, page, { preset: DEBUG_FORM })}>${word(language, 'debugDoor')}</button>
    </div>`;
}
