// Motion means causality and nothing else: what little of it there is, and none for who asks for none.
import { select } from 'd3';
import type { Point } from './layout.ts';
import { alongLine, lengthOf } from './ways.ts';

/** Whether the reader wants to see motion. */
export function moves(): boolean {
  return !matchMedia('(prefers-reduced-motion: reduce)').matches;
}

/** What moves right now. */
const running = new Set<Promise<unknown>>();

/** Counts a motion as running until it settles, however it does. */
export function counts(motion: Promise<unknown>): void {
  const end = () => void running.delete(ended);
  const ended: Promise<void> = motion.then(end, end);
  running.add(ended);
}

/** Settles when nothing moves any more; what begins meanwhile counts too. */
export async function motionEnded(): Promise<void> {
  while (running.size > 0) await Promise.all(running);
}

/** Lets a part come from `dy` pixels away. */
export function slide(part: SVGElement | null, dy: number): void {
  if (!part || !moves()) return;
  const steps = [{ transform: `translateY(${dy}px)` }, { transform: 'none' }];
  counts(part.animate(steps, { duration: 520, easing: 'ease-in-out' }).finished);
}

const TRAVEL_MS = 650;

/** Lets a bead go along a path once, up to this part of it. What went before and has not arrived is taken away. */
export function travel(paths: Iterable<SVGPathElement>, part: (path: SVGPathElement) => number): void {
  for (const path of paths) {
    const parent = path.parentNode;
    if (!(parent instanceof SVGElement)) continue;
    const bead = document.createElementNS('http://www.w3.org/2000/svg', 'circle');
    bead.setAttribute('class', 'moving');
    bead.setAttribute('r', '7');
    parent.append(bead);
    // Reckoned from the way's own points: to ask the path would cost a layout a frame.
    const points = select<SVGPathElement, Point[]>(path).datum();
    const length = lengthOf(points) * part(path);
    const began = performance.now();
    counts(
      new Promise<void>((arrived) => {
        const frame = () => {
          const t = Math.min(1, (performance.now() - began) / TRAVEL_MS);
          const [x, y] = alongLine(points, t * t * (3 - 2 * t) * length);
          bead.setAttribute('transform', `translate(${x},${y})`);
          if (t < 1 && bead.isConnected) {
            requestAnimationFrame(frame);
            return;
          }
          bead.remove();
          arrived();
        };
        frame();
      }),
    );
  }
}
