// Stepping on the record: where it stops in each grain, forwards and backwards, and that background is never a stop.
//
//   seq  1        2          3        4     5        6      7     8       9        10        11       12
//        PUT(run) app        sent     beat  received task   listen kernel  pivot   RunResp   app      201
//                 requesting          (bg)           setup  after          after   received  started  to you
import { describe, expect, it } from 'vitest';
import { firstStop, type Grain, landFrom, marksOf, presentOf, stopFrom } from '../../machines/grain.ts';
import { breakFrom } from '../../machines/grain-breaks.ts';
import type { Entry, EntryBody, GatePoint } from '../../machines/journal.ts';

const RUN = 'push hello';

function entry(seq: number, proc: string, body: EntryBody, more: { cause?: number; run?: string | null } = {}): Entry {
  return { ...{ seq, at: seq, t: seq, lt: seq, proc, cause: more.cause ?? null, run: more.run ?? RUN }, ...body };
}
const message = (actor: string, phase: 'sent' | 'received', name: string, to = 'dea:0'): EntryBody => ({
  ...{ type: 'message', transport: 'nats', actor, phase, name, from: 'cc', to },
});
const moved = (machine: string, event: string, value: unknown, edges: string[]): EntryBody => ({
  ...{ type: 'transition', actor: `${machine}:1`, machine, event, value, edges, context: {} },
});
const step = (name: string, when: 'before' | 'after' = 'after'): EntryBody => ({
  ...{ type: 'step', of: 'boot', actor: 'wshd:h', handle: 'h', name, when, call: name, args: [], result: 0 },
  ...{ file: 'wshd/boot.c', line: 10, pid: 7 },
});
const TO_REQUESTING = 'app.stopped:start:0→app.staging';

function record(): Entry[] {
  return [
    entry(1, 'control', { ...message('cc', 'received', 'PUT /v2/apps/:guid', 'cc'), begins: RUN }),
    entry(2, 'control', moved('app', 'start', { staging: 'requesting' }, [TO_REQUESTING])),
    entry(3, 'control', message('cc', 'sent', 'staging.start')),
    entry(4, 'dea/0', { ...message('dea:0', 'received', 'dea.heartbeat'), background: true }, { run: null }),
    entry(5, 'dea/0', message('dea:0', 'received', 'staging.start'), { cause: 3 }),
    entry(6, 'dea/0', moved('staging-task', 'xstate.init', 'setup', [])),
    entry(7, 'warden/0', step('listen')),
    entry(8, 'warden/0', { type: 'kernel', actor: 'container:h', handle: 'h', pid: 7, diff: {}, ms: 1 }),
    entry(9, 'warden/0', step('pivot_root')),
    entry(10, 'dea/0', message('dea:0', 'received', 'RunResponse')),
    entry(11, 'control', moved('app', 'xstate.done', 'started', ['app.staging:done:0→app.started'])),
    entry(12, 'control', message('cc', 'sent', '201 PUT', 'you')),
  ];
}

/** All stops in one direction, from one end to the other. */
function stops(entries: Entry[], grain: Grain, direction: 1 | -1, background = false): number[] {
  const found: number[] = [];
  for (let at: number | null = direction === 1 ? 0 : 99; at !== null; ) {
    at = stopFrom(entries, at, { grain, direction, background });
    if (at !== null) found.push(at);
  }
  return found;
}

describe('stepping on the record', () => {
  it.each([
    ['chapter', [1, 2, 11]],
    ['beat', [1, 2, 5, 6, 7, 9, 10, 11, 12]],
    ['entry', [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]],
  ] as const)('in the grain %s stops at %j, and backwards at the same places', (grain, expected) => {
    expect(stops(record(), grain, 1)).toEqual(expected);
    expect(stops(record(), grain, -1)).toEqual([...expected].reverse());
    expect(firstStop(record(), grain)).toBe(1);
  });

  it('stops at periodic traffic only when it is asked for', () => {
    expect(stops(record(), 'entry', 1, true)).toContain(4);
    expect(stops(record(), 'beat', 1, true)).not.toContain(4);
  });

  it('begins anywhere, also between two stops', () => {
    expect(stopFrom(record(), 8, { grain: 'beat', direction: 1 })).toBe(9);
    expect(stopFrom(record(), 8, { grain: 'beat', direction: -1 })).toBe(7);
    expect(stopFrom(record(), 8, { grain: 'chapter', direction: -1 })).toBe(2);
  });

  it('ends at the present and says so, and goes on when the record has grown', () => {
    const entries = record();
    expect(stopFrom(entries, 12, { grain: 'beat', direction: 1 })).toBeNull();
    expect(presentOf(entries)).toBe(12);
    entries.push(entry(13, 'dea/0', message('dea:0', 'received', 'later')));
    expect(stopFrom(entries, 12, { grain: 'beat', direction: 1 })).toBe(13);
    expect(presentOf(entries)).toBe(13);
  });

  it('reads a record that was replaced by another one anew', () => {
    const entries = record();
    expect(marksOf(entries).beats).toHaveLength(9);
    entries.splice(0, entries.length, ...record().slice(0, 2));
    expect(marksOf(entries).beats).toHaveLength(2);
  });

  it('has nowhere to go in an empty record', () => {
    expect(stopFrom([], 0, { grain: 'beat', direction: 1 })).toBeNull();
    expect(firstStop([], 'chapter')).toBeNull();
    expect(presentOf([])).toBeNull();
    expect(landFrom([], 0, { verb: 'over', direction: 1 })).toBeNull();
  });

  it('names the chapters by the states of the machine at the top of the run, and by the run where it begins', () => {
    expect(marksOf(record()).chapters.map((c) => c.title)).toEqual([RUN, 'staging.requesting', 'started']);
  });

  it('does not count a transition that stays in its state', () => {
    const entries = record().slice(0, 2);
    entries.push(entry(3, 'control', moved('app', 'poll', { staging: 'requesting' }, ['app.staging:poll:0→'])));
    expect(stops(entries, 'beat', 1)).toEqual([1, 2]);
  });
});

describe('over, into and out on the record', () => {
  const land = (verb: 'over' | 'into' | 'out', from: number, direction: 1 | -1 = 1) =>
    landFrom(record(), from, { verb, direction });

  it('over stays with the actor', () => {
    expect(land('over', 5)).toBe(10);
    expect(land('over', 10, -1)).toBe(5);
    expect(land('over', 12)).toBeNull();
  });

  it('into goes down: Cloud Controller, DEA, wshd', () => {
    expect(land('into', 2)).toBe(5);
    expect(land('into', 6)).toBe(7);
    expect(land('into', 11, -1)).toBe(10);
  });

  it('out goes up, and from the top to the end of what the actor does', () => {
    expect(land('out', 7)).toBe(10);
    expect(land('out', 9, -1)).toBe(6);
    expect(land('out', 2)).toBe(11);
  });

  it('never leaves the run', () => {
    const entries = record();
    entries.push(entry(13, 'dea/0', message('dea:0', 'received', 'of another story'), { run: 'push other' }));
    expect(landFrom(entries, 10, { verb: 'over', direction: 1 })).toBeNull();
  });
});

describe('breakpoints on the record', () => {
  const find = (from: number, direction: 1 | -1, ...asked: object[]) =>
    breakFrom(record(), from, { direction, breakpoints: asked.map((b, i) => ({ id: `b${i}`, ...b })) });

  it('go to the nearest place where one would have held, in both directions', () => {
    expect(find(99, -1, { kind: 'step', name: 'pivot_root', when: 'before' })).toBe(9);
    expect(find(0, 1, { state: 'app.staging.requesting' }, { kind: 'step' })).toBe(2);
    expect(find(2, 1, { state: 'app.staging.requesting' }, { kind: 'step' })).toBe(7);
    expect(find(99, -1, { edge: TO_REQUESTING })).toBe(2);
    expect(find(99, -1, { kind: 'delivery', name: 'staging.*' })).toBe(5);
  });

  it('pass over what is disabled and find nothing where nothing fits', () => {
    expect(find(99, -1, { kind: 'step', disabled: true })).toBeNull();
    expect(find(7, -1, { kind: 'step' })).toBeNull();
  });

  it('find where one did hold, once, though it is gone since', () => {
    const point: GatePoint = { kind: 'step', proc: 'warden/0', actor: 'wshd:h', name: 'guard', when: 'before' };
    const gate = (seq: number, phase: 'held' | 'opened', by: string, cause: number) =>
      entry(seq, 'warden/0', { type: 'gate', actor: 'wshd:h', phase, gate: 'g', point, by }, { cause });
    const entries = [
      ...record(),
      gate(13, 'held', 'b-1', 9),
      gate(14, 'opened', 'step', 13),
      entry(15, 'warden/0', step('guard'), { cause: 14 }),
      gate(16, 'held', 'pause', 15),
    ];
    expect(breakFrom(entries, 99, { direction: -1, breakpoints: [] })).toBe(13);
    expect(breakFrom(entries, 13, { direction: 1, breakpoints: [] })).toBeNull();
  });
});
