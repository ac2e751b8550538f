// What the page says to the ear: each beat once, in order, and not more often than can be heard. On a clock of its own.
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { READING_MS } from '../../web/beat.ts';
import { emptyModel, type Model } from '../../web/model.ts';
import { createSpeaker, listen, NOTHING_HEARD, newsFrom } from '../../web/spoken.ts';
import { recordedPushes } from './recorded.ts';

/** A speaker and its clock: `pass` lets so many milliseconds go by. */
function speaker() {
  const said: number[][] = [];
  const timers: { at: number; then: () => void }[] = [];
  let now = 0;
  const { hear, turnTo } = createSpeaker(
    (entries) => void said.push(entries.map((e) => e.seq)),
    (ms, then) => void timers.push({ at: now + ms, then }),
  );
  const pass = (ms: number) => {
    now += ms;
    for (let i = timers.findIndex((t) => t.at <= now); i >= 0; i = timers.findIndex((t) => t.at <= now))
      timers.splice(i, 1)[0]?.then();
  };
  return { said, hear, turnTo, pass };
}

const all = recordedPushes();
const firstBeat = all.findIndex((e) => e.type === 'gate' && e.by === 'beat');
const beats = all.slice(firstBeat);
/** What the page is told between one beat that waits and the next. */
const parts = beats.reduce<Entry[][]>(
  (groups, e) => {
    if (e.type === 'gate' && e.phase === 'opened') groups.push([]);
    groups.at(-1)?.push(e);
    return groups;
  },
  [[]],
);

describe('the live region', () => {
  it('loses no beat of a push that goes beat by beat, and says them in their order', () => {
    const { said, hear, pass } = speaker();
    const entries: Entry[] = all.slice(0, firstBeat);
    const before = entries.length;
    for (const part of parts) {
      const from = entries.length;
      entries.push(...part);
      hear(newsFrom(entries, from, 'beat'));
      pass(READING_MS.calm);
    }
    pass(READING_MS.calm);
    expect(parts.length).toBeGreaterThan(50);
    expect(said.flat()).toEqual(newsFrom(entries, before, 'beat').map((e) => e.seq));
  });

  it('says a thing a second, and of a crowd only the newest', () => {
    const { said, hear, pass } = speaker();
    const news = newsFrom(all, 0, 'beat').slice(0, 41);
    for (const entry of news) {
      hear([entry]);
      pass(100);
    }
    expect(said.length).toBeLessThanOrEqual(5);
    pass(1000);
    expect(said.at(-1)).toEqual([news.at(-1)?.seq]);
  });

  it('leaves what waits when the reader turns to another moment', () => {
    const { said, hear, turnTo, pass } = speaker();
    const [first, second, third] = newsFrom(all, 0, 'beat');
    if (!first || !second || !third) throw new Error('the record is too short');
    hear([first]);
    hear([second]);
    turnTo(third);
    pass(1000);
    expect(said).toEqual([[first.seq], [third.seq]]);
  });

  it('has news of what a breakpoint holds, not of what only waits for its beat, nor of periodic traffic', () => {
    const held = all.filter((e) => e.type === 'gate' && e.phase === 'held');
    expect(held.some((e) => e.type === 'gate' && e.by === 'beat')).toBe(true);
    const news = new Set(newsFrom(all, 0, 'beat').map((e) => e.seq));
    expect(held.filter((e) => news.has(e.seq) && e.type === 'gate' && e.by === 'beat')).toEqual([]);
    expect(all.filter((e) => e.background && news.has(e.seq))).toEqual([]);
    const last = all.at(-1)?.seq ?? 0;
    const stop = { ...held[0], seq: last + 1, by: 'b1' } as Entry;
    expect(newsFrom([...all, stop], all.length, 'beat').map((e) => e.seq)).toEqual([last + 1]);
  });
});

describe('what a drawing says to the ear', () => {
  const model = (part: Partial<Model>): Model => ({ ...emptyModel(), entries: all, ...part });
  /** What each of these drawings, one after the other, says. */
  const through = (drawings: Model[]) => {
    let heard = NOTHING_HEARD;
    return drawings.map((drawn) => {
      const { heard: now, turned, news } = listen(heard, drawn);
      heard = now;
      return turned ? 'turned' : (news?.length ?? 'nothing');
    });
  };

  it('is the moment that was turned to while the record was being read, once it is there', () => {
    const reading = model({ link: 'connecting' });
    const turned = model({ link: 'connecting', cursor: 40 });
    expect(through([reading, turned, model({ link: 'live', cursor: 40 })])).toEqual(['nothing', 'nothing', 'turned']);
  });

  it('is nothing of a record that was there before, also at the moment of the address that it was opened with', () => {
    const opened = model({ link: 'connecting', cursor: 40 });
    expect(through([opened, model({ link: 'live', cursor: 40 })])).toEqual(['nothing', 'nothing']);
    expect(through([model({ link: 'connecting' }), model({ link: 'live' })])).toEqual(['nothing', 0]);
  });

  it('is the news behind what was heard, and nothing while the past is looked at', () => {
    const entries = [...all.slice(0, firstBeat)];
    const live = model({ link: 'live', entries });
    expect(through([live])).toEqual(['nothing']);
    const { heard } = listen(NOTHING_HEARD, live);
    entries.push(...beats);
    expect(listen(heard, live).news).toEqual(newsFrom(entries, firstBeat, 'beat'));
    expect(listen(heard, { ...live, cursor: 40 })).toMatchObject({ turned: true, news: null });
  });
});
