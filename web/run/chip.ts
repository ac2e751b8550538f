// The strip under the header while a recorded run is watched: what it is, from when, why there is no lab, the way back.
import { html, nothing, type TemplateResult } from 'lit';
import type { Model } from '../model.ts';
import { dayText, say } from './words.ts';
import './run.css';

export function recordedChip({ recorded, language }: Model, leave: () => void): TemplateResult | typeof nothing {
  if (!recorded) return nothing;
  const run = recorded.run ?? say(language, 'whole');
  return html`<p class="recorded-chip" role="status">
    <span class="glyph" aria-hidden="true">◉</span>
    <span>${say(language, 'watching', { run, day: dayText(language, recorded.made) })}
      ${recorded.why ? html`<span class="why">${recorded.why[language]}</span>` : nothing}</span>
    ${recorded.leaves ? html`<button @click=${leave}>${say(language, 'leave')}</button>` : nothing}
  </p>`;
}
