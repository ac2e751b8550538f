// An app's instances as they are now: asks the DEAs and the health manager and composes what users are shown.
// Keeps nothing.
import { type ShownInstance, shownInstances } from '../../machines/instance-states.ts';
import type { Trail } from '../lab/types.ts';
import type { Context } from './context.ts';
import { type DeaClient, gather } from './dea-client.ts';
import { ApiError, errorType } from './errors.ts';
import { APP_STATE, type FoundDroplet } from './replies.ts';
import type { App } from './store.ts';

export interface Instances {
  /** `GET /v2/apps/:guid/instances`. Throws NotStaged, the staging error, or InstancesError. */
  states(app: App, trail: Trail): Promise<Record<string, ShownInstance>>;
  /** `GET /v2/apps/:guid/stats`. Throws AppStoppedStatsError and what `states` throws. */
  stats(app: App, trail: Trail): Promise<Record<string, ShownStats>>;
  /** How many indices are starting or running; 0 without asking anybody for an app that is not to run. */
  running(app: App, trail: Trail): Promise<number>;
}

export interface ShownStats {
  state: string;
  since?: number;
  stats?: FoundDroplet['stats'];
}

export function createInstances(context: Context, deas: DeaClient, seconds: () => number): Instances {
  const find = (app: App, states: string[], trail: Trail, more: { include_stats?: true } = {}) =>
    deas.find({ droplet: app.guid, version: app.version, states, ...more }, app.instances, trail);
  const crashes = async (app: App, trail: Trail) => {
    const ask = { droplet: app.guid, version: app.version };
    const answers = await gather(context, 'app.state', ask, 1, trail, (json) => APP_STATE.safeParse(json).data);
    return answers[0]?.crash_counts ?? [];
  };
  return {
    states: async (app, trail) => {
      if (app.state === 'STOPPED') {
        throw new ApiError('InstancesError', `Request failed for app: ${app.name} as the app is in stopped state.`);
      }
      requireStaged(app);
      // Both at once: each may take its whole limit.
      const apart = { ...trail };
      const [seen, counts] = await Promise.all([find(app, ['STARTING', 'RUNNING'], trail), crashes(app, apart)]);
      return shownInstances(app.instances, seen, counts, seconds());
    },
    stats: async (app, trail) => {
      if (app.state === 'STOPPED') throw new ApiError('AppStoppedStatsError', app.name);
      requireStaged(app);
      const seen = await find(app, ['RUNNING'], trail, { include_stats: true });
      const shown: Record<string, ShownStats> = {};
      for (let i = 0; i < app.instances; i++) {
        const found = seen.find((s) => s.index === i);
        shown[i] = found ? { state: found.state, stats: found.stats } : { state: 'DOWN', since: seconds() };
      }
      return shown;
    },
    running: async (app, trail) => {
      if (app.state === 'STOPPED' || app.package_state !== 'STAGED') return 0;
      const seen = await find(app, ['STARTING', 'RUNNING'], trail);
      return new Set(seen.map((s) => s.index).filter((i) => i < app.instances)).size;
    },
  };
}

function requireStaged(app: App): void {
  if (app.package_state === 'FAILED') {
    const type = errorType(app.staging_failed_reason ?? '', 'StagingError');
    throw ApiError.again(type, app.staging_failed_description ?? 'cannot get instances since staging failed');
  }
  if (app.package_state === 'PENDING') throw new ApiError('NotStaged');
}
