// What Warden's answers tell of a container: doors, limits, and what was used of memory and processor at that moment.

import { field } from '../../machines/field.ts';
import type { MessageBody } from '../../machines/journal.ts';
import { limitOf, numberOf, textOf } from './facts.ts';
import type { Door } from './parts.ts';

type Message = MessageBody & { seq: number; t: number; cause: number | null };

/** One answer's numbers, as they were read back. Values are replaced, never changed. */
export interface Reading {
  limit: number | null;
  usage: number | null;
  rss: number | null;
  shares: number | null;
  /** Nanoseconds of processor time, and when that was read, milliseconds. */
  cpu: { ns: number; t: number } | null;
  load: number | null;
}

export const NOTHING_READ: Reading = { limit: null, usage: null, rss: null, shares: null, cpu: null, load: null };

/** Requests, and jobs, whose answer does not name its container itself: by the `seq` of their entries. */
export type Asked = Map<number, { handle: string; name: string; job?: number }>;

const REMEMBERED = 200;

export function keep(asked: Asked, seq: number, request: { handle: string; name: string; job?: number }): void {
  asked.set(seq, request);
  const [oldest] = asked.keys();
  if (asked.size > REMEMBERED && oldest !== undefined) asked.delete(oldest);
}

export function takeRequest(asked: Asked, e: Message): void {
  const handle = textOf(field(e.payload, 'handle'));
  if (handle === null || !e.name.endsWith('Request')) return;
  const job = numberOf(field(e.payload, 'job_id'));
  keep(asked, e.seq, { handle, name: e.name, ...(job === null ? {} : { job }) });
}

/** What was held goes on from the gate's entry. */
export function follow(asked: Asked, e: { seq: number; cause: number | null }): void {
  const request = e.cause === null ? undefined : asked.get(e.cause);
  if (request) keep(asked, e.seq, request);
}

export interface Told {
  handle: string;
  door?: Door;
  reading?: (before: Reading) => Reading;
}

/** What an answer says of which container; null when it says nothing that is shown. */
export function toldBy(asked: Asked, e: Message): Told | null {
  if (e.phase !== 'sent') return null;
  const info = e.name === 'InfoResponse' ? e.payload : field(e.payload, 'info');
  const path = textOf(field(info, 'container_path'));
  if (path !== null)
    return { handle: path.slice(path.lastIndexOf('/') + 1), reading: (was) => readInfo(was, info, e.t) };
  const request = e.cause === null ? undefined : asked.get(e.cause);
  if (!request || request.name !== e.name.replace(/Response$/, 'Request')) return null;
  const { handle } = request;
  if (e.name === 'NetInResponse')
    return {
      handle,
      door: {
        host: numberOf(field(e.payload, 'host_port')),
        container: numberOf(field(e.payload, 'container_port')),
      },
    };
  const limit = limitOf(field(e.payload, 'limit_in_bytes'));
  if (e.name === 'LimitMemoryResponse') return { handle, reading: (was) => ({ ...was, limit }) };
  const shares = numberOf(field(e.payload, 'limit_in_shares'));
  if (e.name === 'LimitCpuResponse') return { handle, reading: (was) => ({ ...was, shares }) };
  return null;
}

/** base.rb do_info's memory_stat and cpu_stat: the kernel's own numbers. */
function readInfo(was: Reading, info: unknown, t: number): Reading {
  const memory = field(info, 'memory_stat');
  const read = (name: string) => numberOf(field(memory, `total_${name}`)) ?? numberOf(field(memory, name));
  const [rss, cache] = [read('rss'), read('cache')];
  const ns = numberOf(field(field(info, 'cpu_stat'), 'usage'));
  const cpu = ns === null ? was.cpu : { ns, t };
  const passed = cpu && was.cpu ? cpu.t - was.cpu.t : 0;
  const load = cpu && was.cpu && passed > 100 ? Math.max(0, (cpu.ns - was.cpu.ns) / 1e6 / passed) : was.load;
  return {
    ...was,
    limit: limitOf(field(memory, 'hierarchical_memory_limit')) ?? was.limit,
    rss: rss ?? was.rss,
    usage: rss === null && cache === null ? was.usage : (rss ?? 0) + (cache ?? 0),
    cpu,
    load,
  };
}
