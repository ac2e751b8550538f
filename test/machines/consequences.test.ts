// What a fault has led to, and which containers are alive: views of a record.
import { describe, expect, it } from 'vitest';
import { aliveAt } from '../../machines/alive.ts';
import { endsOf, faultsAt, toldOf } from '../../machines/consequences.ts';
import type { Entry, EntryBody } from '../../machines/journal.ts';
import { recordedPushes } from '../web/recorded.ts';

const entry = (seq: number, cause: number | null, body: EntryBody): Entry => ({
  ...{ seq, at: seq, t: seq, lt: seq, proc: 'warden/0', cause, run: null },
  ...body,
});
const crashed = (seq: number, cause: number): Entry =>
  entry(seq, cause, {
    ...{ type: 'transition', actor: 'instance:1', machine: 'instance', event: 'exit', value: { CRASHED: 'reporting' } },
    ...{ edges: [], context: {} },
  });
const fault = (seq: number, cause: number | null, what: string): Entry =>
  entry(seq, cause, { type: 'fault', actor: 'warden:0', what, target: 'it' });
const note = (seq: number, cause: number | null): Entry =>
  entry(seq, cause, { type: 'note', actor: 'main', text: 'so' });

describe('the consequences of a fault', () => {
  const record = [
    note(1, null),
    fault(2, null, 'kill-job'),
    note(3, 1),
    crashed(4, 2),
    entry(5, 4, { type: 'effect', actor: 'instance:1', machine: 'instance', name: 'keepRemains', phase: 'start' }),
    fault(6, 4, 'drop'),
    note(7, 6),
  ];

  it('are the entries whose causes reach it, also those of a fault that it led to, and no others', () => {
    const [first, second] = faultsAt(record, 7);
    expect(first?.all.map((e) => e.seq)).toEqual([4, 5, 6, 7]);
    expect(second?.all.map((e) => e.seq)).toEqual([7]);
  });

  it('are told without their inner steps, and name the states that things came to', () => {
    const [first] = faultsAt(record, 7);
    expect(first && toldOf(record, first).map((e) => e.seq)).toEqual([4, 6, 7]);
    expect(first && endsOf(first)).toEqual([{ machine: 'instance', actor: 'instance:1', state: 'CRASHED', seq: 4 }]);
  });

  it('are those of the moment that is looked at, and grow with the record', () => {
    const growing = record.slice(0, 3);
    expect(faultsAt(growing, 3)[0]?.all).toEqual([]);
    growing.push(...record.slice(3));
    expect(faultsAt(growing, 7).map((f) => f.all.length)).toEqual([4, 1]);
    expect(faultsAt(growing, 4).map((f) => f.all.map((e) => e.seq))).toEqual([[4]]);
    expect(faultsAt(growing, 1)).toEqual([]);
  });
});

describe('the containers that are alive', () => {
  const entries = recordedPushes();
  const seqOf = (fits: (e: Entry) => boolean) => entries.find(fits)?.seq ?? 0;

  it('are named with the app they are for while they still boot', () => {
    const booting = seqOf((e) => e.type === 'step' && e.of === 'boot' && e.name === 'pivot_root');
    expect(aliveAt(entries, booting)).toMatchObject([{ booting: true, purpose: 'staging', index: null }]);
  });

  it('are the one of the running instance at the end, and none is left of those that were destroyed', () => {
    const last = entries.at(-1)?.seq ?? 0;
    const alive = aliveAt(entries, last);
    expect(alive).toMatchObject([{ booting: false, state: 'active', purpose: 'instance', index: 0 }]);
    expect(alive[0]?.app).toMatch(/^[a-z][a-z0-9-]+$/);
    expect(aliveAt(entries, 1)).toEqual([]);
  });
});
