// Draws walls: one segment for each namespace, dashed while it is the host's, solid when it is its own; doors cut into the
// wall of the network, and the socket on the roof on which wshd is asked for jobs.
import { select } from 'd3';
import { doorsIn, isCompact, leftSplit } from './inside.ts';
import type { Place } from './layout.ts';
import type { ContainerPart, Namespace, Wall } from './parts.ts';
import { markOf, type Scene } from './scene.ts';
import { fitted, type Group, one, outline, widthOf, write } from './svg.ts';

const GLYPHS: Record<Namespace, string> = {
  pid: '#',
  net: '⇄',
  mnt: '≡',
  uts: '@',
  ipc: '⋈',
  user: '☻',
  cgroup: '◔',
};

export function drawWalls(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  g.selectAll<SVGGElement, Wall>('g.namespace')
    .data(at.size === 'small' ? [] : c.walls, (w) => w.namespace)
    .join('g')
    .attr('class', (w) => {
      const mark = markOf(scene, `${c.handle} wall:${w.namespace}`);
      return `namespace ${w.own ? 'own' : 'hosts'} ${w.in2014 ? '' : 'ours'} ${mark}`;
    })
    .attr('data-namespace', (w) => w.namespace)
    .each(function (wall) {
      segment(select(this) as unknown as Group, wall, c, at, scene);
    });
  socket(one(g, 'g', 'listening'), c, at, scene);
  doors(g, c, at, scene);
}

/** One segment for each namespace: pid and net at the left, what is ours and not of 2014 at the right. */
function ends(at: Place, namespace: Namespace, line: number): [x1: number, y1: number, x2: number, y2: number] {
  const { x, y, w, h } = at;
  const left = leftSplit(at, line);
  const right = h * 0.48;
  const third = w / 3;
  switch (namespace) {
    case 'pid':
      return [x, y, x, y + left - 3];
    case 'net':
      return [x, y + left + 3, x, y + h];
    case 'mnt':
      return [x, y, x + third - 4, y];
    case 'uts':
      return [x + third, y, x + 2 * third - 4, y];
    case 'ipc':
      return [x + 2 * third, y, x + w, y];
    case 'user':
      return [x + w, y, x + w, y + right - 3];
    case 'cgroup':
      return [x + w, y + right + 3, x + w, y + h];
  }
}

function segment(g: Group, wall: Wall, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, small } = scene.layout;
  const { namespace, own, inode } = wall;
  const [x1, y1, x2, y2] = ends(at, namespace, line);
  one(g, 'line', 'segment').attr('x1', x1).attr('y1', y1).attr('x2', x2).attr('y2', y2);
  const large = at.size === 'large';
  const top = y1 === y2;
  const right = !top && x1 > at.x;
  const anchor = right ? 'end' : 'start';
  const x = right ? x1 - 12 : x1 + 12;
  const room = top ? x2 - x1 - 16 : at.w / 2 - 14;
  // In the middle size the tokens and the doors stand at the left wall: its names would be in their way.
  const told = large || ((top || right) && at.h > line * 6 && at.w > line * 9);
  const named = large || (told && room > line * 3.4);
  const down = large ? (namespace === 'pid' || namespace === 'user' ? 2.3 : 1.15) : namespace === 'user' ? 2.3 : 1.15;
  const compact = isCompact(at, line);
  const y = y1 + line * (top ? 1.15 : compact ? (namespace === 'user' ? 2.2 : 1.05) : down);
  // What it gives says more than its number where there is room for one of them.
  const second = compact && wall.fact ? wall.fact : inode;
  const full = `${GLYPHS[namespace]} ${namespace} ${second ?? ''}`;
  const label = write(g, 'label', { x, y, text: '', anchor });
  one(label, 'tspan', 'glyph').text(told && !(compact && namespace === 'pid') ? GLYPHS[namespace] : '');
  one(label, 'tspan', 'word').text(named && !(compact && namespace === 'pid') ? ` ${namespace}` : '');
  one(label, 'tspan', 'inode').text(
    large && second !== null && widthOf(full, small) < room && !(compact && namespace === 'pid') ? ` ${second}` : '',
  );
  const mark = markOf(scene, `${c.handle} wall:${namespace}`);
  write(g, 'mark-word', {
    x: right ? x - widthOf(full, small) - 10 : x + widthOf(full, small) + 8,
    y,
    text: large && mark === 'new' ? scene.say('isNew') : '',
    anchor,
    mark,
  });
  const says = (large && !compact) || (!large && named && at.h > line * 8 && namespace !== 'cgroup');
  fact(g, wall, c, { x, y: y + line * 1.05, room, anchor, says }, scene);
  const note = large && !wall.in2014 && own ? scene.say('ours') : '';
  const below = compact ? y : y + line * (wall.fact && large ? 2.1 : 1.05);
  const aside = compact ? widthOf(full, small) + small : 0;
  write(g, 'not2014', {
    x: x - aside,
    y: below,
    text: widthOf(note, small, 'sans') < room - aside ? note : '',
    anchor,
  });
  const whose = scene.say(own ? 'own' : 'hostsNamespace');
  one(g, 'title', 'whose').text([`${namespace}: ${whose}`, inode, wall.fact].filter(Boolean).join(' '));
}

/** What the namespace gives: a hostname, an address, the id map. */
function fact(
  g: Group,
  wall: Wall,
  c: ContainerPart,
  at: { x: number; y: number; room: number; anchor: 'start' | 'end'; says: boolean },
  scene: Scene,
): void {
  const { small } = scene.layout;
  const mark = at.says && wall.fact ? markOf(scene, `${c.handle} fact:${wall.namespace}`) : '';
  const will = scene.ahead?.containers.find((one) => one.handle === c.handle);
  const next = will?.walls.find((w) => w.namespace === wall.namespace)?.fact;
  const text = mark === 'coming' && next && next !== wall.fact ? `${wall.fact} → ${next}` : wall.fact;
  const shown = at.says ? fitted(text, small, at.room) : '';
  write(g, 'fact', { x: at.x, y: at.y, text: shown, anchor: at.anchor, mark });
  const w = widthOf(shown, small);
  const box = { x: at.anchor === 'end' ? at.x - w : at.x, y: at.y - small, w, h: small * 1.35 };
  outline(one(g, 'g', 'fact-mark'), scene, shown ? mark : '', box, at.anchor === 'end' ? 'start' : 'end');
}

/** wshd.sock: where warden asks for jobs. */
function socket(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, small } = scene.layout;
  const shown = c.socket && at.size === 'large';
  const mark = shown ? markOf(scene, `${c.handle} socket`) : '';
  const x = at.x + at.w - line * 1.2;
  g.attr('class', `listening ${mark}`).attr('display', shown ? null : 'none');
  one(g, 'path', 'plug').attr('d', `M${x},${at.y - line * 0.75}v${line * 0.75}M${x - 6},${at.y - line * 0.75}h12`);
  const text = at.w > line * 16 ? 'wshd.sock' : '';
  write(g, 'plug-name', { x: x - 10, y: at.y - line * 0.35, text, anchor: 'end', mark });
  const w = widthOf(text, small) + 24;
  outline(g, scene, mark, { x: x + 10 - w, y: at.y - line, w, h: line * 0.9 }, mark === 'new' ? 'end' : null);
}

/** NetIn cuts a numbered door into the wall of the network. */
function doors(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, small } = scene.layout;
  const shown = doorsIn(c, at, line);
  g.selectAll<SVGGElement, (typeof shown)[number]>('g.door')
    .data(shown)
    .join('g')
    .attr('class', ({ door }) => `door ${markOf(scene, `${c.handle} door:${door.container}`)}`)
    .each(function ({ door, top, crowded }) {
      const one_ = select(this) as unknown as Group;
      one(one_, 'rect', 'gap')
        .attr('x', at.x - 6)
        .attr('y', top)
        .attr('width', 12)
        .attr('height', line);
      one(one_, 'path', 'leaf').attr('d', `M${at.x},${top}l-${line * 0.7},${line * 0.35}`);
      const inside = crowded ? '' : `:${door.container ?? '?'}`;
      write(one_, 'inside', { x: at.x + 12, y: top + line * 0.8, text: inside });
      write(one_, 'outside', {
        x: at.x - line * 0.85,
        y: top + line * 0.8,
        text: `:${door.host ?? '?'}`,
        anchor: 'end',
      });
      const mark = markOf(scene, `${c.handle} door:${door.container}`);
      const box = { x: at.x - 8, y: top - 1, w: widthOf(inside, small) + 24, h: line * 1.05 };
      outline(one_, scene, mark, box);
    });
}
