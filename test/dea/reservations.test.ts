import { describe, expect, it } from 'vitest';
import { instanceCpuShares, lacking, remaining, reserved, stagingRoom } from '../../machines/reservations.ts';

const capacity = { memoryMb: 1000, diskMb: 2000, memoryOvercommit: 2, diskOvercommit: 1 };
const claim = (state: string, memoryMb = 100, diskMb = 200) => ({ state, memoryMb, diskMb });

describe('reservations of a DEA', () => {
  it('count an instance from BORN to STOPPING, and a staging task, for memory and disk', () => {
    for (const state of ['BORN', 'STARTING', 'RUNNING', 'STOPPING', 'STAGING']) {
      expect(reserved([claim(state)]), state).toEqual({ memoryMb: 100, diskMb: 200 });
    }
  });

  it('count a crashed instance for its disk only', () => {
    expect(reserved([claim('CRASHED')])).toEqual({ memoryMb: 0, diskMb: 200 });
  });

  it('count an evacuating, resuming or stopped instance for nothing', () => {
    for (const state of ['EVACUATING', 'RESUMING', 'STOPPED']) {
      expect(reserved([claim(state)]), state).toEqual({ memoryMb: 0, diskMb: 0 });
    }
  });

  it('leave capacity times overcommit less what is held', () => {
    expect(remaining(capacity, [claim('RUNNING'), claim('STAGING', 500, 300)])).toEqual({
      memoryMb: 1400,
      diskMb: 1500,
    });
  });

  it('refuse only what is more than the rest, and name what is missing', () => {
    expect(lacking(capacity, [], { memoryMb: 2000, diskMb: 2000 })).toBeNull();
    expect(lacking(capacity, [], { memoryMb: 2001, diskMb: 1 })).toBe('memory');
    expect(lacking(capacity, [], { memoryMb: 1, diskMb: 2001 })).toBe('disk');
  });

  it('give a staging container the minimum or the app’s limits, whichever is more', () => {
    expect(stagingRoom({ memoryMb: 1024, diskMb: 2048 }, { memoryMb: 64, diskMb: 4096 })).toEqual({
      memoryMb: 1024,
      diskMb: 4096,
    });
  });

  it('give an instance an eighth of its memory as CPU shares, from 1 to 256', () => {
    expect([1, 64, 512, 4096].map(instanceCpuShares)).toEqual([1, 8, 64, 256]);
  });
});
