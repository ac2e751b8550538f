// The messages of the health manager: what it accepts, checked at the edge, and what it says (reference 2.4).
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { CrashCount, Desired, Order } from '../../machines/health-analysis.ts';
import type { Known } from './actual-state.ts';

/** `droplet.exited`, as far as it matters here. */
export const Exited = z.object({
  droplet: z.string(),
  version: z.string(),
  index: z.number().int(),
  reason: z.string(),
});

/** `app.state`, the Cloud Controller's question. */
export const AppState = z.object({ droplet: z.string(), version: z.string() });

/** `hm9000.start` or `hm9000.stop`. `duplicate` only means something for a stop. */
export function orderMessage(order: Order, duplicate: boolean): Record<string, unknown> {
  const { droplet, version, index } = order;
  const message = { message_id: randomUUID(), droplet, version };
  if (order.type === 'start') return { ...message, instance_index: index };
  return { ...message, instance_guid: order.instance, instance_index: index, is_duplicate: duplicate };
}

export interface AppFacts {
  droplet: string;
  version: string;
  desired: Desired | undefined;
  actual: readonly Known[];
  crashes: readonly CrashCount[];
  /** Seconds since the epoch at lab time 0. */
  epoch: number;
}

/** The answer to `app.state`. An app that is not desired has zero values, as in the original. */
export function appStateAnswer({ droplet, version, desired, actual, crashes, epoch }: AppFacts) {
  const { instances = 0, state = '', package_state = '' } = desired ?? {};
  return {
    droplet,
    version,
    desired: { id: droplet, version, instances, state, package_state },
    instance_heartbeats: actual.map(({ cause: _, stateTimestamp, ...one }) => ({
      ...one,
      state_timestamp: stateTimestamp,
    })),
    crash_counts: crashes.map(({ index, count, changed }) => ({
      droplet,
      version,
      instance_index: index,
      crash_count: count,
      created_at: Math.floor(epoch + changed / 1000),
    })),
  };
}
