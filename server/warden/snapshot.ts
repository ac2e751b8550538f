// The snapshot of one container: the original's fields (reference 5.9), and what our PID 1 is. Reading gives undefined for
// anything that is not one; the container is then destroyed.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { containerState } from '../../machines/container.ts';
import type { Bandwidth } from './network/bandwidth.ts';
import type { Container } from './warden.ts';

const big = z.string().regex(/^\d+$/);

const Snapshot = z.object({
  events: z.array(z.string()),
  jobs: z.record(
    z.string(),
    z.object({ discard_output: z.boolean(), log_tag: z.string(), status: z.number().optional() }),
  ),
  limits: z.object({ bandwidth: z.object({ rate: big, burst: big }).optional() }),
  grace_time: z.number().nullable(),
  resources: z.object({
    container_id: z.string(),
    handle: z.string(),
    network: z.string(),
    uid: z.number(),
    ports: z.array(z.number()),
    net_in: z.array(z.object({ hostPort: z.number(), containerPort: z.number() })),
    net_out: z.array(
      z.object({
        network: z.string().optional(),
        port: z.number().optional(),
        portRange: z.string().optional(),
        protocol: z.enum(['tcp', 'udp', 'icmp', 'all']),
        icmpType: z.number().optional(),
        icmpCode: z.number().optional(),
      }),
    ),
    limit_memory: big.nullable(),
    limit_cpu: big.nullable(),
  }),
  state: z.enum(['born', 'active', 'stopped', 'destroyed']),
  rootfs: z.string().nullable(),
  wshd: z.object({ pid: z.number(), started: z.string(), starter: z.number().nullable() }),
});

export type Snapshot = z.infer<typeof Snapshot>;

export function snapshotOf(c: Container): Snapshot {
  const top = containerState(c.machine.snapshot().value);
  return {
    events: c.events,
    jobs: Object.fromEntries(
      c.jobs.all().map((j) => [j.id, { discard_output: j.discardOutput, log_tag: j.logTag, status: j.status }]),
    ),
    limits: c.bandwidth ? { bandwidth: { rate: String(c.bandwidth.rate), burst: String(c.bandwidth.burst) } } : {},
    grace_time: c.options.graceTime ?? null,
    resources: {
      container_id: c.id,
      handle: c.handle,
      network: c.network ?? '',
      uid: c.uid ?? 0,
      ports: c.ports,
      net_in: c.netIn,
      net_out: c.netOut,
      limit_memory: c.limitMemory?.toString() ?? null,
      limit_cpu: c.limitCpu?.toString() ?? null,
    },
    // The first snapshot is written as the last step of Create: whoever reads it finds the container active.
    state: top === 'born' ? 'active' : top,
    rootfs: c.options.rootfs ?? null,
    wshd: { pid: c.init?.pid ?? 0, started: c.init?.started ?? '', starter: c.booted?.starter ?? null },
  };
}

export function bandwidthOf(limits: Snapshot['limits']): Bandwidth | undefined {
  const kept = limits.bandwidth;
  return kept && { rate: BigInt(kept.rate), burst: BigInt(kept.burst) };
}

export function readSnapshot(path: string): Snapshot | undefined {
  try {
    return Snapshot.parse(JSON.parse(readFileSync(`${path}/snapshot.json`, 'utf8')));
  } catch {
    return undefined;
  }
}
