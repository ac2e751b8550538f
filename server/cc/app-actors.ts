// The app machines of this Cloud Controller: one for each app of the database, made when first needed, driven by the
// API's commands. Holds no state of its own: the database says what is desired, the machine what is being done about it.
import { type AppEvent, type AppProblem, appMachine } from '../../machines/app.ts';
import { effect, type Hosted, host } from '../lab/host.ts';
import type { Cause, Trail } from '../lab/types.ts';
import type { Context } from './context.ts';
import type { DeaClient } from './dea-client.ts';
import { ApiError } from './errors.ts';
import type { Stager } from './stager.ts';
import type { App } from './store.ts';

type AppActor = Hosted<typeof appMachine>;

export interface AppActors {
  /**
   * Gives the app's machine a command and waits until it has been carried out: for a start that needs staging until
   * the stager's first reply, else until the messages are sent. Returns the problem when the command failed.
   */
  command(guid: string, event: AppEvent, trail: Trail): Promise<AppProblem | undefined>;
  /** A droplet was stored. News only for an app that was given up; in any other state its staging says so itself. */
  dropletStored(app: App, trail: Trail): void;
  /** Begins an app's machine at its creation, so that it can be seen from then on. */
  begin(app: App, cause: Cause): void;
  stop(): void;
}

export function createAppActors(context: Context, deas: DeaClient, stager: Stager): AppActors {
  const { lab, store, blobs } = context;
  const actors = new Map<string, AppActor>();

  const appOf = (guid: string): App => {
    const app = store.apps.get(guid);
    if (!app) throw new ApiError('AppNotFound', guid);
    return app;
  };
  const machine = appMachine.provide({
    actors: {
      // Once: a new start outdates the old task by its id.
      requestStaging: effect(lab, 'requestStaging', ({ input, trail }) =>
        stager.request(input.guid, input.only, trail),
      ),
      // Abortable: without this process the task counts as FAILED, unless its droplet still arrives.
      awaitStaged: effect(lab, 'awaitStaged', ({ input, trail }) =>
        stager.awaitStaged(input.guid, input.taskId, trail),
      ),
      // Idempotent, both: the same rows say the same.
      completeStaging: effect(lab, 'completeStaging', async ({ input, trail }) => stager.complete(input, trail)),
      recordFailure: effect(lab, 'recordFailure', async ({ input }) =>
        stager.recordFailure(input.guid, input.taskId, input.problem),
      ),
      // Once: a second message would be a second instance, which the health manager stops.
      startInstances: effect(lab, 'startInstances', async ({ input, trail }) => {
        const app = appOf(input.guid);
        deas.start(app, input.indices, trail);
        deas.updated(app, trail);
      }),
      // Idempotent, all of these: who has no such instance, route or blob does nothing.
      stopInstances: effect(lab, 'stopInstances', async ({ input, trail }) =>
        deas.stop(appOf(input.guid), input.indices, trail),
      ),
      updateRoutes: effect(lab, 'updateRoutes', async ({ input, trail }) => deas.update(appOf(input.guid), trail)),
      discard: effect(lab, 'discard', async ({ input, trail }) => {
        const app = store.apps.get(input.guid);
        if (app) deas.stop(app, null, trail);
        await blobs.packages.remove(input.guid);
        await blobs.buildpackCache.remove(input.guid);
      }),
    },
  });
  const actorOf = (app: App, cause: Cause): AppActor => {
    const known = actors.get(app.guid);
    if (known) return known;
    const actor = host(lab, machine, { id: `app:${app.guid}`, input: { guid: app.guid, at: beginningOf(app) }, cause });
    actors.set(app.guid, actor);
    const gone = () => actors.delete(app.guid);
    actor.done.then(gone, gone);
    return actor;
  };

  return {
    begin: (app, cause) => void actorOf(app, cause),
    dropletStored: (app, trail) => {
      const actor = actorOf(app, trail.cause);
      if (actor.snapshot().matches('failed')) void actor.send({ type: 'droplet.stored' }, trail);
    },
    command: async (guid, event, trail) => {
      const actor = actorOf(appOf(guid), trail.cause);
      await actor.send(event, trail);
      const problem = await settled(actor);
      trail.cause = actor.last();
      return problem ?? undefined;
    },
    stop: () => {
      for (const actor of actors.values()) actor.stop();
    },
  };
}

/** A stopped app is `stopped` whatever became of its staging; a started one that is not STAGED has failed. */
function beginningOf(app: App): 'stopped' | 'started' | 'failed' {
  if (app.state === 'STOPPED') return 'stopped';
  return app.package_state === 'STAGED' ? 'started' : 'failed';
}

function settled(actor: AppActor): Promise<AppProblem | null> {
  return new Promise((resolve) => {
    const look = (snapshot: ReturnType<AppActor['snapshot']>) => {
      if (snapshot.hasTag('busy') || snapshot.context.deferred.length > 0) return false;
      resolve(snapshot.context.problem);
      return true;
    };
    if (look(actor.snapshot())) return;
    const stop = actor.subscribe((snapshot) => {
      if (look(snapshot)) stop();
    });
    // A machine that ends (delete) settles its last command with it.
    actor.done.then(
      () => resolve(null),
      () => resolve({ type: 'ServerError', message: 'the app machine broke' }),
    );
  });
}
