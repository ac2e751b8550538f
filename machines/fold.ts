// A fold over the record that remembers: asked again a little later it goes on from where it was, asked about the past
// it goes on from the nearest checkpoint. The answers are those of the plain fold; nothing but the cost is different.
import type { Entry } from './journal.ts';

/** How a view is folded from the record. A state may share with its clones whatever `take` replaces and never changes. */
export interface Fold<S> {
  /** The state before the first entry. */
  init(): S;
  /** Takes one entry into the state, which it may change. */
  take(state: S, entry: Entry): void;
  /** A copy that `take` on the original leaves alone, and the other way round. */
  clone(state: S): S;
}

/** `(entries, seq) => state`, see `folding`. */
export interface Folded<S> {
  (entries: readonly Entry[], seq: number): S;
  /** Takes what has come since, without an answer: whoever asks less often than entries come does not pay for all at once. */
  readOn(entries: readonly Entry[]): void;
}

/** Entries between two checkpoints: going back costs one clone and at most as many `take`s. */
const EVERY = 1000;
/** Answers that are kept: two moments are compared, and views ask for the same one after another. */
const KEPT = 4;

interface Place<S> {
  /** How many entries are in `state`. */
  index: number;
  state: S;
}

interface Memory<S> {
  /** The newest place, which goes on in place. Never handed out. */
  front: Place<S>;
  /** The entry that `front` ends with: another one there means that the record is not the one it was. */
  last: Entry | undefined;
  /** At each multiple of `every`, in order. Never handed out. */
  checkpoints: Place<S>[];
  /** Handed out, newest first. */
  answers: Place<S>[];
}

/**
 * Makes `(entries, seq) => state`: the fold over all entries up to and including `seq`. `entries` are in `seq` order and
 * only grow at their end (an array that was cut or filled anew is noticed and folded again). The state that is handed
 * out stays as it is whatever is asked later; it belongs to all who ask, so nobody may change it.
 */
export function folding<S>({ init, take, clone }: Fold<S>, every = EVERY): Folded<S> {
  const memories = new WeakMap<readonly Entry[], Memory<S>>();
  const fresh = (): Memory<S> => ({
    front: { index: 0, state: init() },
    last: undefined,
    checkpoints: [],
    answers: [],
  });

  function memoryOf(entries: readonly Entry[]): Memory<S> {
    const known = memories.get(entries);
    if (known && (known.front.index === 0 || entries[known.front.index - 1] === known.last)) return known;
    const memory = fresh();
    memories.set(entries, memory);
    return memory;
  }

  /** Takes entries into a place until it holds `index` of them. */
  function goOn(place: Place<S>, entries: readonly Entry[], index: number): void {
    for (; place.index < index; place.index += 1) {
      const entry = entries[place.index];
      if (entry) take(place.state, entry);
    }
  }

  function advance(memory: Memory<S>, entries: readonly Entry[], index: number): void {
    const { front, checkpoints } = memory;
    while (front.index < index) {
      const next = (Math.floor(front.index / every) + 1) * every;
      goOn(front, entries, Math.min(next, index));
      if (front.index === next) checkpoints.push({ index: next, state: clone(front.state) });
    }
    memory.last = entries[front.index - 1];
  }

  /** The latest place at or before `index` that is known, else the beginning; a copy of its own. */
  function before(memory: Memory<S>, index: number): Place<S> {
    const checkpoint = memory.checkpoints[Math.floor(index / every) - 1];
    let best: Place<S> | undefined = checkpoint;
    for (const answer of memory.answers) {
      if (answer.index <= index && answer.index > (best?.index ?? 0)) best = answer;
    }
    return best ? { index: best.index, state: clone(best.state) } : { index: 0, state: init() };
  }

  function stateAt(entries: readonly Entry[], seq: number): S {
    const memory = memoryOf(entries);
    const index = indexAfter(entries, seq);
    const known = memory.answers.find((answer) => answer.index === index);
    if (known) return known.state;
    let answer: Place<S>;
    if (index >= memory.front.index) {
      advance(memory, entries, index);
      answer = { index, state: clone(memory.front.state) };
    } else {
      answer = before(memory, index);
      goOn(answer, entries, index);
    }
    memory.answers = [answer, ...memory.answers.slice(0, KEPT - 1)];
    return answer.state;
  }

  const readOn = (entries: readonly Entry[]) => advance(memoryOf(entries), entries, entries.length);
  return Object.assign(stateAt, { readOn });
}

/** How many entries have a `seq` up to and including this one. */
export function indexAfter(entries: readonly Entry[], seq: number): number {
  const last = entries.at(-1);
  if (last && last.seq <= seq) return entries.length;
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const e = entries[middle];
    if (e && e.seq <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
