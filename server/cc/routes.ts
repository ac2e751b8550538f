// Every route of the Cloud Controller: method, path, who may, and the name of its handler. The one table that server,
// tests and documents read.

/** `open` to all, `user` with a bearer token, `internal` with the basic auth of DEAs and health manager. */
export type Access = 'open' | 'user' | 'internal';
type Method = 'get' | 'post' | 'put' | 'delete';

export const ROUTES = [
  ['get', '/v2/info', 'open', 'info'],

  ['get', '/v2/organizations', 'user', 'listOrganizations'],
  ['post', '/v2/organizations', 'user', 'createOrganization'],
  ['get', '/v2/organizations/:guid', 'user', 'getOrganization'],
  ['delete', '/v2/organizations/:guid', 'user', 'deleteOrganization'],
  ['get', '/v2/organizations/:guid/spaces', 'user', 'listSpacesOfOrganization'],
  ['get', '/v2/organizations/:guid/domains', 'user', 'listDomainsOfOrganization'],
  ['get', '/v2/organizations/:guid/private_domains', 'user', 'listPrivateDomainsOfOrganization'],

  ['get', '/v2/spaces', 'user', 'listSpaces'],
  ['post', '/v2/spaces', 'user', 'createSpace'],
  ['get', '/v2/spaces/:guid', 'user', 'getSpace'],
  ['delete', '/v2/spaces/:guid', 'user', 'deleteSpace'],
  ['get', '/v2/spaces/:guid/summary', 'user', 'summarizeSpace'],
  ['get', '/v2/spaces/:guid/apps', 'user', 'listAppsOfSpace'],
  ['get', '/v2/spaces/:guid/routes', 'user', 'listRoutesOfSpace'],
  ['get', '/v2/spaces/:guid/domains', 'user', 'listDomainsOfSpace'],
  ['get', '/v2/spaces/:guid/services', 'user', 'listNothing'],
  ['get', '/v2/spaces/:guid/service_instances', 'user', 'listNothing'],

  ['get', '/v2/domains', 'user', 'listDomains'],
  ['get', '/v2/domains/:guid', 'user', 'getDomain'],
  ['get', '/v2/shared_domains', 'user', 'listSharedDomains'],
  ['post', '/v2/shared_domains', 'user', 'createSharedDomain'],
  ['get', '/v2/shared_domains/:guid', 'user', 'getDomain'],
  ['delete', '/v2/shared_domains/:guid', 'user', 'deleteDomain'],
  ['get', '/v2/private_domains', 'user', 'listPrivateDomains'],
  ['post', '/v2/private_domains', 'user', 'createPrivateDomain'],
  ['get', '/v2/private_domains/:guid', 'user', 'getDomain'],
  ['delete', '/v2/private_domains/:guid', 'user', 'deleteDomain'],

  ['get', '/v2/stacks', 'user', 'listStacks'],
  ['get', '/v2/stacks/:guid', 'user', 'getStack'],

  ['get', '/v2/buildpacks', 'user', 'listBuildpacks'],
  ['post', '/v2/buildpacks', 'user', 'createBuildpack'],
  ['get', '/v2/buildpacks/:guid', 'user', 'getBuildpack'],
  ['put', '/v2/buildpacks/:guid', 'user', 'updateBuildpack'],
  ['delete', '/v2/buildpacks/:guid', 'user', 'deleteBuildpack'],
  ['put', '/v2/buildpacks/:guid/bits', 'user', 'uploadBuildpack'],
  ['get', '/v2/buildpacks/:guid/download', 'internal', 'downloadBuildpack'],

  ['get', '/v2/apps', 'user', 'listApps'],
  ['post', '/v2/apps', 'user', 'createApp'],
  ['get', '/v2/apps/:guid', 'user', 'getApp'],
  ['put', '/v2/apps/:guid', 'user', 'updateApp'],
  ['delete', '/v2/apps/:guid', 'user', 'deleteApp'],
  ['get', '/v2/apps/:guid/env', 'user', 'getEnvironment'],
  ['get', '/v2/apps/:guid/summary', 'user', 'summarizeApp'],
  ['get', '/v2/apps/:guid/instances', 'user', 'listInstances'],
  ['delete', '/v2/apps/:guid/instances/:index', 'user', 'stopInstance'],
  ['get', '/v2/apps/:guid/stats', 'user', 'getStats'],
  ['get', '/v2/apps/:guid/events', 'user', 'listEventsOfApp'],
  ['get', '/v2/apps/:guid/service_bindings', 'user', 'listNothing'],
  ['get', '/v2/apps/:guid/routes', 'user', 'listRoutesOfApp'],
  ['put', '/v2/apps/:guid/routes/:route', 'user', 'mapRouteToApp'],
  ['delete', '/v2/apps/:guid/routes/:route', 'user', 'unmapRouteFromApp'],
  ['put', '/v2/apps/:guid/bits', 'user', 'uploadBits'],
  ['post', '/v2/apps/:guid/restage', 'user', 'restageApp'],
  ['post', '/v2/apps/:guid/stage_only', 'user', 'stageOnly'],
  ['put', '/v2/resource_match', 'user', 'matchResources'],

  ['get', '/v2/routes', 'user', 'listRoutes'],
  ['post', '/v2/routes', 'user', 'createRoute'],
  ['get', '/v2/routes/reserved/domain/:domain', 'user', 'reserved'],
  ['get', '/v2/routes/reserved/domain/:domain/host/:host', 'user', 'reserved'],
  ['get', '/v2/routes/:guid', 'user', 'getRoute'],
  ['delete', '/v2/routes/:guid', 'user', 'deleteRoute'],
  ['get', '/v2/routes/:guid/apps', 'user', 'listAppsOfRoute'],
  ['put', '/v2/routes/:guid/apps/:app', 'user', 'mapAppToRoute'],
  ['delete', '/v2/routes/:guid/apps/:app', 'user', 'unmapAppFromRoute'],

  ['get', '/v2/events', 'user', 'listEvents'],
  ['get', '/v2/events/:guid', 'user', 'getEvent'],
  ['get', '/v2/jobs/:guid', 'user', 'getJob'],

  ['get', '/v2/services', 'user', 'listNothing'],
  ['get', '/v2/service_plans', 'user', 'listNothing'],
  ['get', '/v2/service_instances', 'user', 'listNothing'],
  ['get', '/v2/user_provided_service_instances', 'user', 'listNothing'],
  ['get', '/v2/service_bindings', 'user', 'listNothing'],

  ['get', '/staging/apps/:guid', 'internal', 'downloadPackage'],
  ['post', '/staging/droplets/:guid/upload', 'internal', 'uploadDroplet'],
  ['get', '/staging/droplets/:guid/download', 'internal', 'downloadDroplet'],
  ['post', '/staging/buildpack_cache/:guid/upload', 'internal', 'uploadBuildpackCache'],
  ['get', '/staging/buildpack_cache/:guid/download', 'internal', 'downloadBuildpackCache'],
  ['get', '/staging/jobs/:guid', 'internal', 'getJob'],
  ['get', '/bulk/apps', 'internal', 'bulkApps'],
] as const satisfies readonly (readonly [Method, string, Access, string])[];

export type RouteName = (typeof ROUTES)[number][3];
