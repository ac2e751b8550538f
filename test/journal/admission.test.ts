import { describe, expect, it } from 'vitest';
import type { Entry, EntryBody } from '../../machines/journal.ts';
import type { Upward } from '../../machines/lab-link.ts';
import { createAdmission } from '../../server/journal/admission.ts';
import { until } from '../lab/fixtures/harness.ts';

const note = (text: string, begins?: string): EntryBody => ({ type: 'note', actor: 'x', text, begins });
const message = (phase: 'sent' | 'received', name: string): EntryBody => ({
  type: 'message',
  phase,
  transport: 'nats',
  from: 'a',
  to: 'b',
  name,
  actor: 'x',
});
const up = (n: number, body: EntryBody, cause: number | null = null, edge?: Upward['edge']): Upward => ({
  n,
  at: 0,
  t: 0,
  lt: 0,
  cause,
  body,
  edge,
});

function admission(waitMs?: number) {
  const admitted: Entry[] = [];
  const a = createAdmission({ admit: ({ entry }) => admitted.push(entry), waitMs });
  for (const proc of ['a', 'b', 'c']) a.hello(proc, proc);
  return { ...a, admitted };
}

describe('admission', () => {
  it('makes a received wait for its sent, and what is behind it too, but no other process', () => {
    const { offer, admitted } = admission();
    offer('b', [up(1, message('received', 'm'), null, { key: 'warden:1', expect: true }), up(2, note('behind'), 1)]);
    offer('c', [up(1, note('other'))]);
    expect(admitted.map((e) => e.seq)).toEqual([1]);
    offer('a', [up(1, note('first', 'push-1')), up(2, message('sent', 'm'), 1, { key: 'warden:1' })]);
    expect(admitted.map((e) => [e.proc, e.cause, e.run])).toEqual([
      ['c', null, null],
      ['a', null, 'push-1'],
      ['a', 2, 'push-1'],
      ['b', 3, 'push-1'],
      ['b', 4, 'push-1'],
    ]);
  });

  it('admits it after the wait with the cause that its process knew, and says so', async () => {
    const { offer, admitted } = admission(20);
    offer('b', [up(1, note('local', 'r')), up(2, message('received', 'm'), 1, { key: 'nats:x', expect: true })]);
    expect(admitted).toHaveLength(1);
    await until('its admission', () => admitted.length === 3);
    expect(admitted[1]).toMatchObject({ type: 'message', cause: 1, run: 'r' });
    expect(admitted[2]).toMatchObject({ type: 'note', proc: 'journal', cause: 2, data: { edge: 'nats:x' } });
  });

  it('does not wait for the sent of a foreign peer', () => {
    const { offer, admitted } = admission();
    offer('b', [up(1, message('received', 'm'), null, { key: 'http:curl' })]);
    expect(admitted).toMatchObject([{ cause: null }]);
  });

  it('gives one NATS message to all its subscribers, through the aliases of the broker', () => {
    const { offer, alias, admitted } = admission();
    offer('a', [up(1, message('sent', 'm'), null, { key: 'nats:s/1/pub/1' })]);
    alias('nats:s/2/sub/1/1', 'nats:s/1/pub/1');
    alias('nats:s/3/sub/9/1', 'nats:s/1/pub/1');
    offer('b', [up(1, message('received', 'm'), null, { key: 'nats:s/2/sub/1/1', expect: true })]);
    offer('c', [up(1, message('received', 'm'), null, { key: 'nats:s/3/sub/9/1', expect: true })]);
    expect(admitted.slice(1).map((e) => e.cause)).toEqual([1, 1]);
  });

  it('lets a received go on when its alias comes after it', () => {
    const { offer, alias, admitted } = admission();
    offer('a', [up(1, message('sent', 'm'), null, { key: 'nats:s/1/pub/1' })]);
    offer('b', [up(1, message('received', 'm'), null, { key: 'nats:s/2/sub/1/1', expect: true })]);
    expect(admitted).toHaveLength(1);
    alias('nats:s/2/sub/1/1', 'nats:s/1/pub/1');
    expect(admitted[1]?.cause).toBe(1);
  });

  it('uses up the keys of connections in their order, because address pairs come again', () => {
    const { offer, admitted } = admission();
    const key = 'http:1>2#1:req';
    offer('a', [up(1, message('sent', 'first'), null, { key }), up(2, message('sent', 'second'), null, { key })]);
    offer('b', [
      up(1, message('received', 'first'), null, { key, expect: true }),
      up(2, message('received', 'second'), null, { key, expect: true }),
    ]);
    expect(admitted.slice(2).map((e) => e.cause)).toEqual([1, 2]);
  });

  it('finds the sent of a message that is held on its way, and what follows from its gate is of the same run', () => {
    const { offer, admitted } = admission();
    const point = { kind: 'delivery', proc: 'b', actor: 'x', name: 'm' } as const;
    const gate = (phase: 'held' | 'opened'): EntryBody => ({
      type: 'gate',
      phase,
      gate: 'b.1',
      point,
      by: 'pause',
      actor: 'x',
    });
    offer('b', [up(1, gate('held'), null, { key: 'http:1>2#1:req', expect: true }), up(2, gate('opened'), 1)]);
    offer('b', [up(3, message('received', 'm'), 2)]);
    expect(admitted).toEqual([]);
    offer('a', [up(1, note('first', 'push-1')), up(2, message('sent', 'm'), 1, { key: 'http:1>2#1:req' })]);
    expect(admitted.map((e) => [e.type, e.cause, e.run])).toEqual([
      ['note', null, 'push-1'],
      ['message', 1, 'push-1'],
      ['gate', 2, 'push-1'],
      ['gate', 3, 'push-1'],
      ['message', 4, 'push-1'],
    ]);
  });

  it('takes each number of a life once, however often it is sent', () => {
    const { offer, admitted, hello } = admission();
    offer('a', [up(1, note('1')), up(2, note('2'))]);
    expect(hello('a', 'a')).toEqual({ admitted: 2, known: true });
    offer('a', [up(1, note('1')), up(2, note('2')), up(3, note('3'))]);
    expect(admitted.map((e) => e.seq)).toEqual([1, 2, 3]);
    expect(hello('a', 'next life')).toEqual({ admitted: 0, known: false });
  });
});
