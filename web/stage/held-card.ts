// The card beside what is held: what just happened, NEXT (the very call, message or line), and Step and Continue. Where a
// beat goes on by itself it says so, and offers to hold it.
import { html, nothing, type TemplateResult } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { GatePoint } from '../../machines/journal.ts';
import { causeChain, heldAt } from '../../machines/projection.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { goesByItself, readingMs } from '../beat.ts';
import { heldOf, holdOf, type Model } from '../model.ts';
import { word } from '../words.ts';
import type { Box } from './layout.ts';
import { nextText } from './next.ts';
import type { Scene } from './scene.ts';
import { sourceBeside } from './source-beside.ts';
import { nameSpot, waysOf } from './ways.ts';
import { stageWord } from './words.ts';

export interface HeldNow {
  gate: string;
  point: GatePoint;
}

/**
 * What is held at the moment that is looked at: in the present as the lab says (`heldOf`), in the past as the record says.
 * First the one that a step opens.
 */
export function heldNow(model: Model): HeldNow[] {
  return model.cursor === null ? heldOf(model) : heldAt(model.entries, model.cursor);
}

export interface CardActions {
  command(command: 'step' | 'continue' | 'pause'): void;
  /** Shows the source of what is held; `seq` is the gate's `held` entry. */
  source(seq: number | undefined): void;
}

export function heldCard(model: Model, does: CardActions): TemplateResult | typeof nothing {
  const [held, ...others] = heldNow(model);
  if (!held) return nothing;
  const { point } = held;
  const entry = holdOf(model.entries, held.gate);
  const chain = entry === undefined ? [] : causeChain(model.entries, entry);
  const before = chain.findLast(
    (e) => e.seq < (entry ?? 0) && e.type !== 'gate' && !(e.type === 'step' && e.when === 'before'),
  );
  const next = nextText(model, held, entry);
  const say = (key: Parameters<typeof word>[1]) => word(model.language, key);
  const source = sourceBeside(model, point, () => does.source(entry));
  const paced = goesByItself(model);
  return html`<div class="held ${paced ? 'paced' : ''}"><div class="oldest">
    ${before && !paced ? html`<p class="before">${sentenceOf(before)[model.language]}</p>` : nothing}
    <p class="next">${paced ? reading(model, held) : html`<i class="bar" aria-hidden="true"></i>`} ${say('next')}</p>
    <p class="what ${sizeOf(next)}" title=${paced ? next : nothing}>${breakable(next)}</p>
    <p class="where">${point.actor}${source.place === '' ? '' : ' · '}${source.place}${others.length > 0 ? html` <span class="others">+${others.length} ${say('heldCount')}</span>` : nothing}</p>
    ${source.excerpt}
    ${model.cursor === null ? (paced ? stop(model, does) : goOn(model, does)) : nothing}
  </div></div>`;
}

function goOn({ language }: Model, does: CardActions): TemplateResult {
  return html`<p class="go"><button class="primary" @click=${() => does.command('step')}>→ ${word(language, 'step')}</button>
    <button @click=${() => does.command('continue')}>▶ ${word(language, 'continue')}</button></p>`;
}

/** What goes on by itself can be stopped. */
function stop({ language }: Model, does: CardActions): TemplateResult {
  return html`<p class="go"><button @click=${() => does.command('pause')}>❚❚ ${stageWord(language, 'holdHere')}</button>
    <span class="by-itself">${stageWord(language, 'byItself')}</span></p>`;
}

/** The time to read a beat, as a line that fills; anew for each. */
function reading(model: Model, { gate, point }: HeldNow): unknown {
  const time = `--reading: ${Math.max(300, readingMs(model.reading, point, model.entries))}ms`;
  return keyed(gate, html`<i class="beat-time" aria-hidden="true" style=${time}></i>`);
}

/** The largest type that shows all of it: smaller for what is long, or has a word that would break. */
function sizeOf(text: string): string {
  if (text.length > 130) return 'longest';
  return text.length > 44 || text.split(/[\s,(|]/).some((word) => word.length > 16) ? 'long' : '';
}

/** A call breaks behind its brackets, commas and bars rather than inside a name. */
function breakable(text: string): TemplateResult[] {
  return text.split(/(?<=[(|,])/).map((part) => html`${part}<wbr>`);
}

const MARGIN = 10;

/** Where the card stands: beside the large container, else where it covers the least of what is talked about. */
export function cardBox({ layout, held, ghosts, focus }: Scene, height: number): Box {
  const { width, line, houses, containers, kernel } = layout;
  const large = Object.values(containers).find((c) => c.size === 'large');
  const beside = large && width - large.x - large.w - 26 - MARGIN;
  const w = Math.max(line * 12, Math.min(beside ?? width * 0.29, 430));
  const within = (x: number, y: number): Box => ({
    x: Math.max(8, Math.min(x, width - w - MARGIN)),
    y: Math.max(8, Math.min(y, layout.height - height - MARGIN)),
    w,
    h: height,
  });
  if (large) return within(large.x + large.w + 26, large.y - line);
  const top = Math.min(...Object.values(houses).map((h) => h.y), kernel);
  const under = Math.max(...Object.values(houses).map((h) => h.y + h.h), top);
  const [, id = ''] = held?.place.split('/') ?? [];
  const [name] = focus.bead ? [nameSpot(layout, focus.bead)] : [];
  const marked = Object.entries(containers).filter(([handle]) =>
    [...ghosts.keys()].some((key) => key.startsWith(`${handle} `)),
  );
  const house = houses[id];
  const avoid: Box[] = [
    ...(house ? [house, house, house] : []),
    ...Object.values(containers),
    ...Object.values(houses),
    ...(containers[id] ? [containers[id]] : []),
    ...marked.map(([, box]) => box),
    ...(focus.bead ? waysOf(layout, focus.bead).map(around) : []),
    ...(name ? [{ x: name[0] - 90, y: name[1] - line, w: 180, h: line * 1.4 }] : []),
    ...(layout.sky[held?.place ?? '']
      ? [{ x: (layout.sky[held?.place ?? '']?.x ?? 0) - 90, y: 0, w: 180, h: top }]
      : []),
  ];
  const spots = [MARGIN, width - w - MARGIN].flatMap((x) =>
    [under + 10, top, layout.nats.y + line].map((y) => within(x, y)),
  );
  const covers = (box: Box) => avoid.reduce((sum, other) => sum + overlap(box, other), 0);
  return spots.reduce((best, spot) => (covers(spot) < covers(best) ? spot : best));
}

function around(points: readonly (readonly [number, number])[]): Box {
  const [xs, ys] = [points.map((p) => p[0]), points.map((p) => p[1])];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, w: Math.max(...xs) - x + 8, h: Math.max(...ys) - y + 8 };
}

function overlap(a: Box, b: Box): number {
  const w = Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x);
  const h = Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y);
  return w > 0 && h > 0 ? w * h : 0;
}
