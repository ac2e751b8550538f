// The staging effects of the app machine: ask a stager, wait for its two replies, record what came of it. Retells
// cc: app_stager_task.rb. Choosing is machines/placement.ts, the order of states machines/app.ts.
import { randomUUID } from 'node:crypto';
import type { AppProblem, Completion, Staged, StagingTicket } from '../../machines/app.ts';
import type { Reply } from '../bus/index.ts';
import type { Trail } from '../lab/types.ts';
import { CC, type Context } from './context.ts';
import { type DeaClient, say, stackOf } from './dea-client.ts';
import { ApiError, errorType } from './errors.ts';
import { stagingMessage } from './messages.ts';
import { STAGING_DONE, STAGING_SETUP } from './replies.ts';
import type { App } from './store.ts';

export interface Stager {
  /** machines/app.ts requestStaging: resolves with the stager's first reply; FAILED is recorded if that is an error. */
  request(guid: string, only: boolean, trail: Trail): Promise<StagingTicket>;
  /** machines/app.ts awaitStaged: resolves with the second reply; rejects with the problem in it, or when it never came. */
  awaitStaged(guid: string, taskId: string, trail: Trail): Promise<Staged>;
  /** machines/app.ts completeStaging */
  complete(asked: Completion, trail: Trail): { wanted: boolean };
  /** machines/app.ts recordFailure: nothing when a newer staging has begun meanwhile. */
  recordFailure(guid: string, taskId: string, problem: AppProblem): void;
}

/** Lab time for each of the two replies, in milliseconds (BOSH default). */
export const STAGING_LIMIT = 900_000;
/** What a staging container reserves at least, in MB. */
const STAGING_MEMORY = 1024;
const STAGING_DISK = 2048;

/** The reasons that an app's record may hold; anything else is a StagingError. */
const REASONS = ['StagingError', 'NoAppDetectedError', 'BuildpackCompileFailed', 'BuildpackReleaseFailed'];

interface UnderWay {
  taskId: string;
  stager: string;
  done: Promise<Reply | undefined>;
}

export function createStager(context: Context, deas: DeaClient): Stager {
  const { bus, store, blobs } = context;
  /** By app: a new staging takes the place of the one before it, whose late replies then reach nobody. */
  const tasks = new Map<string, UnderWay>();

  const appOf = (guid: string): App => {
    const app = store.apps.get(guid);
    if (!app) throw new ApiError('AppNotFound', guid);
    return app;
  };
  const recordFailure = (guid: string, taskId: string, problem: AppProblem) => {
    const app = store.apps.get(guid);
    if (app?.staging_task_id !== taskId) return;
    const reason = REASONS.includes(problem.type) ? problem.type : 'StagingError';
    store.apps.update(guid, {
      package_state: 'FAILED',
      staging_failed_reason: reason,
      staging_failed_description: problem.message,
      staging_under_way: false,
      updated_at: store.now(),
    });
  };
  /** Sends the request; the first reply settles `setup`, the end of it all `done` (undefined when it never came). */
  const ask = (stager: string, message: unknown, trail: Trail) => {
    let firstReply: (reply: Reply | undefined) => void = () => undefined;
    const setup = new Promise<Reply | undefined>((resolve) => {
      firstReply = resolve;
    });
    const done = bus
      .request(`staging.${stager}.start`, message, {
        trail,
        timeoutMs: [STAGING_LIMIT, STAGING_LIMIT],
        onReply: (json, at) => firstReply({ json, trail: { ...at } }),
        actor: CC,
      })
      .then((replies) => {
        firstReply(undefined);
        return replies[1];
      });
    return { setup, done };
  };

  return {
    recordFailure,
    request: async (guid, only, trail) => {
      const app = appOf(guid);
      if (app.package_hash === null) throw new ApiError('AppPackageInvalid', 'bits have not been uploaded');
      const stager = deas.reserveStager({
        memory: Math.max(app.memory, STAGING_MEMORY),
        disk: Math.max(app.disk_quota, STAGING_DISK),
        stack: stackOf(context, app),
      });
      const taskId = randomUUID().replaceAll('-', '');
      store.apps.update(guid, { staging_task_id: taskId, staging_under_way: true });
      trail.cause = bus.publish('staging.stop', { app_id: guid }, trail.cause, { actor: CC });
      const buildpacks = store.buildpacks.find([], { orderBy: 'position' });
      const around = { ...deas.around(app), buildpacks, hasCache: blobs.buildpackCache.has(guid), only };
      const { setup, done } = ask(stager, stagingMessage(app, taskId, around), { cause: trail.cause });
      tasks.set(guid, { taskId, stager, done });
      const first = await setup;
      const problem = first ? problemIn(STAGING_SETUP.safeParse(first.json).data) : LATE;
      if (first) trail.cause = first.trail.cause;
      if (problem) {
        tasks.delete(guid);
        const error = asError(problem);
        recordFailure(guid, taskId, error);
        throw error;
      }
      return { taskId, stager };
    },
    awaitStaged: async (guid, taskId, trail) => {
      const task = tasks.get(guid);
      if (task?.taskId !== taskId) throw asError(OUTDATED);
      const reply = await task.done;
      if (tasks.get(guid) === task) tasks.delete(guid);
      if (reply) trail.cause = reply.trail.cause;
      if (appOf(guid).staging_task_id !== taskId) throw asError(OUTDATED);
      const json = reply && STAGING_DONE.safeParse(reply.json).data;
      const problem = reply ? problemIn(json) : LATE;
      if (problem) throw asError(problem);
      const startedOn = json?.droplet_sha1 ? task.stager : null;
      return { detectedBuildpack: json?.detected_buildpack || null, startedOn };
    },
    complete: ({ guid, taskId, staged, only, instances }, trail) => {
      const app = appOf(guid);
      if (app.staging_task_id !== taskId) throw asError(OUTDATED);
      if (app.package_state !== 'STAGED') throw asError({ type: 'StagingError', message: 'no droplet was uploaded' });
      const kept = store.apps.update(guid, {
        detected_buildpack: staged.detectedBuildpack,
        staging_under_way: false,
        updated_at: store.now(),
      });
      const wanted = kept.state === 'STARTED' && !only;
      const first = staged.startedOn === null ? 0 : 1;
      if (staged.startedOn) deas.noteStarted(staged.startedOn, kept);
      const rest = Array.from({ length: Math.max(0, instances - first) }, (_, i) => first + i);
      if (wanted) deas.start(kept, rest, trail);
      else say(context, app, 'Staged; the app is not to run', trail);
      deas.updated(kept, trail);
      return { wanted };
    },
  };

  function problemIn(reply: { error?: string | null; error_info?: AppProblem | null } | undefined) {
    if (!reply) return { type: 'StagingError', message: 'the stager answered something that is not a staging reply' };
    if (reply.error_info) return reply.error_info;
    return reply.error ? { type: 'StagingError', message: reply.error } : undefined;
  }
}

const LATE: AppProblem = { type: 'StagingError', message: 'the stager did not answer in time' };
const OUTDATED: AppProblem = { type: 'StagingError', message: 'another staging request was initiated' };

function asError(problem: AppProblem): ApiError {
  return new ApiError(errorType(problem.type, 'StagingError'), problem.message);
}
