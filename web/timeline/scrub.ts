// The scrubber's numbers: which chapters are wide enough to be drawn, and which columns have a beat. Pure; what it costs
// depends on the width, not on the length of the record.
import type { Chapter, Marks } from '../../machines/grain.ts';

export interface Segment {
  x: number;
  width: number;
  title: string;
  run: string;
  /** A run begins here: a stronger line. */
  begins: boolean;
}

/** Pixels: a chapter narrower than this is left to its neighbours. */
const NARROW = 4;

/** Where the `rank`-th entry of `count` lies on a line `width` pixels long. The last one lies at its end. */
export function placeOf(rank: number, count: number, width: number): number {
  return count <= 1 ? 0 : (rank / (count - 1)) * width;
}

/** The chapters as segments that cover the line from the first run on; of those that share a few pixels the last is shown. */
export function segmentsOf({ chapters, foreground }: Marks, width: number): Segment[] {
  const x = (c: Chapter) => placeOf(c.rank, foreground.length, width);
  const shown: Segment[] = [];
  let at = 0;
  while (at < chapters.length) {
    const from = x(chapters[at]!);
    // The next one that is drawn begins a few pixels on: look for it by halves, there may be thousands in between.
    const last = lastWithin(chapters, at, (c) => x(c) < from + NARROW);
    const chapter = chapters[last]!;
    const next = chapters[last + 1];
    const begins = chapters[at]!.run !== chapters[at - 1]?.run;
    shown.push({ x: from, width: (next ? x(next) : width) - from, title: chapter.title, run: chapter.run, begins });
    at = last + 1;
  }
  return shown;
}

/** Columns, `step` pixels apart, in which at least one beat lies. */
export function ticksOf({ beats, foreground }: Marks, width: number, step = 3): number[] {
  const columns = Math.floor(width / step);
  const ticks: number[] = [];
  let at = 0;
  for (let column = 0; column <= columns && at < beats.length; column++) {
    const until = ((column + 0.5) * step * Math.max(1, foreground.length - 1)) / Math.max(1, width);
    const next = firstFrom(beats, at, until);
    if (next > at) ticks.push(column * step);
    at = next;
  }
  return ticks;
}

function lastWithin(chapters: readonly Chapter[], from: number, fits: (c: Chapter) => boolean): number {
  let low = from;
  let high = chapters.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(chapters[middle]!)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The first place from `at` on whose number is not below `limit`. */
function firstFrom(numbers: readonly number[], at: number, limit: number): number {
  let low = at;
  let high = numbers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((numbers[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
