// The scrubber: the whole record as one line, with its chapters, its beats and what is held at its end. A range input
// lies over the picture, so that it is moved as any slider is.
import { html, svg, type TemplateResult } from 'lit';
import { marksOf } from '../../machines/grain.ts';
import { entryAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { goesByItself } from '../beat.ts';
import { focusOf, type Model } from '../model.ts';
import { placeOf, type Segment, segmentsOf, ticksOf } from './scrub.ts';
import { say } from './words.ts';

/** Pixels of a tick, and of the room that half the slider's thumb takes at each end. */
const TICK = 7;
/** Height of the chapters, pixels; and the width from which on one has its title. */
const CHAPTER = 19;
const TITLED = 26;

/** @param width of the line, pixels */
export function scrubber(model: Model, { width, seek }: { width: number; seek(seq: number): void }): TemplateResult {
  const { entries, language, lab } = model;
  const marks = marksOf(entries);
  const { foreground } = marks;
  const focus = focusOf(model);
  const rank = rankOf(foreground, focus);
  const entry = entryAt(entries, focus);
  const x = placeOf(rank, foreground.length, width);
  const ticks = ticksOf(marks, width).map((column) => `M${column + 0.5} 0v${TICK}`);
  const held = (lab?.held.length ?? 0) > 0 && !goesByItself(model);
  const segments = segmentsOf(marks, width);
  const isHere = (s: Segment) => s.x <= x && x < s.x + s.width;
  const titled = segments.filter((s) => s.width > TITLED || isHere(s));
  return html`<div class="scrubber ${held ? 'held-at-end' : ''}">
    <div class="chapters" aria-hidden="true">${untitled(segments, width)}${titled.map(
      (s) => html`<span class="chapter ${s.begins ? 'begins' : ''} ${isHere(s) ? 'here' : ''}"
        style="left:${s.x.toFixed(1)}px;width:${s.width.toFixed(1)}px">${s.width > TITLED ? s.title : ''}</span>`,
    )}</div>
    <svg aria-hidden="true" height=${TICK} width=${Math.max(0, Math.ceil(width))}>
      ${svg`<path class="ticks" d=${ticks.join('')}></path>`}
    </svg>
    <input class="timeline" type="range" min="0" step="1" max=${Math.max(1, foreground.length - 1)} .value=${String(rank)}
      aria-label=${say(language, 'scrubber')} aria-valuetext=${entry ? `${entry.seq}: ${sentenceOf(entry)[language]}` : say(language, 'nothing')}
      ?disabled=${foreground.length === 0}
      @input=${(e: InputEvent) => seek(foreground[rankIn(e)] ?? focus)} />
    ${held ? html`<i class="bar" aria-hidden="true"></i>` : ''}
  </div>`;
}

/** All chapters as three paths: in a long record there are hundreds, each too narrow for its title. */
function untitled(segments: readonly Segment[], width: number): TemplateResult {
  const [first, last] = [segments[0], segments.at(-1)];
  const ground =
    first && last
      ? `M${first.x.toFixed(1)} 0H${(last.x + last.width).toFixed(1)}V${CHAPTER}H${first.x.toFixed(1)}z`
      : '';
  const lines = (begins: boolean, half: number) =>
    segments.filter((s) => s.begins === begins).map((s) => `M${(s.x + half).toFixed(1)} 0v${CHAPTER}`);
  return html`<svg height=${CHAPTER} width=${Math.max(0, Math.ceil(width))}>
    ${svg`<path class="ground" d=${ground}></path><path class="line" d=${lines(false, 0.5).join('')}></path>
      <path class="line begins" d=${lines(true, 1).join('')}></path>`}</svg>`;
}

function rankIn(event: InputEvent): number {
  return event.target instanceof HTMLInputElement ? Number(event.target.value) : -1;
}

/** The place of the last entry up to `seq`. */
function rankOf(foreground: readonly number[], seq: number): number {
  let low = 0;
  let high = foreground.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((foreground[middle] ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}
