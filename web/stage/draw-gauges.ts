// Draws what a container can use and what it uses: gauges hung from the kernel's line, moved by values read back only.
// Memory is a level under its limit line, processor shares are the width of a pipe, processes are counted.
import type { Box, Place } from './layout.ts';
import type { ContainerPart, Gauges } from './parts.ts';
import { markOf, type Scene } from './scene.ts';
import { fitted, type Group, one, outline, widthOf, write } from './svg.ts';

/** Full width of the pipe. */
const ALL_SHARES = 1024;

export function drawGauges(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, kernel, height, small } = scene.layout;
  const mark = markOf(scene, `${c.handle} gauges`);
  const hung = at.gauges > 0 && (c.gauges.joined || mark === 'coming');
  g.attr('class', `gauges ${mark}`).attr('display', hung ? null : 'none');
  if (!hung) return;
  const top = kernel + line * 0.75;
  const h = Math.max(line, Math.min(line * 3, height - top - small * 3.1));
  const left = at.x + at.w - at.gauges;
  const cell = at.gauges / 3;
  const box = (i: number): Box => ({ x: left + i * cell, y: top, w: cell - 8, h });
  const middles = [0, 1, 2].map((i) => left + i * cell + (i === 0 ? line * 0.75 : line * 0.9));
  one(g, 'path', 'hang').attr('d', middles.map((x) => `M${x},${kernel}V${top}`).join(''));
  memory(one(g, 'g', 'memory'), c.gauges, box(0), scene);
  cpu(one(g, 'g', 'cpu'), c.gauges, box(1), scene);
  pids(one(g, 'g', 'pids'), c.gauges, box(2), scene);
  const all = { x: left - 4, y: top - 4, w: at.gauges, h: h + small * 2.9 };
  outline(g, scene, mark, all, mark === 'new' ? 'above' : null);
  (['memory', 'cpu', 'pids'] as const).forEach((name, i) => {
    const own = mark ? '' : markOf(scene, `${c.handle} ${name}`);
    const will = own === 'coming' ? scene.ahead?.containers.find((one) => one.handle === c.handle)?.gauges : undefined;
    const around = { ...box(i), h: h + small * 2.7 };
    outline(one(g, 'g', `${name}-mark`), scene, own, around, own === 'new' ? 'above' : null);
    write(g, `${name}-will`, {
      x: box(i).x + cell - 12,
      y: top + small,
      text: will ? willBe(will, name) : '',
      anchor: 'end',
    });
  });
}

function willBe({ memory, cpu }: Gauges, name: 'memory' | 'cpu' | 'pids'): string {
  if (name === 'memory') return memory.limit === null ? '' : `→ ${mebibytes(memory.limit)}`;
  return name === 'cpu' && cpu.shares !== null ? `→ ${cpu.shares}` : '';
}

/** The first of the values that fits. */
function label(g: Group, name: string, values: string[], box: Box, { layout: { small } }: Scene): void {
  const value = values.find((one) => widthOf(one, small) <= box.w + 2) ?? fitted(values.at(-1) ?? '', small, box.w + 2);
  write(g, 'value', { x: box.x, y: box.y + box.h + small * 1.25, text: value });
  write(g, 'name', { x: box.x, y: box.y + box.h + small * 2.5, text: fitted(name, small, box.w, 'sans') });
}

/** The level; its darker part cannot be taken back. Without a limit there is nothing to be level with. */
function memory(g: Group, { memory: { limit, usage, rss } }: Gauges, box: Box, scene: Scene): void {
  const { line } = scene.layout;
  const w = line * 1.5;
  const full = box.h * 0.8;
  const level = (bytes: number | null) => (limit && bytes !== null ? Math.min(1.2, bytes / limit) * full : 0);
  const bottom = box.y + box.h;
  const fill = (name: string, h: number) =>
    one(g, 'rect', name)
      .attr('x', box.x)
      .attr('y', bottom - h)
      .attr('width', w)
      .attr('height', h);
  fill('level', level(usage));
  fill('kept', level(rss));
  one(g, 'path', 'tank').attr('d', `M${box.x},${box.y}V${bottom}h${w}V${box.y}`);
  const at = bottom - full;
  one(g, 'path', 'memory-limit').attr('d', limit === null ? '' : `M${box.x - 4},${at}h${w + 8}`);
  g.attr('data-usage', usage).attr('data-limit', limit);
  const long = limit === null ? scene.say('noLimit') : ofLimit(usage, limit);
  const short = limit === null || usage === null ? long : `${plain(usage)}/${plain(limit)}M`;
  label(g, scene.say('memory'), limit === null && usage !== null ? [mebibytes(usage)] : [long, short], box, scene);
}

function cpu(g: Group, { cpu: { shares, unit, load } }: Gauges, box: Box, scene: Scene): void {
  const { line } = scene.layout;
  const most = Math.min(box.w, line * 4);
  const w = Math.max(2, Math.min(most, ((shares ?? 0) / (unit === 'weight' ? 100 : ALL_SHARES)) * most));
  one(g, 'rect', 'pipe')
    .attr('x', box.x)
    .attr('y', box.y)
    .attr('width', shares === null ? 0 : w)
    .attr('height', box.h);
  const flow = load === null ? 0 : Math.min(1, load) * box.h;
  one(g, 'rect', 'flow')
    .attr('x', box.x)
    .attr('y', box.y + box.h - flow)
    .attr('width', shares === null ? 0 : w)
    .attr('height', flow);
  g.attr('data-shares', shares);
  const used = load === null ? '' : ` · ${Math.round(load * 100)} %`;
  const values = [`${shares} ${unit}${used}`, `${shares} ${unit}`, String(shares)];
  label(g, scene.say('cpu'), shares === null ? ['?'] : values, box, scene);
}

const DOTS = 12;

function pids(g: Group, { pids: { now, max } }: Gauges, box: Box, scene: Scene): void {
  const { line } = scene.layout;
  const pitch = Math.min(line * 0.5, box.w / DOTS);
  const count = Math.min(now ?? 0, DOTS);
  const bar = (i: number) => `M${box.x + 3 + i * pitch},${box.y}v${box.h}`;
  one(g, 'path', 'count').attr('d', Array.from({ length: count }, (_, i) => bar(i)).join(''));
  g.attr('data-pids', now);
  label(
    g,
    scene.say('pids'),
    now === null ? ['?'] : [`${now} / ${max ?? '∞'}`, `${now}/${max ?? '∞'}`, String(now)],
    box,
    scene,
  );
}

/** Both units are written where they are not the same. */
export function ofLimit(usage: number | null, limit: number): string {
  const [used, most] = [usage === null ? '?' : mebibytes(usage), mebibytes(limit)];
  const shared = used.split(' ')[1] === most.split(' ')[1];
  return `${shared ? used.split(' ')[0] : used} / ${most}`;
}

/** A number of mebibytes, with one digit after the point while it is small. */
function plain(bytes: number): string {
  const value = bytes / 2 ** 20;
  return value >= 10 ? String(Math.round(value)) : value.toFixed(1);
}

export function mebibytes(bytes: number): string {
  return bytes >= 2 ** 30 && bytes % 2 ** 30 === 0 ? `${bytes / 2 ** 30} GiB` : `${plain(bytes)} MiB`;
}
