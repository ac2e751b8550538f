// All handlers of the route table, and the few that belong to no resource.
import type { Call, Handler } from '../call.ts';
import { ApiError } from '../errors.ts';
import type { Presenter } from '../resources.ts';
import type { RouteName } from '../routes.ts';
import { type AppHandlerDeps, appHandlers } from './apps.ts';
import { buildpackHandlers } from './buildpacks.ts';
import { type InternalDeps, internalHandlers } from './internal.ts';
import { list, named } from './list.ts';
import { placeHandlers } from './places.ts';
import { routeHandlers } from './routes.ts';

export type HandlerDeps = AppHandlerDeps & InternalDeps;

/** The API that the originals had in mid-2014; clients decide by it what to send. */
const API_VERSION = '2.8.0';

export function createHandlers(deps: HandlerDeps): Record<RouteName, Handler> {
  const { context, present, service } = deps;
  return {
    info,
    ...placeHandlers(context, present),
    ...buildpackHandlers(context, present),
    ...appHandlers(deps),
    ...routeHandlers(context, present, service),
    ...internalHandlers(deps),
    ...eventHandlers(context, present),
  };
}

/** Endpoints are named by the host that the client itself used: `*.localhost` does not resolve everywhere. */
function info(call: Call) {
  const logs = call.base.replace(/^http/, 'ws');
  return {
    json: {
      ...{
        name: 'wardenscope',
        build: '',
        support: '',
        version: 2,
        description: 'Wardenscope',
        api_version: API_VERSION,
      },
      ...{ authorization_endpoint: call.base, token_endpoint: call.base, logging_endpoint: logs },
      doppler_logging_endpoint: logs,
      allow_debug: true,
    },
  };
}

function eventHandlers({ store }: HandlerDeps['context'], present: Presenter) {
  const filters = {
    actee: 'actee',
    type: 'type',
    timestamp: 'timestamp',
    space_guid: 'space_guid',
    organization_guid: 'organization_guid',
  };
  const events = { table: store.events, present: present.event, filters };
  return {
    listEvents: (call: Call) => list(call, events),
    listEventsOfApp: (call: Call) => {
      const { guid } = named(call, store.apps, 'AppNotFound');
      return list(call, events, [{ column: 'actee', values: [guid] }]);
    },
    getEvent: (call: Call) => {
      const event = store.events.get(call.params.guid ?? '');
      if (!event) throw new ApiError('EventNotFound', call.params.guid);
      return { json: present.event(event) };
    },
  };
}
