// What an app's record may be: the body of create and update, its checks, and the next record that a change gives.
// Writes the record in one transaction; what follows from a change is app-changes.ts and app-actors.ts.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { renewsVersion } from '../../machines/app-changes.ts';
import { inTransaction } from './database.ts';
import { ApiError } from './errors.ts';
import { type App, factsOf, type Store } from './store.ts';

const CHANGES = z.object({
  name: z.string().trim().min(1).max(255),
  state: z.enum(['STARTED', 'STOPPED']),
  instances: z.number().int(),
  memory: z.number().int(),
  disk_quota: z.number().int(),
  stack_guid: z.string(),
  buildpack: z.string().nullable(),
  command: z.string().nullable(),
  environment_json: z.record(z.string(), z.unknown()).nullable(),
  health_check_timeout: z.number().int().nullable(),
  health_check_type: z.string().nullable(),
  console: z.boolean(),
  debug: z.string().nullable(),
  production: z.boolean(),
});

/** `PUT /v2/apps/:guid`; fields that this lab does not know are let pass, as the original did. */
export const APP_CHANGES = CHANGES.partial();
/** `POST /v2/apps` */
export const NEW_APP = APP_CHANGES.extend({ name: CHANGES.shape.name, space_guid: z.string() });

export type AppChanges = z.infer<typeof APP_CHANGES>;

/** Code defaults of cc: app.rb, in MB. */
const DEFAULT_MEMORY = 1024;
const DEFAULT_DISK = 1024;
const MAX_DISK = 2048;
const DEFAULT_FILE_DESCRIPTORS = 16384;
const MAX_HEALTH_CHECK_TIMEOUT = 180;

/** Inserts a new app. Throws AppInvalid, AppNameTaken, SpaceNotFound, StackNotFound. */
export function createApp(store: Store, asked: z.infer<typeof NEW_APP>): App {
  if (!store.spaces.get(asked.space_guid)) throw new ApiError('SpaceNotFound', asked.space_guid);
  const [stack] = store.stacks.find([{ column: 'name', values: [store.firstStack] }]);
  const fresh: App = {
    ...store.stamp(),
    name: asked.name,
    space_guid: asked.space_guid,
    stack_guid: stack?.guid ?? '',
    state: 'STOPPED',
    package_state: 'PENDING',
    ...{
      staging_failed_reason: null,
      staging_failed_description: null,
      staging_task_id: null,
      staging_under_way: false,
    },
    ...{ instances: 1, memory: DEFAULT_MEMORY, disk_quota: DEFAULT_DISK, file_descriptors: DEFAULT_FILE_DESCRIPTORS },
    ...{ health_check_timeout: null, health_check_type: 'port' },
    version: randomUUID(),
    ...{ package_hash: null, package_updated_at: null, droplet_hash: null, buildpack: null, detected_buildpack: null },
    ...{ command: null, console: false, debug: null, production: false, environment_json: {} },
  };
  const app = { ...fresh, ...changesOf(store, fresh, asked) };
  check(store, app);
  return store.apps.insert(app);
}

/** Applies a change. Returns the record before and after. Throws what createApp throws, and AppPackageInvalid. */
export function changeApp(store: Store, guid: string, asked: AppChanges): { before: App; after: App } {
  return inTransaction(store.db, () => {
    const before = store.apps.get(guid);
    if (!before) throw new ApiError('AppNotFound', guid);
    const next = { ...before, ...changesOf(store, before, asked), updated_at: store.now() };
    check(store, next);
    const version = renewsVersion(factsOf(before), factsOf(next)) ? randomUUID() : before.version;
    return { before, after: store.apps.update(guid, { ...next, version }) };
  });
}

/** The package or the stack is another: staging is due, and an old failure says nothing any more. */
export function pending(): Pick<App, 'package_state' | 'staging_failed_reason' | 'staging_failed_description'> {
  return { package_state: 'PENDING', staging_failed_reason: null, staging_failed_description: null };
}

function changesOf(store: Store, before: App, asked: AppChanges): Partial<App> {
  const { environment_json, health_check_type, buildpack, command, stack_guid, ...plain } = asked;
  const known: Partial<App> = Object.fromEntries(
    Object.entries(plain).filter(([k, v]) => k in before && v !== undefined),
  );
  if (environment_json !== undefined) known.environment_json = environment_json ?? {};
  if (health_check_type !== undefined) known.health_check_type = health_check_type ?? 'port';
  // An empty text means none, for both.
  if (buildpack !== undefined) known.buildpack = buildpack || null;
  if (command !== undefined) known.command = command || null;
  if (stack_guid !== undefined && stack_guid !== before.stack_guid) {
    if (!store.stacks.get(stack_guid)) throw new ApiError('StackNotFound', stack_guid);
    Object.assign(known, { stack_guid, ...pending() });
  }
  return known;
}

function check(store: Store, app: App): void {
  const invalid = (why: string) => {
    throw new ApiError('AppInvalid', why);
  };
  if (app.instances < 1) invalid('instances must be at least 1');
  if (app.memory < 1) invalid('memory must be at least 1 MB');
  if (app.disk_quota < 1 || app.disk_quota > MAX_DISK) invalid(`disk_quota must be 1 to ${MAX_DISK} MB`);
  const timeout = app.health_check_timeout ?? 0;
  if (timeout < 0 || timeout > MAX_HEALTH_CHECK_TIMEOUT) {
    invalid(`health_check_timeout must be 0 to ${MAX_HEALTH_CHECK_TIMEOUT} seconds`);
  }
  const reserved = Object.keys(app.environment_json).find((k) => /^(vcap|vmc)_/i.test(k));
  if (reserved) invalid(`environment variable ${reserved}: names that begin with vcap_ or vmc_ are reserved`);
  const wrong = Object.keys(app.environment_json).find((k) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(k));
  if (wrong !== undefined) invalid(`environment variable ${JSON.stringify(wrong)} is not a name`);
  if (app.buildpack !== null && !isBuildpack(store, app.buildpack)) {
    invalid(`buildpack ${app.buildpack} is neither a git URL nor a known buildpack's name (see cf buildpacks)`);
  }
  if (app.state === 'STARTED' && app.package_hash === null) {
    throw new ApiError('AppPackageInvalid', 'bits have not been uploaded');
  }
  const same = [
    { column: 'name', values: [app.name] },
    { column: 'space_guid', values: [app.space_guid] },
  ];
  if (store.apps.find(same).some((other) => other.guid !== app.guid)) throw new ApiError('AppNameTaken', app.name);
}

/** A folder of this host (`/…`) is for `wardenscope stage`: buildpacks under development have no URL yet. */
function isBuildpack(store: Store, wanted: string): boolean {
  if (/^(https?|git|ssh|file):\/\/\S+$|^[\w.-]+@[\w.-]+:\S+$|^\/\S*$/.test(wanted)) return true;
  return store.buildpacks.count([{ column: 'name', values: [wanted] }]) > 0;
}
