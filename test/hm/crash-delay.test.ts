// The back-off in its three regimes (hm9000: crash_delay_test walks the same counts).
import { describe, expect, it } from 'vitest';
import { crashDelay } from '../../machines/crash-delay.ts';

describe('the delay before a crashed instance is started again', () => {
  it('is 0 for the first three crashes, then doubles from 30 s to 960 s', () => {
    const seconds = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((count) => crashDelay(count) / 1000);
    expect(seconds).toEqual([0, 0, 0, 30, 60, 120, 240, 480, 960]);
  });

  it('never shrinks and never exceeds 960 s, whatever the count', () => {
    for (let count = 1; count <= 10_000; count++) {
      expect(crashDelay(count)).toBeGreaterThanOrEqual(crashDelay(count - 1));
      expect(crashDelay(count)).toBeLessThanOrEqual(960_000);
    }
    expect([crashDelay(10_000), crashDelay(Number.MAX_SAFE_INTEGER), crashDelay(Number.POSITIVE_INFINITY)]).toEqual(
      Array(3).fill(960_000),
    );
  });
});
