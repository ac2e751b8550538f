// What users are shown of an app's instances, composed from what DEAs and the health manager answered. The Cloud
// Controller stores none of it: cc: instances_reporter.rb. Pure.

/** What a DEA said of one instance. `state_timestamp` in seconds since the epoch. */
export interface SeenInstance {
  index: number;
  state: string;
  state_timestamp: number;
}

/** What the health manager counts for one index. */
export interface CrashCount {
  instance_index: number;
  crash_count: number;
  created_at?: number | null;
}

export interface ShownInstance {
  state: string;
  /** Seconds since the epoch, with fraction. */
  since: number;
}

/** From this many crashes on an index is FLAPPING. */
export const FLAPPING_FROM = 3;

/**
 * One entry for every desired index, keyed by its number. An index that somebody reported as starting or running is
 * shown so even if it has crashed often; one that nobody reported is FLAPPING or DOWN.
 */
export function shownInstances(
  desired: number,
  seen: readonly SeenInstance[],
  crashes: readonly CrashCount[],
  now: number,
): Record<string, ShownInstance> {
  const shown: Record<string, ShownInstance> = {};
  for (let i = 0; i < desired; i++) {
    const count = crashes.find((c) => c.instance_index === i && c.crash_count >= FLAPPING_FROM);
    shown[i] = count ? { state: 'FLAPPING', since: count.created_at ?? now } : { state: 'DOWN', since: now };
  }
  // RUNNING wins over STARTING where two DEAs have the same index (a duplicate that is about to be stopped).
  for (const { index, state, state_timestamp } of [...seen].sort((a, b) => rank(a.state) - rank(b.state))) {
    if (index >= 0 && index < desired) shown[index] = { state, since: state_timestamp };
  }
  return shown;
}

function rank(state: string): number {
  return state === 'RUNNING' ? 1 : 0;
}
