// How records look outside: the v2 envelope of each kind with its relations, inlined to the depth that a client asks
// for. Only shapes: nothing here changes a record or knows a request.
import type { App, Buildpack, Domain, Event, Job, Organization, Route, Space, Stack, Store } from './store.ts';

export interface Resource {
  metadata: { guid: string; url: string; created_at: string; updated_at: string | null };
  entity: Record<string, unknown>;
}

interface Row {
  guid: string;
  created_at: string;
  updated_at: string | null;
}

/** How deep relations are inlined: `inline-relations-depth`, 0 to 2. */
type Depth = number;

export interface Presenter {
  organization(row: Organization, depth?: Depth): Resource;
  space(row: Space, depth?: Depth): Resource;
  domain(row: Domain, depth?: Depth): Resource;
  stack(row: Stack, depth?: Depth): Resource;
  buildpack(row: Buildpack, depth?: Depth): Resource;
  app(row: App, depth?: Depth): Resource;
  route(row: Route, depth?: Depth): Resource;
  event(row: Event, depth?: Depth): Resource;
  job(row: Job): Resource;
}

export function createPresenter(store: Store): Presenter {
  const inline = <T>(name: string, row: T | undefined, present: (row: T, depth: Depth) => Resource, depth: Depth) =>
    depth > 0 && row !== undefined ? { [name]: present(row, depth - 1) } : {};
  const inlineAll = <T>(name: string, rows: () => T[], present: (row: T, depth: Depth) => Resource, depth: Depth) =>
    depth > 0 ? { [name]: rows().map((row) => present(row, depth - 1)) } : {};
  const nothing = (names: string[], depth: Depth) => (depth > 0 ? Object.fromEntries(names.map((n) => [n, []])) : {});
  const inSpace = (space: Space) => [{ column: 'space_guid', values: [space.guid] }];
  const inOrganization = (o: Organization) => [{ column: 'organization_guid', values: [o.guid] }];

  const p: Presenter = {
    organization: (row, depth = 0) =>
      envelope('organizations', row, {
        name: row.name,
        status: 'active',
        billing_enabled: false,
        ...urls('organizations', row, ['spaces', 'domains', 'private_domains']),
        ...inlineAll('spaces', () => store.spaces.find(inOrganization(row)), p.space, depth),
        ...inlineAll('domains', () => store.domains.find([visibleTo(row.guid)]), p.domain, depth),
      }),
    space: (row, depth = 0) =>
      envelope('spaces', row, {
        name: row.name,
        organization_guid: row.organization_guid,
        organization_url: `/v2/organizations/${row.organization_guid}`,
        ...urls('spaces', row, ['apps', 'routes', 'domains', 'service_instances', 'events']),
        ...inline('organization', store.organizations.get(row.organization_guid), p.organization, depth),
        ...inlineAll('apps', () => store.apps.find(inSpace(row)), p.app, depth),
        ...inlineAll('routes', () => store.routes.find(inSpace(row)), p.route, depth),
        ...inlineAll('domains', () => store.domains.find([visibleTo(row.organization_guid)]), p.domain, depth),
        ...nothing(['service_instances'], depth),
      }),
    domain: (row) => {
      const owner = row.owning_organization_guid;
      // Clients tell a shared domain by the absence of its owner.
      const owned = owner
        ? { owning_organization_guid: owner, owning_organization_url: `/v2/organizations/${owner}` }
        : {};
      return envelope(owner ? 'private_domains' : 'shared_domains', row, { name: row.name, ...owned });
    },
    stack: (row) => envelope('stacks', row, { name: row.name, description: row.description }),
    buildpack: (row) => {
      const { name, position, enabled, locked, filename } = row;
      const shown = row.system === null ? filename : `${row.system} (with this lab)`;
      return envelope('buildpacks', row, { name, position, enabled, locked, filename: shown });
    },
    app: (row, depth = 0) =>
      envelope('apps', row, {
        ...appFields(row),
        space_url: `/v2/spaces/${row.space_guid}`,
        stack_url: `/v2/stacks/${row.stack_guid}`,
        ...urls('apps', row, ['routes', 'events', 'service_bindings']),
        ...inline('space', store.spaces.get(row.space_guid), p.space, depth),
        ...inline('stack', store.stacks.get(row.stack_guid), p.stack, depth),
        ...inlineAll('routes', () => store.routesOf(row.guid), p.route, depth),
        ...nothing(['events', 'service_bindings'], depth),
      }),
    route: (row, depth = 0) =>
      envelope('routes', row, {
        host: row.host,
        path: row.path,
        port: null,
        domain_guid: row.domain_guid,
        space_guid: row.space_guid,
        domain_url: `/v2/domains/${row.domain_guid}`,
        space_url: `/v2/spaces/${row.space_guid}`,
        ...urls('routes', row, ['apps']),
        ...inline('domain', store.domains.get(row.domain_guid), p.domain, depth),
        ...inline('space', store.spaces.get(row.space_guid), p.space, depth),
        ...inlineAll('apps', () => store.appsOf(row.guid), p.app, depth),
      }),
    event: (row) => {
      const { type, actor, actor_type, actor_name, actee, actee_type, actee_name, timestamp } = row;
      const { space_guid, organization_guid, metadata_json: metadata } = row;
      const who = { type, actor, actor_type, actor_name, actee, actee_type, actee_name };
      return envelope('events', row, { ...who, timestamp, metadata, space_guid, organization_guid });
    },
    job: (row) => {
      const error = row.error_json ? { error: 'see error_details', error_details: row.error_json } : {};
      return envelope('jobs', row, { guid: row.guid, status: row.status, ...error });
    },
  };
  return p;
}

/** Shared domains and those of this organization. */
export function visibleTo(organization: string) {
  return { column: 'owning_organization_guid', values: [null, organization] };
}

function appFields(row: App): Record<string, unknown> {
  const { name, production, space_guid, stack_guid, buildpack, detected_buildpack, environment_json, memory } = row;
  const { instances, disk_quota, state, version, command, console, debug, staging_task_id, package_state } = row;
  const { health_check_timeout, health_check_type, staging_failed_reason, staging_failed_description } = row;
  return {
    ...{ name, production, space_guid, stack_guid, buildpack, detected_buildpack, environment_json, memory },
    ...{ instances, disk_quota, state, version, command, console, debug, staging_task_id, package_state },
    ...{ health_check_timeout, health_check_type, staging_failed_reason, staging_failed_description },
    health_check_http_endpoint: null,
    package_updated_at: row.package_updated_at,
    detected_start_command: '',
    diego: false,
    docker_image: null,
    enable_ssh: false,
    ports: null,
  };
}

function envelope(kind: string, row: Row, entity: Record<string, unknown>): Resource {
  const { guid, created_at, updated_at } = row;
  return { metadata: { guid, url: `/v2/${kind}/${guid}`, created_at, updated_at }, entity };
}

function urls(kind: string, row: Row, relations: string[]): Record<string, string> {
  return Object.fromEntries(relations.map((r) => [`${r}_url`, `/v2/${kind}/${row.guid}/${r}`]));
}
