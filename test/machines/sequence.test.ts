// Messages joined from both ends, and the rows of the sequence diagram, over a record of a real lab.
import { describe, expect, it } from 'vitest';
import type { Entry, MessageBody } from '../../machines/journal.ts';
import { entryAt } from '../../machines/projection.ts';
import { journeyState, journeysOf, laneOf } from '../../machines/sequence.ts';
import { createSequence, type SequenceRow } from '../../machines/sequence-rows.ts';
import { createRows } from '../../web/rows.ts';
import { stageAt } from '../../web/stage/model.ts';
import { beadAt } from '../../web/stage/passing.ts';
import { placeOfName } from '../../web/stage/places.ts';
import { recordedPushes } from '../web/recorded.ts';

const entries = recordedPushes();
const head = entries.at(-1)?.seq ?? 0;
/** A message is periodic when it was sent as such, whatever one receiver made of it. */
const foreground = entries.filter(
  (e): e is Entry & MessageBody => e.type === 'message' && journeysOf(entries).of(e.seq)?.background === false,
);
const sequence = (filter: { run?: string; background?: boolean; states?: boolean } = {}, of = entries) => {
  const made = createSequence({ run: '', background: false, states: true, ...filter });
  made.read(of);
  return made;
};
const messages = (rows: readonly SequenceRow[]) => rows.flatMap((r) => (r.kind === 'message' ? [r.journey] : []));

describe('a message of a recorded push', { timeout: 60_000 }, () => {
  it('is there once, whoever recorded an end of it, held or not', () => {
    const all = journeysOf(entries).all.filter((j) => !j.background);
    for (const e of foreground) expect(all).toContain(journeysOf(entries).of(e.seq));
    const ends = all.flatMap((j) => [j.sent, ...j.arrivals.map((a) => a.seq)]).filter((seq) => seq !== null);
    expect([...ends].sort((a, b) => a - b)).toEqual(foreground.map((e) => e.seq));
    expect(new Set(ends).size).toBe(ends.length);
  });

  it('has what the wire had: every receiver that follows from a sent one belongs to it', () => {
    const joined = foreground.filter((e) => e.phase === 'received' && e.transport === 'warden');
    expect(joined.length).toBeGreaterThan(60);
    for (const e of joined) {
      const journey = journeysOf(entries).of(e.seq);
      expect(journey?.sent).not.toBeNull();
      expect(journey?.sent).toBeLessThan(e.seq);
      const sent = entryAt(entries, journey?.sent ?? 0);
      // The receiver recorded the very bytes that the sender put between the length and the line end.
      if (sent?.type === 'message' && e.hex !== undefined && e.hex.length < 8000) expect(sent.hex).toContain(e.hex);
    }
  });

  it('is a broadcast with its receivers, not one for each of them', () => {
    const stop = journeysOf(entries).all.find((j) => j.name === 'staging.stop');
    expect(stop?.arrivals.map((a) => a.lane).sort()).toEqual(['dea/0', 'dea/1']);
  });

  it('is held at its receiver, and received once the gate has opened', () => {
    const held = journeysOf(entries).all.filter((j) => j.holds.length > 0 && !j.background);
    expect(held.length).toBeGreaterThan(15);
    for (const journey of held) {
      const [hold] = journey.holds;
      const [arrival] = journey.arrivals;
      expect(journeyState(journey, hold?.seq ?? 0)).toBe('held');
      expect(journeyState(journey, (hold?.seq ?? 0) - 1)).toBe('travelling');
      expect(hold?.opened).toBeLessThan(arrival?.seq ?? 0);
      expect(journeyState(journey, head)).toBe('received');
    }
  });

  it('is exactly once in the list and in the sequence, and both call it by the same number', () => {
    const run = 'push hello-node';
    const mine = foreground.filter((e) => e.run === run);
    const inSequence = messages(sequence({ run }).rows).map((j) => j.seq);
    expect(new Set(inSequence).size).toBe(inSequence.length);
    for (const e of mine) expect(inSequence).toContain(journeysOf(entries).of(e.seq)?.seq);

    const list = createRows({ text: '', type: '', run, background: false, actor: '' });
    list.read(entries);
    const inList = list.rows.filter((r) => !r.fold && r.entries[0]?.type === 'message').map((r) => r.entries[0]?.seq);
    expect(inList).toEqual(inSequence);
  });

  it('is once on the stage, and the stage calls each by the same number, whichever end is asked for', () => {
    const all = journeysOf(entries).all.filter((j) => !j.background);
    const { paths } = stageAt(entries, head);
    expect(paths.reduce((sum, path) => sum + path.passed, 0)).toBe(all.length);
    for (const { seq, sent, arrivals } of all) {
      const ends = [sent, ...arrivals.map((a) => a.seq)].filter((one) => one !== null);
      expect([seq, ...new Set(ends.map((one) => beadAt(entries, one)?.seq))]).toEqual([seq, seq]);
    }
  });

  it('stands in a lane that is its place on the stage', () => {
    for (const e of entries) {
      for (const name of 'from' in e ? [e.actor, e.from, e.to] : [e.actor]) {
        expect([name, laneOf(name, e.proc)]).toEqual([name, placeOfName(name, e.proc)]);
      }
    }
  });
});

describe('the rows of a sequence', { timeout: 60_000 }, () => {
  it('are in record order, and the same however the record came', () => {
    const whole = sequence().rows;
    expect(whole.map((r) => r.seq)).toEqual(whole.map((r) => r.seq).sort((a, b) => a - b));
    const growing: Entry[] = [];
    const bit = createSequence({ run: '', background: false, states: true });
    for (let i = 0; i < entries.length; i += 7) {
      growing.push(...entries.slice(i, i + 7));
      bit.read(growing);
    }
    expect(bit.rows).toEqual(whole);
  });

  it('leave out periodic traffic until it is asked for', () => {
    const names = messages(sequence().rows).map((j) => j.name);
    expect(names).not.toContain('GET /bulk/apps');
    expect(messages(sequence({ background: true }).rows).map((j) => j.name)).toContain('GET /bulk/apps');
  });

  it('keep the lanes in one order: sky, DEAs, Wardens, containers as they came', () => {
    const lanes = sequence().lanes();
    const ids = lanes.map((l) => l.id);
    expect(ids.slice(0, 9)).toEqual(['you', 'router', 'cc', 'hm', 'nats', 'dea/0', 'dea/1', 'warden/0', 'warden/1']);
    expect(ids.slice(9).every((id) => id.startsWith('container/'))).toBe(true);
    const staging = lanes[9];
    expect(staging?.from).toBeLessThan(staging?.until ?? 0);
  });

  it('say a boot as one row with its steps, and the state that each actor comes into', () => {
    const { rows } = sequence();
    const boot = rows.find((r) => r.kind === 'work' && r.of === 'boot');
    expect(boot?.kind === 'work' ? boot.count : 0).toBeGreaterThan(20);
    const states = rows.flatMap((r) => (r.kind === 'state' && r.actor.startsWith('instance:') ? [r.text] : []));
    expect(states.at(-1)).toMatch(/^RUNNING/);
  });

  it('know how long each lane was busy with a request', () => {
    const { busy } = sequence();
    const create = busy.find((b) => b.name === 'CreateRequest');
    expect(create?.lane).toBe('warden/0');
    expect(entryAt(entries, create?.until ?? 0)).toMatchObject({ name: 'CreateResponse', phase: 'sent' });
    const upload = busy.find((b) => b.name === 'PUT /v2/apps/:guid/bits');
    expect(upload).toMatchObject({ lane: 'cc', until: expect.any(Number) });
  });

  it('find the row of either end of a message, and of what lies between two rows', () => {
    const made = sequence();
    const create = journeysOf(entries).all.find((j) => j.name === 'CreateRequest');
    const at = made.rowOf(entries, create?.seq ?? 0);
    expect(made.rows[at]).toMatchObject({ kind: 'message', journey: { name: 'CreateRequest' } });
    expect(made.rowOf(entries, create?.arrivals[0]?.seq ?? 0)).toBe(at);
    expect(made.rowOf(entries, 0)).toBe(-1);
  });
});
