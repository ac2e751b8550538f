// Draws the floor, which is `/`: hatched while it is the host's, plain when it is the container's. The other tree lies under
// it: the container's waits there to be turned up by pivot_root, the host's lies there until it is let go.
import { select } from 'd3';
import { COMING } from './ahead.ts';
import { floorHeight, isCompact } from './inside.ts';
import type { Place } from './layout.ts';
import { slide } from './motion.ts';
import type { ContainerPart, FloorName } from './parts.ts';
import { markOf, type Scene } from './scene.ts';
import { fitted, type Group, one, outline, widthOf, write } from './svg.ts';

interface Cell {
  name: FloorName;
  x: number;
  y: number;
  w: number;
}

export function drawFloor(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line } = scene.layout;
  const floor = one(g, 'g', 'floor');
  const turned = !floor.attr('data-floor') ? false : floor.attr('data-floor') !== c.floor.of;
  strip(floor, c, at, scene);
  other(one(g, 'g', 'other'), c, at, scene);
  // pivot_root slides one out and the other in.
  if (turned && at.size === 'large') {
    slide(floor.node(), line * 2);
    slide(g.select<SVGGElement>(':scope > .other').node(), -line * 2);
  }
}

function strip(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { layout, host, say } = scene;
  const { line, small } = layout;
  const shown = at.size !== 'small' && at.h > line * 3 && c.handle !== COMING;
  const large = at.size === 'large';
  const rows = large && !isCompact(at, line);
  const h = floorHeight(at, line);
  const y = at.y + at.h - h;
  const mark = markOf(scene, `${c.handle} floor`);
  g.attr('class', `floor ${c.floor.of === 'host' ? 'of-host' : ''} ${mark}`).attr('data-floor', c.floor.of);
  g.attr('display', shown ? null : 'none');
  one(g, 'rect', 'strip')
    .attr('x', at.x + 5)
    .attr('y', y)
    .attr('width', at.w - 10)
    .attr('height', h)
    .attr('fill', c.floor.of === 'host' ? 'url(#hatched)' : null);
  outline(one(g, 'g', 'floor-mark'), scene, mark, { x: at.x + 9, y: y + 4, w: at.w - 18, h: h - 8 }, null);
  const path = host && c.hostPath && c.floor.of === 'container' ? c.hostPath : '/';
  const whose = c.floor.of === 'host' ? say('hosts') : '';
  const [left, right] = [at.x + line * 0.75, at.x + at.w - line * 0.6];
  const swap = mark === 'coming' ? `⇅ ${say('swaps')}` : mark === 'new' ? say('isNew') : '';
  const label = rows ? [path, c.floor.mount, whose].filter(Boolean).join('  ') : path;
  const where = fitted(label, small, right - left - widthOf(swap, small, 'sans') - 8);
  write(g, 'where', { x: left, y: rows ? y + line * 0.95 : y + h - line * 0.52, text: where });
  write(g, 'swap', { x: right, y: y + line * 0.95, text: rows ? swap : '', anchor: 'end', mark });
  const start = rows ? left : left + widthOf(where, small) + line * 0.7;
  const lines = rows ? [y + line * 1.95, y + line * 2.85] : [y + h - line * 0.52];
  files(g, c, cellsOf(c.floor.names, lines, start, right, small), scene);
}

/** The names that fitted, row by row; the last of them says how many are left. */
function cellsOf(names: FloorName[], rows: number[], left: number, right: number, size: number): Cell[] {
  const cells: Cell[] = [];
  let [row, x] = [0, left];
  for (const [i, name] of names.entries()) {
    const w = widthOf(name.name, size);
    const rest = names.length - i;
    const more = widthOf(`+${rest}`, size) + size;
    if (x + w > right && row < rows.length - 1) [row, x] = [row + 1, left];
    const last = row === rows.length - 1 && x + w + (rest > 1 ? more : 0) > right;
    const y = rows[row] ?? 0;
    if (last) {
      cells.push({ name: { name: `+${rest}`, mount: null, host: false }, x, y, w: more });
      break;
    }
    cells.push({ name, x, y, w });
    x += w + size * 0.95;
  }
  return cells;
}

function files(g: Group, c: ContainerPart, cells: Cell[], scene: Scene): void {
  const { small } = scene.layout;
  g.selectAll<SVGGElement, Cell>('g.file-cell')
    .data(cells, (cell) => cell.name.name)
    .join('g')
    .attr('class', 'file-cell')
    .each(function ({ name, x, y, w }) {
      const cell = select(this) as unknown as Group;
      const mark = markOf(scene, `${c.handle} file:${c.floor.of}:${name.name}`);
      const kind = /^\+\d/.test(name.name) ? 'rest' : `file ${name.mount ? 'mount' : ''} ${name.host ? 'hosts' : ''}`;
      one(cell, 'rect', 'mounted')
        .attr('x', x)
        .attr('y', y + small * 0.22)
        .attr('width', name.mount && !/^\+/.test(name.name) ? w : 0)
        .attr('height', 2);
      const text = one(cell, 'text', 'name').attr('x', x).attr('y', y).text(name.name);
      text.attr('class', `name ${kind} ${mark}`);
      outline(cell, scene, mark, { x, y: y - small * 0.9, w, h: small * 1.25 }, mark === 'new' ? 'above' : null);
      one(cell, 'title', 'says').text([name.name, name.mount].filter(Boolean).join(' '));
    });
}

function other(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, small } = scene.layout;
  const tree = at.size === 'large' ? c.floor.other : null;
  const mark = tree ? markOf(scene, `${c.handle} other`) : '';
  const named = (tree?.names ?? []).map((name) => ({
    name,
    mark: markOf(scene, `${c.handle} other:${tree?.of}:${name}`),
  }));
  g.attr('class', `other ${tree?.of === 'host' ? 'of-host' : ''} ${mark}`).attr('display', tree ? null : 'none');
  const box = { x: at.x + line * 1.4, y: at.y + at.h + line * 0.35, w: at.w - line * 2.8, h: line * 1.3 };
  one(g, 'rect', 'strip')
    .attr('x', box.x)
    .attr('y', box.y)
    .attr('width', box.w)
    .attr('height', box.h)
    .attr('fill', tree?.of === 'host' ? 'url(#hatched)' : null);
  outline(one(g, 'g', 'other-mark'), scene, mark, box, 'inside');
  const whose = tree?.of === 'host' ? scene.say('hosts') : '';
  const said = mark === 'new' ? scene.say('isNew') : mark === 'going' ? scene.say('goes') : '';
  const room = box.w - line - widthOf(said, small, 'sans');
  const names = named.map((n) => n.name).join(' ');
  const at_ = tree ? shortened(tree.at, small, room - widthOf(names, small) - line) : '';
  write(g, 'where', { x: box.x + line * 0.5, y: box.y + line * 0.9, text: [at_, whose].filter(Boolean).join('  ') });
  let x = box.x + line * 0.5 + widthOf(`${at_}  `, small);
  const cells = named.map((n) => {
    const cell = { ...n, x };
    x += widthOf(`${n.name} `, small);
    return cell;
  });
  g.selectAll<SVGGElement, (typeof cells)[number]>('g.file-cell')
    .data(cells, (n) => n.name)
    .join('g')
    .attr('class', 'file-cell')
    .each(function (n) {
      const cell = select(this) as unknown as Group;
      write(cell, 'file', { x: n.x, y: box.y + line * 0.9, text: n.name, mark: n.mark });
      const around = { x: n.x, y: box.y + line * 0.9 - small * 0.9, w: widthOf(n.name, small), h: small * 1.2 };
      outline(cell, scene, n.mark, around, null);
    });
  const fresh = mark !== 'new' && named.some((n) => n.mark === 'new');
  write(g, 'swap', { x: x + 6, y: box.y + line * 0.9, text: fresh ? scene.say('isNew') : '', mark: 'new' });
}

/** A path by its beginning and its end. */
function shortened(path: string, size: number, room: number): string {
  if (widthOf(path, size) <= room) return path;
  const end = path.split('/').slice(-2).join('/');
  return fitted(`/…/${end}`, size, room);
}
