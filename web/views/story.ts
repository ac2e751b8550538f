// The row above the stage: where the push is, in one sentence, and at its end the way on. A newcomer reads it while the
// captions name every call; a lesson says more, and takes its place.
import { html, nothing, type TemplateResult } from 'lit';
import { cursorOf, hasBegun, type Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { PHASES, phaseOf } from '../phase.ts';
import { stageAt } from '../stage/model.ts';
import { word } from '../words.ts';
import { toFirstLesson } from './hero.ts';

async function ask(page: PageActions, host: string): Promise<void> {
  page.open('browser');
  (await import('../faults/browser.ts')).askAtOnce(host);
}

export function story(model: Model, page: PageActions): TemplateResult | typeof nothing {
  const { language, lesson, dock, entries, cursor, recorded } = model;
  if (!hasBegun(model) || lesson !== null || dock === 'article') return nothing;
  // In the past this is the place of the note that says so.
  if (cursor !== null && !recorded) return nothing;
  const view = stageAt(entries, cursorOf(model));
  const phase = phaseOf(view);
  if (phase === null) return nothing;
  const name = view.apps.at(-1)?.name ?? '';
  const says = word(language, `phase-${phase}`, { app: name });
  const here = `${PHASES.indexOf(phase) + 1}/${PHASES.length}`;
  // RUNNING comes first; before the router has heard of it the answer would be a 404.
  const host = phase === 'runs' && !recorded ? view.routes.find((uri) => uri.split('.')[0] === name) : undefined;
  return html`<p class="story"><b>${here}</b> <span>${says}</span>${
    host !== undefined
      ? html`<button @click=${() => ask(page, host)}>${word(language, 'askIt')}</button>
        ${dock === 'lesson' ? nothing : html`<button @click=${() => toFirstLesson(page)}>${word(language, 'lessonOne')}</button>`}`
      : nothing
  }</p>`;
}
