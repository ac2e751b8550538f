// Small helpers of everything that draws: the one child of a class, text that fits, outlines and their words.
import { type Selection, select } from 'd3';
import '../quiet.ts';
import type { Box } from './layout.ts';
import type { Mark } from './marks.ts';
import type { Scene } from './scene.ts';

export type Group = Selection<SVGGElement, unknown, null, undefined>;

/** The children that `one` has made, by name: a drawing asks for a thousand of them. */
const made = new WeakMap<SVGGElement, Map<string, SVGGElement>>();

/** The single child of this class, made when it is not there yet. */
export function one(parent: Group, tag: string, name: string): Group {
  const known = found(parent, name);
  if (known) return select<SVGGElement, unknown>(known) as unknown as Group;
  const child = parent.append<SVGGElement>(tag).attr('class', name);
  const [node, is] = [parent.node(), child.node()];
  if (node && is) made.set(node, (made.get(node) ?? new Map()).set(name, is));
  return child;
}

/** What `one` would give, or undefined where it is not there yet. */
function found(parent: Group, name: string): SVGGElement | undefined {
  const node = parent.node();
  const child = node ? made.get(node)?.get(name) : undefined;
  return child?.parentNode === node ? child : undefined;
}

export interface Written {
  x: number;
  y: number;
  text: string;
  anchor?: 'start' | 'middle' | 'end';
  mark?: Mark | '';
}

/** One text of this class. An empty one is there and says nothing, or what its parts (tspan) say: those stay. */
export function write(parent: Group, name: string, { x, y, text, anchor = 'start', mark = '' }: Written): Group {
  const written = one(parent, 'text', name)
    .attr('class', `${name} ${mark}`.trim())
    .attr('x', x)
    .attr('y', y)
    .attr('text-anchor', anchor);
  return text === '' && written.node()?.firstElementChild ? written : written.text(text);
}

/** About how wide a text is, pixels: monospaced exactly, other fonts on the safe side, an ideograph a full square. */
export function widthOf(text: string, size: number, font: 'mono' | 'sans' = 'mono'): number {
  let em = 0;
  for (const c of text) em += c > '\u2e80' ? 1 : font === 'mono' ? 0.603 : /[A-Zmw@%≡⬢■●▲◆✚]/.test(c) ? 0.8 : 0.53;
  return em * size;
}

/** As much of the text as there is room for, with … for the rest. */
export function fitted(text: string, size: number, room: number, font: 'mono' | 'sans' = 'mono'): string {
  if (widthOf(text, size, font) <= room) return text;
  let kept = text;
  while (kept.length > 0 && widthOf(`${kept}…`, size, font) > room) kept = kept.slice(0, -1);
  return kept.length < 2 ? '' : `${kept}…`;
}

/** Long ids by their beginning. */
export function shortIds(text: string): string {
  return text.replace(/[0-9a-f]{16,}/g, (id) => `${id.slice(0, 6)}…`);
}

/**
 * The outline of what is marked, and its word ("new", "will go"): never colour alone. `at`: where the word stands; it is
 * left out where null, and where the ghost's dots say it. `inside`: at the right end of the box, where beside it is no room.
 */
export function outline(
  parent: Group,
  scene: Scene,
  mark: Mark | '',
  box: Box,
  at: 'end' | 'above' | 'start' | 'inside' | null = 'end',
): void {
  const { small } = scene.layout;
  const pad = 3;
  // Most parts have no mark at most moments.
  if (!mark && !found(parent, 'outline')) return;
  one(parent, 'rect', 'outline')
    .attr('class', `outline ${mark}`)
    .attr('display', mark ? null : 'none')
    .attr('x', box.x - pad)
    .attr('y', box.y - pad)
    .attr('width', Math.max(0, box.w + 2 * pad))
    .attr('height', Math.max(0, box.h + 2 * pad));
  const word = mark === 'new' ? scene.say('isNew') : mark === 'going' ? scene.say('goes') : '';
  const end = box.x + box.w;
  const x = { above: end, start: box.x - pad - 5, inside: end - pad - 5, end: end + pad + 5 }[at ?? 'end'];
  const y = at === 'above' ? box.y - pad - 4 : box.y + box.h / 2 + small * 0.36;
  const shown = at === null ? '' : word;
  write(parent, 'mark-word', { x, y, text: shown, anchor: at === 'end' ? 'start' : 'end', mark });
}
