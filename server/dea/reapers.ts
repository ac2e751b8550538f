// What nobody needs any more is thrown away: old crashes every 10 s, droplets every 60 s (dea_ng: instance_manager.rb,
// droplet_registry; reference 1.13). Which crash has to go is a pure question.
import { readdir, rm, statfs } from 'node:fs/promises';
import type { Trail } from '../lab/types.ts';
import type { DeaDeps } from './deps.ts';
import { type Instance, stateOf } from './registry.ts';

export interface Crash {
  id: string;
  app: string;
  /** Lab time in milliseconds. */
  crashedAt: number;
}

/** Used blocks or inodes of the crash file system above this: the oldest crash goes. */
const DISK_PRESSURE = 0.8;

/** For each app only the newest crash stays, and that only for `lifetimeMs`. */
export function expired(crashes: readonly Crash[], now: number, lifetimeMs: number): string[] {
  const newest = new Map<string, Crash>();
  for (const crash of crashes) {
    const other = newest.get(crash.app);
    if (!other || crash.crashedAt > other.crashedAt) newest.set(crash.app, crash);
  }
  return crashes.filter((c) => newest.get(c.app) !== c || now - c.crashedAt > lifetimeMs).map((c) => c.id);
}

export async function reapCrashes(deps: DeaDeps, trail: Trail): Promise<void> {
  const { registry, settings, lab } = deps;
  const crashed = [...registry.instances.values()].filter((i) => stateOf(i) === 'CRASHED');
  const crashes = crashed.map((i) => ({ id: i.id, app: i.message.droplet, crashedAt: i.crashedAt ?? 0 }));
  const doomed = new Set(expired(crashes, lab.clock.now(), settings.crashLifetimeMs));
  if (doomed.size === 0 && crashes.length > 0 && (await isFull(settings.folders.crashes))) {
    const oldest = crashes.reduce((a, b) => (a.crashedAt <= b.crashedAt ? a : b));
    doomed.add(oldest.id);
  }
  for (const one of crashed.filter((i) => doomed.has(i.id))) await reap(deps, one, trail);
  const known = new Set([...registry.instances.values()].map((i) => i.instanceId));
  for (const name of await readdir(settings.folders.crashes).catch(() => [])) {
    if (!known.has(name)) await rm(`${settings.folders.crashes}/${name}`, { recursive: true, force: true });
  }
}

/** Droplets that no instance and no staging task names. */
export async function reapDroplets(deps: DeaDeps): Promise<void> {
  // A staged droplet is wanted between its completion and the instance that starts from it; both are registered by then.
  const needed = new Set([...deps.registry.instances.values()].map((i) => i.message.sha1 ?? ''));
  for (const task of deps.registry.tasks.values()) {
    const sha1 = task.hosted.snapshot().context.dropletSha1;
    if (sha1) needed.add(sha1);
  }
  const saving = [...deps.registry.tasks.values()].some((t) => t.hosted.snapshot().matches({ staging: 'saving' }));
  if (!saving) await deps.droplets.reap(needed);
}

async function reap(deps: DeaDeps, one: Instance, trail: Trail): Promise<void> {
  await one.hosted.send({ type: 'reap' }, { ...trail });
  await rm(`${deps.settings.folders.crashes}/${one.instanceId}`, { recursive: true, force: true });
}

async function isFull(folder: string): Promise<boolean> {
  const fs = await statfs(folder).catch(() => undefined);
  if (!fs) return false;
  return 1 - fs.bavail / fs.blocks > DISK_PRESSURE || (fs.files > 0 && 1 - fs.ffree / fs.files > DISK_PRESSURE);
}
