// Draws messages: those on their way, the last that arrived on each path, how many have passed, and the one that is talked
// about with its way and its name in the lane that is kept free for it.
import { select } from 'd3';
import type { Dispatch } from './draw.ts';
import type { Box, Point } from './layout.ts';
import type { Bead, PathPart } from './parts.ts';
import type { Scene } from './scene.ts';
import { fitted, type Group, one, shortIds, widthOf, write } from './svg.ts';
import { alongLine, lengthOf, lineOf, nameSpot, waysOf } from './ways.ts';

interface Shown {
  bead: Bead;
  at: Point;
  /** on its way, waiting before a closed gate, or arrived last. */
  how: 'flying' | 'waiting' | 'last';
}

export function drawMessages(g: Group, scene: Scene, dispatch: Dispatch): void {
  counts(one(g, 'g', 'counts'), scene);
  way(one(g, 'g', 'way'), scene);
  beads(one(g, 'g', 'beads'), scene, dispatch);
  name(one(g, 'g', 'name-lane'), scene);
}

interface Counted {
  path: PathPart;
  line: Point[];
}

/** The paths that were taken, faint, each with how many have passed. */
function counts(g: Group, { layout, view, say, focus }: Scene): void {
  const inLane = focus.bead !== null && nameSpot(layout, focus.bead)[1] === layout.lanes.street;
  const taken = view.paths.flatMap((path): Counted[] => {
    const line = isSeen(layout, path.path) ? lineOf(layout, path.path) : null;
    return line ? [{ path, line }] : [];
  });
  // Where the name of a message stands, or in the close-up the stations themselves, no number is in the way.
  const hides = (path: string) =>
    // Around a door stand its numbers and the tokens of processes.
    path.includes('door/') ||
    (path.startsWith('http:') && (path.includes('/') ? inLane || layout.near || layout.low : layout.near)) ||
    ((layout.low || layout.near) && path.startsWith('nats:')) ||
    (layout.narrow && path.startsWith('warden:'));
  const placed: Box[] = [];
  g.selectAll<SVGGElement, Counted>('g.path')
    .data(taken, ({ path }) => path.path)
    .join('g')
    .attr('class', 'path')
    .attr('data-path', ({ path }) => path.path)
    .each(function ({ path, line }) {
      const g = select(this) as unknown as Group;
      const nats = path.path.startsWith('nats:');
      one(g, 'path', 'taken').attr('d', nats ? '' : `M${line.map((p) => p.join(',')).join('L')}`);
      const [x, y, anchor] = countSpot(layout, path.path, line);
      const text = path.passed > 1 && !hides(path.path) ? `×${path.passed}` : '';
      const w = widthOf(text, layout.small);
      const left = x - { start: 0, middle: w / 2, end: w }[anchor];
      // Two paths that end side by side have room for one number, with a gap beside it.
      const box = { x: left, y: y - layout.small, w: w + layout.small / 2, h: layout.small };
      const free = text !== '' && !placed.some((other) => meet(box, other));
      if (free) placed.push(box);
      write(g, 'passed', { x, y, text: free ? text : '', anchor });
      one(g, 'title', 'says').text(`${path.passed} ${say('passed')}`);
    });
}

/** In the close-up the names of the sky stand on one row with the bus: what goes between two of them is left out. */
function isSeen(layout: Scene['layout'], path: string): boolean {
  return !(layout.near && path.startsWith('http:') && !path.includes('/'));
}

function meet(a: Box, b: Box): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** Beside the path, where no name and no bead ever stands. */
function countSpot(
  { line: L, small }: Scene['layout'],
  path: string,
  line: Point[],
): [number, number, 'start' | 'middle' | 'end'] {
  const first = line[0] ?? [0, 0];
  const last = line.at(-1) ?? first;
  if (path.startsWith('warden:')) return [first[0] - L * 0.4, first[1] + small * 0.36, 'end'];
  if (path.startsWith('nats:')) return [last[0] + L * 0.35, last[1] - L * 0.3, 'start'];
  if (!path.includes('/')) return [(first[0] + last[0]) / 2, (line[1]?.[1] ?? 0) + small * 0.36, 'middle'];
  return [last[0] + L * 0.35, last[1] - L * 0.4, 'start'];
}

const STEP = 14;

function beads(g: Group, { layout, view, focus }: Scene, dispatch: Dispatch): void {
  const shown = new Map<number, Shown>();
  for (const path of view.paths) {
    const line = isSeen(layout, path.path) ? lineOf(layout, path.path) : null;
    if (line) for (const one of onPath(path, line)) shown.set(one.bead.seq, one);
  }
  const { bead } = focus;
  const [first] = bead ? waysOf(layout, bead) : [];
  if (bead && first) {
    const known = shown.get(bead.seq);
    const waits = bead.state === 'travelling' && known?.how === 'waiting' && bead.path.startsWith('nats:');
    const end = waits ? -layout.line * 1.6 : bead.state === 'travelling' ? lengthOf(first) / 2 : -1;
    shown.set(bead.seq, {
      bead,
      how: known?.how ?? 'last',
      at: known?.how === 'waiting' && !waits ? known.at : alongLine(first, end),
    });
  }
  g.selectAll<SVGCircleElement, Shown>('circle')
    .data([...shown.values()], (s) => s.bead.seq)
    .join('circle')
    .attr('class', (s) => {
      const chosen = s.bead.seq === bead?.seq ? 'chosen' : '';
      return `bead ${s.how} ${s.bead.state} ${s.bead.forward ? 'there' : 'back'} ${chosen}`;
    })
    .attr('data-seq', (s) => s.bead.seq)
    .attr('tabindex', -1)
    .attr('role', 'button')
    .attr('aria-label', (s) => shortIds(s.bead.name))
    .attr('cx', (s) => s.at[0])
    .attr('cy', (s) => s.at[1])
    .attr('r', (s) => (s.bead.seq === bead?.seq ? 7 : s.how === 'last' ? 4 : 5))
    .on('click', (event: Event, s) => {
      event.stopPropagation();
      dispatch.seek(s.bead.seq);
    })
    .on('keydown', (event: KeyboardEvent, s) => {
      if (event.key === 'Enter' || event.key === ' ') dispatch.seek(s.bead.seq);
    })
    .selectAll('title')
    .data((s) => [shortIds(s.bead.name)])
    .join('title')
    .text((title) => title);
}

/** Where each message of a path stands: in its middle while it is on its way, before the bar while held, else at its end. */
function onPath({ path, last, flying }: PathPart, line: Point[]): Shown[] {
  const length = lengthOf(line);
  const nats = path.startsWith('nats:');
  const end = (b: Bead, back: number) => alongLine(line, b.forward || nats ? length - back : back);
  const held = flying.filter((b) => b.held);
  const moving = flying.filter((b) => !b.held);
  const all: Shown[] = [];
  if (last.state !== 'travelling') all.push({ bead: last, at: end(last, 4), how: 'last' });
  moving.forEach((bead, i) => {
    const middle = length / 2 + (i - (moving.length - 1) / 2) * STEP;
    all.push({ bead, at: alongLine(line, Math.max(6, Math.min(length - 6, middle))), how: 'flying' });
  });
  const room = path.startsWith('warden:') ? length / 2 : 0;
  held.forEach((bead, i) => {
    all.push({ bead, at: end(bead, room + 16 + i * STEP), how: 'waiting' });
  });
  return all;
}

/** The way of the message that is talked about. */
function way(g: Group, { layout, focus, held }: Scene): void {
  const { bead } = focus;
  const ways = bead ? waysOf(layout, bead) : [];
  g.selectAll<SVGPathElement, Point[]>('path')
    .data(ways)
    .join('path')
    .attr('class', `travel ${bead?.state === 'travelling' ? 'ahead' : ''} ${held ? 'of-held' : ''}`)
    .attr('data-bead', bead?.seq ?? null)
    .attr('d', (points) => `M${points.map((p) => p.join(',')).join('L')}`);
}

/** Its name, in its lane: nothing else is ever written there. */
function name(g: Group, { layout, focus }: Scene): void {
  const { bead } = focus;
  const { width, text, line } = layout;
  const [x, y] = bead ? nameSpot(layout, bead) : [0, 0];
  // Not in its house where the name has gone to the lane above.
  const node = y === layout.lanes.street ? undefined : /^warden:(.*)$/.exec(bead?.path ?? '')?.[1];
  const house = node === undefined ? undefined : layout.houses[node];
  const room = house ? house.w - line * (house.h < line * 3.2 ? (layout.narrow ? 1 : 11) : 1) : width - 28;
  const words = bead ? fitted(shortIds(bead.name), text, room) : '';
  const half = widthOf(words, text) / 2;
  const tight = house !== undefined && house.h < line * 3.2;
  const up = house && !tight ? line * 0.35 : 0;
  const middle = house ? x : Math.min(width - half - 14, Math.max(half + 14, x));
  write(g, 'message-name', { x: middle, y: y - up, text: words, anchor: 'middle' });
  select(g.node()).attr('data-seq', bead?.seq ?? null);
}
