// What the health manager decides (reference 7.7), case by case. Pure: desired and actual in, orders out.
import { describe, expect, it } from 'vitest';
import {
  type Actual,
  analyze,
  type CrashCount,
  type Desired,
  evacuationStart,
  type Facts,
  startKey,
  verify,
} from '../../machines/health-analysis.ts';
import { bumpActual, type Freshness, isFresh } from '../../machines/health-freshness.ts';

const NOW = 1_000_000;
const want = (instances: number, more: Partial<Desired> = {}): Desired => ({
  droplet: 'a',
  version: 'v1',
  instances,
  state: 'STARTED',
  package_state: 'STAGED',
  ...more,
});
/** `0R` is index 0 RUNNING; S starting, C crashed, E evacuating. Instances are named i1, i2, … in order. */
const have = (...texts: string[]): Actual[] =>
  texts.map((text, i) => {
    const state = { S: 'STARTING', R: 'RUNNING', C: 'CRASHED', E: 'EVACUATING' }[text.slice(-1)] ?? text;
    return { dea: 'd', droplet: 'a', version: 'v1', instance: `i${i + 1}`, index: Number.parseInt(text, 10), state };
  });
const count = (index: number, n: number, changed = NOW): CrashCount => ({
  droplet: 'a',
  version: 'v1',
  index,
  count: n,
  changed,
});

function check(desired: Desired[], actual: Actual[], more: Partial<Facts> = {}) {
  const found = analyze({ desired, actual, crashes: [], queued: new Set(), now: NOW, ...more });
  return {
    starts: found.starts.map((s) => `${s.index} ${s.reason} +${(s.sendOn - NOW) / 1000} keep ${s.keepAliveMs / 1000}`),
    stops: found.stops.map((s) => `${s.instance} ${s.reason} +${(s.sendOn - NOW) / 1000} keep ${s.keepAliveMs / 1000}`),
    crashes: found.crashes.map((c) => `${c.index}: ${c.count}`),
  };
}
const nothing = { starts: [], stops: [], crashes: [] };

describe('a healthy app', () => {
  it('is left alone, running or starting', () => {
    expect(check([want(2)], have('0R', '1S'))).toEqual(nothing);
  });
  it('is left alone when an index that crashed has another instance running', () => {
    expect(check([want(1)], have('0C', '0R'))).toEqual(nothing);
  });
});

describe('a missing instance', () => {
  it('is started after 30 s, and the order blocks nothing once it is sent', () => {
    expect(check([want(3)], have('1R'))).toEqual({
      ...nothing,
      starts: ['0 missing +30 keep 0', '2 missing +30 keep 0'],
    });
  });
  it('has the priority of how much of its app is missing', () => {
    const priorities = (n: number, actual: Actual[]) =>
      analyze({ desired: [want(n)], actual, crashes: [], queued: new Set(), now: NOW }).starts.map((s) => s.priority);
    expect(priorities(4, have('0R'))).toEqual([0.75, 0.75, 0.75]);
    expect(priorities(1, [])).toEqual([1]);
  });
  it('is not started while the app is not staged, not started or not desired', () => {
    expect(check([want(1, { package_state: 'PENDING' })], [])).toEqual(nothing);
    expect(check([want(1, { package_state: 'FAILED' })], [])).toEqual(nothing);
    expect(check([want(1, { state: 'STOPPED' })], [])).toEqual(nothing);
  });
  it('is not queued twice', () => {
    expect(check([want(1)], [], { queued: new Set([startKey('a', 'v1', 0)]) })).toEqual(nothing);
  });
});

describe('a crashed instance', () => {
  it('is started at once the first three times, then after a growing delay', () => {
    const delays = [0, 1, 2, 3, 4, 8, 9].map((n) => check([want(1)], have('0C'), { crashes: [count(0, n)] }).starts[0]);
    expect(delays).toEqual([0, 0, 0, 30, 60, 960, 960].map((s) => `0 crashed +${s} keep 30`));
  });
  it('counts one crash more, and none while its start is queued', () => {
    expect(check([want(1)], have('0C'), { crashes: [count(0, 3)] }).crashes).toEqual(['0: 4']);
    const queued = new Set([startKey('a', 'v1', 0)]);
    expect(check([want(1)], have('0C'), { crashes: [count(0, 3)], queued })).toEqual(nothing);
  });
  it('is a first crash again after 1920 s without one', () => {
    expect(check([want(1)], have('0C'), { crashes: [count(0, 9, NOW - 1_919_999)] }).crashes).toEqual(['0: 10']);
    const old = check([want(1)], have('0C'), { crashes: [count(0, 9, NOW - 1_920_000)] });
    expect([old.starts, old.crashes]).toEqual([['0 crashed +0 keep 30'], ['0: 1']]);
  });
  it('is restarted only at index 0 when nothing of the app runs', () => {
    expect(check([want(3)], have('0C', '1C', '2C')).starts).toEqual(['0 crashed +0 keep 30']);
  });
  it('is restarted at every index once something runs', () => {
    expect(check([want(3)], have('0R', '1C', '2C')).starts).toEqual(['1 crashed +0 keep 30', '2 crashed +0 keep 30']);
  });
  it('is forgotten beyond the desired indices', () => {
    expect(check([want(1)], have('0R', '1C'))).toEqual(nothing);
  });
});

describe('an extra instance', () => {
  it('is stopped at once: index not desired, version not desired, app not desired', () => {
    expect(check([want(1)], have('0R', '1R', '2S')).stops).toEqual(['i2 extra +0 keep 30', 'i3 extra +0 keep 30']);
    expect(check([], have('0R')).stops).toEqual(['i1 extra +0 keep 30']);
    expect(check([want(1, { version: 'v2' })], have('0R')).stops).toEqual(['i1 extra +0 keep 30']);
  });
  it('is spared while a start of the same app and version is queued in this round', () => {
    expect(check([want(2)], have('0R', '5R'))).toMatchObject({ starts: ['1 missing +30 keep 0'], stops: [] });
  });
  it('of a staging app is spared: it is desired, only not startable', () => {
    expect(check([want(1, { package_state: 'PENDING' })], have('0R'))).toEqual(nothing);
  });
});

describe('a duplicate', () => {
  it('has all its instances stopped, each 30 s after the one before, the first after 120 s', () => {
    expect(check([want(1)], have('0R', '0R', '0S')).stops).toEqual([
      'i1 duplicate +120 keep 30',
      'i2 duplicate +150 keep 30',
      'i3 duplicate +180 keep 30',
    ]);
  });
});

describe('an evacuating instance', () => {
  it.each([
    ['is replaced at once', [want(1)], have('0E'), [], ['0 evacuating +0 keep 30'], []],
    ['waits for the one that is starting', [want(1)], have('0E', '0S'), [], [], []],
    ['is stopped when another runs', [want(1)], have('0E', '0R'), [], [], ['i1 evacuation complete +0 keep 30']],
    ['is stopped when its index is not desired', [want(1)], have('0R', '1E'), [], [], ['i2 not desired +0 keep 30']],
    [
      'is stopped when its app is not staged',
      [want(1, { package_state: 'PENDING' })],
      have('0E'),
      [],
      [],
      ['i1 not desired +0 keep 30'],
    ],
    [
      'is stopped when its index keeps crashing',
      [want(1)],
      have('0E'),
      [count(0, 1)],
      [],
      ['i1 evacuation complete +0 keep 30'],
    ],
  ])('%s', (_title, desired, actual, crashes, starts, stops) => {
    expect(check(desired, actual, { crashes })).toMatchObject({ starts, stops });
  });
  it('announced by its DEA is started without a second look and before all others', () => {
    const order = evacuationStart({ droplet: 'a', version: 'v1', index: 0 }, NOW);
    expect(order).toMatchObject({ sendOn: NOW, keepAliveMs: 30_000, priority: 2, unverified: true });
    expect(verify(order, { desired: [], actual: [] })).toEqual({ duplicate: false });
  });
});

describe("the sender's second look", () => {
  const start = () => analyze({ desired: [want(1)], actual: [], crashes: [], queued: new Set(), now: NOW }).starts[0]!;
  const stops = (...actual: Actual[]) =>
    analyze({ desired: [want(1)], actual, crashes: [], queued: new Set(), now: NOW }).stops;

  it('forgets a start that is no longer desired or already answered', () => {
    expect(verify(start(), { desired: [want(1)], actual: [] })).toEqual({ duplicate: false });
    expect(verify(start(), { desired: [want(1)], actual: have('0C') })).toEqual({ duplicate: false });
    for (const desired of [[], [want(0)], [want(1, { version: 'v2' })]]) {
      expect(verify(start(), { desired, actual: [] })).toBeUndefined();
    }
    expect(verify(start(), { desired: [want(1)], actual: have('0S') })).toBeUndefined();
  });
  it('stops duplicates one by one and spares the last', () => {
    const both = have('0R', '0R');
    const [first, second] = stops(...both);
    expect(verify(first!, { desired: [want(1)], actual: both })).toEqual({ duplicate: true });
    expect(verify(second!, { desired: [want(1)], actual: both.slice(1) })).toBeUndefined();
  });
  it('forgets the stop of an instance that is gone or wanted again', () => {
    const all = have('0R', '1R');
    const [extra] = stops(...all);
    expect(verify(extra!, { desired: [want(1)], actual: all })).toEqual({ duplicate: false });
    expect(verify(extra!, { desired: [want(2)], actual: all })).toBeUndefined();
    expect(verify(extra!, { desired: [want(1)], actual: all.slice(0, 1) })).toBeUndefined();
  });
});

describe('freshness', () => {
  const never: Freshness = { desiredAt: undefined, actualSince: undefined, actualAt: undefined };
  it('needs desired state, and heartbeats for 30 s', () => {
    const heard = bumpActual(never, 0);
    expect(isFresh({ ...heard, desiredAt: 0 }, 0)).toBe(false);
    const later = bumpActual(bumpActual(bumpActual(heard, 10_000), 20_000), 30_000);
    expect(isFresh({ ...later, desiredAt: 0 }, 30_000)).toBe(true);
    expect(isFresh(later, 30_000)).toBe(false);
  });
  it('ends 30 s after the last heartbeat and 120 s after the last fetch, and then begins anew', () => {
    const fresh = { desiredAt: 0, actualSince: 0, actualAt: 90_000 };
    expect([isFresh(fresh, 119_999), isFresh(fresh, 120_000)]).toEqual([true, false]);
    expect(isFresh({ ...fresh, desiredAt: 100_000 }, 120_000)).toBe(false);
    expect(bumpActual(fresh, 120_000)).toMatchObject({ actualSince: 120_000 });
    expect(bumpActual(fresh, 119_999)).toMatchObject({ actualSince: 0 });
  });
});
