// The page for the ear: a live region that speaks each beat, or whatever a step is. What is on the screen meanwhile is the
// caption's (bar.ts); what is news and when it is said is web/spoken.ts.
import { html } from 'lit';
import type { Entry } from '../../machines/journal.ts';
import { entryAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { focusOf } from '../model.ts';
import { PanelView } from '../panel.ts';
import { createSpeaker, type Heard, listen, NOTHING_HEARD } from '../spoken.ts';

/** `<ws-spoken>`: gets the model, and shows nothing. */
export class SpokenView extends PanelView {
  #heard: Heard = NOTHING_HEARD;
  readonly #speaker = createSpeaker(
    (entries) => this.#say(entries),
    (ms, then) => void setTimeout(then, ms),
  );

  override render() {
    return html`<p class="unseen" aria-live="polite"></p>`;
  }

  override updated(): void {
    const { heard, turned, news } = listen(this.#heard, this.model);
    this.#heard = heard;
    const entry = turned ? entryAt(this.model.entries, focusOf(this.model)) : undefined;
    if (entry) this.#speaker.turnTo(entry);
    else if (news) this.#speaker.hear(news);
  }

  /** Outside lit: the same words once more are news as well. */
  #say(entries: readonly Entry[]): void {
    const region = this.querySelector('[aria-live]');
    const { language } = this.model;
    if (region) region.textContent = entries.map((e) => sentenceOf(e)[language]).join(' ');
  }
}

customElements.define('ws-spoken', SpokenView);
