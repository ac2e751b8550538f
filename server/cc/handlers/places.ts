// Organizations, spaces, domains and stacks: where apps are. One user, so nobody has roles here.
import { z } from 'zod';
import { type Call, created, type Handler, NO_CONTENT, parseBody } from '../call.ts';
import type { Context } from '../context.ts';
import type { Where } from '../database.ts';
import { ApiError } from '../errors.ts';
import { type Presenter, visibleTo } from '../resources.ts';
import { type Listed, list, listNothing, listRows, named } from './list.ts';

const NAME = z.object({ name: z.string().trim().min(1).max(255) });
const SPACE = NAME.extend({ organization_guid: z.string() });
const DOMAIN = z.object({ name: z.string().toLowerCase(), owning_organization_guid: z.string().nullish() });
const DOMAIN_NAME = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

const SHARED: Where = { column: 'owning_organization_guid', values: [null] };

export function placeHandlers({ store }: Context, present: Presenter) {
  const organizations = { table: store.organizations, present: present.organization, filters: { name: 'name' } };
  const spaces = {
    table: store.spaces,
    present: present.space,
    filters: { name: 'name', organization_guid: 'organization_guid' },
  };
  const domains: Listed<(typeof store.domains extends { get(g: string): infer D } ? D : never) & {}> = {
    table: store.domains,
    present: present.domain,
    filters: { name: 'name', owning_organization_guid: 'owning_organization_guid' },
  };
  const stacks = { table: store.stacks, present: present.stack, filters: { name: 'name' } };
  const organizationOf = (call: Call) => named(call, store.organizations, 'OrganizationNotFound');
  const spaceOf = (call: Call) => named(call, store.spaces, 'SpaceNotFound');
  const ownedBy = (guid: string): Where => ({ column: 'owning_organization_guid', values: [guid] });
  const insertDomain = (call: Call, isShared: boolean) => {
    const { name, owning_organization_guid: owner } = parseBody(call, DOMAIN);
    if (!DOMAIN_NAME.test(name)) throw new ApiError('DomainInvalid', 'name format');
    if (store.domains.count([{ column: 'name', values: [name] }]) > 0) throw new ApiError('DomainNameTaken', name);
    if (!isShared && !store.organizations.get(owner ?? '')) throw new ApiError('OrganizationNotFound', owner ?? '');
    return store.domains.insert({
      ...store.stamp(),
      name,
      owning_organization_guid: isShared ? null : (owner ?? null),
    });
  };

  return {
    listOrganizations: (call) => list(call, organizations),
    getOrganization: (call) => ({ json: present.organization(organizationOf(call)) }),
    createOrganization: (call) => {
      const { name } = parseBody(call, NAME);
      if (store.organizations.count([{ column: 'name', values: [name] }]) > 0) {
        throw new ApiError('OrganizationNameTaken', name);
      }
      return created(present.organization(store.organizations.insert({ ...store.stamp(), name })));
    },
    deleteOrganization: (call) => {
      const { guid } = organizationOf(call);
      if (store.spaces.count([{ column: 'organization_guid', values: [guid] }]) > 0) refuse('spaces');
      if (store.domains.count([ownedBy(guid)]) > 0) refuse('private domains');
      store.organizations.remove(guid);
      return NO_CONTENT;
    },

    listSpaces: (call) => list(call, spaces),
    listSpacesOfOrganization: (call) =>
      list(call, spaces, [{ column: 'organization_guid', values: [organizationOf(call).guid] }]),
    getSpace: (call) => ({ json: present.space(spaceOf(call)) }),
    createSpace: (call) => {
      const { name, organization_guid } = parseBody(call, SPACE);
      if (!store.organizations.get(organization_guid)) throw new ApiError('OrganizationNotFound', organization_guid);
      const same = [
        { column: 'name', values: [name] },
        { column: 'organization_guid', values: [organization_guid] },
      ];
      if (store.spaces.count(same) > 0) throw new ApiError('SpaceNameTaken', name);
      return created(present.space(store.spaces.insert({ ...store.stamp(), name, organization_guid })));
    },
    deleteSpace: (call) => {
      const { guid } = spaceOf(call);
      const inSpace = [{ column: 'space_guid', values: [guid] }];
      if (store.apps.count(inSpace) > 0) refuse('apps');
      if (store.routes.count(inSpace) > 0) refuse('routes');
      store.spaces.remove(guid);
      return NO_CONTENT;
    },

    listDomains: (call) => list(call, domains),
    listSharedDomains: (call) => list(call, domains, [SHARED]),
    listPrivateDomains: (call) => {
      const owned = store.organizations.find().map((o) => o.guid);
      return list(call, domains, [{ column: 'owning_organization_guid', values: owned }]);
    },
    listDomainsOfOrganization: (call) => list(call, domains, [visibleTo(organizationOf(call).guid)]),
    listPrivateDomainsOfOrganization: (call) => list(call, domains, [ownedBy(organizationOf(call).guid)]),
    listDomainsOfSpace: (call) => list(call, domains, [visibleTo(spaceOf(call).organization_guid)]),
    getDomain: (call) => ({ json: present.domain(named(call, store.domains, 'DomainNotFound')) }),
    createSharedDomain: (call) => created(present.domain(insertDomain(call, true))),
    createPrivateDomain: (call) => created(present.domain(insertDomain(call, false))),
    deleteDomain: (call) => {
      const { guid } = named(call, store.domains, 'DomainNotFound');
      if (store.routes.count([{ column: 'domain_guid', values: [guid] }]) > 0) refuse('routes');
      store.domains.remove(guid);
      return NO_CONTENT;
    },

    listStacks: (call) => list(call, stacks),
    getStack: (call) => ({ json: present.stack(named(call, store.stacks, 'StackNotFound')) }),
    listAppsOfSpace: (call) =>
      list(call, { table: store.apps, present: present.app, filters: APP_FILTERS }, [
        { column: 'space_guid', values: [spaceOf(call).guid] },
      ]),
    listRoutesOfSpace: (call) =>
      list(call, { table: store.routes, present: present.route, filters: ROUTE_FILTERS }, [
        { column: 'space_guid', values: [spaceOf(call).guid] },
      ]),
    listRoutesOfApp: (call) =>
      listRows(call, store.routesOf(named(call, store.apps, 'AppNotFound').guid), present.route),
    listAppsOfRoute: (call) =>
      listRows(call, store.appsOf(named(call, store.routes, 'RouteNotFound').guid), present.app),
    listNothing,
  } satisfies Record<string, Handler>;
}

export const APP_FILTERS = { name: 'name', space_guid: 'space_guid', stack_guid: 'stack_guid' };
export const ROUTE_FILTERS = { host: 'host', domain_guid: 'domain_guid', space_guid: 'space_guid', path: 'path' };

function refuse(what: string): never {
  throw new ApiError('AssociationNotEmpty', what);
}
