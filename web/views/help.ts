// The help sheet, written from the one table of keys.
import { html, type TemplateResult } from 'lit';
import { glossary, signs } from '../glossary.ts';
import { KEYS, keyName, PLACES, type Where } from '../keys.ts';
import type { Language } from '../model.ts';
import { type Word, word } from '../words.ts';
import '../style/help.css';

const PLACE: Record<Where, Word> = {
  page: 'keysPage',
  lesson: 'keysLesson',
  stage: 'keysStage',
  sequence: 'keysSequence',
  chart: 'keysChart',
  timeline: 'keysTimeline',
  terminal: 'keysTerminal',
};

export function helpSheet(language: Language, close: () => void): TemplateResult {
  return html`<div class="veil" @click=${close}></div>
    <div class="sheet" role="dialog" aria-modal="true" aria-labelledby="help-title">
      <div class="sheet-head"><h2 id="help-title">${word(language, 'help')}</h2>
        <button @click=${close}>${word(language, 'close')}</button></div>
      ${PLACES.map(
        (where) => html`<h3>${word(language, PLACE[where])}</h3>
      <dl class=${`keys-${where}`}>
        ${KEYS.filter((k) => k.where === where).map(
          (k) =>
            html`<dt>${k.keys.map((key) => html`<kbd>${keyName(key)}</kbd>`)}</dt><dd>${word(language, k.says)}</dd>`,
        )}
      </dl>`,
      )}
      <h2>${word(language, 'terms')}</h2>
      <ul class="glossary">${glossary(language).map(({ name, says }) => html`<li><b>${name}</b> ${says}</li>`)}</ul>
      <h2>${word(language, 'signs')}</h2>
      <ul class="glossary">${signs(language).map(({ sign, says }) => html`<li><b class="sign">${sign}</b> ${says}</li>`)}</ul>
    </div>`;
}

/** While the sheet is open it has the focus, and with it the keys that scroll it. Call it after each drawing. */
export function focusSheet(page: ParentNode): void {
  const sheet = page.querySelector('.sheet');
  if (sheet && !sheet.contains(document.activeElement)) sheet.querySelector('button')?.focus();
}
