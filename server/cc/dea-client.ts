// The Cloud Controller's side of the DEAs: what they advertise, and the messages that start, stop, update and find
// instances. Retells cc: dea_client.rb and dea_pool.rb; which DEA is chosen is machines/placement.ts.
import {
  chooseRunner,
  chooseStager,
  forget,
  fresh,
  hear,
  type Need,
  offersStack,
  type Pool,
  reserve,
} from '../../machines/placement.ts';
import type { Trail } from '../lab/types.ts';
import { CC, type Context } from './context.ts';
import { ApiError } from './errors.ts';
import { type Around, startMessage } from './messages.ts';
import { ADVERTISEMENT, DEA_SHUTDOWN, FOUND_DROPLET, type FoundDroplet } from './replies.ts';
import type { App } from './store.ts';

export interface DeaClient {
  /** Starts these indices. Throws AppPackageNotFound without a droplet; no DEA is only a log line. */
  start(app: App, indices: number[], trail: Trail): void;
  /** `dea.stop` for the app, or for some indices of its version; then `droplet.updated`. */
  stop(app: App, indices: number[] | null, trail: Trail): void;
  /** `dea.stop` by instance id, for an app that may be unknown. */
  stopInstance(droplet: string, instance: string, trail: Trail): void;
  /** `dea.update` with the app's routes and version. */
  update(app: App, trail: Trail): void;
  /** `droplet.updated` */
  updated(app: App, trail: Trail): void;
  /** Everything that DEAs say of this app's instances, within 2 s or until `expected` have answered. */
  find(ask: FindQuestion, expected: number, trail: Trail): Promise<FoundDroplet[]>;
  /** Draws a stager and reserves memory there. Throws StackNotFound or StagingError. */
  reserveStager(need: Need): string;
  /** The stager starts index 0 itself: our copy of its advertisement counts it. */
  noteStarted(dea: string, app: App): void;
  around(app: App): Around;
  /** Says what is advertised now; for `/lab` pages and tests. */
  pool(): Pool;
  close(): void;
}

export interface FindQuestion {
  droplet: string;
  version?: string;
  indices?: number[];
  states?: string[];
  include_stats?: boolean;
}

/** How long DEAs have for their answers, in milliseconds of lab time. */
export const FIND_LIMIT = 2000;

export function createDeaClient(context: Context): DeaClient {
  const { lab, bus, store, random } = context;
  let runners: Pool = new Map();
  let stagers: Pool = new Map();

  const heard = (keep: (json: unknown) => void) => (json: unknown) => keep(json);
  const listens = [
    bus.subscribe(
      'dea.advertise',
      { actor: CC, background: true },
      heard((json) => {
        runners = hear(runners, ADVERTISEMENT.parse(json), lab.clock.now());
      }),
    ),
    bus.subscribe(
      'staging.advertise',
      { actor: CC, background: true },
      heard((json) => {
        stagers = hear(stagers, ADVERTISEMENT.parse(json), lab.clock.now());
      }),
    ),
    bus.subscribe('dea.shutdown', { actor: CC }, (json) => {
      const { id } = DEA_SHUTDOWN.parse(json);
      runners = forget(runners, id);
      stagers = forget(stagers, id);
    }),
  ];
  bus.publish('dea.locate', undefined, null, { actor: CC, background: true });
  bus.publish('staging.locate', undefined, null, { actor: CC, background: true });

  const around = (app: App): Around => {
    const space = store.spaces.get(app.space_guid);
    if (!space) throw new ApiError('SpaceNotFound', app.space_guid);
    const stack = stackOf(context, app);
    return {
      space,
      uris: store.routesOf(app.guid).map(store.uriOf),
      internalUrl: context.internalUrl,
      ...(stack === '' || stack === store.firstStack ? {} : { stack }),
    };
  };
  const send = (subject: string, json: unknown, trail: Trail) => {
    trail.cause = bus.publish(subject, json, trail.cause, { actor: CC });
  };
  const updated = (app: App, trail: Trail) => send('droplet.updated', { droplet: app.guid }, trail);

  return {
    around,
    updated,
    pool: () => runners,
    noteStarted: (dea, app) => {
      runners = reserve(runners, dea, app.memory, app.guid);
    },
    start: (app, indices, trail) => {
      if (app.droplet_hash === null) throw new ApiError('AppPackageNotFound', app.guid);
      for (const index of indices) {
        const need = { memory: app.memory, disk: app.disk_quota, stack: stackOf(context, app), app: app.guid };
        const dea = chooseRunner(fresh(runners, lab.clock.now()), need, random);
        if (dea === undefined) {
          say(context, app, `no-resources-available: no DEA has ${app.memory} MB for instance ${index}`, trail);
          continue;
        }
        send(`dea.${dea}.start`, startMessage(app, index, around(app)), trail);
        runners = reserve(runners, dea, app.memory, app.guid);
      }
    },
    stop: (app, indices, trail) => {
      const some = indices === null ? {} : { version: app.version, indices };
      send('dea.stop', { droplet: app.guid, ...some }, trail);
      updated(app, trail);
    },
    stopInstance: (droplet, instance, trail) => send('dea.stop', { droplet, instances: [instance] }, trail),
    update: (app, trail) =>
      send('dea.update', { droplet: app.guid, uris: around(app).uris, version: app.version }, trail),
    find: (ask, expected, trail) =>
      gather(context, 'dea.find.droplet', ask, expected, trail, (json) => FOUND_DROPLET.safeParse(json).data),
    reserveStager: (need) => {
      const ads = fresh(stagers, lab.clock.now());
      if (ads.length > 0 && !offersStack(ads, need.stack)) throw new ApiError('StackNotFound', need.stack);
      const stager = chooseStager(ads, need, random);
      if (stager === undefined) throw new ApiError('StagingError', 'no available stagers');
      stagers = reserve(stagers, stager, need.memory);
      runners = reserve(runners, stager, need.memory);
      return stager;
    },
    close: () => {
      for (const listen of listens) listen.unsubscribe();
    },
  };
}

/**
 * Gathers answers until `expected` are in or FIND_LIMIT of lab time has passed. These questions come with every poll of a
 * client, so they are background: faint in the record, and a paused lab answers them. A held lab's time stands still;
 * the same limit in real time (`patience`) then ends the wait, and the client gets what is known by now.
 */
export function gather<T>(
  context: Context,
  subject: string,
  ask: unknown,
  expected: number,
  trail: Trail,
  parse: (json: unknown) => T | undefined,
): Promise<T[]> {
  if (expected === 0) return Promise.resolve([]);
  return new Promise((resolve, reject) => {
    const answers: T[] = [];
    const stop = context.patience?.(FIND_LIMIT, () => resolve(answers));
    const onReply = (json: unknown) => {
      const answer = parse(json);
      if (answer !== undefined) answers.push(answer);
    };
    context.bus
      .request(subject, ask, { trail, max: expected, timeoutMs: FIND_LIMIT, onReply, actor: CC, background: true })
      .then(() => resolve(answers), reject)
      .finally(stop);
  });
}

export function stackOf(context: Context, app: App): string {
  return context.store.stacks.get(app.stack_guid)?.name ?? '';
}

/** A line of the app's log with source API. */
export function say(context: Context, app: Pick<App, 'guid'>, text: string, trail: Trail): void {
  const line = { type: 'log', actor: CC, source: 'API', index: '', stream: 'out', app: app.guid, text } as const;
  trail.cause = context.lab.rec.record(line, trail.cause);
}
