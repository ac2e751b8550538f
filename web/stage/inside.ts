// What stands where inside a container: the heights of its floor, of the two halves of its left wall, and of its doors.
import type { Place } from './layout.ts';
import type { ContainerPart, Door } from './parts.ts';

/** Height of the floor: with two lines of names, with one, or in a low container just that. */
export function floorHeight(at: Place, line: number): number {
  if (at.size === 'large') return line * (isCompact(at, line) ? 1.5 : 3.15);
  return line * (at.h < line * 6 ? 1.2 : 1.5);
}

/** A large container that is too low for a line each: everything on a wall is on one line. */
export function isCompact(at: Place, line: number): boolean {
  return at.size === 'large' && at.h < line * 11;
}

/** Where the left wall ends to be pid's and begins to be net's: under it the doors need room above the floor. */
export function leftSplit(at: Place, line: number): number {
  if (isCompact(at, line)) return (at.h - line * 1.5) * 0.6;
  return at.size === 'large' ? (at.h - line * 3.3) * 0.56 : at.h * 0.6;
}

export interface DoorAt {
  door: Door;
  /** Its upper edge. */
  top: number;
  /** So low a container that the wall's own name stands where the door's inner number would. */
  crowded: boolean;
}

/** The doors that have room in the wall of the network. */
export function doorsIn(c: ContainerPart, at: Place, line: number): DoorAt[] {
  const large = at.size === 'large';
  const net = c.walls.find((w) => w.namespace === 'net');
  const top = at.h - floorHeight(at, line);
  // Under the address there is room for the outlines of both; with less, the number beside the door is still free of it.
  const compact = isCompact(at, line);
  const address = large && net?.fact;
  const [below, spare] = compact ? [1.6, 0.55] : address ? [3.15, 0.75] : [large ? 1.5 : 0.3, 0.15];
  const wanted = leftSplit(at, line) + line * below;
  const first = Math.min(wanted, top - line * 1.02);
  const named = large && wanted - first > line * spare;
  const room = Math.max(1, Math.floor((top - line * 0.1 - first) / (line * 1.4)));
  const shown = at.size === 'small' ? [] : c.doors.slice(0, room);
  return shown.map((door, i) => ({ door, top: at.y + first + i * line * 1.4, crowded: named && i === 0 }));
}
