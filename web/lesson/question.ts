// A prediction or a bet on the sheet: options that lock, and what the record said in the end. Draws only.
import { html, nothing, type TemplateResult } from 'lit';
import type { Question, Verdict } from '../../machines/lesson.ts';
import { line, type Say, say, type Texts } from './say.ts';
import type { SheetActions } from './sheet.ts';

/** After it is decided: what was right, and the reply to what was chosen (or to what was right, if nothing was). */
export function question(
  state: Texts,
  of: Question,
  verdict: Verdict,
  actions: Pick<SheetActions, 'choose'>,
  word: Say,
  bet = false,
): TemplateResult {
  const { chosen, decided, truth } = verdict;
  const spoken = of.options[chosen ?? truth[0] ?? -1];
  const mark = (i: number) => (truth.includes(i) ? '✓' : chosen === i ? (decided && truth.length > 0 ? '✗' : '●') : '');
  return html`<div class="lesson-question" role="group" aria-label=${of.text[state.model.language]}>
    <div class="lesson-ask">${say(state, of.text)}</div>
    ${of.options.map(
      (o, i) => html`<button class="lesson-option ${truth.includes(i) ? 'true' : ''}" aria-pressed=${chosen === i}
        ?disabled=${chosen !== null || decided} @click=${() => actions.choose(i)}><kbd>${i + 1}</kbd>
        <span>${line(state, o.text)}</span> <b>${mark(i)}</b></button>`,
    )}
    ${chosen === null && !decided ? nothing : reply()}
  </div>`;

  function reply(): TemplateResult {
    const { state: how } = verdict;
    const said = how === 'locked' && bet ? 'betLocked' : how === 'open' ? 'answer' : how;
    const right = truth.map((t) => line(state, of.options[t]?.text)).join(', ');
    return html`<div class="lesson-reply ${how}" role="status"><strong>${word(said)}</strong>
      ${decided && spoken ? say(state, spoken.reply) : nothing}
      ${chosen !== null && truth.length > 0 && !truth.includes(chosen) ? html`<p>${word('answer')} <b>${right}</b></p>` : nothing}</div>`;
  }
}
