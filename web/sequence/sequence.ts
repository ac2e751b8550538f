// The sequence panel: who sent what to whom, in record order, as a diagram or as a table. Virtualised; it shows and moves
// the one cursor. What rows there are is decided in machines/sequence-rows.ts, where they stand in layout.ts.
import { html, nothing, svg, type TemplateResult } from 'lit';
import type { Entry } from '../../machines/journal.ts';
import { entryAt, heldAt } from '../../machines/projection.ts';
import { journeyState, laneOf } from '../../machines/sequence.ts';
import { createSequence, rowAt, type Sequence, type SequenceRow } from '../../machines/sequence-rows.ts';
import { clockText } from '../clock-text.ts';
import { type CommandAt, commandAt } from '../keys.ts';
import { ListWindow } from '../list-window.ts';
import { cursorOf, type Filter, focusOf } from '../model.ts';
import { PanelView } from '../panel.ts';
import { word } from '../words.ts';
import { rowPicture } from './draw.ts';
import { laneIdentity } from './identity.ts';
import {
  type Columns,
  columnsOf,
  HEAD,
  laneHead,
  laneName,
  ROW,
  rowSays,
  rowText,
  shortName,
  transportWord,
} from './layout.ts';
import { say } from './words.ts';
import './sequence.css';

/** Width before it was measured, pixels. */
const ROOM = 380;

/** `<ws-sequence>`: arrows go from row to row here; everywhere else they are the page's. */
export class SequencePanel extends PanelView {
  #sequence: Sequence = createSequence({ run: '', background: false, states: true });
  #of: { entries: Entry[]; first: Entry | undefined; run: string; background: boolean; states: boolean } | null = null;
  #states = true;
  #table = false;
  readonly #window = new ListWindow(
    this,
    () => ROW,
    () => this.querySelector<HTMLElement>('.sequence-heads, .line.top')?.offsetHeight ?? 0,
  );

  /** The `seq` of the row `by` rows away from the cursor's, or undefined at an end. */
  neighbour(by: 1 | -1): number | undefined {
    const at = this.#sequence.rowOf(this.model.entries, focusOf(this.model));
    return this.#sequence.rows[at + by]?.seq;
  }

  override willUpdate(): void {
    const { entries, filter } = this.model;
    const wanted = { entries, first: entries[0], run: filter.run, background: filter.background, states: this.#states };
    const of = this.#of;
    const same =
      of?.entries === entries &&
      of.first === wanted.first &&
      of.run === wanted.run &&
      of.background === wanted.background &&
      of.states === wanted.states;
    if (!same) this.#sequence = createSequence(wanted);
    this.#of = wanted;
    this.#sequence.read(entries);
    this.#toward();
  }

  override updated(): void {
    this.#window.aim(this.querySelector<HTMLElement>('.sequence-scroll'));
  }

  /** Where the list is to stand: with the newest row, or with the row of the moment that is looked at. */
  #toward(): void {
    const { cursor, entries, filter } = this.model;
    const { rows } = this.#sequence;
    const head = cursor === null;
    const at = head ? rows.length - 1 : this.#sequence.rowOf(entries, cursor);
    const why = [cursor ?? 'head', filter.run, filter.background, this.#states, this.#table].join('/');
    this.#window.toward({ count: rows.length, at, why, head });
  }

  override render() {
    const { language } = this.model;
    return html`<h2 class="unseen">${word(language, 'panelSequence')}</h2>
      ${this.#tools()}
      ${
        this.#sequence.rows.length === 0
          ? html`<p class="empty pad">${say(language, 'nothing')}</p>`
          : this.#table
            ? this.#asTable()
            : this.#asDiagram()
      }`;
  }

  #tools() {
    const { filter, language } = this.model;
    const change = (part: Partial<Filter>) => this.page.update((now) => ({ filter: { ...now.filter, ...part } }));
    const shown = (table: boolean) => {
      this.#table = table;
      this.requestUpdate();
    };
    const runs = new Set(this.model.entries.length > 0 ? this.#runs() : []);
    return html`<div class="sequence-tools">
      <button aria-pressed=${this.#table} @click=${() => shown(!this.#table)}>${say(language, 'table')}</button>
      <select aria-label=${word(language, 'allRuns')}
        @change=${(e: Event) => e.target instanceof HTMLSelectElement && change({ run: e.target.value })}>
        <option value="">${word(language, 'allRuns')}</option>
        ${[...runs].map((run) => html`<option value=${run} ?selected=${run === filter.run}>${run}</option>`)}
      </select>
      <label><input type="checkbox" .checked=${this.#states} @change=${() => {
        this.#states = !this.#states;
        this.requestUpdate();
      }} />${say(language, 'states')}</label>
      <label><input type="checkbox" .checked=${filter.background}
        @change=${() => change({ background: !filter.background })} />${word(language, 'background')}</label>
    </div>`;
  }

  #seen: { entries: Entry[]; index: number; runs: Set<string> } | null = null;

  #runs(): Set<string> {
    const { entries } = this.model;
    if (this.#seen?.entries !== entries) this.#seen = { entries, index: 0, runs: new Set() };
    const seen = this.#seen;
    for (; seen.index < entries.length; seen.index += 1) {
      const run = entries[seen.index]?.run;
      if (run) seen.runs.add(run);
    }
    return seen.runs;
  }

  #asDiagram() {
    const { model } = this;
    const { rows } = this.#sequence;
    const columns = columnsOf(this.#sequence.lanes(), this.#window.width || ROOM);
    const { from, to } = this.#window.range(rows.length);
    const chosen = this.#sequence.rowOf(model.entries, focusOf(model));
    return html`<div class="sequence-scroll" role="listbox" tabindex="0" aria-label=${word(model.language, 'panelSequence')}
        aria-activedescendant=${chosen >= from && chosen < to ? `sequence-${chosen}` : nothing}
        @scroll=${this.#window.scrolled} @keydown=${this.#keys}>
      ${heads(columns)}
      <div class="space" role="presentation" style="height:${rows.length * ROW}px;width:${columns.width}px">
        ${this.#lanes(columns, from, to)}
        ${rows.slice(from, to).map((row, i) => this.#row(row, from + i, columns, from + i === chosen))}
      </div>
    </div>`;
  }

  /** Behind the rows that are drawn: the lanes, where they are busy, and what is held at this moment. */
  #lanes(columns: Columns, from: number, to: number) {
    const { rows, busy } = this.#sequence;
    const y = (index: number) => (index - from) * ROW;
    const bottom = y(to);
    const middle = (seq: number) => y(Math.max(from - 1, Math.min(to, rowAt(rows, seq)))) + 21;
    const first = rows[from]?.seq ?? 0;
    const last = rows[to]?.seq ?? Number.POSITIVE_INFINITY;
    const seen = busy.filter(
      (b) => b.from < last && (b.until === null || b.until >= first) && !this.#is(b.from, b.until),
    );
    return html`<svg class="sequence-lanes" aria-hidden="true" width=${columns.width} height=${bottom} style="top:${from * ROW}px">
      <defs><pattern id="sequence-closed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
        <rect class="closed-ground" width="6" height="6"></rect><rect class="closed-stripe" width="3" height="6"></rect></pattern></defs>
      ${columns.lanes.map((lane) => {
        const x = columns.x.get(lane.id) ?? 0;
        if (lane.from === null) return svg`<line x1=${x} x2=${x} y1="0" y2=${bottom}></line>`;
        const [top, end] = [middle(lane.from), lane.until === null ? bottom : middle(lane.until)];
        return svg`<line class="container" x1=${x} x2=${x} y1="0" y2=${bottom}></line>
          <line class="alive" x1=${x} x2=${x} y1=${top} y2=${end}></line>
          ${lane.until !== null && end < bottom ? svg`<path class="ended" d=${`M${x - 5},${end}h10`}></path>` : nothing}`;
      })}
      ${seen.map((b) => {
        const x = columns.x.get(b.lane) ?? 0;
        const [top, end] = [middle(b.from), b.until === null ? bottom : middle(b.until)];
        return svg`<rect class="busy" style="--of: var(--${laneIdentity(b.lane).id})" x=${x - 3.5} y=${top} width="7"
          height=${Math.max(3, end - top)} rx="2"></rect>`;
      })}
      ${this.#held(columns, from)}
    </svg>`;
  }

  /** A request that is answered within its own row would be a dot. */
  #is(from: number, until: number | null): boolean {
    return until !== null && rowAt(this.#sequence.rows, from) === rowAt(this.#sequence.rows, until);
  }

  /** Gates that hold no message: a closed bar across the lane, under the row at which it closed. */
  #held(columns: Columns, from: number) {
    const { model } = this;
    return heldAt(model.entries, cursorOf(model)).map(({ point, seq }) => {
      if (point.transport) return nothing;
      const lane = point.handle ? `container/${point.handle}` : laneOf(point.actor, point.proc);
      const x = lane === null ? undefined : columns.x.get(lane);
      if (x === undefined) return nothing;
      const y = (rowAt(this.#sequence.rows, seq) + 1 - from) * ROW - 4;
      return svg`<g class="sequence-row"><rect class="closed" x=${x - 12} y=${y} width="24" height="7" rx="2" fill="url(#sequence-closed)"></rect></g>`;
    });
  }

  #row(row: SequenceRow, index: number, columns: Columns, chosen: boolean): TemplateResult {
    const { language } = this.model;
    const seq = cursorOf(this.model);
    return html`<div class=${this.#classes('sequence-row', row, chosen)} id="sequence-${index}" role="option"
      aria-selected=${chosen} aria-setsize=${this.#sequence.rows.length} aria-posinset=${index + 1}
      style="width:${columns.width}px;transform:translateY(${index * ROW}px)"
      @click=${() => this.page.seek(row.seq)}><span class="seq">${row.seq}</span>
      <span class="unseen">${rowSays(row, language, seq)}</span>${rowPicture({ row, columns, language, seq })}</div>`;
  }

  #classes(name: string, row: SequenceRow, chosen: boolean): string {
    const { cursor } = this.model;
    const message = row.kind === 'message' ? row.journey : undefined;
    return [
      name,
      row.kind,
      chosen ? 'chosen' : '',
      cursor !== null && row.seq > cursor ? 'later' : '',
      message?.background ? 'faint' : '',
      message?.arrivals.some((a) => a.dropped) ? 'lost' : '',
    ]
      .filter(Boolean)
      .join(' ');
  }

  #asTable() {
    const { model } = this;
    const { language } = model;
    const { rows } = this.#sequence;
    const { from, to } = this.#window.range(rows.length);
    const chosen = this.#sequence.rowOf(model.entries, focusOf(model));
    const titles = ['number', 'name', 'from', 'to', 'transport', 'how', 'time'] as const;
    return html`<div class="sequence-scroll sequence-table" role="grid" tabindex="0" aria-label=${word(language, 'panelSequence')}
        aria-rowcount=${rows.length + 1} aria-activedescendant=${chosen >= from && chosen < to ? `sequence-${chosen}` : nothing}
        @scroll=${this.#window.scrolled} @keydown=${this.#keys}>
      <div class="line top" role="row" aria-rowindex="1">${titles.map((t) => html`<span role="columnheader">${say(language, t)}</span>`)}</div>
      <div class="space" role="rowgroup" style="height:${rows.length * ROW}px">
        ${rows.slice(from, to).map((row, i) => this.#line(row, from + i, from + i === chosen))}
      </div>
    </div>`;
  }

  #line(row: SequenceRow, index: number, chosen: boolean): TemplateResult {
    const { language, entries } = this.model;
    const lt = entryAt(entries, row.seq)?.lt;
    const journey = row.kind === 'message' ? row.journey : undefined;
    const lane = row.kind === 'message' ? row.journey.lane : row.lane;
    const cell = (text: string | number, kind = '') => html`<span role="gridcell" class=${kind}>${text}</span>`;
    return html`<div class=${this.#classes('line', row, chosen)} id="sequence-${index}" role="row" aria-selected=${chosen}
      aria-rowindex=${index + 2} style="transform:translateY(${index * ROW}px)" @click=${() => this.page.seek(row.seq)}>
      ${cell(row.seq, 'seq')}${cell(journey ? shortName(journey.name) : rowText(row, language), 'name')}
      ${cell(`${laneIdentity(lane).glyph} ${laneName(lane)}`)}
      ${cell(journey ? journey.arrivals.map((a) => laneName(a.lane)).join(', ') || say(language, 'nobody') : '')}
      ${cell(journey ? transportWord(journey.transport) : '')}
      ${cell(journey ? say(language, journeyState(journey, cursorOf(this.model))) : '')}
      ${cell(lt === undefined ? '' : clockText(lt), 'time')}
    </div>`;
  }

  #keys = (event: KeyboardEvent): void => {
    const command = commandAt('sequence', event);
    if (!command) return;
    const { rows } = this.#sequence;
    const at = this.#sequence.rowOf(this.model.entries, focusOf(this.model));
    const to: Record<Exclude<CommandAt<'sequence'>, 'open'>, number> = {
      next: at + 1,
      previous: at - 1,
      pageOn: at + this.#window.page,
      pageBack: at - this.#window.page,
      first: 0,
      last: rows.length - 1,
    };
    if (command === 'open') this.page.open('inspector');
    else this.page.seek(rows[Math.max(0, Math.min(rows.length - 1, to[command]))]?.seq ?? cursorOf(this.model));
    event.preventDefault();
    event.stopPropagation();
  };
}

function heads(columns: Columns) {
  const wide = columns.pitch >= 92;
  return html`<div class="sequence-heads ${wide ? 'wide' : ''}" role="presentation" style="width:${columns.width}px;height:${wide ? 30 : HEAD}px">
    ${columns.lanes.map((lane) => {
      const who = laneIdentity(lane.id);
      return html`<span style="left:${columns.x.get(lane.id) ?? 0}px" title=${laneName(lane.id)}><i style="color:var(--${who.id})"
        aria-hidden="true">${who.glyph}</i> ${laneHead(lane.id)}</span>`;
    })}
  </div>`;
}

customElements.define('ws-sequence', SequencePanel);
