// The page for the ear: a live region that speaks each beat, or whatever a step is. What is on the screen meanwhile is the
// caption's (bar.ts); what is news and when it is said is web/spoken.ts.
import { html } from 'lit';
import type { Entry } from '../../machines/journal.ts';
import { entryAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { focusOf, hasBegun, type Model } from '../model.ts';
import { PanelView } from '../panel.ts';
import { createSpeaker, newsFrom } from '../spoken.ts';

/** `<ws-spoken>`: gets the model, and shows nothing. */
export class SpokenView extends PanelView {
  #entries: readonly Entry[] | null = null;
  #heard = 0;
  #cursor: number | null = null;
  readonly #speaker = createSpeaker(
    (entries) => this.#say(entries),
    (ms, then) => void setTimeout(then, ms),
  );

  override render() {
    return html`<p class="unseen" aria-live="polite"></p>`;
  }

  override updated(): void {
    const { entries, cursor, grain, link } = this.model;
    const first = this.#entries === null;
    // Of a record that is only being read, nothing is news; where its reader turns to meanwhile is said afterwards.
    const reading = link === 'connecting';
    if (!first && !reading && cursor !== this.#cursor) this.#turnTo(this.model);
    else if (!reading && entries === this.#entries && cursor === null && hasBegun(this.model))
      this.#speaker.hear(newsFrom(entries, this.#heard, grain));
    this.#entries = entries;
    this.#heard = entries.length;
    if (first || !reading) this.#cursor = cursor;
  }

  #turnTo(model: Model): void {
    const entry = entryAt(model.entries, focusOf(model));
    if (entry) this.#speaker.turnTo(entry);
  }

  /** Outside lit: the same words once more are news as well. */
  #say(entries: readonly Entry[]): void {
    const region = this.querySelector('[aria-live]');
    const { language } = this.model;
    if (region) region.textContent = entries.map((e) => sentenceOf(e)[language]).join(' ');
  }
}

customElements.define('ws-spoken', SpokenView);
