// What a change of an app's record leads to, and which requests of the health manager are obeyed.
import { describe, expect, it } from 'vitest';
import {
  type AppFacts,
  commandFor,
  needsStaging,
  renewsVersion,
  startRefusal,
  stopReason,
  undoOf,
} from '../../machines/app-changes.ts';
import { shownInstances } from '../../machines/instance-states.ts';

const app: AppFacts = {
  ...{ state: 'STARTED', package_state: 'STAGED', package_hash: 'p', droplet_hash: 'd' },
  ...{ instances: 2, memory: 128, version: 'v1' },
};
const stopped: AppFacts = { ...app, state: 'STOPPED' };

describe('commandFor', () => {
  it.each([
    ['a start of a staged app', stopped, app, { type: 'start', needsStaging: false, instances: 2 }],
    [
      'a start of a pending app',
      stopped,
      { ...app, package_state: 'PENDING' },
      { type: 'start', needsStaging: true, instances: 2 },
    ],
    [
      'a start with more instances is a start',
      { ...stopped, instances: 1 },
      app,
      { type: 'start', needsStaging: false, instances: 2 },
    ],
    ['a stop', app, stopped, { type: 'stop' }],
    ['a stop with fewer instances is a stop', app, { ...stopped, instances: 1 }, { type: 'stop' }],
    ['more instances', { ...app, instances: 1 }, app, { type: 'scale', from: 1, to: 2, needsStaging: false }],
    ['more instances of a stopped app', { ...stopped, instances: 1 }, stopped, undefined],
    ['more memory', app, { ...app, memory: 256 }, undefined],
    ['nothing', app, app, undefined],
  ] as const)('%s', (_, before, after, command) => {
    expect(commandFor(before, after)).toEqual(command);
  });
});

describe('a version', () => {
  it('is renewed by start and by memory while STARTED, and by nothing else', () => {
    expect(renewsVersion(stopped, app)).toBe(true);
    expect(renewsVersion(app, { ...app, memory: 256 })).toBe(true);
    expect(renewsVersion(app, stopped)).toBe(false);
    expect(renewsVersion(stopped, { ...stopped, memory: 256 })).toBe(false);
    expect(renewsVersion(app, { ...app, instances: 9 })).toBe(false);
  });
});

describe('needsStaging', () => {
  it('asks for a package that is not staged of an app that is to run', () => {
    expect(needsStaging({ ...app, package_state: 'PENDING' })).toBe(true);
    expect(needsStaging({ ...app, package_state: 'FAILED' })).toBe(true);
    expect(needsStaging(app)).toBe(false);
    expect(needsStaging({ ...stopped, package_state: 'PENDING' })).toBe(false);
    expect(needsStaging({ ...app, package_state: 'PENDING', package_hash: null })).toBe(false);
    expect(needsStaging({ ...app, package_state: 'PENDING', instances: 0 })).toBe(false);
  });
});

describe('undoOf', () => {
  it('takes back a start and added instances, never a stop or fewer instances', () => {
    expect(undoOf(stopped, { ...app, instances: 5 })).toEqual({ state: 'STOPPED', instances: 2 });
    expect(undoOf(app, { ...app, instances: 5 })).toEqual({ instances: 2 });
    expect(undoOf(app, stopped)).toBeUndefined();
    expect(undoOf(app, { ...app, instances: 1 })).toBeUndefined();
  });
});

describe('the health manager', () => {
  const stop = { droplet: 'a', version: 'v1', instance_guid: 'i', instance_index: 0, is_duplicate: false };
  const start = { droplet: 'a', version: 'v1', instance_index: 0 };

  it('is not obeyed when it wants to stop an instance that is wanted', () => {
    expect(stopReason(app, stop)).toBeUndefined();
  });
  it.each([
    ['an unknown app', undefined, stop],
    ['a failed staging', { ...app, package_state: 'FAILED' as const }, stop],
    ['a duplicate', app, { ...stop, is_duplicate: true }],
    ['another version', app, { ...stop, version: 'v0' }],
    ['an index beyond the count', app, { ...stop, instance_index: 2 }],
    ['a stopped app', stopped, stop],
  ])('stops an instance of %s', (_, facts, ask) => {
    expect(stopReason(facts, ask)).toBeTypeOf('string');
  });

  it('starts what is wanted and missing', () => {
    expect(startRefusal(app, start)).toBeUndefined();
  });
  it.each([
    ['an unknown app', undefined, start],
    ['another version', app, { ...start, version: 'v0' }],
    ['an index beyond the count', app, { ...start, instance_index: 2 }],
    ['no droplet', { ...app, droplet_hash: null }, start],
    ['a pending app', { ...app, package_state: 'PENDING' as const }, start],
    ['a stopped app', stopped, start],
  ])('starts nothing for %s', (_, facts, ask) => {
    expect(startRefusal(facts, ask)).toBeTypeOf('string');
  });
});

describe('shownInstances', () => {
  const seen = (index: number, state: string) => ({ index, state, state_timestamp: 5 });

  it('has every desired index once, and no other', () => {
    const shown = shownInstances(3, [seen(0, 'RUNNING'), seen(7, 'RUNNING'), seen(-1, 'RUNNING')], [], 9);
    expect(shown).toEqual({
      0: { state: 'RUNNING', since: 5 },
      1: { state: 'DOWN', since: 9 },
      2: { state: 'DOWN', since: 9 },
    });
  });
  it('shows RUNNING where two DEAs have the same index', () => {
    expect(shownInstances(1, [seen(0, 'RUNNING'), seen(0, 'STARTING')], [], 9)[0]?.state).toBe('RUNNING');
  });
  it('shows FLAPPING from three crashes on, unless somebody has it', () => {
    const crashes = [
      { instance_index: 0, crash_count: 3, created_at: 4 },
      { instance_index: 1, crash_count: 2 },
      { instance_index: 2, crash_count: 5 },
    ];
    expect(shownInstances(3, [seen(2, 'STARTING')], crashes, 9)).toEqual({
      0: { state: 'FLAPPING', since: 4 },
      1: { state: 'DOWN', since: 9 },
      2: { state: 'STARTING', since: 5 },
    });
  });
});
