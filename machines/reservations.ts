// What a DEA may still take: pure arithmetic over its instances and staging tasks (dea_ng: resource_manager.rb,
// reference 1.16). It reserves nothing itself; memory and disk are in MB.

export interface Capacity {
  memoryMb: number;
  diskMb: number;
  memoryOvercommit: number;
  diskOvercommit: number;
}

/** The original's code defaults (reference 3.1). */
export const DEFAULT_CAPACITY: Capacity = {
  memoryMb: 8192,
  diskMb: 16_777_216,
  memoryOvercommit: 1,
  diskOvercommit: 1,
};

export interface Claim {
  /** An instance's state, or STAGING for a staging task. */
  state: string;
  memoryMb: number;
  diskMb: number;
}

export interface Room {
  memoryMb: number;
  diskMb: number;
}

/** EVACUATING, RESUMING and STOPPED count for nothing, so that a replacement finds room. */
const HOLDS_MEMORY = new Set(['BORN', 'STARTING', 'RUNNING', 'STOPPING', 'STAGING']);
/** A crashed instance keeps its logs. */
const HOLDS_DISK = new Set([...HOLDS_MEMORY, 'CRASHED']);

/** What all claims together hold. */
export function reserved(claims: readonly Claim[]): Room {
  return {
    memoryMb: sum(claims.filter((c) => HOLDS_MEMORY.has(c.state)).map((c) => c.memoryMb)),
    diskMb: sum(claims.filter((c) => HOLDS_DISK.has(c.state)).map((c) => c.diskMb)),
  };
}

/** What is left, as advertised; may be negative when a snapshot held more than the capacity. */
export function remaining(capacity: Capacity, claims: readonly Claim[]): Room {
  const held = reserved(claims);
  return {
    memoryMb: capacity.memoryMb * capacity.memoryOvercommit - held.memoryMb,
    diskMb: capacity.diskMb * capacity.diskOvercommit - held.diskMb,
  };
}

/** Which resource is missing for `wanted`, in the word the reply uses; null when it fits (remaining ≥ wanted). */
export function lacking(capacity: Capacity, claims: readonly Claim[], wanted: Room): 'memory' | 'disk' | null {
  const left = remaining(capacity, claims);
  if (left.memoryMb < wanted.memoryMb) return 'memory';
  return left.diskMb < wanted.diskMb ? 'disk' : null;
}

/** What a staging container gets: the DEA's minimum or the app's own limits, whichever is more (reference 1.6). */
export function stagingRoom(minimum: Room, app: Room): Room {
  return { memoryMb: Math.max(minimum.memoryMb, app.memoryMb), diskMb: Math.max(minimum.diskMb, app.diskMb) };
}

/** CPU shares of an instance: its memory over 8, between 1 and 256 (reference 1.8). */
export function instanceCpuShares(memoryMb: number): number {
  return Math.min(256, Math.max(1, Math.floor(memoryMb / 8)));
}

function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
