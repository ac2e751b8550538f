// The record: every entry as a row, virtualised. It shows and selects; what rows there are is decided in rows.ts.
import { html, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import type { Entry } from '../../machines/journal.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { COMPONENTS, identityOf, TYPES } from '../identity.ts';
import { ListWindow } from '../list-window.ts';
import { type Filter, focusOf, shownOf } from '../model.ts';
import { PanelView } from '../panel.ts';
import { createRows, type Row, type Rows } from '../rows.ts';
import { word } from '../words.ts';
import '../style/record.css';

/** Height of a row, pixels; the same in page.css. */
const ROW = 30;
/** How long a search may look before the page is drawn again, milliseconds. */
const SLICE = 5;

/** `<ws-record>`: the panel that is there from the start. */
export class RecordView extends PanelView {
  #rows: Rows = createRows(this.model.filter);
  #of: { entries: Entry[]; filter: Filter; first: Entry | undefined } | null = null;
  #done = true;
  readonly #window = new ListWindow(this, () => ROW);

  /** The `seq` of the row `by` rows away from the cursor's, or undefined at an end. */
  neighbour(by: number): number | undefined {
    return this.#rows.neighbour(focusOf(this.model), by < 0 ? -1 : 1);
  }

  focusFilter(): void {
    this.querySelector<HTMLInputElement>('input[type=search]')?.focus();
  }

  override willUpdate(): void {
    const { entries, filter } = this.model;
    const same = this.#of?.entries === entries && this.#of.filter === filter && this.#of.first === entries[0];
    if (!same) this.#rows = createRows(filter);
    this.#of = { entries, filter, first: entries[0] };
    const until = performance.now() + SLICE;
    this.#done = this.#rows.read(entries, () => performance.now() > until);
    if (!this.#done) requestAnimationFrame(() => this.requestUpdate());
    this.#toward();
  }

  override updated(): void {
    this.#window.aim(this.querySelector<HTMLElement>('.rows'));
  }

  /** Where the list is to stand: with the newest row, or with the row of the moment that is looked at. */
  #toward(): void {
    const { cursor, entries, filter } = this.model;
    const { rows } = this.#rows;
    const head = cursor === null;
    const at = head ? rows.length - 1 : this.#rows.rowOf(entries, cursor);
    const { text, type, run, actor, background } = filter;
    const why = `${cursor ?? 'head'}/${text}/${type}/${run}/${actor}/${background}`;
    this.#window.toward({ count: rows.length, at, why, head });
  }

  override render() {
    const { model } = this;
    const say = (key: Parameters<typeof word>[1]) => word(model.language, key);
    const found = this.#rows.rows.length > 0;
    const missing = model.entries.length === 0 ? 'noEntries' : this.#done ? 'noMatch' : 'searching';
    return html`
      <h2 class="unseen">${say('record')}</h2>
      ${guard(this.#offered(), () => this.#filters())}
      ${found ? this.#list() : html`<p class="empty" role="status">${say(missing)}</p>`}
    `;
  }

  /** What the filters are drawn from: runs and actors only ever become more. */
  #offered(): unknown[] {
    const { filter, language } = this.model;
    return [filter, language, this.#rows, this.#rows.runs.size, this.#rows.actors.size];
  }

  #filters() {
    const { filter, language } = this.model;
    const change = (part: Partial<Filter>) => this.page.update((now) => ({ filter: { ...now.filter, ...part } }));
    return html`<div class="filters">
      <input type="search" .value=${filter.text} placeholder=${word(language, 'filterText')}
        aria-label=${word(language, 'filterText')}
        @input=${(e: InputEvent) => change({ text: textOf(e) })} />
      <select aria-label=${word(language, 'allTypes')} @change=${(e: Event) =>
        change({ type: TYPES.find((t) => t === textOf(e)) ?? '' })}>
        <option value="">${word(language, 'allTypes')}</option>
        ${TYPES.map((t) => html`<option value=${t} ?selected=${t === filter.type}>${t}</option>`)}
      </select>
      ${this.#actors(change)}
      <select aria-label=${word(language, 'allRuns')} @change=${(e: Event) => change({ run: textOf(e) })}>
        <option value="">${word(language, 'allRuns')}</option>
        ${[...this.#rows.runs].map((r) => html`<option value=${r} ?selected=${r === filter.run}>${r}</option>`)}
      </select>
      <label class="check"><input type="checkbox" .checked=${filter.background}
        @change=${() => change({ background: !filter.background })} />${word(language, 'background')}</label>
    </div>`;
  }

  #actors(change: (part: Partial<Filter>) => void) {
    const { filter, language } = this.model;
    return html`<select aria-label=${word(language, 'allActors')} @change=${(e: Event) => change({ actor: textOf(e) })}>
      <option value="">${word(language, 'allActors')}</option>
      <optgroup label=${word(language, 'components')}>
        ${COMPONENTS.map((c) => html`<option value="is ${c.id}" ?selected=${filter.actor === `is ${c.id}`}>${c.glyph} ${c.name}</option>`)}
      </optgroup>
      <optgroup label=${word(language, 'actors')}>
        ${[...this.#rows.actors].map((a) => html`<option value=${a} ?selected=${a === filter.actor}>${a}</option>`)}
      </optgroup>
    </select>`;
  }

  #list() {
    const { rows } = this.#rows;
    const { from, to } = this.#window.range(rows.length);
    const about = shownOf(this.model);
    const chosen = about === 0 ? -1 : this.#rows.rowOf(this.model.entries, about);
    return html`<div class="rows" role="listbox" tabindex="0" aria-label=${word(this.model.language, 'record')}
      aria-activedescendant=${chosen >= from && chosen < to ? `row-${chosen}` : nothing}
      @scroll=${this.#window.scrolled}>
      <div class="space" role="presentation" style="height:${rows.length * ROW}px">
        ${rows.slice(from, to).map((row, i) => this.#row(row, from + i, from + i === chosen))}
      </div>
    </div>`;
  }

  #row(row: Row, index: number, chosen: boolean) {
    const first = row.entries[0];
    const last = row.entries.at(-1);
    if (!first || !last) return nothing;
    const { language, cursor } = this.model;
    const who = identityOf(first);
    const text =
      row.fold && row.entries.length > 1
        ? `${row.entries.length} ${word(language, 'folded')}`
        : sentenceOf(first)[language];
    const classes = [
      'row',
      first.type,
      first.type === 'gate' && first.by === 'beat' ? 'paced' : '',
      row.fold || first.background ? 'faint' : '',
      chosen ? 'chosen' : '',
      cursor !== null && first.seq > cursor ? 'later' : '',
      row.entries.some(isFailure) ? 'failed' : '',
    ];
    return html`<div class=${classes.filter(Boolean).join(' ')} id="row-${index}" role="option"
      aria-selected=${chosen} aria-setsize=${this.#rows.rows.length} aria-posinset=${index + 1}
      style="transform:translateY(${index * ROW}px)"
      @click=${() => this.page.seek(row.fold ? last.seq : first.seq)}>
      <span class="seq">${first.seq}</span>
      <span class="glyph" style="color:var(--${who.id})" title=${who.name}>${first.type === 'gate' && first.by !== 'beat' ? html`<i class="bar"></i>` : who.glyph}</span>
      <span class="says">${text}</span>
      ${row.fold ? nothing : row.entries.slice(1).map((e) => this.#end(e))}
    </div>`;
  }

  /** Where a message arrived: the other end of the row, and its own moment. */
  #end(e: Entry) {
    const { language } = this.model;
    const dropped = e.type === 'message' && e.phase === 'dropped';
    const seek = (event: Event) => {
      event.stopPropagation();
      this.page.seek(e.seq);
    };
    return html`<span class="end" title=${sentenceOf(e)[language]}
      @click=${seek}><span aria-hidden="true">${dropped ? '✕' : '→'}</span><span class="unseen">${word(language, dropped ? 'dropped' : 'receivedAs')}</span> ${e.seq}</span>`;
  }
}

function isFailure(e: Entry): boolean {
  return (
    (e.type === 'effect' && e.phase === 'fail') ||
    (e.type === 'message' && e.phase === 'dropped') ||
    (e.type === 'step' && (e.result ?? 0) < 0) ||
    e.type === 'fault'
  );
}

function textOf(event: Event): string {
  const { target } = event;
  return target instanceof HTMLInputElement || target instanceof HTMLSelectElement ? target.value : '';
}

customElements.define('ws-record', RecordView);
