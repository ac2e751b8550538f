// Draws containers: a room with a name, and in it walls, floor, processes and gauges, each in its own file.
import { select } from 'd3';
import { COMING } from './ahead.ts';
import { type Dispatch, isLit } from './draw.ts';
import { drawFloor } from './draw-floor.ts';
import { drawGauges } from './draw-gauges.ts';
import { drawProcesses } from './draw-processes.ts';
import { drawWalls } from './draw-walls.ts';
import { isCompact } from './inside.ts';
import type { Box, Place } from './layout.ts';
import type { ContainerPart } from './parts.ts';
import { markOf, type Scene } from './scene.ts';
import { fitted, type Group, one, outline, widthOf, write } from './svg.ts';

export function drawContainers(g: Group, scene: Scene, dispatch: Dispatch): void {
  const { view, layout } = scene;
  const placed = view.containers.filter((c) => (layout.containers[c.handle]?.w ?? 0) > 0);
  g.selectAll<SVGGElement, ContainerPart>('g.container')
    .data(placed, (c) => c.handle)
    .join('g')
    .attr('class', (c) => {
      const size = layout.containers[c.handle]?.size ?? 'small';
      const coming = c.handle === COMING ? 'unborn' : '';
      return `container ${size} ${isLit(scene, `container/${c.handle}`) ? 'lit' : ''} ${coming} ${c.frozen ? 'frozen' : ''}`;
    })
    .attr('data-handle', (c) => c.handle)
    .on('click', (event: Event, c) => {
      if (event.target instanceof Element && event.target.closest('.bead')) return;
      if (c.handle !== COMING) dispatch.enter(c.handle);
    })
    .on('keydown', (event: KeyboardEvent, c) => {
      if ((event.key === 'Enter' || event.key === ' ') && c.handle !== COMING) dispatch.enter(c.handle);
    })
    .each(function (c) {
      const at = layout.containers[c.handle];
      if (at) container(select(this) as unknown as Group, c, at, scene);
    });
  cellars(g, scene);
}

function container(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  title(g, c, at, scene);
  // Under the floor: the call goes through it.
  call(one(g, 'g', 'call'), c, at, scene);
  drawFloor(one(g, 'g', 'floors'), c, at, scene);
  drawWalls(one(g, 'g', 'walls'), c, at, scene);
  drawProcesses(one(g, 'g', 'processes'), c, at, scene);
  drawGauges(one(g, 'g', 'gauges'), c, at, scene);
}

function title(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, text, small } = scene.layout;
  const little = at.size === 'small';
  const unborn = c.handle === COMING;
  // The room is what can be gone into; its name is not all the words that stand in it.
  one(g, 'rect', 'room')
    .attr('x', at.x)
    .attr('y', at.y)
    .attr('width', at.w)
    .attr('height', at.h)
    .attr('tabindex', unborn ? null : -1)
    .attr('role', unborn ? null : 'button')
    .attr('aria-label', unborn ? null : scene.say('enter', [c.app, c.purpose, c.handle].filter(Boolean).join(' ')));
  const [x, y] = little ? [at.x + 5, at.y + line * 0.95] : [at.x, at.y - line * 0.5];
  const label = write(g, 'title', { x, y, text: '' });
  one(label, 'tspan', 'glyph').text('⬢ ');
  const name = unborn ? scene.say('newContainer') : c.app || c.purpose || c.handle;
  const room = at.w - widthOf('⬢ ', text, 'sans') - 6;
  const first = fitted(name, text, room, 'sans');
  one(label, 'tspan', 'word').text(first);
  // What it is for, then its handle, then its state, as far as there is room.
  const left =
    room - widthOf(first, text, 'sans') - (at.size === 'large' && c.socket ? widthOf('wshd.sock', small) + line : 0);
  const stateMark = markOf(scene, `${c.handle} state`);
  const will = scene.ahead?.containers.find((one) => one.handle === c.handle)?.state;
  const state = stateMark === 'coming' && will ? `${c.state} → ${will}` : c.state;
  const all = [
    c.app ? c.purpose : '',
    c.app || c.purpose ? c.handle : '',
    c.frozen ? `${state} ${scene.say('frozen')}` : state,
  ].filter(Boolean);
  const rest = little || unborn ? '' : all.map((one) => ` · ${one}`).join('');
  one(label, 'tspan', 'rest').text(fitted(rest, small, left, 'mono'));
  write(g, 'under', {
    x,
    y: at.y + line * 1.9,
    text:
      little && !unborn && at.h > line * 1.9
        ? fitted(c.app ? c.purpose : c.purpose ? c.handle : c.state, small, at.w - 10)
        : '',
  });
  const exists = markOf(scene, `${c.handle} container`);
  const mark = unborn ? '' : exists || (stateMark === 'new' ? 'new' : '');
  const whole: Box =
    stateMark === 'new' && mark === 'new' && !little
      ? { x, y: y - text * 0.95, w: Math.min(at.w, widthOf(`${first}${rest}⬢ `, small)), h: text * 1.25 }
      : { x: at.x - 2, y: at.y - 2, w: at.w + 4, h: at.h + 4 };
  const word = mark === 'new' && !little ? ` ${scene.say('isNew')}` : '';
  one(label, 'tspan', 'mark-word').attr('class', 'mark-word new').text(word);
  outline(one(g, 'g', 'existence'), scene, mark, whole, mark === 'new' && !little ? null : 'above');
}

/** A node without a container says so: an empty cellar is no mistake. */
function cellars(g: Group, { layout, say }: Scene): void {
  const empty = Object.entries(layout.cellars);
  g.selectAll<SVGTextElement, [string, Box]>('text.cellar')
    .data(empty, ([node]) => node)
    .join('text')
    .attr('class', 'cellar')
    .attr('x', ([, box]) => box.x + box.w / 2)
    .attr('y', ([, box]) => box.y + box.h * 0.45)
    .attr('text-anchor', 'middle')
    .text(say('noContainer'));
}

/** The call of wshd: from the room down through the floor to the kernel's line. *Down* means *into*. */
function call(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, kernel, text, small } = scene.layout;
  const step = at.size === 'large' && isLit(scene, `container/${c.handle}`) ? c.step : null;
  const ahead = step?.when === 'before';
  g.classed('ahead', ahead).classed('failed', (step?.result ?? 0) < 0);
  const wide = at.w > line * 20;
  const [x, y] = [
    at.x + at.w * (wide ? 0.48 : 0.5),
    at.y + (isCompact(at, line) ? line * 3.5 : Math.max(line * 3.9, at.h * 0.36)),
  ];
  const room = at.w * (wide ? 0.43 : 0.5);
  const size = text * 1.3;
  const whole = step ? `${step.call}(${step.args.join(', ')})` : '';
  // In a container that is low and narrow the names of the walls meet in the middle; card and caption say the call.
  const fits = wide || at.h > line * 8;
  const name = !step || !fits ? '' : widthOf(whole, size) <= room ? whole : `${step.call}(…)`;
  const args = step && name !== whole && !isCompact(at, line) ? step.args.join(', ') : '';
  write(g, 'words', { x, y, text: fitted(name, size, at.w * 0.6), anchor: 'middle' });
  write(g, 'args', { x, y: y + line * 1.05, text: fitted(args, small, room), anchor: 'middle' });
  const where = step && !isCompact(at, line) ? `${step.file}:${step.line}` : '';
  const below = y + line * (args ? 2.05 : 1.05);
  write(g, 'source', { x, y: below, text: fitted(where, small, room), anchor: 'middle' });
  const from = below + line * 0.45;
  one(g, 'path', 'down').attr('d', step ? `M${x},${from}V${kernel - 4}` : '');
  one(g, 'path', 'tip').attr('d', step ? `M${x - 6},${kernel - 12}L${x},${kernel - 3}L${x + 6},${kernel - 12}` : '');
  const result = step?.result === undefined ? '' : `= ${step.result}`;
  write(g, 'result', { x: x + 10, y: kernel - line * 0.4, text: result });
}
