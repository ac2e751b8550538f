// A beat is reported when it has been shown: its motion over, its sentence read. In order of events, on no clock.
import { describe, expect, it } from 'vitest';
import type { Entry, GatePoint } from '../../machines/journal.ts';
import { createBeats, goesByItself, READING_MS, readingMs } from '../../web/beat.ts';
import { emptyModel, focusOf, heldOf, type Model } from '../../web/model.ts';
import { chosenGate } from '../../web/timeline/travel.ts';
import { recordedPushes } from './recorded.ts';

/** A page whose motion and reading end when the test says so. */
function page() {
  const reported: string[] = [];
  const asked: number[] = [];
  let stopMotion = () => {};
  let stopReading = () => {};
  const beats = createBeats({
    report: (gate) => void reported.push(gate),
    motionEnded: () => new Promise((resolve) => (stopMotion = resolve)),
    read: (ms) => {
      asked.push(ms);
      return new Promise((resolve) => (stopReading = resolve));
    },
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...{ reported, asked, beats },
    stand: () => {
      stopMotion();
      return settled();
    },
    read: () => {
      stopReading();
      return settled();
    },
  };
}

const point = { kind: 'step', machine: 'wshd-boot', proc: 'warden/0', actor: 'wshd:a', name: 'chdir_root' } as const;
const shown = (gate: string, change: Partial<Model> = {}): Model => {
  const held = { type: 'gate', phase: 'held', gate, by: 'beat', point, background: false, run: null, seq: 1 };
  const lab = { lab: 'abcdef', lt: 0, running: false, paused: false, breakpoints: [], procs: [], head: 1 };
  return {
    ...emptyModel(),
    entries: [held as unknown as Entry],
    lab: { ...lab, held: [{ gate, by: 'beat', point, proc: 'warden/0', since: 0 }] } as unknown as Model['lab'],
    ...change,
  };
};

describe('a beat', () => {
  it('is reported after its motion and after its reading time, whichever ends last', async () => {
    const first = page();
    first.beats.drawn(shown('a'));
    await first.read();
    expect(first.reported).toEqual([]);
    await first.stand();
    expect(first.reported).toEqual(['a']);
    const second = page();
    second.beats.drawn(shown('b'));
    await second.stand();
    expect(second.reported).toEqual([]);
    await second.read();
    expect(second.reported).toEqual(['b']);
  });

  it('stays as long as the reader likes, within the patience of the lab', async () => {
    const { asked, beats } = page();
    for (const reading of ['brisk', 'calm', 'slow'] as const) beats.drawn(shown(reading, { reading }));
    expect(asked).toEqual([READING_MS.brisk, READING_MS.calm, READING_MS.slow]);
    expect(READING_MS.calm).toBeGreaterThanOrEqual(800);
    expect(READING_MS.slow).toBeLessThan(2000);
  });

  it('is reported once, however often the page is drawn', async () => {
    const { reported, beats, stand, read } = page();
    for (let i = 0; i < 3; i++) beats.drawn(shown('a'));
    await stand();
    await read();
    beats.drawn(shown('a'));
    await stand();
    expect(reported).toEqual(['a']);
  });

  it('is not reported before its entry has come, by one who looks at the past, or by one who watches', async () => {
    const { asked, beats } = page();
    beats.drawn(shown('a', { entries: [] }));
    beats.drawn(shown('a', { cursor: 1 }));
    const seat = { you: 2, driver: 1, driverName: '', here: true, people: [], place: '' };
    beats.drawn(shown('a', { seat: { ...seat, follows: true, refused: '', told: null, open: false } }));
    expect(asked).toEqual([]);
  });

  it('that somebody else has opened meanwhile is not reported in the place of the next', async () => {
    const { reported, beats, stand, read } = page();
    beats.drawn(shown('a'));
    beats.drawn(shown('b'));
    await stand();
    await read();
    expect(reported).toEqual(['b']);
  });
});

describe('the time of a beat', () => {
  const asks: GatePoint = { kind: 'delivery', transport: 'http', proc: 'control', actor: 'cc', name: 'GET /v2/apps' };
  const makes: GatePoint = { ...asks, name: 'POST /v2/apps' };
  const boots: GatePoint = { ...point, handle: 'another' };

  it('is short for a request that only asks, and for a call that another boot has shown', () => {
    const all = recordedPushes();
    const own = all.find((e) => e.type === 'step' && e.name === 'chdir_root' && e.when === 'after');
    const first = own?.type === 'step' ? { ...boots, handle: own.handle } : boots;
    expect(readingMs('calm', makes, all)).toBe(READING_MS.calm);
    expect(readingMs('calm', asks, all)).toBeLessThan(READING_MS.calm / 2);
    expect(readingMs('calm', boots, all)).toBeLessThan(READING_MS.calm / 2);
    const before = all.slice(0, own ? all.indexOf(own) : 0);
    expect(readingMs('calm', first, before)).toBe(READING_MS.calm);
    expect(readingMs('brisk', makes, all)).toBe(0);
  });

  it('is longer for pivot_root, and never longer than the lab waits', () => {
    const heart: GatePoint = { ...boots, name: 'pivot_root' };
    expect(readingMs('calm', heart, [])).toBeGreaterThan(READING_MS.calm);
    for (const reading of ['calm', 'slow'] as const) expect(readingMs(reading, heart, [])).toBeLessThan(2000);
  });
});

describe('what goes on by itself', () => {
  const held = (by: string, change: Partial<NonNullable<Model['lab']>> = {}) => {
    const model = shown('a');
    const lab = { ...model.lab, pace: 'beat', ...change, held: [{ gate: 'a', by, point }] } as unknown as Model['lab'];
    return { ...model, lab };
  };

  it('waits for its beat only, in the present, while nobody has paused', () => {
    expect(goesByItself(held('beat'))).toBe(true);
    expect(goesByItself(held('b-123'))).toBe(false);
    expect(goesByItself(held('beat', { paused: true }))).toBe(false);
    expect(goesByItself(held('beat', { pace: 'real' }))).toBe(false);
    expect(goesByItself({ ...held('beat'), cursor: 1 })).toBe(false);
  });

  it('stands behind what somebody has stopped, and that behind what was chosen; a step opens the first', () => {
    const all = ['beat', 'b-1', 'beat', 'b-2'].map((by, i) => ({ gate: `g${i}`, by, point }));
    const model = { ...held('beat'), lab: { held: all, pace: 'beat' } as unknown as Model['lab'] };
    const gates = (gate: string | null) => heldOf({ ...model, gate }).map((h) => h.gate);
    expect(gates(null)).toEqual(['g1', 'g3', 'g0', 'g2']);
    expect(gates('g2')).toEqual(['g2', 'g1', 'g3', 'g0']);
    // The lab would take the oldest by itself: that one need not be named, and any other has to be.
    expect(chosenGate(model)).toBe('g1');
    expect(
      chosenGate({ ...model, lab: { ...model.lab, held: all.slice(1) } as unknown as Model['lab'] }),
    ).toBeUndefined();
  });

  it('is not what is talked about; what somebody has stopped is, whatever has come since', () => {
    const later = { type: 'note', seq: 2, background: false, run: null } as unknown as Entry;
    const at = (model: Model) => focusOf({ ...model, entries: [...model.entries, later] });
    expect(at(held('beat'))).toBe(2);
    expect(at(held('b-123'))).toBe(1);
    expect(at({ ...held('b-123'), cursor: 2 })).toBe(2);
  });
});
