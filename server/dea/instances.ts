// Starts instances and takes back those of an earlier life (dea_ng: instance_manager.rb): the record, the machine and its
// effects. When each effect runs is machines/instance.ts; what each does is in effects/.
import { randomBytes } from 'node:crypto';
import { instance } from '../../machines/instance.ts';
import { lacking } from '../../machines/reservations.ts';
import { effect, host, listen } from '../lab/host.ts';
import type { Cause, Trail } from '../lab/types.ts';
import type { DeaDeps, Doing } from './deps.ts';
import { adopt } from './effects/adopt-instance.ts';
import { announceEvacuation, announceRunning, reportCrash, unregister } from './effects/announce-instance.ts';
import { checkHealth } from './effects/check-health.ts';
import { collectStats } from './effects/collect-stats.ts';
import { destroyContainer } from './effects/destroy-container.ts';
import { fetchDroplet } from './effects/fetch-droplet.ts';
import { keepRemains } from './effects/keep-remains.ts';
import { linkJob } from './effects/link-job.ts';
import { createInstanceContainer, extractDroplet, prepareAppDir } from './effects/prepare-instance.ts';
import { spawnApp } from './effects/spawn-app.ts';
import { stopContainer } from './effects/stop-container.ts';
import type { StartMessage } from './messages.ts';
import { type Instance, stateOf } from './registry.ts';
import type { SavedInstance } from './snapshot.ts';

/** An instance as its effects see it. */
export type Unhosted = Omit<Instance, 'hosted'> & { stopReading?: () => void };

/** From a start message: refused with `droplet.exited` when there is no room (it is then never registered), else started. */
export function startInstance(deps: DeaDeps, message: StartMessage, trail: Trail): void {
  const { settings, registry } = deps;
  const room = { memoryMb: message.limits.mem, diskMb: message.limits.disk };
  const missing = lacking(settings.capacity, registry.claims(), room);
  const instanceId = randomBytes(16).toString('hex');
  const one = begin(deps, {
    id: instanceId.slice(0, 8),
    instanceId,
    privateInstanceId: randomBytes(32).toString('hex'),
    message,
    cause: trail.cause,
  });
  if (missing) {
    const description = `Not enough ${missing} resource available.`;
    void one.hosted.send({ type: 'refuse', description }, { ...trail });
    return;
  }
  registry.instances.set(one.id, one);
  // The command is part of the message that has been delivered already; what can be held next is the first effect.
  void one.hosted.send({ type: 'start' }, { cause: one.hosted.last() ?? trail.cause });
}

/** From instances.json: RESUMING looks at the container before anything is done. */
export function resumeInstance(deps: DeaDeps, saved: SavedInstance, cause: Cause): void {
  const one = begin(deps, {
    id: saved.id,
    instanceId: saved.instance_id,
    privateInstanceId: saved.private_instance_id,
    message: saved.start_message,
    cause,
    saved,
  });
  deps.registry.instances.set(one.id, one);
}

/** `dea.stop` and shutdown. Resolves when the event has entered the machine. */
export function stopInstance(one: Instance, trail: Trail): Promise<void> {
  return one.hosted.send({ type: 'stop' }, { ...trail });
}

interface Beginning {
  id: string;
  instanceId: string;
  privateInstanceId: string;
  message: StartMessage;
  cause: Cause;
  saved?: SavedInstance;
}

function begin(deps: DeaDeps, { id, instanceId, privateInstanceId, message, cause, saved }: Beginning): Instance {
  const actor = `instance:${id}`;
  const unhosted: Unhosted = {
    id,
    actor,
    instanceId,
    privateInstanceId,
    message,
    version: saved?.application_version ?? message.version,
    uris: saved?.application_uris ?? message.uris,
    stateTimestamp: saved?.state_timestamp ?? Date.now() / 1000,
    startingTimestamp: saved?.state_starting_timestamp ?? null,
    handle: saved?.warden_handle ?? null,
    jobId: saved?.warden_job_id ?? null,
    hostPort: saved?.instance_host_port ?? null,
    containerPort: saved?.instance_container_port ?? null,
    containerPath: saved?.warden_container_path ?? null,
    hostIp: saved?.warden_host_ip ?? null,
    usage: null,
    crashedAt: saved?.exit_crashed_at ?? null,
  };
  const hosted = host(deps.lab, provided(deps, unhosted), {
    id: actor,
    input: {
      id,
      app: message.droplet,
      index: message.index,
      ...(saved
        ? {
            resume: {
              state: saved.state,
              handle: saved.warden_handle,
              jobId: saved.warden_job_id,
              hostPort: saved.instance_host_port,
              containerPort: saved.instance_container_port,
            },
          }
        : {}),
    },
    cause,
  });
  const one: Instance = Object.assign(unhosted, { hosted });
  let state = stateOf(one);
  hosted.subscribe((snapshot) => {
    const now = stateOf(one);
    if (now !== state) {
      state = now;
      one.stateTimestamp = Date.now() / 1000;
      if (now === 'STARTING') one.startingTimestamp = one.stateTimestamp;
      if (now === 'CRASHED') one.crashedAt ??= deps.lab.clock.now();
    }
    if (snapshot.matches({ STOPPED: 'gone' })) leave(deps, one);
    if (snapshot.matches({ CRASHED: { remains: 'reaped' } })) leave(deps, one);
    if (snapshot.context.refused && snapshot.matches({ CRASHED: { report: 'reported' } })) leave(deps, one);
  });
  return one;
}

/** The instance is nobody's any more: no reservation, no connection, no line in the snapshot. */
function leave(deps: DeaDeps, one: Instance & { stopReading?: () => void }): void {
  one.stopReading?.();
  deps.wardens.release(one.actor);
  if (deps.registry.instances.delete(one.id)) deps.snapshot.save();
  // Not from inside the machine's own notification.
  queueMicrotask(() => one.hosted.stop());
}

function provided(deps: DeaDeps, one: Unhosted) {
  const { lab } = deps;
  const act = <I, O>(name: string, verb: (deps: DeaDeps, one: Unhosted, doing: Doing, input: I) => Promise<O>) =>
    effect<I, O>(lab, name, ({ input, ...doing }) => verb(deps, one, doing, input));
  return instance.provide({
    actors: {
      fetchDroplet: act('fetchDroplet', fetchDroplet),
      createContainer: act('createContainer', createInstanceContainer),
      prepareAppDir: act('prepareAppDir', prepareAppDir),
      extractDroplet: act('extractDroplet', extractDroplet),
      spawnApp: act('spawnApp', spawnApp),
      linkJob: listen(lab, 'linkJob', ({ trail, send }) => linkJob(deps, one, trail, send)),
      collectStats: listen(lab, 'collectStats', () => collectStats(deps, one)),
      checkHealth: act('checkHealth', checkHealth),
      announceRunning: act('announceRunning', announceRunning),
      announceEvacuation: act('announceEvacuation', announceEvacuation),
      unregister: act('unregister', unregister),
      stopContainer: act('stopContainer', (d, i, doing) => stopContainer(d, i.actor, i.handle, doing)),
      destroyContainer: act('destroyContainer', async (d, i, doing) => {
        i.stopReading?.();
        if (i.handle) await destroyContainer(d, i.actor, i.handle, doing);
        i.handle = null;
      }),
      reportCrash: act('reportCrash', reportCrash),
      keepRemains: act('keepRemains', keepRemains),
      adopt: act('adopt', adopt),
    },
  });
}
