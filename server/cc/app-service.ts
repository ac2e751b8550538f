// What can be done to an app, each as one call: write the record, let its machine do what follows, take the change back
// if that fails. cc: apps_controller.rb and undo_app_changes.rb.
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import { commandFor, undoOf } from '../../machines/app-changes.ts';
import type { Trail } from '../lab/types.ts';
import type { User } from '../uaa/index.ts';
import type { AppActors } from './app-actors.ts';
import { type AppChanges, changeApp, createApp, type NEW_APP, pending } from './app-record.ts';
import type { DeaClient } from './dea-client.ts';
import type { Droplets } from './droplets.ts';
import { ApiError, errorType } from './errors.ts';
import type { Events } from './events.ts';
import { type App, factsOf, type Store } from './store.ts';

export interface AppService {
  create(asked: z.infer<typeof NEW_APP>, user: User, trail: Trail): Promise<App>;
  /** Resolves when what follows from the change has been sent; a start that needs staging waits for the first reply. */
  change(guid: string, asked: AppChanges, user: User, trail: Trail): Promise<App>;
  /** Stop, PENDING, start. Throws NotStaged while the app is PENDING. */
  restage(guid: string, trail: Trail): Promise<App>;
  /** Makes a droplet and starts nothing. The app must be STOPPED. `buildpack` replaces the app's own. */
  stageOnly(guid: string, buildpack: string | null | undefined, trail: Trail): Promise<App>;
  remove(guid: string, user: User, trail: Trail): Promise<void>;
  /** Maps or unmaps a route. `through` says which resource was asked: only the app's own gives a new version. */
  map(app: string, route: string, on: boolean, through: 'app' | 'route', trail: Trail): Promise<void>;
  /** `DELETE /v2/apps/:guid/instances/:index`: the health manager starts it again. */
  stopInstance(guid: string, index: number, trail: Trail): void;
}

export interface AppServiceDeps {
  /** Writes a line of source API into the app's log. */
  log: (app: App, text: string, trail: Trail) => void;
  store: Store;
  deas: DeaClient;
  actors: AppActors;
  events: Events;
  droplets: Droplets;
}

export function createAppService({ store, deas, actors, events, droplets, log }: AppServiceDeps): AppService {
  const appOf = (guid: string): App => {
    const app = store.apps.get(guid);
    if (!app) throw new ApiError('AppNotFound', guid);
    return app;
  };
  const apply = async (guid: string, asked: AppChanges, trail: Trail): Promise<App> => {
    const { before, after } = changeApp(store, guid, asked);
    const command = commandFor(factsOf(before), factsOf(after));
    if (!command) return after;
    const problem = await actors.command(guid, command, trail);
    if (!problem) return store.apps.get(guid) ?? after;
    const undo = undoOf(factsOf(before), factsOf(after));
    if (undo && store.apps.get(guid)) store.apps.update(guid, undo);
    throw ApiError.again(errorType(problem.type, 'ServerError'), problem.message);
  };

  return {
    create: async (asked, user, trail) => {
      const { state, ...stopped } = asked;
      if (state === 'STARTED') throw new ApiError('AppPackageInvalid', 'bits have not been uploaded');
      const app = createApp(store, stopped);
      actors.begin(app, trail.cause);
      log(app, `Created app with guid ${app.guid}`, trail);
      events.audit('audit.app.create', app, user, { request: asked });
      return app;
    },
    change: async (guid, asked, user, trail) => {
      const app = appOf(guid);
      log(app, `Updated app with guid ${guid} (${JSON.stringify(shown(asked))})`, trail);
      const after = await apply(guid, asked, trail);
      events.audit('audit.app.update', app, user, { request: asked });
      return after;
    },
    restage: async (guid, trail) => {
      const app = appOf(guid);
      if (app.package_state === 'PENDING') throw new ApiError('NotStaged');
      await apply(guid, { state: 'STOPPED' }, trail);
      store.apps.update(guid, pending());
      return apply(guid, { state: 'STARTED' }, trail);
    },
    stageOnly: async (guid, buildpack, trail) => {
      const app = appOf(guid);
      if (app.state === 'STARTED')
        throw new ApiError('AppInvalid', 'stop it first: only a stopped app is staged alone');
      if (app.package_hash === null) throw new ApiError('AppPackageInvalid', 'bits have not been uploaded');
      if (buildpack !== undefined) changeApp(store, guid, { buildpack });
      store.apps.update(guid, pending());
      const problem = await actors.command(guid, { type: 'stage' }, trail);
      if (problem) throw ApiError.again(errorType(problem.type, 'ServerError'), problem.message);
      return appOf(guid);
    },
    remove: async (guid, user, trail) => {
      const app = appOf(guid);
      log(app, `Deleted app with guid ${guid}`, trail);
      events.audit('audit.app.delete-request', app, user, { request: { recursive: true } });
      await actors.command(guid, { type: 'delete' }, trail);
      await droplets.removeAll(guid);
      store.apps.remove(guid);
    },
    map: async (app, route, on, through, trail) => {
      const changed = on ? store.map(app, route) : store.unmap(app, route);
      if (!changed) return;
      const patch = through === 'app' ? { version: randomUUID(), updated_at: store.now() } : {};
      const after = store.apps.update(app, patch);
      if (after.state !== 'STARTED' || after.package_state !== 'STAGED') return;
      await actors.command(app, { type: 'routes.changed' }, trail);
    },
    stopInstance: (guid, index, trail) => {
      const app = appOf(guid);
      if (app.state !== 'STARTED' || index >= app.instances) {
        throw new ApiError('InstancesError', `Instances index ${index} is not running`);
      }
      deas.stop(app, [index], trail);
    },
  };
}

/** Values of environment variables are nobody's business in a log. */
function shown(asked: AppChanges): object {
  return asked.environment_json ? { ...asked, environment_json: 'PRIVATE DATA HIDDEN' } : asked;
}
