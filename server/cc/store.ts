// The Cloud Controller's records: which tables there are, their row types, and what exists from the start.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { AppFacts } from '../../machines/app-changes.ts';
import { type Database, openDatabase, type Table, table } from './database.ts';

const flag = z.union([z.number(), z.boolean()]).transform((v) => Boolean(v));
const text = z.string();
const maybe = z.string().nullable();
const base = { guid: text, created_at: text, updated_at: maybe };
const jsonOf = <S extends z.ZodType>(schema: S) =>
  z.preprocess((v) => (typeof v === 'string' ? JSON.parse(v) : v), schema);

const META = z.object({ guid: text, value: text });
const ORGANIZATION = z.object({ ...base, name: text });
const SPACE = z.object({ ...base, name: text, organization_guid: text });
const DOMAIN = z.object({ ...base, name: text, owning_organization_guid: maybe });
const STACK = z.object({ ...base, name: text, description: text });
const BUILDPACK = z.object({
  ...base,
  name: text,
  position: z.number(),
  enabled: flag,
  locked: flag,
  filename: maybe,
  key: maybe,
  /** The folder that the DEA ships (`nodejs`), for buildpacks without bits of their own. */
  system: maybe,
});
const APP = z.object({
  ...base,
  name: text,
  space_guid: text,
  stack_guid: text,
  state: z.enum(['STARTED', 'STOPPED']),
  package_state: z.enum(['PENDING', 'STAGED', 'FAILED']),
  staging_failed_reason: maybe,
  staging_failed_description: maybe,
  staging_task_id: maybe,
  /** True from the staging request to its end: what a restarted Cloud Controller has to clear up. */
  staging_under_way: flag,
  instances: z.number(),
  memory: z.number(),
  disk_quota: z.number(),
  file_descriptors: z.number(),
  health_check_timeout: z.number().nullable(),
  health_check_type: text,
  version: text,
  package_hash: maybe,
  package_updated_at: maybe,
  droplet_hash: maybe,
  buildpack: maybe,
  detected_buildpack: maybe,
  command: maybe,
  console: flag,
  debug: maybe,
  production: flag,
  environment_json: jsonOf(z.record(z.string(), z.unknown())),
});
const ROUTE = z.object({ ...base, host: text, domain_guid: text, space_guid: text, path: text });
const JOB = z.object({
  ...base,
  name: text,
  status: z.enum(['queued', 'running', 'finished', 'failed']),
  error_json: jsonOf(z.object({ code: z.number(), description: text, error_code: text }).nullable()),
});
const EVENT = z.object({
  ...base,
  type: text,
  actor: text,
  actor_type: text,
  actor_name: text,
  actee: text,
  actee_type: text,
  actee_name: text,
  timestamp: text,
  metadata_json: jsonOf(z.record(z.string(), z.unknown())),
  space_guid: maybe,
  organization_guid: maybe,
});

export type Organization = z.infer<typeof ORGANIZATION>;
export type Space = z.infer<typeof SPACE>;
export type Domain = z.infer<typeof DOMAIN>;
export type Stack = z.infer<typeof STACK>;
export type Buildpack = z.infer<typeof BUILDPACK>;
export type App = z.infer<typeof APP>;
export type Route = z.infer<typeof ROUTE>;
export type Job = z.infer<typeof JOB>;
export type Event = z.infer<typeof EVENT>;

export interface Store {
  db: Database;
  meta: Table<z.infer<typeof META>>;
  organizations: Table<Organization>;
  spaces: Table<Space>;
  domains: Table<Domain>;
  stacks: Table<Stack>;
  /** Name of the stack that an app gets which asks for none. */
  firstStack: string;
  buildpacks: Table<Buildpack>;
  apps: Table<App>;
  routes: Table<Route>;
  jobs: Table<Job>;
  events: Table<Event>;
  routesOf(appGuid: string): Route[];
  appsOf(routeGuid: string): App[];
  /** True when the mapping is new. */
  map(appGuid: string, routeGuid: string): boolean;
  /** True when there was such a mapping. */
  unmap(appGuid: string, routeGuid: string): boolean;
  /** `host.domain`, or the domain alone for an empty host. */
  uriOf(route: Route): string;
  /** Guid, times: what every new record begins with. */
  stamp(): { guid: string; created_at: string; updated_at: null };
  now(): string;
}

export interface Seed {
  domain: string;
  /** Name of the lab's first stack. */
  stack: string;
}

/** The buildpacks that the DEA ships (server/dea/buildpacks), offered by name and locked against new bits. */
export const SYSTEM_BUILDPACKS = ['nodejs', 'staticfile', 'procfile'] as const;

/** Opens the store and makes sure that organization, space, shared domain, stacks and system buildpacks exist. */
export function openStore(path: string, seed: Seed, wall: () => Date): Store {
  const db = openDatabase(path);
  const now = () => wall().toISOString();
  const stamp = () => ({ guid: randomUUID(), created_at: now(), updated_at: null });
  const routes = table(db, 'routes', ROUTE);
  const apps = table(db, 'apps', APP);
  const domains = table(db, 'domains', DOMAIN);
  const joined = (sql: string, guid: string) =>
    db
      .prepare(sql)
      .all(guid)
      .map((r) => z.object({ guid: text }).parse(r).guid);
  const store: Store = {
    db,
    meta: table(db, 'meta', META),
    organizations: table(db, 'organizations', ORGANIZATION),
    spaces: table(db, 'spaces', SPACE),
    domains,
    stacks: table(db, 'stacks', STACK),
    firstStack: seed.stack,
    buildpacks: table(db, 'buildpacks', BUILDPACK),
    apps,
    routes,
    jobs: table(db, 'jobs', JOB),
    events: table(db, 'events', EVENT),
    routesOf: (guid) =>
      present(joined('SELECT route_guid AS guid FROM apps_routes WHERE app_guid = ? ORDER BY rowid', guid), routes.get),
    appsOf: (guid) =>
      present(joined('SELECT app_guid AS guid FROM apps_routes WHERE route_guid = ? ORDER BY rowid', guid), apps.get),
    map: (app, route) =>
      db.prepare('INSERT OR IGNORE INTO apps_routes (app_guid, route_guid) VALUES (?, ?)').run(app, route).changes > 0,
    unmap: (app, route) =>
      db.prepare('DELETE FROM apps_routes WHERE app_guid = ? AND route_guid = ?').run(app, route).changes > 0,
    uriOf: (route) => {
      const domain = domains.get(route.domain_guid)?.name ?? '';
      return (route.host === '' ? domain : `${route.host}.${domain}`) + route.path;
    },
    stamp,
    now,
  };
  plant(store, seed);
  return store;
}

function plant(store: Store, seed: Seed): void {
  const { stamp } = store;
  const organization =
    store.organizations.find([{ column: 'name', values: ['lab'] }])[0] ??
    store.organizations.insert({ ...stamp(), name: 'lab' });
  if (store.spaces.count([{ column: 'organization_guid', values: [organization.guid] }]) === 0) {
    store.spaces.insert({ ...stamp(), name: 'lab', organization_guid: organization.guid });
  }
  if (store.domains.count([{ column: 'name', values: [seed.domain] }]) === 0) {
    store.domains.insert({ ...stamp(), name: seed.domain, owning_organization_guid: null });
  }
  for (const name of new Set(['lucid64', seed.stack])) {
    if (store.stacks.count([{ column: 'name', values: [name] }]) > 0) continue;
    const description = name === 'lucid64' ? "The host's own system, read only" : 'Given with --stack';
    store.stacks.insert({ ...stamp(), name, description });
  }
  for (const system of SYSTEM_BUILDPACKS) {
    const name = `${system}_buildpack`;
    if (store.buildpacks.count([{ column: 'name', values: [name] }]) > 0) continue;
    const position = store.buildpacks.count() + 1;
    store.buildpacks.insert({
      ...stamp(),
      name,
      position,
      enabled: true,
      locked: true,
      filename: null,
      key: null,
      system,
    });
  }
}

/** The deciding part of an app's record. */
export function factsOf(app: App): AppFacts {
  const { state, package_state, package_hash, droplet_hash, instances, memory, version } = app;
  return { state, package_state, package_hash, droplet_hash, instances, memory, version };
}

function present<T>(guids: string[], get: (guid: string) => T | undefined): T[] {
  return guids.map(get).filter((row): row is T & {} => row !== undefined && row !== null);
}
