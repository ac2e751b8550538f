// When many entries arrive, the parts of the page take turns; what the reader does is drawn everywhere at once.
import { describe, expect, it } from 'vitest';
import type { News } from '../../web/model.ts';
import { Turns } from '../../web/turns.ts';

const PARTS = ['stage', 'record', 'bar'] as const;

/** Which parts get the model of this frame. */
function frame(turns: Turns<(typeof PARTS)[number], number>, model: number, news: News = 'none') {
  const drawn = turns.models(model, news);
  return PARTS.filter((part) => drawn(part) === model);
}

describe('turns', () => {
  it('draws everything at first, and when a few entries arrive', () => {
    const turns = new Turns<(typeof PARTS)[number], number>(PARTS);
    expect(frame(turns, 1, 'any')).toEqual(PARTS);
    turns.arrived(2);
    expect(frame(turns, 2)).toEqual(PARTS);
    expect(turns.waits).toBe(false);
  });

  it('draws one part a frame in a crowd, each in its turn, and all of them once no more arrive', () => {
    const turns = new Turns<(typeof PARTS)[number], number>(PARTS);
    frame(turns, 0, 'any');
    const seen = [1, 2, 3, 4].map((model) => {
      turns.arrived(20);
      return frame(turns, model);
    });
    expect(seen).toEqual([['stage'], ['record'], ['bar'], ['stage']]);
    const rest: string[] = [];
    for (let model = 5; turns.waits; model++) rest.push(...frame(turns, model));
    expect(rest).toEqual(['record', 'bar', 'stage'].slice(0, rest.length));
    expect(new Set([...rest, 'stage'])).toEqual(new Set(PARTS));
  });

  it('draws everything at once when the reader does something, in the middle of a crowd', () => {
    const turns = new Turns<(typeof PARTS)[number], number>(PARTS);
    frame(turns, 0, 'any');
    turns.arrived(20);
    expect(frame(turns, 1)).toEqual(['stage']);
    turns.arrived(20);
    expect(frame(turns, 2, 'any')).toEqual(PARTS);
    expect(turns.waits).toBe(false);
  });

  it('draws another moment where it is looked at first, and beside it in the next frame, also while it goes on moving', () => {
    const turns = new Turns<(typeof PARTS)[number], number>(PARTS, { record: 1e9 }, ['stage', 'bar']);
    frame(turns, 0, 'any');
    expect(frame(turns, 1, 'moment')).toEqual(['stage', 'bar']);
    expect([turns.waits, turns.due('none')]).toEqual([true, true]);
    expect(frame(turns, 2)).toEqual(['record']);
    expect(turns.waits).toBe(false);
    expect([3, 4, 5, 6].map((model) => frame(turns, model, 'moment'))).toEqual([
      ['stage', 'bar'],
      PARTS,
      ['stage', 'bar'],
      PARTS,
    ]);
  });

  it('lets a part rest in a crowd, and draws it in the end', () => {
    const turns = new Turns<(typeof PARTS)[number], number>(PARTS, { stage: 100 });
    const drawn = (model: number, now: number, news: News = 'none') => {
      const of = turns.models(model, news, now);
      return PARTS.filter((part) => of(part) === model);
    };
    drawn(0, 1000, 'any');
    const seen: string[] = [];
    for (let k = 1; k <= 9; k++) {
      turns.arrived(20);
      seen.push(...drawn(k, 1000 + k * 16));
    }
    expect(seen.filter((part) => part === 'stage')).toHaveLength(1);
    expect(seen.indexOf('stage')).toBe(6);
    for (let k = 10; turns.waits; k++) seen.push(...drawn(k, 1000 + k * 16));
    expect(seen.at(-1)).toBe('stage');
  });

  it('knows a crowd that comes a few at a time', () => {
    const turns = new Turns<(typeof PARTS)[number], number>(PARTS);
    const drawn = (model: number, now: number, news: News = 'none') => {
      const of = turns.models(model, news, now);
      return PARTS.filter((part) => of(part) === model);
    };
    drawn(0, 1000, 'any');
    const counts = Array.from({ length: 30 }, (_, k) => {
      turns.arrived(3, 1000 + k * 16);
      return drawn(k + 1, 1000 + k * 16).length;
    });
    expect(counts[0]).toBe(PARTS.length);
    expect(counts.slice(12)).toEqual(counts.slice(12).map(() => 1));
    // A moment later nobody has come: three are no crowd.
    for (let k = 30; turns.waits; k++) drawn(k + 1, 1000 + k * 16);
    turns.arrived(3, 3000);
    expect(drawn(99, 3000)).toEqual(PARTS);
  });

  it('says of a frame in which every part rests that nothing is due', () => {
    const turns = new Turns<(typeof PARTS)[number], number>(PARTS, { stage: 100, record: 100, bar: 100 });
    turns.models(0, 'any', 1000);
    turns.arrived(20, 1016);
    expect(turns.due('none', 1016)).toBe(false);
    expect(turns.due('any', 1016)).toBe(true);
    expect(turns.due('none', 1100)).toBe(true);
  });
});
