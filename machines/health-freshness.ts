// Whether the health manager's copy of the world is good enough to decide anything on it (hm9000: store freshness keys).
// Pure; times are lab time in milliseconds.
import { HEARTBEAT_MS } from './health-analysis.ts';

/** A DEA that was silent for so long has lost all its instances. */
export const HEARTBEAT_TTL_MS = 3 * HEARTBEAT_MS;
export const ACTUAL_FRESH_MS = 3 * HEARTBEAT_MS;
export const DESIRED_FRESH_MS = 12 * HEARTBEAT_MS;

/** When the stored state was written; undefined when never or when it was revoked. */
export interface Freshness {
  desiredAt: number | undefined;
  /** Since when heartbeats have come without a pause. */
  actualSince: number | undefined;
  actualAt: number | undefined;
}

/** Whether anything may be decided: on old data nothing is. */
export function isFresh({ desiredAt, actualSince, actualAt }: Freshness, now: number): boolean {
  if (desiredAt === undefined || actualSince === undefined || actualAt === undefined) return false;
  return now - desiredAt < DESIRED_FRESH_MS && now - actualAt < ACTUAL_FRESH_MS && now - actualSince >= ACTUAL_FRESH_MS;
}

/** The freshness after a sign of life from a DEA. A pause of 30 s starts the count anew. */
export function bumpActual(freshness: Freshness, now: number): Freshness {
  const { actualAt, actualSince } = freshness;
  const paused = actualAt === undefined || now - actualAt >= ACTUAL_FRESH_MS;
  return { ...freshness, actualSince: paused ? now : (actualSince ?? now), actualAt: now };
}
