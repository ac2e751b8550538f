// Boots PID 1 (warden: start.sh and wshd's boot). What it does step by step is wshd's own table; this gives it the names.
import { existsSync } from 'node:fs';
import { createSampler } from '../../kernel/sampler.ts';
import type { Trail } from '../../lab/types.ts';
import { startedAt } from '../process.ts';
import { WardenError } from '../protocol/messages.ts';
import { bindsOf, lowerOf } from '../stack.ts';
import { type Container, containerInterface, hostInterface, type Warden } from '../warden.ts';
import { endsOf } from './acquire.ts';

/** Abortable: the boot ends with its control descriptor, and tearDown removes what it made. Never run twice for one id. */
export async function bootWshd(
  warden: Warden,
  c: Container,
  { trail, signal }: { trail: Trail; signal: AbortSignal },
): Promise<{ pid: number }> {
  const sampler = createSampler(warden.lab, { actor: `container:${c.id}`, handle: c.handle, cgroups: c.cgroup.paths });
  const booted = await warden.wshd.boot({
    lab: warden.lab,
    handle: c.handle,
    actor: `container:${c.id}`,
    title: `wshd: ${c.id}`,
    keys: bootKeys(warden, c),
    trail,
    signal,
    onSample: sampler,
  });
  c.booted = booted;
  const started = startedAt(booted.pid);
  if (started === undefined) throw new Error(`[warden] could not boot container ${c.id}: its PID 1 is gone`);
  c.init = { pid: booted.pid, started };
  return { pid: booted.pid };
}

/** The boot's `key=value` texts. Throws where a bind's source is missing, in the client's words. */
export function bootKeys(warden: Warden, c: Container): string[] {
  const { host, container } = endsOf(c);
  const tasks = (folder: string) => `${folder}/${warden.cgroups.version === 1 ? 'tasks' : 'cgroup.procs'}`;
  const leaf = (key: string, folders: string[]) => folders.map((folder) => `${key}=${tasks(folder)}`);
  const keys: Record<string, string | number> = {
    sock: c.socket,
    hostname: c.handle.slice(0, 63),
    lower: lowerOf(warden, c),
    upper: `${c.path}/upper`,
    work: `${c.path}/work`,
    root: `${c.path}/mnt`,
    uid_base: c.uid ?? 0,
    host_if: hostInterface(c.id),
    container_if: containerInterface(c.id),
    host_ip: host,
    container_ip: container,
    prefix: 30,
    mtu: warden.config.mtu,
  };
  const binds = bindsOf(warden, c).map(({ source, target, readOnly }) => {
    if (!existsSync(source)) throw new WardenError(`bind mount source does not exist: ${source}`);
    if (source.includes(':')) throw new WardenError(`bind mount source must not have a colon: ${source}`);
    return `bind=${readOnly ? 'ro' : 'rw'}:${source}:${target}`;
  });
  return [
    ...Object.entries(keys).map(([k, v]) => `${k}=${v}`),
    ...leaf('cgroup', c.cgroup.joins('init')),
    ...leaf('jobs_cgroup', c.cgroup.joins('jobs')),
    ...leaf('visit_cgroup', c.cgroup.joins('visit')),
    ...binds,
  ];
}
