// CLOCK_MONOTONIC, the one real clock that all processes of a host share. It never jumps with the wall clock.

/** Milliseconds with fraction since an arbitrary point, the same for every process of this host. */
export function monotonic(): number {
  const [s, ns] = process.hrtime();
  return s * 1000 + ns / 1e6;
}
