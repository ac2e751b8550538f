// The Cloud Controller: desired state in a database, bits on disk, the v2 API in front, the flow to the DEAs behind.
// This file is its parts list; nothing is decided here.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Router } from 'express';
import type { Random } from '../../machines/placement.ts';
import type { Bus } from '../bus/index.ts';
import type { Lab } from '../lab/types.ts';
import { createUaa } from '../uaa/index.ts';
import { createAppActors } from './app-actors.ts';
import { type AppServiceDeps, createAppService } from './app-service.ts';
import { createBits } from './bits.ts';
import { openBlobs } from './blobstore.ts';
import type { Context } from './context.ts';
import { createDeaClient, say } from './dea-client.ts';
import { createDroplets } from './droplets.ts';
import { createEvents } from './events.ts';
import { createHandlers } from './handlers/index.ts';
import { createHttp } from './http.ts';
import { createInstances } from './instances.ts';
import { createJobs } from './jobs.ts';
import { recover, sweep } from './recovery.ts';
import { createPresenter } from './resources.ts';
import { startRespondents } from './respondents.ts';
import { createStager } from './stager.ts';
import { openStore, type Store } from './store.ts';

export interface CloudControllerDeps {
  lab: Lab;
  bus: Pick<Bus, 'publish' | 'subscribe' | 'request'>;
  /** The data folder: `db/cc.sqlite` and `blobs/` in it are ours. */
  dir: string;
  /** The shared domain, such as `localhost`. */
  domain: string;
  /** Name of the lab's first stack, where that is not lucid64. */
  stack?: string;
  admin: { user: string; password: string };
  /** What DEAs and the health manager identify themselves with at the staging and bulk endpoints. */
  internal: { user: string; password: string };
  /** Base URL under which DEAs reach this Cloud Controller: `http://127.0.0.1:8080`. */
  frontDoor: string;
  /** Chance in placement; `Math.random` unless told otherwise. */
  random?: Random;
  /** Wall clock, for the times that clients read. */
  wall?: () => Date;
  /**
   * Real time: calls `fn` after `ms` unless cancelled. While the lab is held its own time stands still; with this, a
   * question about instances is answered with what is known instead of waiting for the hold to end.
   */
  patience?: (ms: number, fn: () => void) => () => void;
}

export interface CloudController {
  /** Serves /v2, /oauth, /login, /staging and /bulk, recorded and held as messages; passes everything else on. */
  app: Router;
  store: Store;
  /** Guids of the apps whose staging an earlier life left unfinished: they are FAILED now. */
  recovered: readonly string[];
  /** Resolves when background jobs (packing, uploads) have ended. */
  idle(): Promise<void>;
  /** Ends subscriptions, machines and the database. Background jobs are waited for. */
  close(): Promise<void>;
}

/** Opens database and blobs, clears up what a restart cut off, begins the machines of all apps, and listens. */
export function createCloudController(deps: CloudControllerDeps): CloudController {
  const { lab, bus, internal, admin } = deps;
  const wall = deps.wall ?? (() => new Date());
  const store = openStore(
    join(deps.dir, 'db', 'cc.sqlite'),
    { domain: deps.domain, stack: deps.stack ?? 'lucid64' },
    wall,
  );
  const blobs = openBlobs(join(deps.dir, 'blobs'));
  lab.rec.secret(internal.password);
  const recovered = recover(store);
  sweep(store, blobs);

  const context: Context = {
    ...{ lab, bus, store, blobs, random: deps.random ?? Math.random, internalUrl: internalUrl(deps) },
    ...(deps.patience ? { patience: deps.patience } : {}),
  };
  const uaa = createUaa({ lab, admin, key: tokenKey(store), wall });
  const present = createPresenter(store);
  const events = createEvents(store);
  const jobs = createJobs(store);
  const droplets = createDroplets(store, blobs);
  const deas = createDeaClient(context);
  const stager = createStager(context, deas);
  const actors = createAppActors(context, deas, stager);
  const log: AppServiceDeps['log'] = (app, text, trail) => say(context, app, text, trail);
  const service = createAppService({ store, deas, actors, events, droplets, log });
  const instances = createInstances(context, deas, () => wall().getTime() / 1000);
  const bits = createBits(store, blobs);
  const handlers = createHandlers({ context, present, service, instances, deas, bits, jobs, droplets, actors });
  const app = createHttp({ lab, uaa, handlers, internal, begins: (...asked) => runName(store, ...asked) });
  const stopRespondents = startRespondents({ context, deas, actors, events });
  for (const row of store.apps.find()) actors.begin(row, null);

  return {
    app,
    store,
    recovered,
    idle: jobs.idle,
    close: async () => {
      stopRespondents();
      deas.close();
      actors.stop();
      await jobs.idle();
      store.db.close();
    },
  };
}

/** A start, a restage and a staging alone each begin a run of their own in the journal. */
function runName(store: Store, method: string, path: string, body: unknown): string | undefined {
  const [, guid = '', verb] = /^\/v2\/apps\/([^/]+)(?:\/(restage|stage_only))?$/.exec(path) ?? [];
  const name = guid && store.apps.get(guid)?.name;
  if (!name) return undefined;
  if (method === 'POST' && verb) return `${verb === 'restage' ? 'restage' : 'stage'} ${name}`;
  const starts = typeof body === 'object' && body !== null && 'state' in body && body.state === 'STARTED';
  return method === 'PUT' && starts ? `push ${name}` : undefined;
}

function internalUrl({ frontDoor, internal }: CloudControllerDeps): string {
  const url = new URL(frontDoor);
  url.username = internal.user;
  url.password = internal.password;
  return url.href.replace(/\/$/, '');
}

/** Signs tokens; kept in the database so that a restart logs nobody out. */
function tokenKey(store: Store): string {
  const known = store.meta.get('token_key');
  return (known ?? store.meta.insert({ guid: 'token_key', value: randomBytes(32).toString('hex') })).value;
}
