// What the page says to the ear, and when: the news of a record, once a second at most. Pure but for what it is given.
import { type Grain, stopFrom } from '../machines/grain.ts';
import type { Entry } from '../machines/journal.ts';
import { hasBegun, type Model } from './model.ts';

const EVERY_MS = 1000;
/** Two paths that go beat by beat make so many beats in one second; of more, which is a crowd, only the newest is said. */
const BREATH = 6;

/** What of the entries from `index` on is worth a word: the stops of this grain, and what does not go on by itself. */
export function newsFrom(entries: readonly Entry[], index: number, grain: Grain): Entry[] {
  return entries.slice(index).filter((e) => {
    if (e.type === 'gate') return e.phase === 'held' && e.by !== 'beat';
    return stopFrom(entries, e.seq - 1, { grain, direction: 1 }) === e.seq;
  });
}

/** What has been heard of the model by now. */
export interface Heard {
  entries: readonly Entry[] | null;
  count: number;
  cursor: number | null;
}

export const NOTHING_HEARD: Heard = { entries: null, count: 0, cursor: null };

/**
 * What a new drawing of the page says to the ear: that its reader has turned to another moment, else what is news. Of a
 * record that is only being read, nothing is news; where its reader turns to meanwhile is said once it is there.
 */
export function listen(before: Heard, model: Model): { heard: Heard; turned: boolean; news: Entry[] | null } {
  const { entries, cursor, grain, link } = model;
  const first = before.entries === null;
  const reading = link === 'connecting';
  const heard = { entries, count: entries.length, cursor: first || !reading ? cursor : before.cursor };
  if (!first && !reading && cursor !== before.cursor) return { heard, turned: true, news: null };
  const goesOn = !reading && entries === before.entries && cursor === null && hasBegun(model);
  return { heard, turned: false, news: goesOn ? newsFrom(entries, before.count, grain) : null };
}

export interface Speaker {
  /** Says these when it is time, after those that wait; if they are too many, the newest alone. */
  hear(news: readonly Entry[]): void;
  /** Says this one instead of what waits. */
  turnTo(entry: Entry): void;
}

/** @param after calls back when so many milliseconds have passed */
export function createSpeaker(
  say: (entries: readonly Entry[]) => void,
  after: (ms: number, then: () => void) => void,
): Speaker {
  let waiting: Entry[] = [];
  let resting = false;

  function speak(): void {
    if (resting || waiting.length === 0) return;
    const said = waiting.length > BREATH ? waiting.slice(-1) : waiting;
    waiting = [];
    resting = true;
    say(said);
    after(EVERY_MS, () => {
      resting = false;
      speak();
    });
  }

  return {
    hear(news) {
      waiting = [...waiting, ...news.slice(-BREATH - 1)].slice(-BREATH - 1);
      speak();
    },
    turnTo(entry) {
      waiting = [entry];
      speak();
    },
  };
}
