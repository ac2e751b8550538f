// Routes: records, the lookup of a taken host, and the mapping to apps in both directions.
import { z } from 'zod';
import type { AppService } from '../app-service.ts';
import { type Call, created, type Handler, NO_CONTENT, param, parseBody } from '../call.ts';
import type { Context } from '../context.ts';
import { ApiError } from '../errors.ts';
import type { Presenter } from '../resources.ts';
import type { Route } from '../store.ts';
import { depthOf, list, named } from './list.ts';
import { ROUTE_FILTERS } from './places.ts';

const NEW_ROUTE = z.object({
  host: z.string().toLowerCase().nullish(),
  domain_guid: z.string(),
  space_guid: z.string(),
  path: z.string().nullish(),
});
const HOST = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

export function routeHandlers({ store }: Context, present: Presenter, service: AppService) {
  const routeOf = (call: Call, name = 'guid') => named(call, store.routes, 'RouteNotFound', name);
  const taken = (host: string, domain: string) => [
    { column: 'host', values: [host] },
    { column: 'domain_guid', values: [domain] },
  ];
  /** A relation names two records; either missing is an invalid relation. */
  const map = async (call: Call, app: string, route: string, on: boolean, through: 'app' | 'route') => {
    if (!store.apps.get(app)) throw new ApiError('AppNotFound', app);
    const found = store.routes.get(route);
    if (!found) throw new ApiError('RouteNotFound', route);
    if (on) sameSpace(app, found);
    await service.map(app, route, on, through, call.trail);
  };
  const sameSpace = (app: string, route: Route) => {
    if (store.apps.get(app)?.space_guid === route.space_guid) return;
    throw new ApiError('InvalidRelation', 'The requested route relation is invalid: the app is in another space');
  };

  return {
    listRoutes: (call) => list(call, { table: store.routes, present: present.route, filters: ROUTE_FILTERS }),
    getRoute: (call) => ({ json: present.route(routeOf(call), depthOf(call)) }),
    createRoute: (call) => {
      const { host: given, domain_guid, space_guid, path } = parseBody(call, NEW_ROUTE);
      const host = given ?? '';
      const domain = store.domains.get(domain_guid);
      if (!domain) throw new ApiError('DomainNotFound', domain_guid);
      if (!store.spaces.get(space_guid)) throw new ApiError('SpaceNotFound', space_guid);
      if (path) throw new ApiError('RouteInvalid', 'paths are not part of routes here');
      if (host === '' && domain.owning_organization_guid === null) {
        throw new ApiError('RouteInvalid', 'host is required for shared-domains');
      }
      if (host !== '' && !HOST.test(host)) throw new ApiError('RouteInvalid', 'host format');
      if (store.routes.count(taken(host, domain_guid)) > 0) throw new ApiError('RouteHostTaken', host);
      const route = store.routes.insert({ ...store.stamp(), host, domain_guid, space_guid, path: '' });
      return created(present.route(route, depthOf(call)));
    },
    deleteRoute: async (call) => {
      const route = routeOf(call);
      for (const app of store.appsOf(route.guid)) await service.map(app.guid, route.guid, false, 'route', call.trail);
      store.routes.remove(route.guid);
      return NO_CONTENT;
    },
    /** 204: taken; 404 with a body (some clients fail on an empty one): free. */
    reserved: (call) => {
      const host = param(call, 'host') || String(call.query.host ?? '');
      if (store.routes.count(taken(host, param(call, 'domain'))) > 0) return NO_CONTENT;
      throw new ApiError('NotFound');
    },

    mapRouteToApp: async (call) => {
      await map(call, param(call, 'guid'), param(call, 'route'), true, 'app');
      return created(present.app(named(call, store.apps, 'AppNotFound'), depthOf(call)));
    },
    unmapRouteFromApp: async (call) => {
      await map(call, param(call, 'guid'), param(call, 'route'), false, 'app');
      return created(present.app(named(call, store.apps, 'AppNotFound'), depthOf(call)));
    },
    mapAppToRoute: async (call) => {
      await map(call, param(call, 'app'), param(call, 'guid'), true, 'route');
      return created(present.route(routeOf(call), depthOf(call)));
    },
    unmapAppFromRoute: async (call) => {
      await map(call, param(call, 'app'), param(call, 'guid'), false, 'route');
      return created(present.route(routeOf(call), depthOf(call)));
    },
  } satisfies Record<string, Handler>;
}
