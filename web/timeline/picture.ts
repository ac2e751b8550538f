// What of the lanes is drawn in a window of the record, as paths and boxes. Pure, and its cost depends on the window's
// pixels, not on how much lies in it: what falls on the same few pixels is drawn once.

import type { Entry } from '../../machines/journal.ts';
import { causeChain } from '../../machines/projection.ts';
import { journeysOf } from '../../machines/sequence.ts';
import type { Bar, Lane, Tracks } from './tracks.ts';

/** order: one step for each entry. time: lab time. */
export type Axis = 'order' | 'time';

/** The part that is seen, in ranks or milliseconds of lab time. */
export interface Window {
  from: number;
  to: number;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  title: string;
  failed: boolean;
  /** Still going on at the right edge. */
  open: boolean;
}

export interface Row {
  lane: Lane;
  y: number;
  height: number;
  /** A path of short strokes, one for each column with an entry. */
  dots: string;
  states: Box[];
  effects: Box[];
}

export interface Picture {
  rows: Row[];
  height: number;
  links: { sky: string; socket: string; faint: string };
  causes: string;
  /** Columns with periodic traffic. */
  quiet: string;
  cursor: number;
}

export interface View {
  axis: Axis;
  window: Window;
  /** Pixels. */
  width: number;
  /** The `seq` that is looked at. */
  seq: number;
}

/** Heights, pixels: the strip of dots, one row of states, one of effects, the strip of periodic entries above them. */
const DOTS = 18;
const STATE = 19;
const EFFECT = 8;
export const AXIS = 10;
/** Rows of states that a lane has at most. */
const LINES = 3;
/** Entries nearer than this are one stroke; boxes narrower than this are left out when others lie beside them. */
const COLUMN = 3;
/** Links between lanes that are drawn at most; the rest would be a solid area. */
const LINKS = 400;

/** Where the rank lies, in the unit of the axis. */
export function unitOf(tracks: Tracks, axis: Axis, rank: number): number {
  if (axis === 'order') return rank;
  return tracks.times[Math.min(Math.max(0, Math.round(rank)), tracks.times.length - 1)] ?? 0;
}

/** The rank at a place of the axis: the last one that is not behind it. */
export function rankAt(tracks: Tracks, axis: Axis, unit: number): number {
  const last = tracks.times.length - 1;
  if (axis === 'order') return Math.min(last, Math.max(0, Math.round(unit)));
  return Math.min(last, Math.max(0, firstFrom(tracks.times, unit + 1e-6) - 1));
}

/** Everything in this window. Containers that have nothing in it are left out; all others keep their place. */
export function pictureOf(entries: readonly Entry[], tracks: Tracks, view: View): Picture {
  const { axis, window, width } = view;
  const scale = width / Math.max(1e-9, window.to - window.from);
  const x = (rank: number) => (unitOf(tracks, axis, rank) - window.from) * scale;
  const seen = { from: rankAt(tracks, axis, window.from) - 1, to: rankAt(tracks, axis, window.to) + 1 };
  const rankFrom = (place: number) => {
    const unit = window.from + place / scale;
    return axis === 'order' ? Math.ceil(unit) : firstFrom(tracks.times, unit);
  };
  const across = { x, rankFrom, seen, width };
  const rows: Row[] = [];
  let y = AXIS;
  for (const lane of tracks.lanes) {
    const states = within(lane.states, seen);
    const effects = within(lane.effects, seen);
    const dots = strokes(lane.ranks, across);
    if (lane.id.startsWith('container/') && dots === '' && states.length === 0) continue;
    // As high as it ever needs to be: a lane does not move when the window does.
    const lines = Math.min(LINES, lane.lines);
    const height = DOTS + lines * STATE + (lane.effects.length > 0 ? EFFECT : 0);
    const top = y + 1;
    rows.push({
      ...{ lane, y, height },
      dots: dots.replaceAll('Y', String(y + height - DOTS + 4)),
      states: boxes(
        states.filter((s) => s.row < LINES),
        { x, width, top, pitch: STATE, height: STATE - 3 },
      ),
      effects: boxes(effects, { x, width, top: top + lines * STATE, pitch: 0, height: EFFECT - 3 }),
    });
    y += height;
  }
  const middle = new Map(rows.map((r) => [r.lane.id, r.y + r.height - DOTS / 2]));
  const at = (rank: number) => ({ x: x(rank), y: middle.get(tracks.laneAt[rank]?.id ?? '') });
  const rankOf = (seq: number) => firstFrom(tracks.seqs, seq);
  return {
    ...{ rows, height: y, cursor: x(Math.max(0, firstFrom(tracks.seqs, view.seq + 1) - 1)) },
    links: links(entries, { rankOf, at, seen, seqs: tracks.seqs }),
    causes: causes(causeChain(entries, view.seq), { rankOf, at, seen }),
    quiet: strokes(tracks.quiet, across).replaceAll('Y', '0'),
  };
}

interface Seen {
  from: number;
  to: number;
}

interface Scale {
  /** Pixels of a rank. */
  x(rank: number): number;
  /** The first rank at this place or right of it. */
  rankFrom(x: number): number;
  seen: Seen;
  width: number;
}

/** One stroke for each column of pixels that has something. `Y` stands for where. */
function strokes(ranks: readonly number[], { x, rankFrom, seen, width }: Scale): string {
  const path: string[] = [];
  let at = firstFrom(ranks, seen.from);
  while (at < ranks.length) {
    const rank = ranks[at] ?? 0;
    const place = x(rank);
    if (place > width + COLUMN) break;
    if (place >= -COLUMN) path.push(`M${half(place)} Yv10`);
    at = firstFrom(ranks, Math.max(rank + 1, rankFrom(place + COLUMN)));
  }
  return path.join('');
}

/** Bars begin in order; one that began long before may still go on. */
function within(bars: readonly Bar[], seen: Seen): Bar[] {
  return bars.filter((b) => b.from <= seen.to && (b.to ?? Number.POSITIVE_INFINITY) >= seen.from);
}

function boxes(
  bars: readonly Bar[],
  {
    x,
    width,
    top,
    pitch,
    height,
  }: { x(rank: number): number; width: number; top: number; pitch: number; height: number },
): Box[] {
  const drawn: Box[] = [];
  const reached = new Map<number, number>();
  for (const { from, to, row, title, failed } of bars) {
    const left = Math.max(-2, x(from));
    const right = to === null ? width + 2 : Math.min(width + 2, x(to));
    const wide = right - left >= COLUMN;
    if (!wide && !failed && left < (reached.get(row) ?? -9) + COLUMN) continue;
    reached.set(row, Math.max(right, left + 1));
    drawn.push({
      ...{ x: left, y: top + row * pitch, width: Math.max(1.5, right - left - 1), height },
      ...{ title, failed, open: to === null },
    });
  }
  return drawn;
}

type Point = { x: number; y: number | undefined };

interface Placing {
  rankOf(seq: number): number;
  at(rank: number): Point;
  seen: Seen;
}

/** Messages from lane to lane. In a window with very many, every n-th is drawn. */
function links(
  entries: readonly Entry[],
  { rankOf, at, seen, seqs }: Placing & { seqs: readonly number[] },
): Picture['links'] {
  const { all } = journeysOf(entries);
  const found = { sky: '', socket: '', faint: '' };
  const first = seqs[Math.max(0, seen.from)] ?? 0;
  const last = seqs[Math.min(seqs.length - 1, seen.to)] ?? Number.POSITIVE_INFINITY;
  // A message that is under way for longer than this window is wide is rare: a few before it are looked at.
  const low = Math.max(0, placeIn(all, first) - 20);
  const until = placeIn(all, last + 1);
  const each = Math.max(1, Math.ceil((until - low) / LINKS));
  for (let i = low; i < until; i += each) {
    const journey = all[i];
    if (!journey || journey.background || journey.sent === null) continue;
    const from = at(rankOf(journey.sent));
    for (const arrival of journey.arrivals) {
      if (arrival.seq === null) continue;
      const to = at(rankOf(arrival.seq));
      if (from.y === undefined || to.y === undefined || from.y === to.y) continue;
      const line = `M${half(from.x)} ${from.y}L${half(to.x)} ${to.y}`;
      if (arrival.dropped) found.faint += line;
      else if (journey.transport === 'warden' || journey.transport === 'wsh') found.socket += line;
      else found.sky += line;
    }
  }
  return found;
}

/** The place of the first message that begins at `seq` or later. */
function placeIn(all: readonly { seq: number }[], seq: number): number {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((all[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}

function causes(chain: readonly Entry[], { rankOf, at, seen }: Placing): string {
  let path = '';
  let before: Point | undefined;
  for (const e of chain) {
    if (e.background) continue;
    const rank = rankOf(e.seq);
    const point = at(rank);
    const drawn = before?.y !== undefined && point.y !== undefined && rank >= seen.from;
    if (drawn) path += `M${half(before?.x)} ${before?.y}L${half(point.x)} ${point.y}`;
    before = point;
  }
  return path;
}

/** Half pixels are fine enough, and shorter than all the digits. */
function half(x = 0): number {
  return Math.round(x * 2) / 2;
}

/** The place of the first number that is not below `limit`. */
export function firstFrom(numbers: readonly number[], limit: number): number {
  let low = 0;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
