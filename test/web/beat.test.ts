// A beat is reported when it has been shown: its motion over, its sentence read. In order of events, on no clock.
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { createBeats, READING_MS } from '../../web/beat.ts';
import { emptyModel, type Model } from '../../web/model.ts';

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

const point = { kind: 'step', machine: 'wshd-boot', proc: 'warden/0', actor: 'wshd:a', name: 'pivot_root' } as const;
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
