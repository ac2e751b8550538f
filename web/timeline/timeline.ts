// The timeline: one lane for each component, the record's order or lab time across, messages between the lanes, states
// and effects as bars, and what led to the cursor lit. It draws and asks; the numbers are in tracks.ts and picture.ts.
import { scaleLinear } from 'd3';
import { html, nothing, svg, type TemplateResult } from 'lit';
import { entryAt, heldAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { clockText } from '../clock-text.ts';
import { type CommandAt, commandAt } from '../keys.ts';
import { focusOf } from '../model.ts';
import { PanelView } from '../panel.ts';
import { laneIdentity } from '../sequence/identity.ts';
import { laneName } from '../sequence/layout.ts';
import {
  AXIS,
  type Axis,
  type Box,
  firstFrom,
  type Picture,
  pictureOf,
  type Row,
  rankAt,
  unitOf,
  type Window,
} from './picture.ts';
import { tableOf } from './table.ts';
import { type Tracks, tracksOf } from './tracks.ts';
import { say } from './words.ts';
import './timeline.css';

/** Entries that are seen before anybody zooms, and the fewest that zooming leaves. */
const SPAN = 160;
const CLOSEST = 6;
/** Room for the lanes' names, pixels. */
const NAMES = 152;
const ZOOM = 1.35;

/** `<ws-timeline>`: a panel of the drawer. */
export class TimelineView extends PanelView {
  #axis: Axis = 'order';
  #table = false;
  /** In ranks: how many are seen, and the first one; null follows the cursor. */
  #span = SPAN;
  #from: number | null = null;
  #followed = -1;
  #sighted = -1;
  #width = 800;
  #hover: number | null = null;
  #drawn: { key: string; tracks: Tracks; picture: Picture } | undefined;
  #watch: ResizeObserver | undefined;
  #drag: { x: number; from: number; moved: boolean } | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch?.disconnect();
    this.#watch = undefined;
  }

  override updated(): void {
    this.#bringIntoSight();
    const room = this.querySelector('.lanes');
    if (this.#watch || !room) return;
    this.#watch = new ResizeObserver(([box]) => {
      this.#width = Math.max(120, (box?.contentRect.width ?? 800) - NAMES);
      this.requestUpdate();
    });
    this.#watch.observe(room);
  }

  override render(): TemplateResult {
    const { model } = this;
    const tracks = tracksOf(model.entries);
    if (tracks.times.length === 0) return html`<p class="empty timeline-empty">${say(model.language, 'nothing')}</p>`;
    const seq = focusOf(model);
    // Whoever moves the cursor wants to see where it went.
    if (seq !== this.#followed && this.#from !== null && !this.#sees(tracks, seq)) this.#from = null;
    this.#followed = seq;
    return html`${this.#head()}${this.#table ? this.#rows(tracks) : this.#lanes(tracks, seq)}`;
  }

  /** The lane, or the row of the table, that the cursor has gone to. */
  #bringIntoSight(): void {
    if (this.#sighted === this.#followed) return;
    const target = this.querySelector('.lane-names .here, .timeline-table [aria-current=true]');
    if (!target) return;
    this.#sighted = this.#followed;
    const room = target.closest<HTMLElement>('.lanes, .timeline-table');
    const [a, b] = [target.getBoundingClientRect(), room?.getBoundingClientRect()];
    // Not scrollIntoView: that would move the page as well.
    if (room && b && (a.top < b.top + AXIS || a.bottom > b.bottom)) room.scrollTop += a.top - b.top - b.height / 2;
  }

  #head(): TemplateResult {
    const { language } = this.model;
    const entry = this.#hover === null ? undefined : entryAt(this.model.entries, this.#hover);
    const button = (label: string, pressed: boolean, click: () => void) =>
      html`<button aria-pressed=${pressed} @click=${() => this.#change(click)}>${label}</button>`;
    return html`<div class="timeline-head">
      <div class="group" role="group" aria-label=${say(language, 'axis')}>
        ${(['order', 'time'] as const).map((axis) =>
          button(say(language, axis === 'order' ? 'record' : 'labTime'), this.#axis === axis, () => {
            this.#axis = axis;
          }),
        )}
      </div>
      ${this.#table ? nothing : this.#zoomers()}
      <button aria-pressed=${this.#table} @click=${() => this.#change(() => this.#turn())}>${say(language, 'table')}</button>
      <span class="hint" aria-hidden="true">${entry ? `${entry.seq}  ${sentenceOf(entry)[language]}` : ''}</span>
    </div>`;
  }

  #turn(): void {
    this.#table = !this.#table;
    this.#sighted = -1;
  }

  #zoomers(): TemplateResult {
    const { language } = this.model;
    const icon = (glyph: string, label: 'zoomIn' | 'zoomOut', by: number) =>
      html`<button aria-label=${say(language, label)} title=${say(language, label)} @click=${() => this.#zoom(by)}>${glyph}</button>`;
    const all = () => {
      this.#span = tracksOf(this.model.entries).times.length;
      this.#from = null;
    };
    return html`<div class="group" role="group">
        ${icon('−', 'zoomOut', ZOOM)}${icon('+', 'zoomIn', 1 / ZOOM)}
        <button @click=${() => this.#change(all)}>${say(language, 'all')}</button>
      </div>
      <button ?disabled=${this.#from === null} @click=${() => this.#change(() => (this.#from = null))}>${say(language, 'follow')}</button>`;
  }

  #lanes(tracks: Tracks, seq: number): TemplateResult {
    const { language, cursor } = this.model;
    const window = this.#window(tracks);
    const picture = this.#picture(tracks, seq);
    const wheel = { handleEvent: (e: WheelEvent) => this.#wheel(e), passive: false };
    return html`<svg class="axis" style="margin-left:${NAMES}px" width=${this.#width} height="16" aria-hidden="true">${this.#scale(window)}</svg>
      <div class="lanes" tabindex="0" role="group" aria-label=${say(language, 'lanes')} @keydown=${this.#keys}>
      <div class="lane-names" style="width:${NAMES}px;padding-top:${AXIS}px">${picture.rows.map((row) => {
        const who = laneIdentity(row.lane.id);
        const name = laneName(row.lane.id);
        const here = row.lane === tracks.laneAt[firstFrom(tracks.seqs, seq + 1) - 1];
        return html`<div class=${here ? 'here' : ''} style="height:${row.height}px" title=${name}><span style="color:var(--${who.id})" aria-hidden="true">${who.glyph}</span> ${shortName(name)}</div>`;
      })}</div>
      <svg class=${this.#drag ? 'dragged' : ''} width=${this.#width} height=${picture.height} aria-hidden="true"
        @wheel=${wheel} @pointerdown=${this.#grab} @pointermove=${this.#pull} @pointerup=${this.#release}
        @pointercancel=${this.#release} @pointerleave=${() => this.#point(null)}>
        ${this.#ticks(window).map(({ x }) => svg`<path class="tick" d=${`M${x} ${AXIS}V${picture.height}`}></path>`)}
        <path class="quiet" d=${picture.quiet}></path>
        ${picture.rows.map((row) => this.#row(row))}
        <path class="link" d=${picture.links.sky}></path>
        <path class="link socket" d=${picture.links.socket}></path>
        <path class="link dropped" d=${picture.links.faint}></path>
        <path class="causes" d=${picture.causes}></path>
        ${cursor === null ? '' : svg`<rect class="later" x=${Math.max(0, picture.cursor)} y=${AXIS} width=${Math.max(0, this.#width - picture.cursor)} height=${picture.height - AXIS}></rect>`}
        <path class="cursor" d=${`M${picture.cursor.toFixed(1)} ${AXIS - 4}V${picture.height}`}></path>
        ${this.#held(tracks, picture, window)}
      </svg>
    </div>`;
  }

  /** Drawn anew only when something is different: a hand that moves over it asks again and again. */
  #picture(tracks: Tracks, seq: number): Picture {
    const { entries } = this.model;
    const window = this.#window(tracks);
    const key = [entries.length, this.#axis, window.from, window.to, this.#width, seq].join();
    if (this.#drawn?.key !== key || this.#drawn.tracks !== tracks)
      this.#drawn = {
        key,
        tracks,
        picture: pictureOf(entries, tracks, { axis: this.#axis, window, width: this.#width, seq }),
      };
    return this.#drawn.picture;
  }

  #row({ lane, y, height, dots, states, effects }: Row) {
    const who = laneIdentity(lane.id);
    return svg`<g style=${`--who:var(--${who.id})`}>
      <path class="floor" d=${`M0 ${y + height - 0.5}H${this.#width}`}></path>
      ${states.map((b) => box(b, 'state'))}${effects.map((b) => box(b, 'effect'))}
      <path class="dots" d=${dots}></path></g>`;
  }

  /** Stands above the lanes, so that it stays when they are scrolled. */
  #scale(window: Window) {
    const text = (unit: number) =>
      this.#axis === 'time' ? clockText(unit) : String(tracks.seqs[rankAt(tracks, 'order', unit)] ?? '');
    const tracks = tracksOf(this.model.entries);
    return svg`${this.#ticks(window).map(({ x, unit }) => svg`<text x=${x} y="13">${text(unit)}</text>`)}`;
  }

  #ticks({ from, to }: Window): { x: string; unit: number }[] {
    const x = scaleLinear([from, to], [0, this.#width]);
    return x.ticks(Math.max(2, Math.floor(this.#width / 120))).map((unit) => ({ x: x(unit).toFixed(1), unit }));
  }

  /** A closed bar where something waits now, in its lane. */
  #held(tracks: Tracks, picture: Picture, window: Window) {
    const { entries, lab, cursor } = this.model;
    const held = new Set(lab?.held.map((h) => h.gate));
    if (cursor !== null || held.size === 0) return '';
    const scale = this.#width / (window.to - window.from);
    return heldAt(entries, Number.POSITIVE_INFINITY)
      .filter((h) => held.has(h.gate))
      .map((h) => {
        const rank = firstFrom(tracks.seqs, h.seq);
        const row = picture.rows.find((r) => r.lane === tracks.laneAt[rank]);
        const x = (unitOf(tracks, this.#axis, rank) - window.from) * scale;
        return row ? svg`<rect class="gate" x=${x - 3} y=${row.y + 1} width="6" height=${row.height - 2}></rect>` : '';
      });
  }

  #rows(tracks: Tracks): TemplateResult {
    const window = this.#ranks(tracks);
    return tableOf(this.model, { tracks, window, seek: (seq) => this.page.seek(seq) });
  }

  /** The ranks in sight: around the cursor, with more of what led there than of what followed. */
  #ranks({ times, seqs }: Tracks): Window {
    const count = times.length;
    const span = Math.min(Math.max(CLOSEST, this.#span), Math.max(CLOSEST, count));
    const rank = Math.max(0, firstFrom(seqs, focusOf(this.model) + 1) - 1);
    const lead = this.model.cursor === null ? 0.97 : 0.7;
    const last = Math.max(0, count - 1 - span * 0.97);
    const from = this.#from ?? rank - span * lead;
    return {
      from: Math.min(Math.max(-span * 0.03, from), last),
      to: Math.min(Math.max(-span * 0.03, from), last) + span,
    };
  }

  #window(tracks: Tracks): Window {
    const { from, to } = this.#ranks(tracks);
    if (this.#axis === 'order') return { from, to };
    const first = unitOf(tracks, 'time', from);
    const last = unitOf(tracks, 'time', to);
    const span = Math.max(1, last - first);
    return { from: first - span * 0.02, to: last + span * 0.03 };
  }

  #sees(tracks: Tracks, seq: number): boolean {
    const { from, to } = this.#ranks(tracks);
    const rank = firstFrom(tracks.seqs, seq + 1) - 1;
    return rank >= from && rank <= to;
  }

  #change(change: () => unknown): void {
    change();
    this.requestUpdate();
  }

  /** @param by below 1 comes closer @param at where the hand is, as a part of the width */
  #zoom(by: number, at = this.model.cursor === null ? 0.97 : 0.7): void {
    const tracks = tracksOf(this.model.entries);
    const { from, to } = this.#ranks(tracks);
    const span = Math.min(Math.max(CLOSEST, (to - from) * by), Math.max(CLOSEST, tracks.times.length));
    this.#span = span;
    if (this.#from !== null) this.#from = from + (to - from - span) * at;
    this.requestUpdate();
  }

  #wheel(event: WheelEvent): void {
    // Shift turns the wheel into one that goes sideways; the lanes scroll over their names.
    event.preventDefault();
    const tracks = tracksOf(this.model.entries);
    const { from, to } = this.#ranks(tracks);
    const sideways = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
    this.#from = from;
    if (!sideways) {
      this.#zoom(event.deltaY > 0 ? ZOOM : 1 / ZOOM, event.offsetX / this.#width);
      return;
    }
    this.#from = from + (((event.deltaX || event.deltaY) / this.#width) * (to - from)) / 2;
    this.requestUpdate();
  }

  #grab = (event: PointerEvent): void => {
    const { from } = this.#ranks(tracksOf(this.model.entries));
    this.#drag = { x: event.offsetX, from, moved: false };
    if (event.currentTarget instanceof Element) event.currentTarget.setPointerCapture(event.pointerId);
  };

  #pull = (event: PointerEvent): void => {
    const drag = this.#drag;
    if (!drag) {
      this.#point(this.#nearest(event));
      return;
    }
    const { from, to } = this.#ranks(tracksOf(this.model.entries));
    if (Math.abs(event.offsetX - drag.x) > 4) drag.moved = true;
    if (!drag.moved) return;
    this.#from = drag.from - ((event.offsetX - drag.x) / this.#width) * (to - from);
    this.requestUpdate();
  };

  #release = (event: PointerEvent): void => {
    const chosen = this.#drag && !this.#drag.moved && event.type === 'pointerup' ? this.#nearest(event) : null;
    this.#drag = undefined;
    if (chosen !== null) this.page.seek(chosen);
    this.requestUpdate();
  };

  #point(seq: number | null): void {
    if (seq === this.#hover) return;
    this.#hover = seq;
    this.requestUpdate();
  }

  /** The entry under the hand: of the lane there, the one nearest to it. */
  #nearest(event: PointerEvent): number | null {
    const { entries } = this.model;
    const tracks = tracksOf(entries);
    const window = this.#window(tracks);
    const { rows } = this.#picture(tracks, focusOf(this.model));
    const lane = rows.find((r) => event.offsetY >= r.y && event.offsetY < r.y + r.height)?.lane;
    const unit = window.from + (event.offsetX / this.#width) * (window.to - window.from);
    if (!lane) return tracks.seqs[rankAt(tracks, this.#axis, unit)] ?? null;
    const after = firstFrom(lane.ranks, rankAt(tracks, this.#axis, unit));
    const near = [lane.ranks[after - 1], lane.ranks[after], lane.ranks[after + 1]].filter((r) => r !== undefined);
    const far = (rank: number) => Math.abs(unitOf(tracks, this.#axis, rank) - unit);
    const best = near.sort((a, b) => far(a) - far(b))[0];
    return best === undefined ? null : (tracks.seqs[best] ?? null);
  }

  /** Left and right go along the lane of the cursor. */
  #keys = (event: KeyboardEvent): void => {
    const command = commandAt('timeline', event);
    if (!command) return;
    const does: Record<CommandAt<'timeline'>, () => void> = {
      next: () => this.#along(1),
      previous: () => this.#along(-1),
      closer: () => this.#zoom(1 / ZOOM),
      wider: () => this.#zoom(ZOOM),
    };
    does[command]();
    event.preventDefault();
    event.stopPropagation();
  };

  #along(by: number): void {
    const tracks = tracksOf(this.model.entries);
    const rank = Math.max(0, firstFrom(tracks.seqs, focusOf(this.model) + 1) - 1);
    const lane = tracks.laneAt[rank];
    const next = lane?.ranks[firstFrom(lane.ranks, rank) + by];
    const seq = next === undefined ? undefined : tracks.seqs[next];
    if (seq !== undefined) this.page.seek(seq);
  }
}

/** Handles differ at their end. */
function shortName(name: string): string {
  return name.replace(/^(container) .*(.{6})$/, '$1 …$2');
}

function box({ x, y, width, height, title, failed, open }: Box, kind: 'state' | 'effect') {
  const classes = [kind, failed ? 'failed' : '', open ? 'open' : ''].filter(Boolean).join(' ');
  const letters = Math.floor((width - 8) / 6.6);
  const text = letters >= title.length ? title : letters > 4 ? `${title.slice(0, letters - 1)}…` : '';
  const left = Math.max(4, x + 4);
  return svg`<rect class=${classes} x=${x.toFixed(1)} y=${y} width=${width.toFixed(1)} height=${height} rx="2"><title>${title}</title></rect>
    ${kind === 'state' && text ? svg`<text class="state-name" x=${left.toFixed(1)} y=${y + 12}>${text}</text>` : ''}`;
}

customElements.define('ws-timeline', TimelineView);
