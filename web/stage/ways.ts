// The lines along which messages go, and the points of a place at which they begin and end. Pure numbers over a layout.
import type { Point, StageLayout } from './layout.ts';
import { type Bead, SKY } from './parts.ts';
import type { HeldPlace } from './scene.ts';

/** Where a path begins and ends at a place, and where a bar stands that holds what comes to it. */
export function anchorOf(layout: StageLayout, place: string): Point | null {
  const [kind = '', id = ''] = place.split('/');
  const station = layout.sky[kind];
  if (station) return [station.x, station.y + layout.line * 0.5];
  const house = layout.houses[id];
  if (house && kind === 'dea') return [house.x + Math.min(house.w * 0.06, layout.line), house.y];
  if (house && kind === 'warden') return [house.wall + (house.x + house.w - house.wall) * 0.5, house.y];
  const door = layout.doors[id];
  if (door && kind === 'door') return [door.x, door.y];
  const box = layout.containers[id];
  return box && kind === 'container' ? [box.x + box.w / 2, box.y] : null;
}

/** Where what is held waits: in the hatch for what goes through it, on the stub of a station, at the roof of a house else. */
export function gateOf(layout: StageLayout, { place, point }: HeldPlace): Point | null {
  const house = layout.houses[point.proc.split('/')[1] ?? ''];
  if (house && house.size !== 'small' && point.transport === 'warden') return [house.wall, house.hatch];
  const at = anchorOf(layout, place);
  const station = layout.sky[place];
  return at && station ? [at[0], layout.nats.y - layout.line * (layout.near ? 0.45 : 0.5)] : at;
}

/** The line of a path by its name (`pathOf`), in the direction in which it is written; null where an end is not on the stage. */
export function lineOf(layout: StageLayout, path: string): Point[] | null {
  const { line, nats } = layout;
  const [kind, rest = ''] = path.split(':');
  if (kind === 'warden') {
    const house = layout.houses[rest];
    if (!house || house.size === 'small') return null;
    const reach = Math.min(house.w * 0.44, Math.max(line * 4, house.w * 0.3));
    return [
      [house.wall - reach, house.hatch],
      [house.wall + reach, house.hatch],
    ];
  }
  if (kind === 'nats') {
    const from = anchorOf(layout, rest);
    // Beads lie on the bus itself, beside the stub of who published them.
    return (
      from && [
        [from[0], from[1]],
        [from[0], nats.y],
        [Math.min(from[0] + line * 3, nats.x + nats.w), nats.y],
      ]
    );
  }
  const [a = '', b = ''] = rest.split('-');
  const [from, to] = [anchorOf(layout, a), anchorOf(layout, b)];
  if (!from || !to) return null;
  const [sa, sb] = [layout.sky[a], layout.sky[b]];
  if (sa && sb) {
    const far = Math.abs(stationIndex(a) - stationIndex(b)) > 1;
    const down = layout.near ? line * 0.35 : -line * 0.55;
    const y = sa.y + (layout.near ? line * (layout.low ? 0.65 : 0.8) : -line * (far ? 1.35 : 1));
    return [
      [sa.x + line, sa.y + down],
      [sa.x + line, y],
      [sb.x - line, y],
      [sb.x - line, sb.y + down],
    ];
  }
  const y = nats.y + line * 0.4;
  // Beside the stub of a station, on the side where its note does not stand.
  const x = from[0] + line * (sa ? -0.9 : 1.4);
  const out: Point[] = [
    [x, from[1] + (sa ? line * 0.15 : 0)],
    [x, y],
  ];
  // To a door from the side: past the house, as a request passes both processes of the node by.
  if (b.startsWith('door/')) return [...out, [to[0] - line * PORCH, y], [to[0] - line * PORCH, to[1]], to];
  return [...out, [to[0] + line * 1.4, y], [to[0] + line * 1.4, to[1]]];
}

/** How far beside a container's wall the way to its door comes down, in lines: left of the outer faces of its tokens. */
const PORCH = 3.6;

const stationIndex = (name: string) => (SKY as readonly string[]).indexOf(name);

/** The whole way of a NATS message: from its publisher along the line to one who receives it. */
export function natsWay(layout: StageLayout, from: string, to: string): Point[] | null {
  const [a, b] = [anchorOf(layout, from), anchorOf(layout, to)];
  return a && b && [a, [a[0], layout.nats.y], [b[0], layout.nats.y], b];
}

/** The ways that a message has gone or goes; several for a broadcast. */
export function waysOf(layout: StageLayout, bead: Bead): Point[][] {
  if (bead.path.startsWith('nats:') && bead.from !== 'nats' && bead.to.length > 0)
    return bead.to.map((to) => natsWay(layout, bead.from, to)).filter((p) => p !== null);
  const line = lineOf(layout, bead.path);
  return line ? [bead.forward ? line : [...line].reverse()] : [];
}

/** The baseline of the lane in which a message's name stands, and the middle of the name. */
export function nameSpot(layout: StageLayout, bead: Bead): Point {
  const { width, line, lanes } = layout;
  const [way] = waysOf(layout, bead);
  const middle = way ? alongLine(way, lengthOf(way) / 2) : ([width / 2, lanes.street] as Point);
  const house = bead.path.startsWith('warden:') ? layout.houses[bead.path.slice(7)] : undefined;
  // A narrow house in the street has no room between the names of its two rooms.
  if (house && house.size !== 'small' && !(layout.narrow && !layout.near))
    return [house.wall, house.hatch - line * 0.62];
  const sky = /^http:\w+-\w+$/.test(bead.path);
  return [middle[0], sky ? lanes.sky : lanes.street];
}

/** The point `distance` pixels along a line, from its start, or from its end when negative. */
export function alongLine(points: readonly Point[], distance: number): Point {
  const lengths = points.slice(1).map(([x, y], i) => Math.hypot(x - (points[i]?.[0] ?? 0), y - (points[i]?.[1] ?? 0)));
  const total = lengths.reduce((a, b) => a + b, 0);
  let left = Math.min(total, Math.max(0, distance < 0 ? total + distance : distance));
  for (const [i, length] of lengths.entries()) {
    const [a, b] = [points[i], points[i + 1]];
    if (!a || !b) break;
    if (left <= length) {
      const t = length === 0 ? 0 : left / length;
      return [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t];
    }
    left -= length;
  }
  return points.at(-1) ?? [0, 0];
}

export function lengthOf(points: readonly Point[]): number {
  return points
    .slice(1)
    .reduce((sum, [x, y], i) => sum + Math.hypot(x - (points[i]?.[0] ?? 0), y - (points[i]?.[1] ?? 0)), 0);
}
