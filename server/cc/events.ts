// The audit trail that `cf events` shows. Writes and never reads back; values of environment variables are left out.
import type { User } from '../uaa/index.ts';
import type { App, Store } from './store.ts';

export interface Events {
  /** What a user did: `audit.app.create`, `audit.app.update`, `audit.app.delete-request`. */
  audit(type: string, app: App, user: User, metadata: Record<string, unknown>): void;
  /** An instance crashed: cc: dea_respondent.rb. */
  crash(app: App, metadata: Record<string, unknown>): void;
}

/** Events kept for all apps together. */
const KEPT = 2000;

export function createEvents(store: Store): Events {
  const write = (
    type: string,
    app: App,
    actor: { actor: string; actor_type: string; actor_name: string },
    metadata: Record<string, unknown>,
  ) => {
    const organization_guid = store.spaces.get(app.space_guid)?.organization_guid ?? null;
    const actee = { actee: app.guid, actee_type: 'app', actee_name: app.name };
    const place = { space_guid: app.space_guid, organization_guid };
    store.events.insert({
      ...store.stamp(),
      type,
      ...actor,
      ...actee,
      timestamp: store.now(),
      metadata_json: metadata,
      ...place,
    });
    for (const old of store.events.find([], { descending: true, limit: 10, offset: KEPT }))
      store.events.remove(old.guid);
  };
  return {
    audit: (type, app, user, metadata) =>
      write(type, app, { actor: user.id, actor_type: 'user', actor_name: user.name }, hideEnvironment(metadata)),
    crash: (app, metadata) =>
      write('app.crash', app, { actor: app.guid, actor_type: 'app', actor_name: app.name }, metadata),
  };
}

function hideEnvironment(metadata: Record<string, unknown>): Record<string, unknown> {
  const { request } = metadata;
  if (typeof request !== 'object' || request === null || !('environment_json' in request)) return metadata;
  return { ...metadata, request: { ...request, environment_json: 'PRIVATE DATA HIDDEN' } };
}
