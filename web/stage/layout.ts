// Where everything stands in the cross-section: numbers from (view, size, zoom), nothing else. Order and side never change;
// the zoom only says which container is large. Three sizes: the subject, the one it talks to, and all others.
import { doorsIn } from './inside.ts';
import { type ContainerPart, SKY, type StageView } from './parts.ts';

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

export type Point = [x: number, y: number];
export type Size = 'large' | 'middle' | 'small';

export interface House extends Box {
  size: Size;
  /** Where dea ends and warden begins. */
  wall: number;
  /** Height of the hatch, the Unix socket. */
  hatch: number;
}

export interface Place extends Box {
  size: Size;
  /** Width of its gauges, which hang under it from the kernel's line; 0 where there is no room for them. */
  gauges: number;
}

/** Keyed by plain names, so that two layouts can be interpolated while the camera moves. */
export interface StageLayout {
  width: number;
  height: number;
  /** Height of a line of text, pixels. */
  line: number;
  /** Font sizes, pixels: of names, and of what is written small. */
  text: number;
  small: number;
  sky: Record<string, { x: number; y: number }>;
  nats: { x: number; y: number; w: number };
  /** Baselines of the lanes that are kept free for a message's name: above the sky, and under the NATS line. */
  lanes: { sky: number; street: number };
  houses: Record<string, House>;
  containers: Record<string, Place>;
  /** The doors of containers, by node and host port (`0.61001`): the upper edge of the gap in the wall. */
  doors: Record<string, { x: number; y: number }>;
  /** What stands in the cellar of a node that has no container: where its word goes. */
  cellars: Record<string, Box>;
  /** A container is large: of the sky only names are left. */
  near: boolean;
  /** Too low: houses are one row, numbers on the bus are left out. */
  low: boolean;
  /** Too narrow for what stands beside each other elsewhere. */
  narrow: boolean;
  /** The line marked "system calls". */
  kernel: number;
}

export interface Frame {
  width: number;
  height: number;
  /** Handle of the container that is large, or null for the whole platform. */
  zoom: string | null;
  /** Font size of names, pixels; what is small is small. */
  text: number;
  small: number;
}

const GAP = 14;

export function layoutOf(view: StageView, frame: Frame): StageLayout {
  const { width, height, text, small } = frame;
  const line = Math.round(text * 1.34);
  const narrow = width < line * 34;
  const zoomed = view.containers.find((c) => c.handle === frame.zoom);
  const low = height < line * 25;
  // Heights in lines of text: of what lies above and below the containers there is as much as the window allows.
  const [skyAt, natsAt, laneAt, streetAt, title] = zoomed
    ? low
      ? [1, 1, 1.3, 0.3, 1.35]
      : [1.25, 1.45, 1.4, 0.35, 1.5]
    : low
      ? [2.2, 2, 1.35, 0.4, 1.5]
      : [2.9, 2.9, 1.4, 0.6, 1.75];
  const skyY = line * skyAt;
  const natsY = skyY + line * natsAt;
  const lane = natsY + line * laneAt;
  const band = zoomed
    ? Math.max(line * (low ? 4 : 5), height * 0.16)
    : low
      ? line * 4.1
      : Math.max(line * 5.6, height * 0.18);
  const kernel = height - band;
  const tall = Math.max(line * 5, (kernel - lane) * 0.32);
  const street = { y: lane + line * streetAt, h: zoomed || low ? line * (zoomed && low ? 2 : 2.2) : tall };
  const cellarY = street.y + street.h + line * title;
  const base = {
    ...{ width, height, line, text, small, narrow, low, kernel },
    sky: Object.fromEntries(SKY.map((name, i) => [name, { x: (width * (i + 0.5)) / SKY.length, y: skyY }])),
    nats: { x: GAP, y: natsY, w: width - 2 * GAP },
    lanes: { sky: zoomed ? lane : line * (low ? 0.75 : 0.95), street: lane },
    near: zoomed !== undefined,
  };
  // Under the floor there is room for the other tree, which waits there or is let go there.
  const cellar = { y: cellarY, h: kernel - cellarY - line * (zoomed ? (low ? 1.75 : 2.1) : 0.9) };
  const frame_ = { ...frame, line, narrow };
  const placed = zoomed ? near(view, frame_, zoomed, street, cellar) : far(view, frame_, street, cellar);
  return { ...base, ...placed, doors: doorsAt(view, placed, line) };
}

function doorsAt(view: StageView, { containers }: Placed, line: number): StageLayout['doors'] {
  const doors: StageLayout['doors'] = {};
  for (const c of view.containers) {
    const at = containers[c.handle];
    for (const { door, top } of at ? doorsIn(c, at, line) : [])
      doors[`${c.node}.${door.host}`] = { x: at?.x ?? 0, y: top };
  }
  return doors;
}

type Band = { y: number; h: number };
type Placed = Pick<StageLayout, 'houses' | 'containers' | 'cellars'>;
type Measures = Frame & { line: number; narrow: boolean };

/** The platform: a column for each node, its containers under its house. Who has more containers has more room. */
function far(view: StageView, { width, line, narrow }: Measures, street: Band, cellar: Band): Placed {
  const placed: Placed = { houses: {}, containers: {}, cellars: {} };
  const mine = (node: number) => view.containers.filter((c) => c.node === node);
  const weights = view.nodes.map(({ node }) => (narrow ? 1 : 1 + Math.min(4, mine(node).length) * 0.55));
  const total = weights.reduce((a, b) => a + b, 0);
  let x = GAP;
  view.nodes.forEach(({ node }, i) => {
    const column = ((width - GAP) * (weights[i] ?? 1)) / Math.max(total, 1e-9);
    const box = { x, y: street.y, w: column - GAP, h: street.h };
    x += column;
    placed.houses[node] = { ...box, size: 'middle', ...rooms(box, 0.72) };
    const all = mine(node);
    if (all.length === 0) placed.cellars[node] = { x: box.x, y: cellar.y, w: box.w, h: cellar.h };
    const each = Math.min((box.w + GAP) / all.length, Math.max(line * 24, box.w * 0.66));
    // Room at the left for the outer face of PID 1's token and for the door, which stand outside the wall.
    const porch = line * 3.3;
    const middle = each - porch - GAP > line * 5.4 && cellar.h > line * 3.7;
    all.forEach((c, k) => {
      if (!middle) placed.containers[c.handle] = chip(box, cellar.y, k, all.length, line);
      else {
        const w = each - GAP - porch;
        const place = { x: box.x + k * each + porch, y: cellar.y, w, h: cellar.h, size: 'middle' as const };
        placed.containers[c.handle] = { ...place, gauges: w + porch };
      }
    });
  });
  return placed;
}

/** A small container: glyph and name in as many columns as there is room for. */
function chip(box: Box, y: number, k: number, count: number, line: number): Place {
  const columns = Math.max(1, Math.min(count, Math.floor(box.w / (line * 6.5))));
  const w = box.w / columns;
  return {
    x: box.x + (k % columns) * w,
    y: y - line * 0.6 + Math.floor(k / columns) * line * 2.5,
    w: w - 6,
    h: line * 2.2,
    size: 'small',
    gauges: 0,
  };
}

/** One container: everything before it stands small at its left, everything after it small at its right. */
function near(
  view: StageView,
  { width, line, narrow }: Measures,
  zoomed: ContainerPart,
  street: Band,
  cellar: Band,
): Placed {
  const placed: Placed = { houses: {}, containers: {}, cellars: {} };
  const porch = line * 4.2;
  const others = view.containers.length > 1 || view.nodes.length > 1;
  const side = narrow ? 0 : others ? Math.min(line * 6.2, width * 0.11) : 0;
  const right = narrow ? 0 : Math.max(width * 0.29, line * 11);
  const x = GAP + side + porch;
  const middle = { x, w: Math.max(line * 8, width - x - right - GAP) };
  const small = (before: boolean, i: number, y: number, pitch: number): Place => ({
    x: before ? GAP : narrow ? width : middle.x + middle.w + GAP * 2,
    y: y + i * pitch,
    // Who finds no room above the floor is not drawn: the table has all.
    w:
      narrow || y + (i + 1) * pitch > cellar.y + cellar.h + line
        ? 0
        : before
          ? side - 6
          : Math.min(right - 3 * GAP, line * 9),
    h: pitch - line * 0.3,
    size: 'small',
    gauges: 0,
  });
  const counts = { left: 0, right: 0 };
  for (const { node } of view.nodes) {
    if (node === zoomed.node) {
      const box = { x: middle.x, y: street.y, w: middle.w, h: street.h };
      placed.houses[node] = { ...box, size: 'middle', ...rooms(box, 0.78) };
    } else {
      const before = node < zoomed.node;
      const box = small(before, before ? counts.left++ : counts.right++, street.y, line * 1.2);
      placed.houses[node] = { ...box, ...rooms(box, 0.5) };
    }
  }
  const order = [...view.containers].sort((a, b) => a.node - b.node);
  const at = order.indexOf(zoomed);
  const pitch = (count: number) => Math.max(line * 1.3, Math.min(line * 2.5, (cellar.h + line) / Math.max(1, count)));
  order.forEach((c, i) => {
    placed.containers[c.handle] =
      i === at
        ? { ...middle, y: cellar.y, h: cellar.h, size: 'large', gauges: middle.w }
        : small(i < at, i < at ? i : i - at - 1, cellar.y, pitch(i < at ? at : order.length - at - 1));
  });
  return placed;
}

function rooms(box: Box, hatch: number): { wall: number; hatch: number } {
  return { wall: box.x + box.w / 2, hatch: box.y + box.h * hatch };
}
