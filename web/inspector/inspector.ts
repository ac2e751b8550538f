// The entry at the cursor in full: what it is, what it says, what led to it and what followed, and the record as it is.
import { html, nothing, type TemplateResult } from 'lit';
import { breakHere } from '../../machines/break-here.ts';
import { followersOf } from '../../machines/followers.ts';
import type { Entry } from '../../machines/journal.ts';
import { causeChain, entryAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { sourceOf } from '../../machines/source-place.ts';
import { breakpointFor } from '../breakpoints/same.ts';
import { clockText } from '../clock-text.ts';
import { identityOf } from '../identity.ts';
import { shownOf } from '../model.ts';
import { PanelView } from '../panel.ts';
import { word } from '../words.ts';
import { contentOf } from './content.ts';
import { copyText } from './copy.ts';
import { say } from './words.ts';
import './inspector.css';

/** Links of a chain or list that are shown before "… n more". */
const SHOWN = 9;

export class InspectorPanel extends PanelView {
  #copied = '';

  override render() {
    const { model } = this;
    const { language, entries } = model;
    const entry = entryAt(entries, shownOf(model));
    const number = entry ? html` <span class="number">${entry.seq}</span>` : nothing;
    if (!entry) {
      return html`<div class="detail inspector"><h2>${word(language, 'entry')}</h2><p class="empty">${word(language, 'noSelection')}</p></div>`;
    }
    const who = identityOf(entry);
    return html`<div class="detail inspector" tabindex="0" role="group" aria-label=${word(language, 'entry')}>
      <h2>${word(language, 'entry')}${number}
        <span class="who"><span style="color:var(--${who.id})" aria-hidden="true">${who.glyph}</span> ${who.name}</span>
        <span class="kind">${entry.type}${entry.background ? ` · ${word(language, 'background')}` : ''}</span></h2>
      <p class="says">${sentenceOf(entry)[language]}</p>
      ${this.#tools(entry)}
      ${contentOf(model, entry, this.page)}
      ${this.#causes(entry)}
      ${this.#followed(entry)}
      <dl class="facts stamp">
        <dt>actor</dt><dd>${entry.actor}</dd><dt>proc</dt><dd>${entry.proc}</dd>
        ${entry.run ? html`<dt>run</dt><dd>${entry.run}</dd>` : nothing}
        <dt>${word(language, 'labTime')}</dt><dd>${clockText(entry.lt)}</dd>
      </dl>
      <details class="raw"><summary>${say(language, 'raw')}</summary>
        <pre class="json" tabindex="0" aria-label=${say(language, 'raw')}>${JSON.stringify(entry, null, 2)}</pre></details>
    </div>`;
  }

  #tools(entry: Entry): TemplateResult {
    const { language, lab, entries } = this.model;
    const fields = breakHere(entries, entry.seq);
    const known = fields && breakpointFor(lab?.breakpoints ?? [], fields);
    const set = known !== undefined && !known.disabled;
    const place = sourceOf(entry);
    const at = place && `${place.file}${place.line ? `:${place.line}` : ''}`;
    return html`<p class="inspector-tools">
      <button class="break" aria-pressed=${set} ?disabled=${!fields || !lab} title=${fields ? '' : say(language, 'noBreak')}
        @click=${() => fields && this.page.toggleBreakpoint(fields)}><i class="bar" aria-hidden="true"></i>
        ${say(language, set ? 'breaksHere' : 'breakHere')} <kbd>X</kbd></button>
      ${at ? html`<button @click=${() => this.page.open('source')}>${say(language, 'source')} <span class="mono">${at}</span></button>` : nothing}
      <button @click=${() => this.#copy('entry', JSON.stringify(entry, null, 2))}>${say(language, this.#copied === 'entry' ? 'copied' : 'copy')}</button>
      ${
        entry.type === 'message' && entry.hex !== undefined
          ? html`<button @click=${() => this.#copy('hex', entry.hex ?? '')}>${say(language, this.#copied === 'hex' ? 'copied' : 'copy')} hex</button>`
          : nothing
      }</p>`;
  }

  async #copy(what: string, text: string): Promise<void> {
    this.#copied = (await copyText(text)) ? what : '';
    this.requestUpdate();
    setTimeout(() => {
      this.#copied = '';
      this.requestUpdate();
    }, 1500);
  }

  #causes(entry: Entry): TemplateResult {
    const { language, entries } = this.model;
    const chain = causeChain(entries, entry.seq).slice(0, -1);
    return html`<h3>${word(language, 'causes')}</h3>
      ${chain.length === 0 ? html`<p class="empty">${word(language, 'began')}</p>` : this.#links(chain, 'last')}`;
  }

  #followed(entry: Entry): TemplateResult | typeof nothing {
    const after = followersOf(this.model.entries, entry.seq);
    if (after.length === 0) return nothing;
    return html`<h3>${word(this.model.language, 'followed')}</h3>${this.#links(after, 'first')}`;
  }

  /** Keeps the end of the list that is nearest to the entry itself; of causes also the very first, where it all began. */
  #links(list: readonly Entry[], keep: 'first' | 'last'): TemplateResult {
    const beginning = keep === 'last' && list.length > SHOWN ? list.slice(0, 1) : [];
    const shown = keep === 'last' ? list.slice(beginning.length - SHOWN) : list.slice(0, SHOWN);
    const more = list.length - shown.length - beginning.length;
    const rest = more > 0 ? html`<li class="more">… ${more} ${word(this.model.language, 'more')}</li>` : nothing;
    return html`<ol class="links">
      ${beginning.map((e) => this.#link(e))}${keep === 'last' ? rest : nothing}${shown.map((e) => this.#link(e))}${keep === 'first' ? rest : nothing}
    </ol>`;
  }

  #link(e: Entry): TemplateResult {
    const who = identityOf(e);
    return html`<li><button @click=${() => this.page.seek(e.seq)}>
      <span class="seq">${e.seq}</span>
      <span style="color:var(--${who.id})" aria-hidden="true">${who.glyph}</span>
      <span>${sentenceOf(e)[this.model.language]}</span></button></li>`;
  }
}

customElements.define('ws-inspector', InspectorPanel);
