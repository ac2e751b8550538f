// Draws processes: one token each, set into the wall of the pid namespace, its inner face inside, its outer face outside.
// In the host's view the outer faces hang in the host's tree, at the same place.
import { select } from 'd3';
import { isCompact, leftSplit } from './inside.ts';
import type { Place } from './layout.ts';
import type { ContainerPart, Process } from './parts.ts';
import { markOf, type Scene } from './scene.ts';
import { fitted, type Group, one, outline, widthOf, write } from './svg.ts';

interface Token {
  process: Process;
  key: string;
  y: number;
}

export function drawProcesses(g: Group, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, small } = scene.layout;
  const large = at.size === 'large';
  const pitch = line * (large ? 1.75 : 1.6);
  const top = at.y + line * (isCompact(at, line) ? 1.5 : large ? 2.65 : at.h > line * 6 ? 1.7 : 0.2);
  const room = Math.max(1, Math.floor((leftSplit(at, line) - (top - at.y) + line * 0.3) / pitch));
  const { shown: chosen, hidden } = chooseProcesses(c, at.size === 'small' ? 0 : room);
  const shown: Token[] = chosen.map((process, i) => ({
    process,
    key: i === 0 && c.wshd ? 'wshd' : `process:${process.host ?? '?'}`,
    y: top + i * pitch,
  }));
  g.selectAll<SVGGElement, Token>('g.process')
    .data(shown, (t) => t.key)
    .join('g')
    .attr('class', (t) => `process ${t.key === 'wshd' ? 'init' : ''} ${markOf(scene, `${c.handle} ${t.key}`)}`)
    .each(function (t) {
      token(select(this) as unknown as Group, t, c, at, scene);
    });
  const last = shown.at(-1);
  const beside = last ? widthOf(faces(last.process).inner, small) + line : 0;
  const named = fitted(`+${hidden.length} ${namesOf(hidden)}`, small, at.w * 0.62 - beside);
  write(g, 'more', {
    x: at.x + 12 + beside,
    y: (last?.y ?? top) + line * 0.95,
    text: at.size === 'small' || hidden.length === 0 ? '' : named.includes(' ') ? named : `+${hidden.length}`,
  });
  tree(one(g, 'g', 'tree'), c, at, shown, scene);
}

/** What starts a program and passes its output on. */
const HELPERS = ['bash', 'sh', 'tee', 'cat'];

/**
 * Which tokens there is room for: PID 1 always, then what the container is there for, before the shells and pipes around
 * it. What is shown stands in the order of its numbers, the hidden in this order.
 */
export function chooseProcesses(c: Pick<ContainerPart, 'wshd' | 'processes'>, room: number) {
  const first: Process[] = c.wshd ? [{ ...c.wshd, name: 'wshd' }] : [];
  const [helpers, others] = [true, false].map((is) => c.processes.filter((p) => HELPERS.includes(p.name) === is));
  const wanted = new Set([...(others ?? []), ...(helpers ?? [])].slice(0, Math.max(0, room - first.length)));
  return {
    shown: room === 0 ? [] : [...first, ...c.processes.filter((p) => wanted.has(p))],
    hidden: [...(others ?? []), ...(helpers ?? [])].filter((p) => !wanted.has(p)),
  };
}

/** `bash, tee ×2`. */
function namesOf(processes: readonly Process[]): string {
  const counts = new Map<string, number>();
  for (const { name } of processes) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, n]) => (n > 1 ? `${name} ×${n}` : name)).join(', ');
}

function faces({ inside, name, host }: Process): { inner: string; outer: string } {
  return { inner: `${inside ?? '?'} ${name}`, outer: host === null ? '?' : String(host) };
}

function token(g: Group, { process, key, y }: Token, c: ContainerPart, at: Place, scene: Scene): void {
  const { line, small } = scene.layout;
  const { inner, outer } = faces(process);
  const words = fitted(inner, small, at.w * 0.55);
  const out = widthOf(outer, small) + line * 0.6;
  const into = widthOf(words, small) + line * 0.8;
  const h = line * 1.35;
  one(g, 'rect', 'outer')
    .attr('x', at.x - out)
    .attr('y', y)
    .attr('width', out)
    .attr('height', h);
  one(g, 'rect', 'inner').attr('x', at.x).attr('y', y).attr('width', into).attr('height', h);
  const base = y + line * 0.97;
  write(g, 'host-pid', { x: at.x - line * 0.3, y: base, text: outer, anchor: 'end' });
  const mark = markOf(scene, `${c.handle} ${key}`);
  const will = scene.ahead?.containers.find((one) => one.handle === c.handle);
  const next = will?.processes.find((p) => p.host === process.host)?.name;
  const renamed = mark === 'coming' && next && next !== process.name ? ` → ${next}` : '';
  write(g, 'pid', { x: at.x + line * 0.4, y: base, text: words });
  write(g, 'renamed', { x: at.x + into + 8, y: base, text: renamed });
  outline(g, scene, mark, { x: at.x - out, y, w: out + into, h });
}

/** The host's tree: the starter above PID 1, PID 1 above its jobs, drawn where their outer faces are. */
function tree(g: Group, c: ContainerPart, at: Place, shown: Token[], scene: Scene): void {
  const { line, small } = scene.layout;
  const told = scene.host && at.size === 'large' && shown.length > 0;
  const left = (t: Token) => at.x - widthOf(faces(t.process).outer, small) - line * 0.6;
  const [first, ...rest] = shown;
  const trunk = Math.min(...shown.map(left)) - line * 0.55;
  const y = (t: Token) => t.y + line * 0.68;
  const starter = c.starter === null || !told ? '' : String(c.starter);
  const head = (first?.y ?? at.y) - line * 1.1;
  const branches = first
    ? [
        starter ? `M${trunk},${head + line * 0.35}V${y(first)}H${left(first)}` : '',
        ...rest.map((t) => `M${trunk},${y(first)}V${y(t)}H${left(t)}`),
      ]
    : [];
  one(g, 'path', 'branch').attr('d', told ? branches.join('') : '');
  write(g, 'starter', { x: at.x - line * 0.35, y: head + line * 0.1, text: starter, anchor: 'end' });
  write(g, 'starter-name', {
    x: at.x - line * 0.35,
    y: head - line * 0.85,
    text: starter ? scene.say('starter') : '',
    anchor: 'end',
  });
}
