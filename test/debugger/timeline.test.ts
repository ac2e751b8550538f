// The timeline's and the scrubber's numbers: lanes in one order, bars that begin and end, and a cost that follows the
// window and not the record.
import { describe, expect, it } from 'vitest';
import { marksOf } from '../../machines/grain.ts';
import type { Entry, EntryBody } from '../../machines/journal.ts';
import { pictureOf, rankAt } from '../../web/timeline/picture.ts';
import { placeOf, segmentsOf, ticksOf } from '../../web/timeline/scrub.ts';
import { tracksOf } from '../../web/timeline/tracks.ts';

const RUN = 'push a';
function entry(seq: number, proc: string, body: EntryBody, more: { cause?: number; lt?: number } = {}): Entry {
  return { ...{ seq, at: 0, t: 0, lt: more.lt ?? seq * 10, proc, cause: more.cause ?? null, run: RUN }, ...body };
}
const moved = (actor: string, value: string, event = 'go'): EntryBody => ({
  ...{ type: 'transition', actor, machine: actor.split(':')[0] ?? '', event, value, edges: [], context: {} },
});
const worked = (name: string, phase: 'start' | 'end' | 'fail'): EntryBody => ({
  ...{ type: 'effect', actor: 'container:h', machine: 'container', name, phase },
});
const sent = (phase: 'sent' | 'received', from: string, to: string): EntryBody => ({
  ...{
    type: 'message',
    transport: 'warden',
    actor: phase === 'sent' ? from : to,
    phase,
    name: 'CreateRequest',
    from,
    to,
  },
});

function record(): Entry[] {
  return [
    entry(1, 'control', { ...moved('app:1', 'staging'), begins: RUN }),
    entry(2, 'dea/0', moved('staging-task:1', 'setup', 'xstate.init')),
    entry(3, 'dea/0', sent('sent', 'dea:0', 'warden:0'), { cause: 2 }),
    entry(4, 'warden/0', sent('received', 'dea:0', 'warden:0'), { cause: 3 }),
    entry(5, 'dea/0', { type: 'note', actor: 'dea:0', text: 'x', background: true }),
    entry(6, 'warden/0', moved('container:h', 'born', 'xstate.init'), { cause: 4 }),
    entry(7, 'warden/0', worked('boot', 'start'), { cause: 6 }),
    entry(8, 'warden/0', worked('boot', 'fail'), { cause: 7 }),
    entry(9, 'warden/0', worked('watch', 'start')),
    entry(10, 'warden/0', moved('container:h', 'destroyed')),
    entry(11, 'control', moved('app:1', 'started'), { lt: 900_000 }),
  ];
}
const lane = (entries: Entry[], id: string) => tracksOf(entries).lanes.find((l) => l.id === id);

describe('the lanes of a record', () => {
  it('have the order of the stage: sky, nodes, containers', () => {
    const entries = record();
    entries.push(entry(12, 'control', moved('route:x', 'registered')), entry(13, 'dea/1', moved('dea:1', 'up')));
    expect(tracksOf(entries).lanes.map((l) => l.id)).toEqual([
      ...['router', 'cc', 'dea/0', 'warden/0', 'dea/1', 'container/h'],
    ]);
  });

  it('count everything but the periodic entries', () => {
    const tracks = tracksOf(record());
    expect(tracks.times).toHaveLength(10);
    expect(tracks.quiet).toEqual([4]);
    expect(lane(record(), 'warden/0')?.ranks).toEqual([3]);
  });

  it('show a state until the next one, and nothing once an actor is at rest', () => {
    expect(lane(record(), 'cc')?.states.map((b) => [b.title, b.from, b.to])).toEqual([
      ['staging', 0, 9],
      ['started', 9, null],
    ]);
    expect(lane(record(), 'container/h')?.states.map((b) => [b.title, b.from, b.to])).toEqual([['born', 4, 8]]);
  });

  it('show an effect from its start to its end or failure; what its actor leaves behind ends with it', () => {
    expect(lane(record(), 'container/h')?.effects.map((b) => [b.title, b.from, b.to, b.failed])).toEqual([
      ['boot', 5, 6, true],
      ['watch', 7, 8, false],
    ]);
  });

  it('end what was under way in a DEA that begins anew', () => {
    const entries = record();
    expect(lane(entries, 'dea/0')?.states.map((b) => b.to)).toEqual([null]);
    entries.push(entry(12, 'dea/0', moved('dea:0', 'booting', 'xstate.init')));
    expect(lane(entries, 'dea/0')?.states.map((b) => b.to)).toEqual([10]);
  });

  it('give two actors that live at once a row each, and the row of one that is gone to the next', () => {
    const actors = ['instance:a', 'instance:b'].map((a, i) => entry(i + 1, 'dea/0', moved(a, 'RUNNING')));
    actors.push(entry(3, 'dea/0', moved('instance:a', 'STOPPED')), entry(4, 'dea/0', moved('instance:c', 'BORN')));
    expect(lane(actors, 'dea/0')?.states.map((b) => [b.actor, b.row])).toEqual([
      ['instance:a', 0],
      ['instance:b', 1],
      ['instance:c', 0],
    ]);
  });
});

describe('a window of the timeline', () => {
  const whole = { axis: 'order', window: { from: 0, to: 9 }, width: 900, seq: 8 } as const;
  const draw = (entries: Entry[], view: object = {}) => pictureOf(entries, tracksOf(entries), { ...whole, ...view });

  it('links sender and receiver, and lights what led to the cursor', () => {
    const { links, causes, cursor } = draw(record());
    expect(links.socket).toMatch(/^M200 \d+(\.\d+)?L300 \d+(\.\d+)?$/);
    // Note 2 → 3 → 4 → 6 → 7 → 8.
    expect(causes.match(/M/g)).toHaveLength(5);
    expect(cursor).toBe(600);
  });

  it('leaves out containers of which nothing is in it, and nobody else', () => {
    const ids = draw(record(), { window: { from: 0, to: 2 } }).rows.map((r) => r.lane.id);
    expect(ids).toEqual(['cc', 'dea/0', 'warden/0']);
  });

  it('has lab time across, where an idle quarter of an hour is as wide as it was long', () => {
    const tracks = tracksOf(record());
    const { rows } = draw(record(), { axis: 'time', window: { from: 0, to: 900_000 } });
    expect(rows.find((r) => r.lane.id === 'cc')?.dots).toContain('M900 ');
    expect(rankAt(tracks, 'time', 450_000)).toBe(8);
    expect(rankAt(tracks, 'time', 900_000)).toBe(9);
  });

  it('draws a hundred thousand entries with as many strokes as there is room for', () => {
    const many = Array.from({ length: 100_000 }, (_, i) =>
      i % 3 === 0
        ? entry(i + 1, 'control', moved('app:1', i % 2 === 0 ? 'starting' : 'started'))
        : entry(i + 1, 'dea/0', sent(i % 3 === 1 ? 'sent' : 'received', 'dea:0', 'warden:0'), { cause: i }),
    );
    const { rows, links } = draw(many, { window: { from: 0, to: 100_000 }, seq: 100_000 });
    for (const { dots, states } of rows) {
      expect((dots.match(/M/g) ?? []).length).toBeLessThanOrEqual(302);
      expect(states.length).toBeLessThanOrEqual(302);
    }
    expect((links.socket.match(/M/g) ?? []).length).toBeLessThanOrEqual(700);
    const marks = marksOf(many);
    expect(ticksOf(marks, 900).length).toBeLessThanOrEqual(301);
    expect(segmentsOf(marks, 900).length).toBeLessThanOrEqual(226);
  });
});

describe('the scrubber', () => {
  it('shows each chapter from where it begins to the next, to the very end', () => {
    const marks = marksOf(record());
    // 1 begins the run and is its first chapter at once; 11 is the last entry.
    expect(segmentsOf(marks, 900).map((s) => [s.title, s.x, Math.round(s.x + s.width)])).toEqual([
      ['staging', 0, 900],
      ['started', 900, 900],
    ]);
  });

  it('ends at the last entry, and has one place while there is only one', () => {
    expect(placeOf(9, 10, 900)).toBe(900);
    expect(placeOf(0, 1, 900)).toBe(0);
  });
});
