// The source beside what is held: its place as a button that opens the panel there, and the line itself with what stands
// around it. Which texts are known is source/texts.ts's; how much room there is, the style sheet's.
import { html, nothing, type TemplateResult } from 'lit';
import type { GatePoint } from '../../machines/journal.ts';
import { lineIn, type SourcePlace, sourceOfPoint } from '../../machines/source-place.ts';
import type { Model } from '../model.ts';
import { textOf } from '../source/texts.ts';
import { stageWord } from './words.ts';

/** Lines shown above and below the one that is held. */
const AROUND = 2;

export interface Excerpt {
  /** The held line, from 1. */
  line: number;
  lines: { at: number; text: string }[];
}

/** The held line and its neighbours, moved left as far as all of them allow. */
export function excerptOf(text: string, line: number): Excerpt {
  const all = text.split('\n');
  if (all.at(-1) === '') all.pop();
  const from = Math.max(1, Math.min(line - AROUND, all.length - 2 * AROUND));
  const shown = all.slice(from - 1, from + 2 * AROUND);
  const indents = shown.filter((one) => one.trim() !== '').map((one) => one.length - one.trimStart().length);
  const indent = Math.min(...indents, Number.POSITIVE_INFINITY);
  return { line, lines: shown.map((one, i) => ({ at: from + i, text: one.slice(indent).trimEnd() })) };
}

/** Where a gate's source is, as a reader says it: `wshd/boot.c:271`, `bin/compile:12`, `machines/app.ts:120`. */
export function placeText(point: GatePoint, place: SourcePlace | undefined, line: number | undefined): string {
  const file = point.kind === 'script' ? point.file : (place?.file ?? point.file);
  const at = point.line ?? line;
  return file === undefined ? '' : `${file}${at === undefined ? '' : `:${at}`}`;
}

/** The place as text and, where somebody would open it, as a button; and the excerpt, once its text has come. */
export function sourceBeside(
  model: Model,
  point: GatePoint,
  open: () => void,
): { place: TemplateResult | string; excerpt: TemplateResult | typeof nothing } {
  const place = sourceOfPoint(point);
  const text = place && textOf(model, place.file);
  const line = place && text !== undefined ? lineIn(text, place) : undefined;
  const name = placeText(point, place, line);
  // On a projector there are no panels.
  if (!place || model.folded) return { place: name, excerpt: excerptShown(point, text, line) };
  const label = stageWord(model.language, 'openSource', name);
  return {
    place: html`<button class="to-source" aria-label=${label} title=${label} @click=${open}>${name}</button>`,
    excerpt: excerptShown(point, text, line),
  };
}

function excerptShown(
  point: GatePoint,
  text: string | undefined,
  line: number | undefined,
): TemplateResult | typeof nothing {
  if (text === undefined || line === undefined) return nothing;
  const { lines } = excerptOf(text, line);
  const how = point.when === 'after' ? 'is-held after' : 'is-held';
  return html`<div class="beside">${lines.map(({ at, text }) =>
    at === line
      ? html`<p class=${how} aria-current="true"><span class="at"><i class="bar" aria-hidden="true"></i>${at}</span><code>${text}</code></p>`
      : html`<p><span class="at">${at}</span><code>${text}</code></p>`,
  )}</div>`;
}
