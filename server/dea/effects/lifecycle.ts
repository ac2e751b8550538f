// The component's own effects: taking back an earlier life, evacuating, shutting down (dea_ng: snapshot.rb, lifecycle/*;
// reference 1.14, 1.15).
import { rm } from 'node:fs/promises';
import { WardenConnectionError } from '../../warden/protocol/index.ts';
import { type DeaDeps, type Doing, deaActor } from '../deps.ts';
import { resumeInstance, stopInstance } from '../instances.ts';
import { stateOf } from '../registry.ts';
import type { Saved } from '../snapshot.ts';
import { destroyContainer } from './destroy-container.ts';

const RETRY_MS = 500;
const STARTABLE = new Set(['BORN', 'STARTING', 'RESUMING', 'RUNNING']);
const SETTLED = new Set(['STOPPING', 'STOPPED', 'CRASHED']);

/**
 * Adoptable itself: it only looks, hands each saved instance to its machine, and destroys what no instance claims
 * (staging tasks of an earlier life, and containers whose Create outlived the DEA that asked; the orphan reaper of November 2014).
 */
export async function loadSnapshot(deps: DeaDeps, doing: Doing): Promise<{ instances: number }> {
  const saved = deps.snapshot.load();
  const handles = await listContainers(deps, doing);
  const instances = saved ? worthResuming(saved, handles) : [];
  for (const one of instances) resumeInstance(deps, one, doing.trail.cause);
  const claimed = new Set(instances.map((i) => i.warden_handle));
  for (const handle of handles.filter((h) => !claimed.has(h))) {
    await destroyContainer(deps, deaActor(deps.settings), handle, doing).catch((error: unknown) => {
      const text = `could not destroy orphan ${handle}: ${error instanceof Error ? error.message : error}`;
      deps.lab.rec.record({ type: 'note', actor: doing.actor, text }, doing.trail.cause);
    });
  }
  await rm(deps.settings.folders.staging, { recursive: true, force: true });
  deps.snapshot.save();
  return { instances: instances.length };
}

/** After an orderly end of the whole lab the containers are gone as well: then nothing crashed, nothing is resumed. */
function worthResuming(saved: Saved, handles: readonly string[]): Saved['instances'] {
  if (!saved.detached) return saved.instances;
  return saved.instances.filter(
    (i) => i.state === 'CRASHED' || (i.warden_handle !== null && handles.includes(i.warden_handle)),
  );
}

/** Waits for Warden: both processes of a node start together. */
async function listContainers(deps: DeaDeps, { trail, signal }: Doing): Promise<string[]> {
  for (;;) {
    try {
      const { handles } = await deps.wardens.call({ owner: deaActor(deps.settings), name: 'info' }, 'List', {}, trail);
      return handles;
    } catch (error) {
      if (!(error instanceof WardenConnectionError) || signal.aborted) throw error;
      await deps.lab.clock.sleep(RETRY_MS, 'beat', 'warden is not there yet');
    }
  }
}

/** Every instance that starts or runs is announced as going and keeps serving. Idempotent: each goes once. */
export async function evacuateInstances(deps: DeaDeps, { trail }: Doing): Promise<{ settled: boolean }> {
  const going = [...deps.registry.instances.values()].filter((i) => STARTABLE.has(stateOf(i)));
  await Promise.all(going.map((one) => one.hosted.send({ type: 'evacuate' }, { ...trail })));
  return { settled: isSettled(deps) };
}

export function isSettled(deps: DeaDeps): boolean {
  return [...deps.registry.instances.values()].every((i) => SETTLED.has(stateOf(i)));
}

/** Stops every instance and staging task and waits until they are gone. Idempotent. */
export async function shutDown(deps: DeaDeps, { trail }: Doing): Promise<void> {
  const { registry } = deps;
  const tasks = [...registry.unfinished];
  const instances = [...registry.instances.values()];
  await Promise.all([
    ...tasks.map(async (t) => {
      await t.hosted.send({ type: 'stop' }, { ...trail });
      await t.hosted.done.catch(() => undefined);
    }),
    ...instances.map((one) => stopInstance(one, trail)),
  ]);
  await new Promise<void>((resolve) => {
    const left = () =>
      instances.filter((i) => registry.instances.has(i.id) && (stateOf(i) !== 'CRASHED' || i.handle)).length;
    const look = () => {
      if (left() === 0) resolve();
    };
    for (const one of instances) one.hosted.subscribe(() => queueMicrotask(look));
    look();
  });
}
