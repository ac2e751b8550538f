// How long the health manager waits before it starts a crashed instance again (hm9000: analyzer/crash_delay.go).

/** Crashes that are answered at once. */
const FREE = 3;
const FIRST_MS = 30_000;
const LONGEST_MS = 960_000;

/** A crash count that did not change for this long (ms of lab time) is forgotten: a quiet half hour resets the back-off. */
export const CRASH_MEMORY_MS = 1_920_000;
/** From this count on an instance is shown as FLAPPING (`flapping_crash_count_threshold`). */
export const FLAPPING = 3;

/** Delay in ms after `crashes` earlier crashes: 0 for the first three, then 30 s doubling up to 960 s. */
export function crashDelay(crashes: number): number {
  if (crashes < FREE) return 0;
  // The exponent is bounded before the power is taken: a count may be any number.
  const doublings = Math.min(crashes - FREE, Math.log2(LONGEST_MS / FIRST_MS));
  return FIRST_MS * 2 ** doublings;
}
