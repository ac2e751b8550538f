// The log of one app as the panel shows it: lines by source and index, filtered, followed, copied. Lines come from the
// record; it keeps only what is chosen here.
import { html, LitElement, nothing } from 'lit';
import { emptyModel, type Language } from '../model.ts';
import type { AppLine } from './apps-at.ts';
import { say } from './words.ts';

/** How many lines are in the page at once; the record has them all. */
const SHOWN = 400;

/** `<ws-app-log>`: fires `seek` (detail: seq). */
export class AppLog extends LitElement {
  static override properties = {
    lines: { attribute: false },
    count: { attribute: false },
    language: { attribute: false },
  };
  declare lines: readonly AppLine[];
  /** How many lines there are: the array itself is the same one, growing. */
  declare count: number;
  declare language: Language;
  #source = '';
  #text = '';
  #follows = true;
  #copied = false;

  constructor() {
    super();
    this.lines = [];
    this.count = 0;
    this.language = emptyModel().language;
  }

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override updated(): void {
    const list = this.querySelector('.app-lines');
    if (list && this.#follows) list.scrollTop = list.scrollHeight;
  }

  override render() {
    const { language } = this;
    const sources = [...new Set(this.lines.map(sourceOf))];
    const fits = this.#fitting();
    const shown = fits.slice(-SHOWN);
    return html`<div class="log-tools">
        <select aria-label=${say(language, 'source')} @change=${(e: Event) => this.#choose({ source: textOf(e) })}>
          <option value="" .selected=${this.#source === ''}>${say(language, 'allSources')}</option>
          ${sources.map((s) => html`<option value=${s} .selected=${s === this.#source}>${s}</option>`)}
        </select>
        <input type="search" .value=${this.#text} placeholder=${say(language, 'filter')} aria-label=${say(language, 'filter')}
          @input=${(e: Event) => this.#choose({ text: textOf(e) })} />
        <label class="check"><input type="checkbox" .checked=${this.#follows}
          @change=${() => this.#choose({ follows: !this.#follows })} />${say(language, 'follow')}</label>
        <button @click=${() => this.#copy(fits)} ?disabled=${fits.length === 0}>${say(language, this.#copied ? 'copied' : 'copy')}</button>
      </div>
      ${
        fits.length === 0
          ? html`<p class="empty">${say(language, this.lines.length === 0 ? 'noLines' : 'noMatch')}</p>`
          : html`<div class="app-lines" role="log" aria-label=${say(language, 'logs')} tabindex="0" @scroll=${this.#scrolled}><ol>
            ${fits.length > shown.length ? html`<li class="earlier">${say(language, 'earlier', fits.length - shown.length)}</li>` : nothing}
            ${shown.map(
              (
                line,
              ) => html`<li class=${line.stream} @click=${() => this.dispatchEvent(new CustomEvent('seek', { detail: line.seq }))}>
                <span class="from">${sourceOf(line)}${line.stream === 'err' ? ' !' : ''}</span> <span class="text">${line.text}</span></li>`,
            )}
          </ol></div>`
      }`;
  }

  #fitting(): readonly AppLine[] {
    const wanted = this.#text.toLowerCase();
    if (this.#source === '' && wanted === '') return this.lines;
    return this.lines.filter(
      (line) =>
        (this.#source === '' || sourceOf(line) === this.#source) &&
        (wanted === '' || line.text.toLowerCase().includes(wanted)),
    );
  }

  #choose({ source = this.#source, text = this.#text, follows = this.#follows }): void {
    this.#source = source;
    this.#text = text;
    this.#follows = follows;
    this.requestUpdate();
  }

  /** Who scrolls up wants to read; who comes back to the end follows again. */
  #scrolled = (event: Event) => {
    const list = event.currentTarget;
    if (!(list instanceof HTMLElement)) return;
    const atEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
    if (atEnd !== this.#follows) this.#choose({ follows: atEnd });
  };

  async #copy(lines: readonly AppLine[]): Promise<void> {
    const text = lines
      .map((line) => `[${sourceOf(line)}] ${line.stream === 'err' ? 'ERR' : 'OUT'} ${line.text}`)
      .join('\n');
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // An address without https has no clipboard of that kind: the old way needs a selection.
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    this.#copied = true;
    this.requestUpdate();
  }
}

/** `STG`, `App/0`: a staging's index is its task, which says nothing to a reader. */
export function sourceOf({ source, index }: Pick<AppLine, 'source' | 'index'>): string {
  return index === '' || source === 'STG' ? source : `${source}/${index}`;
}

function textOf({ target }: Event): string {
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.value : '';
}

customElements.define('ws-app-log', AppLog);
