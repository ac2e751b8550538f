// One row of the sequence diagram as svg: the arrow with its heads, or the mark of a state, a boot or a fault.
import { html, nothing, svg, type TemplateResult } from 'lit';
import { type Journey, journeyState } from '../../machines/sequence.ts';
import type { SequenceRow } from '../../machines/sequence-rows.ts';
import type { Language } from '../model.ts';
import { laneIdentity } from './identity.ts';
import { type Arrow, arrowOf, type Columns, labelAt, rowText } from './layout.ts';

/** Baseline of the text, and the line below it, in a row. */
const TEXT = 12;
const LINE = 21;
const HEAD = 7;

export interface RowView {
  row: SequenceRow;
  columns: Columns;
  language: Language;
  /** The moment that is looked at. */
  seq: number;
}

export function rowPicture(view: RowView): TemplateResult {
  const { row, columns } = view;
  const lane = row.kind === 'message' ? row.journey.lane : row.lane;
  return html`<svg width=${columns.width} height="30" aria-hidden="true" style="--of: var(--${laneIdentity(lane).id})">
    ${row.kind === 'message' ? message(view, row.journey) : mark(view, row)}</svg>`;
}

function message({ row, columns, language, seq }: RowView, journey: Journey) {
  const arrow = arrowOf(journey, columns);
  const state = journeyState(journey, seq);
  const label = labelAt(arrow.left + 4, rowText(row, language), columns);
  return svg`<text x=${label.x} y=${TEXT}>${label.text}</text>
    <path class=${`way ${journey.transport}`} d=${wayOf(arrow)}></path>
    <circle class="tip open" cx=${arrow.from} cy=${LINE} r="3"></circle>
    ${
      journey.arrivals.length === 0
        ? open(arrow)
        : journey.arrivals.map((a, i) => (a.dropped ? cross(arrow.to[i] ?? 0) : tip(arrow, arrow.to[i] ?? arrow.from)))
    }
    ${state === 'held' ? bar(arrow.to[0] ?? arrow.from, arrow) : nothing}`;
}

function wayOf({ from, left, right, loop }: Arrow): string {
  if (loop) return `M${from},${LINE - 3}h14v8h-12`;
  return `M${left},${LINE}H${right}${from === left || from === right ? '' : `M${from},${LINE}`}`;
}

function tip({ from, loop }: Arrow, x: number) {
  if (loop) return svg`<path class="tip" d=${`M${x},${LINE + 5}l${HEAD},-4v8z`}></path>`;
  const back = x > from ? -HEAD : HEAD;
  return svg`<path class="tip" d=${`M${x},${LINE}l${back},-4.5v9z`}></path>`;
}

/** Nobody has received it yet: the head is hollow. */
function open({ from, to, loop }: Arrow) {
  const x = to[0] ?? from;
  const back = loop || x < from ? HEAD : -HEAD;
  return svg`<path class="tip open" d=${`M${x},${LINE + (loop ? 5 : 0)}l${back},-4.5v9z`}></path>`;
}

function cross(x: number) {
  return svg`<path class="cross" d=${`M${x - 5},${LINE - 5}l10,10m0,-10l-10,10`}></path>`;
}

/** The closed bar: held at the receiver. */
export function bar(x: number, { from }: Pick<Arrow, 'from'>) {
  const side = x > from ? x - 14 : x + 8;
  return svg`<rect class="closed" x=${side} y=${LINE - 8} width="6" height="16" rx="1.5" fill="url(#sequence-closed)"></rect>`;
}

function mark({ row, columns, language }: RowView, { lane }: Exclude<SequenceRow, { kind: 'message' }>) {
  const x = columns.x.get(lane) ?? 0;
  const label = labelAt(x + 11, rowText(row, language), columns);
  const shape =
    row.kind === 'state'
      ? svg`<rect class="pill" x=${x - 6} y="8" width="12" height="14" rx="5"></rect>`
      : row.kind === 'work'
        ? svg`<path class="pill" d=${`M${x - 6},8h12v14h-12z`}></path>`
        : svg`<path class="cross" d=${`M${x - 6},9l12,12m0,-12l-12,12`}></path>`;
  // A label pushed to the left of its lane would hide the mark.
  return svg`<text x=${label.x} y=${label.x < x + 8 ? TEXT - 2 : 19}>${label.text}</text>${shape}`;
}
