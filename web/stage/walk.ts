// Walking over the stage by arrow keys: from one thing that can be chosen to the next in that direction.
import { commandAt } from '../keys.ts';

const DIRECTIONS: Record<string, readonly [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Moves the focus inside the svg that the key was pressed in. Other keys are left alone. */
export function stepFocus(event: KeyboardEvent): void {
  const direction = DIRECTIONS[event.key];
  const svg = event.currentTarget;
  if (commandAt('stage', event) !== 'walk' || !direction || !(svg instanceof SVGSVGElement)) return;
  const things = [...svg.querySelectorAll<SVGGraphicsElement>('.room[tabindex], .bead[tabindex]')];
  const from = things.find((thing) => thing === event.target);
  const next = from ? nearest(from, things, direction) : (things.find((t) => t.matches('.room')) ?? things[0]);
  event.preventDefault();
  event.stopPropagation();
  next?.focus();
}

function nearest(
  from: SVGGraphicsElement,
  things: SVGGraphicsElement[],
  [dx, dy]: readonly [number, number],
): SVGGraphicsElement | undefined {
  const [x, y] = middle(from);
  const far = (thing: SVGGraphicsElement) => {
    const [tx, ty] = middle(thing);
    const along = (tx - x) * dx + (ty - y) * dy;
    const aside = Math.abs((tx - x) * dy) + Math.abs((ty - y) * dx);
    return along <= 1 ? Number.POSITIVE_INFINITY : along + aside * 2;
  };
  const others = things.filter((thing) => thing !== from && Number.isFinite(far(thing)));
  return others.sort((a, b) => far(a) - far(b))[0];
}

function middle(thing: SVGGraphicsElement): [number, number] {
  const { x, y, width, height } = thing.getBoundingClientRect();
  return [x + width / 2, y + height / 2];
}
