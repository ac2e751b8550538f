// Where stepping stops on the record (DESIGN 6, grain): pure functions from a moment to a moment, forwards and backwards
// alike. They read the record only; what opens gates on a live lab is server/debugger.
import type { Entry, TransitionBody } from './journal.ts';
import { stateText } from './sentences.ts';

/** chapter: states of a run's top machine. beat: a message, a change of state, a boot step. entry: everything. */
export type Grain = 'chapter' | 'beat' | 'entry';
export const GRAINS: readonly Grain[] = ['chapter', 'beat', 'entry'];

/** 1 is forwards, towards the present. */
export type Direction = 1 | -1;
export type Verb = 'over' | 'into' | 'out';

export interface Chapter {
  seq: number;
  /** Its place among `Marks.foreground`. */
  rank: number;
  run: string;
  /** The state, or the run's name where it begins. */
  title: string;
}

/** Everything of a record at which stepping can stop, in its order. */
export interface Marks {
  /** `seq` of each entry that is not periodic traffic. */
  foreground: number[];
  /** Places of the beats among `foreground`. */
  beats: number[];
  chapters: Chapter[];
}

interface Reading extends Marks {
  counted: number;
  last: Entry | undefined;
  /** The actor whose states are the chapters of a run: the first of a told machine that moves in it. */
  tops: Map<string, string>;
  values: Map<string, string>;
}

const readings = new WeakMap<readonly Entry[], Reading>();

/** The marks of a record. An array that only grows is read once, each entry when it comes; the marks grow with it. */
export function marksOf(entries: readonly Entry[]): Marks {
  let reading = readings.get(entries);
  if (!reading || (reading.counted > 0 && entries[reading.counted - 1] !== reading.last)) {
    reading = {
      ...{ counted: 0, last: undefined, tops: new Map(), values: new Map() },
      ...{ foreground: [], beats: [], chapters: [] },
    };
    readings.set(entries, reading);
  }
  for (; reading.counted < entries.length; reading.counted++) {
    const e = entries[reading.counted];
    if (e && !e.background) mark(reading, e);
  }
  reading.last = entries[reading.counted - 1];
  return reading;
}

/** Machines whose change of state is a beat: the same that machines/gates.ts holds in the pace `beat`. */
const TOLD = ['app', 'staging-task', 'instance', 'container'];

function mark(reading: Reading, e: Entry): void {
  const rank = reading.foreground.push(e.seq) - 1;
  const moved = e.type === 'transition' && TOLD.includes(e.machine) && moves(reading, e);
  if (e.type === 'fault' || isTold(e) || moved) reading.beats.push(rank);
  if (e.begins !== undefined) reading.chapters.push({ seq: e.seq, rank, run: e.begins, title: e.begins });
  if (!moved || e.run === null) return;
  const top = reading.tops.get(e.run) ?? e.actor;
  reading.tops.set(e.run, top);
  if (top === e.actor) reading.chapters.push({ seq: e.seq, rank, run: e.run, title: stateText(e.value) });
}

/** Whether this transition leads into another state. A return to the same one is work inside it. */
function moves(reading: Reading, e: TransitionBody): boolean {
  const value = stateText(e.value);
  const before = reading.values.get(e.actor);
  reading.values.set(e.actor, value);
  return value !== before || e.event === 'xstate.init';
}

/** A message counts once, when it arrives; one that leaves the lab arrives nowhere. A boot step counts when it is done. */
function isTold(e: Entry): boolean {
  if (e.type === 'message') return e.phase !== 'sent' || e.to === 'you' || e.to === 'client';
  return e.type === 'step' && e.of === 'boot' && e.when === 'after';
}

/**
 * The next stop after (or before) the moment `seq`, or null where the record ends.
 * @param background whether each periodic entry is a stop too; asked for with the grain `entry` only
 */
export function stopFrom(
  entries: readonly Entry[],
  seq: number,
  { grain, direction, background = false }: { grain: Grain; direction: Direction; background?: boolean },
): number | null {
  const marks = marksOf(entries);
  if (grain === 'entry' && background) return nearest(entries.length, (i) => entries[i]?.seq ?? 0, seq, direction);
  if (grain === 'chapter') return nearest(marks.chapters.length, (i) => marks.chapters[i]?.seq ?? 0, seq, direction);
  const seqOf = (rank: number) => marks.foreground[rank] ?? 0;
  if (grain === 'beat') return nearest(marks.beats.length, (i) => seqOf(marks.beats[i] ?? 0), seq, direction);
  return nearest(marks.foreground.length, seqOf, seq, direction);
}

/** The first stop of the record in this grain, or null while there is none. */
export function firstStop(entries: readonly Entry[], grain: Grain): number | null {
  return stopFrom(entries, 0, { grain, direction: 1 });
}

/** The newest entry that is not periodic: where the record meets the present. Null while there is none. */
export function presentOf(entries: readonly Entry[]): number | null {
  return marksOf(entries).foreground.at(-1) ?? null;
}

/**
 * over, into and out on the record: the nearest beat (or entry) that the same actor has, that lies deeper, or higher.
 * *Deeper* is the way down of the stage: Cloud Controller, DEA, Warden, wshd, script. Stays in the run it begins in.
 */
export function landFrom(
  entries: readonly Entry[],
  seq: number,
  { verb, direction, grain = 'beat' }: { verb: Verb; direction: Direction; grain?: Grain },
): number | null {
  const index = after(entries.length, (i) => entries[i]?.seq ?? 0, seq);
  const from = entries[index - 1];
  if (!from) return null;
  const depth = depthOf(from);
  const lands = (e: Entry): boolean => {
    if (e.background || (from.run !== null && e.run !== from.run)) return false;
    if (verb === 'into') return depthOf(e) > depth || e.actor === from.actor;
    if (verb === 'out' && depth > 0) return depthOf(e) < depth;
    return e.actor === from.actor;
  };
  return walk(entries, seq, { grain: grain === 'chapter' ? 'beat' : grain, direction, lands });
}

/** How far down the one who says this is: 0 Cloud Controller, router, NATS … 4 a line of a script. */
export function depthOf(e: Entry): number {
  if (e.type === 'script') return 4;
  if (e.type === 'step' || e.type === 'kernel') return 3;
  if (e.proc.startsWith('warden/')) return 2;
  return e.proc.startsWith('dea/') ? 1 : 0;
}

/** The nearest stop at which `lands` is true. */
export function walk(
  entries: readonly Entry[],
  seq: number,
  { grain, direction, lands }: { grain: Grain; direction: Direction; lands: (e: Entry) => boolean },
): number | null {
  let at = stopFrom(entries, seq, { grain, direction });
  while (at !== null) {
    const e = entryOf(entries, at);
    if (e && lands(e)) return at;
    at = stopFrom(entries, at, { grain, direction });
  }
  return null;
}

/** The entry with this `seq`. */
export function entryOf(entries: readonly Entry[], seq: number): Entry | undefined {
  const e = entries[after(entries.length, (i) => entries[i]?.seq ?? 0, seq) - 1];
  return e?.seq === seq ? e : undefined;
}

function nearest(count: number, seqAt: (i: number) => number, seq: number, direction: Direction): number | null {
  const next = direction === 1 ? after(count, seqAt, seq) : after(count, seqAt, seq - 1) - 1;
  return next >= 0 && next < count ? seqAt(next) : null;
}

/** How many of `count` numbers in order are at most `seq`. */
function after(count: number, seqAt: (i: number) => number, seq: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (seqAt(middle) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
