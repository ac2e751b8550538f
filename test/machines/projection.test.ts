// Projections answer "how did it stand right after entry n" from the record alone.
import { describe, expect, it } from 'vitest';
import wshd from '../../machines/gen/wshd-steps.json' with { type: 'json' };
import { machineGraph } from '../../machines/graph.ts';
import type { Entry, EntryBody, GatePoint } from '../../machines/journal.ts';
import {
  actorsAt,
  bootsAt,
  causeChain,
  containersAt,
  entryAt,
  heldAt,
  messagesAt,
  runOf,
  runsAt,
} from '../../machines/projection.ts';
import { wshdBoot } from '../../machines/wshd-boot.ts';

/** Entries numbered from 1; `cause` and `run` as given. */
function journal(...rows: [cause: number | null, run: string | null, body: EntryBody][]): Entry[] {
  return rows.map(([cause, run, body], i) => ({ ...body, seq: i + 1, at: 0, t: i, lt: i, proc: 'p', cause, run }));
}

const move = (actor: string, event: string, value: unknown, context: Record<string, unknown>): EntryBody => ({
  type: 'transition',
  actor,
  machine: actor.split(':')[0]!,
  event,
  value,
  edges: [`${actor}:${event}:0→`],
  context,
});

const wire = (phase: 'sent' | 'received' | 'dropped', name: string, to = 'dea'): EntryBody => ({
  type: 'message',
  actor: 'x',
  phase,
  transport: 'nats',
  from: 'cc',
  to,
  name,
});

describe('actorsAt', () => {
  const entries = journal(
    [null, null, move('app:1', 'xstate.init', 'stopped', { name: 'hello', count: 0, staging: null })],
    [1, null, move('app:1', 'start', 'staging', { count: 1 })],
    [2, null, move('instance:9', 'xstate.init', { running: 'linking' }, {})],
    [3, null, move('app:1', 'staged', 'started', { name: null })],
    [null, null, move('app:1', 'xstate.init', 'resuming', { name: 'hello' })],
  );

  it('adds up the changes of context and keeps what did not change', () => {
    expect(actorsAt(entries, 2).get('app:1')).toEqual({
      machine: 'app',
      value: 'staging',
      context: { name: 'hello', count: 1, staging: null },
      lastEdges: ['app:1:start:0→'],
      event: 'start',
      seq: 2,
    });
    expect(actorsAt(entries, 4).get('app:1')?.context).toEqual({ name: null, count: 1, staging: null });
  });

  it('knows nothing that comes after the cursor, and nothing at all before the first entry', () => {
    expect([...actorsAt(entries, 2).keys()]).toEqual(['app:1']);
    expect(actorsAt(entries, 0).size).toBe(0);
  });

  it('lets an actor that begins again forget its former life', () => {
    expect(actorsAt(entries, 5).get('app:1')?.context).toEqual({ name: 'hello' });
  });
});

describe('messagesAt', () => {
  it('follows a message from its sending to its receipt', () => {
    const entries = journal([null, null, wire('sent', 'dea.0.start')], [1, null, wire('received', 'dea.0.start')]);
    expect(messagesAt(entries, 1)).toMatchObject([{ state: 'travelling', sent: 1, received: null }]);
    expect(messagesAt(entries, 2)).toMatchObject([{ state: 'received', sent: 1, received: 2 }]);
  });

  it('has a message that is held on its way travel until it is received behind its gate', () => {
    const point: GatePoint = { kind: 'delivery', proc: 'control', actor: 'cc', name: 'staging.advertise' };
    const gate = (phase: 'held' | 'opened') =>
      ({ type: 'gate', phase, gate: 'g', point, by: 'pause', actor: 'cc' }) as const;
    const entries = journal(
      [null, null, wire('sent', 'staging.advertise')],
      [1, null, gate('held')],
      [2, null, gate('opened')],
      [3, null, wire('received', 'staging.advertise')],
    );
    expect(messagesAt(entries, 3)).toMatchObject([{ state: 'travelling', sent: 1, received: null }]);
    expect(messagesAt(entries, 4)).toMatchObject([{ state: 'received', sent: 1, received: 4 }]);
  });

  it('has a view for each receiver of a broadcast, for a drop, and for a sender without an entry of its own', () => {
    const entries = journal(
      [null, null, wire('sent', 'staging.advertise', '*')],
      [1, null, wire('received', 'staging.advertise', 'cc')],
      [1, null, wire('received', 'staging.advertise', 'hm')],
      [null, null, wire('sent', 'lost')],
      [4, null, wire('dropped', 'lost')],
      [null, null, wire('received', 'GET /v2/info')],
    );
    expect(messagesAt(entries, 6).map((m) => [m.name, m.to, m.state, m.sent, m.received])).toEqual([
      ['staging.advertise', 'cc', 'received', 1, 2],
      ['staging.advertise', 'hm', 'received', 1, 3],
      ['lost', 'dea', 'dropped', 4, null],
      ['GET /v2/info', 'dea', 'received', null, 6],
    ]);
  });

  it('does not take an answer that follows from a request for the receipt of that request', () => {
    const entries = journal(
      [null, null, wire('sent', 'ask')],
      [1, null, wire('received', 'ask')],
      [2, null, wire('sent', 'answer')],
      [3, null, wire('received', 'answer')],
    );
    expect(messagesAt(entries, 4).map((m) => [m.name, m.sent, m.received])).toEqual([
      ['ask', 1, 2],
      ['answer', 3, 4],
    ]);
  });
});

describe('heldAt', () => {
  it('lists what waits, oldest first, until it is opened', () => {
    const point = (name: string): GatePoint => ({ kind: 'step', proc: 'warden/0', actor: 'container:a', name });
    const gate = (gate: string, phase: 'held' | 'opened'): EntryBody => ({
      type: 'gate',
      actor: 'container:a',
      phase,
      gate,
      point: point(gate),
      by: 'pause',
    });
    const entries = journal(
      [null, null, gate('g1', 'held')],
      [null, null, gate('g2', 'held')],
      [1, null, gate('g1', 'opened')],
    );
    expect(heldAt(entries, 2).map((h) => h.gate)).toEqual(['g1', 'g2']);
    expect(heldAt(entries, 3)).toEqual([{ gate: 'g2', point: point('g2'), by: 'pause', seq: 2, lt: 1 }]);
  });
});

describe('causes and runs', () => {
  const entries = journal(
    [null, 'push-1', wire('sent', 'PUT')],
    [1, 'push-1', wire('received', 'PUT')],
    [null, null, wire('sent', 'dea.heartbeat')],
    [2, null, wire('sent', 'staging.0.start')],
  );

  it('lead from an entry back to the beginning of its story', () => {
    expect(causeChain(entries, 4).map((e) => e.seq)).toEqual([1, 2, 4]);
    expect(causeChain(entries, 3).map((e) => e.seq)).toEqual([3]);
  });

  it('end without an endless loop where a record names a cause that is not smaller', () => {
    const broken = journal([2, null, wire('sent', 'a')], [1, null, wire('sent', 'b')]);
    expect(causeChain(broken, 2).map((e) => e.seq)).toEqual([1, 2]);
  });

  it('name the run of an entry that inherited none', () => {
    expect(runOf(entries, 4)).toBe('push-1');
    expect(runOf(entries, 3)).toBeNull();
    expect(runsAt(entries, 4)).toEqual([{ run: 'push-1', first: 1, last: 2, entries: 2 }]);
  });

  it('find entries by seq where numbers have gaps', () => {
    const gaps = entries.filter((e) => e.seq !== 2);
    expect(entryAt(gaps, 3)?.seq).toBe(3);
    expect(entryAt(gaps, 2)).toBeUndefined();
    expect(entryAt(gaps, 9)).toBeUndefined();
  });
});

describe('bootsAt', () => {
  const done = (name: string, result = 0): EntryBody => ({
    type: 'step',
    of: 'boot',
    actor: 'wshd:17k',
    handle: '17k',
    name,
    when: 'after',
    call: name,
    args: [],
    result,
    file: 'wshd/boot.c',
    line: 1,
    pid: 4711,
  });

  it('follows wshd through edges that its machine has, repeated steps and a failure included', () => {
    const { boot } = wshd;
    const names = boot.flatMap((s) => (s.each ? [s.name, s.name] : [s.name]));
    const entries = journal(...names.map((name): [null, null, EntryBody] => [null, null, done(name)]));
    const edges = new Set(machineGraph(wshdBoot).edges.map((e) => e.id));
    for (const e of entries) {
      const [edge] = bootsAt(entries, e.seq).get('wshd:17k')?.lastEdges ?? [];
      expect(edges, edge).toContain(edge);
    }
    expect(bootsAt(entries, entries.length).get('wshd:17k')?.value).toBe('ready');
    const broken = journal([null, null, done(names[0]!)], [null, null, done(names[1]!, -22)]);
    expect(bootsAt(broken, 2).get('wshd:17k')).toMatchObject({ value: 'failed', event: 'failed' });
  });
});

describe('containersAt', () => {
  it('shows how far a boot has come and what the kernel was last seen to have', () => {
    const step = (name: string, when: 'before' | 'after'): EntryBody => ({
      type: 'step',
      of: 'boot',
      actor: 'container:17k',
      handle: '17k',
      name,
      when,
      call: name,
      args: [],
      file: 'wshd.c',
      line: 1,
      pid: 4711,
      ...(when === 'after' ? { result: 0, ns: 5 } : {}),
    });
    const diff = { 'ns.mnt': [null, 'mnt:[1]'], gone: ['x', null] } satisfies Record<string, [unknown, unknown]>;
    const entries = journal(
      [null, null, step('mount_overlay', 'after')],
      [1, null, step('pivot_root', 'before')],
      [2, null, { type: 'kernel', actor: 'container:17k', handle: '17k', pid: 4711, diff, ms: 2 }],
      [3, null, move('container:17k', 'booted', 'active', {})],
    );
    expect(containersAt(entries, 4).get('17k')).toMatchObject({
      state: 'active',
      pid: 4711,
      booted: ['mount_overlay'],
      step: { name: 'pivot_root', when: 'before' },
      kernel: { 'ns.mnt': 'mnt:[1]' },
    });
    expect(containersAt(entries, 1).get('17k')?.step?.name).toBe('mount_overlay');
  });
});
