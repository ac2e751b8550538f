// Starts staging tasks: admission, the task's record, and the effects that its machine runs (dea_ng: responders/staging.rb,
// staging_task.rb). When each effect runs is machines/staging-task.ts; what each does is in effects/.
import { randomBytes } from 'node:crypto';
import { lacking, stagingRoom } from '../../machines/reservations.ts';
import { type InTask, stagingTask } from '../../machines/staging-task.ts';
import type { Delivery } from '../bus/index.ts';
import { effect, type Hosted, host } from '../lab/host.ts';
import type { Cause } from '../lab/types.ts';
import type { DeaDeps, Doing } from './deps.ts';
import { answerSetup, answerStopped, complete } from './effects/answer-staging.ts';
import { copyOutDroplet, copyOutStagingInfo, copyOutTaskLog, saveDroplet } from './effects/collect-staging.ts';
import { destroyContainer } from './effects/destroy-container.ts';
import { downloadApp, downloadCache } from './effects/download-bits.ts';
import { createStagingContainer, prepareAppDir, prepareLog, readInfo } from './effects/prepare-staging.ts';
import { prepareWorkspace, removeWorkspace } from './effects/prepare-workspace.ts';
import { linkRunner, spawnRunner } from './effects/run-buildpack.ts';
import { logUpload, noteFailure, packDroplet, unpackApp, unpackCache } from './effects/stage-scripts.ts';
import { killContainer } from './effects/stop-container.ts';
import { saveCache, uploadDroplet } from './effects/upload-bits.ts';
import type { StagingMessage } from './messages.ts';
import type { StagingTask } from './registry.ts';
import type { ScriptGates } from './script-gates.ts';

/** A task as its effects see it. */
export interface Task extends Omit<StagingTask, 'hosted'> {
  /** Answers the Cloud Controller, on the request's inbox. */
  reply(json: unknown, cause: Cause): void;
  cacheFound: boolean;
  buildpackPath: string | null;
  gates?: ScriptGates;
  stopReading?: () => void;
}

/** Refuses with an error reply when there is no room; else the task is registered and begins. */
export function startStaging(deps: DeaDeps, message: StagingMessage, delivery: Delivery): void {
  const { lab, settings, registry } = deps;
  const { memory, disk } = message.properties.resources;
  const room = stagingRoom(settings.stagingMinimum, { memoryMb: memory, diskMb: disk });
  const missing = lacking(settings.capacity, registry.claims(), room);
  if (missing) {
    const error = `Not enough ${missing} resources available`;
    delivery.reply({ task_id: message.task_id, error }, delivery.trail.cause);
    return;
  }
  const actor = `staging-task:${message.task_id.replaceAll('-', '').slice(0, 8)}`;
  const task: Task = {
    id: message.task_id,
    actor,
    message,
    workspace: `${settings.folders.staging}/${randomBytes(8).toString('hex')}`,
    claim: { state: 'STAGING', ...room },
    handle: null,
    jobId: null,
    containerPath: null,
    reply: delivery.reply,
    cacheFound: false,
    buildpackPath: null,
  };
  deps.log.line(
    { source: 'DEA', index: '', app: message.app_id, actor },
    'out',
    `Got staging request for app with id ${message.app_id}`,
    delivery.trail.cause,
  );
  const hosted = host(lab, provided(deps, task), {
    id: actor,
    input: { taskId: task.id, app: message.app_id, maxStagingMs: settings.maxStagingMs },
    cause: delivery.trail.cause,
  });
  const registered: StagingTask = Object.assign(task, { hosted });
  registry.tasks.set(task.id, registered);
  registry.unfinished.add(registered);
  deps.snapshot.save();
  hosted.done
    .catch(() => undefined)
    .finally(() => {
      registry.unfinished.delete(registered);
      forget(deps, task);
    });
}

/** Gives the reservation back. Called at completion already, so that instance 0 finds room. */
export function forget(deps: DeaDeps, task: Task): void {
  if (!deps.registry.tasks.delete(task.id)) return;
  deps.snapshot.save();
}

/** `staging.stop`: every task of this app, on any DEA. */
export async function stopStaging(deps: DeaDeps, app: string, cause: Cause): Promise<void> {
  const tasks = [...deps.registry.tasks.values()].filter((t) => t.message.app_id === app);
  await Promise.all(tasks.map((t) => t.hosted.send({ type: 'stop' }, { cause })));
}

export type HostedTask = Hosted<typeof stagingTask>;

function provided(deps: DeaDeps, task: Task) {
  const { lab } = deps;
  const act = <I, O>(name: string, verb: (deps: DeaDeps, task: Task, doing: Doing, input: I) => Promise<O>) =>
    effect<I & InTask, O>(lab, name, ({ input, ...doing }) => verb(deps, task, doing, input));
  return stagingTask.provide({
    actors: {
      prepareWorkspace: act('prepareWorkspace', prepareWorkspace),
      createContainer: act('createContainer', createStagingContainer),
      downloadApp: act('downloadApp', downloadApp),
      downloadCache: act('downloadCache', downloadCache),
      prepareLog: act('prepareLog', prepareLog),
      prepareAppDir: act('prepareAppDir', prepareAppDir),
      readInfo: act('readInfo', readInfo),
      answerSetup: act('answerSetup', answerSetup),
      unpackApp: act('unpackApp', unpackApp),
      unpackCache: act('unpackCache', unpackCache),
      spawnRunner: act('spawnRunner', spawnRunner),
      linkRunner: act('linkRunner', linkRunner),
      killContainer: act('killContainer', (d, t, doing) => killContainer(d, t.actor, t.handle, doing)),
      packDroplet: act('packDroplet', packDroplet),
      copyOutDroplet: act('copyOutDroplet', copyOutDroplet),
      saveDroplet: act('saveDroplet', saveDroplet),
      logUpload: act('logUpload', logUpload),
      noteFailure: act('noteFailure', noteFailure),
      copyOutStagingInfo: act('copyOutStagingInfo', copyOutStagingInfo),
      copyOutTaskLog: act('copyOutTaskLog', copyOutTaskLog),
      uploadDroplet: act('uploadDroplet', uploadDroplet),
      saveCache: act('saveCache', saveCache),
      complete: act('complete', complete),
      stopContainer: act('stopContainer', (d, t, doing) => killContainer(d, t.actor, t.handle, doing)),
      answerStopped: act('answerStopped', answerStopped),
      destroyContainer: act('destroyContainer', async (d, t, doing) => {
        t.gates?.close();
        t.stopReading?.();
        if (t.handle) await destroyContainer(d, t.actor, t.handle, doing);
        await removeWorkspace(d, t);
      }),
    },
  });
}
