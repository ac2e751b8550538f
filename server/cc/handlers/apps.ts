// Apps: records, commands, bits, and what is seen of their instances.
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { APP_CHANGES, NEW_APP } from '../app-record.ts';
import type { AppService } from '../app-service.ts';
import { type Bits, RESOURCES } from '../bits.ts';
import { type Call, created, type Handler, isAsync, NO_CONTENT, param, parseBody } from '../call.ts';
import type { Context } from '../context.ts';
import type { DeaClient } from '../dea-client.ts';
import { ApiError } from '../errors.ts';
import type { Instances } from '../instances.ts';
import type { Jobs } from '../jobs.ts';
import { vcapApplication } from '../messages.ts';
import { type Presenter, visibleTo } from '../resources.ts';
import type { App, Job } from '../store.ts';
import { receiveUpload } from '../upload.ts';
import { depthOf, list, named } from './list.ts';
import { APP_FILTERS } from './places.ts';

export interface AppHandlerDeps {
  context: Context;
  present: Presenter;
  service: AppService;
  instances: Instances;
  deas: DeaClient;
  bits: Bits;
  jobs: Jobs;
}

const STAGE_ONLY = z.object({ buildpack: z.string().nullish() });

export function appHandlers({ context, present, service, instances, deas, bits, jobs }: AppHandlerDeps) {
  const { store, blobs } = context;
  const guidOf = (call: Call) => param(call, 'guid');
  const appOf = (call: Call) => named(call, store.apps, 'AppNotFound');
  const shown = (call: Call, app: App) => present.app(app, depthOf(call));

  return {
    listApps: (call) => list(call, { table: store.apps, present: present.app, filters: APP_FILTERS }),
    getApp: (call) => ({ json: shown(call, appOf(call)) }),
    createApp: async (call) =>
      created(shown(call, await service.create(parseBody(call, NEW_APP), call.user, call.trail))),
    updateApp: async (call) =>
      created(shown(call, await service.change(guidOf(call), parseBody(call, APP_CHANGES), call.user, call.trail))),
    deleteApp: async (call) => {
      await service.remove(guidOf(call), call.user, call.trail);
      return NO_CONTENT;
    },
    restageApp: async (call) => created(shown(call, await service.restage(guidOf(call), call.trail))),
    stageOnly: async (call) => {
      const { buildpack } = parseBody(call, STAGE_ONLY);
      return created(shown(call, await service.stageOnly(guidOf(call), buildpack, call.trail)));
    },

    getEnvironment: (call) => {
      const app = appOf(call);
      return {
        json: {
          environment_json: app.environment_json,
          system_env_json: { VCAP_SERVICES: {} },
          application_env_json: { VCAP_APPLICATION: vcapApplication(app, deas.around(app)) },
          running_env_json: {},
          staging_env_json: {},
        },
      };
    },
    listInstances: async (call) => ({ json: await instances.states(appOf(call), call.trail) }),
    getStats: async (call) => ({ json: await instances.stats(appOf(call), call.trail) }),
    stopInstance: (call) => {
      service.stopInstance(guidOf(call), z.coerce.number().int().min(0).parse(param(call, 'index')), call.trail);
      return NO_CONTENT;
    },
    summarizeApp: async (call) => {
      const app = appOf(call);
      const organization = store.spaces.get(app.space_guid)?.organization_guid ?? '';
      const available = store.domains.find([visibleTo(organization)]);
      return {
        json: {
          guid: app.guid,
          ...present.app(app).entity,
          ...routesOf(app),
          running_instances: await instances.running(app, call.trail),
          services: [],
          available_domains: available.map(({ guid, name, owning_organization_guid: owner }) => ({
            ...{ guid, name },
            ...(owner ? { owning_organization_guid: owner } : {}),
          })),
        },
      };
    },
    summarizeSpace: async (call) => {
      const space = named(call, store.spaces, 'SpaceNotFound');
      const apps = store.apps.find([{ column: 'space_guid', values: [space.guid] }]);
      // One after the other in the record, all at once in time.
      const running = await Promise.all(apps.map((app) => instances.running(app, { ...call.trail })));
      const shownApps = apps.map((app, i) => ({
        guid: app.guid,
        ...present.app(app).entity,
        ...routesOf(app),
        ...{ urls: deas.around(app).uris, service_count: 0, service_names: [], running_instances: running[i] ?? 0 },
      }));
      return { json: { guid: space.guid, name: space.name, apps: shownApps, services: [] } };
    },

    matchResources: async (call) => ({ json: await bits.match(parseBody(call, RESOURCES)) }),
    uploadBits: async (call) => {
      const { guid } = appOf(call);
      const folder = await blobs.work();
      try {
        const { fields, files } = await receiveUpload(call.req, folder);
        const known = RESOURCES.parse(JSON.parse(fields.resources ?? '[]'));
        const archive = files.find((f) => f.field === 'application')?.path;
        const job = jobs.run('app_bits_packer', () => bits.pack(guid, folder, archive, known));
        return created(present.job(await finished(job, isAsync(call))));
      } catch (error) {
        await rm(folder, { recursive: true, force: true });
        if (error instanceof ApiError) throw error;
        throw new ApiError('AppBitsUploadInvalid', error instanceof Error ? error.message : String(error));
      }
    },
  } satisfies Record<string, Handler>;

  function routesOf(app: App) {
    const routes = store.routesOf(app.guid).map((route) => {
      const { guid, name } = store.domains.get(route.domain_guid) ?? { guid: route.domain_guid, name: '' };
      return { guid: route.guid, host: route.host, path: route.path, domain: { guid, name } };
    });
    return { routes };
  }

  /** Clients poll at once and then after five seconds: the answer waits, so that the first poll finds the end. */
  async function finished(job: Job, hasPoller: boolean): Promise<Job> {
    await jobs.ended(job.guid);
    const end = store.jobs.get(job.guid) ?? job;
    if (end.error_json && !hasPoller) throw ApiError.again('AppBitsUploadInvalid', end.error_json.description);
    return end;
  }
}
