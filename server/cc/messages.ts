// The messages that the Cloud Controller sends to DEAs, built from records: cc: start_app_message.rb and
// app_stager_task.rb field by field. Pure; who gets them and when is dea-client.ts and stager.ts.
import type { App, Buildpack, Space } from './store.ts';

/** What the messages need beside the app's own record. */
export interface Around {
  space: Space;
  /** `host.domain` of each route. */
  uris: string[];
  /** Base of the staging endpoints, with user and password: `http://internal:…@127.0.0.1:8080`. */
  internalUrl: string;
  /** The app's stack, where it is not the lab's first. */
  stack?: string;
}

export interface Limits {
  mem: number;
  disk: number;
  fds: number;
}

/** `dea.<id>.start`, and `start_message` of a staging request. */
export interface StartMessage {
  droplet: string;
  name: string;
  uris: string[];
  prod: boolean;
  /** Null in a staging request: the DEA fills in the droplet that it has just made. */
  sha1: string | null;
  executableFile: 'deprecated';
  executableUri: string | null;
  version: string;
  services: never[];
  limits: Limits;
  cc_partition: 'default';
  /** `K=V` */
  env: string[];
  console: boolean;
  debug: string | null;
  start_command: string | null;
  health_check_timeout: number | null;
  vcap_application: VcapApplication;
  index: number;
  egress_network_rules: never[];
  /** Only where the lab has more than one and the app not the first: else the message is the original's. */
  stack?: string;
}

export interface VcapApplication {
  limits: Limits;
  application_version: string;
  application_name: string;
  application_uris: string[];
  version: string;
  name: string;
  space_name: string;
  space_id: string;
  uris: string[];
  users: null;
}

/** An admin buildpack as a DEA fetches it; `system:<folder>` means one that the DEA ships. */
export interface AdminBuildpack {
  key: string;
  url: string;
}

/** `staging.<id>.start` */
export interface StagingMessage {
  app_id: string;
  task_id: string;
  properties: {
    services: never[];
    resources: { memory: number; disk: number; fds: number };
    environment: string[];
    meta: { command?: string; console?: boolean; debug?: string };
    buildpack?: string;
    buildpack_git_url?: string;
    buildpack_key?: string;
  };
  download_uri: string;
  upload_uri: string;
  buildpack_cache_download_uri: string | null;
  buildpack_cache_upload_uri: string;
  start_message: StartMessage;
  admin_buildpacks: AdminBuildpack[];
  egress_network_rules: never[];
  /** Ours, not 2014: only there when the stager shall not start index 0 afterwards. */
  stage_only?: true;
}

export function vcapApplication(app: App, around: Around): VcapApplication {
  const { version, name } = app;
  const uris = around.uris;
  return {
    limits: limitsOf(app),
    application_version: version,
    application_name: name,
    application_uris: uris,
    version,
    name,
    space_name: around.space.name,
    space_id: around.space.guid,
    uris,
    users: null,
  };
}

/** `index` from 0; the droplet is named by the app's droplet hash, or left open while the app is being staged. */
export function startMessage(app: App, index: number, around: Around): StartMessage {
  const staged = app.package_state === 'STAGED' ? app.droplet_hash : null;
  return {
    droplet: app.guid,
    name: app.name,
    uris: around.uris,
    prod: app.production,
    sha1: staged,
    executableFile: 'deprecated',
    executableUri: staged === null ? null : `${around.internalUrl}/staging/droplets/${app.guid}/download`,
    version: app.version,
    services: [],
    limits: limitsOf(app),
    cc_partition: 'default',
    env: environment(app),
    console: app.console,
    debug: app.debug,
    start_command: app.command,
    health_check_timeout: app.health_check_timeout,
    vcap_application: vcapApplication(app, around),
    index,
    egress_network_rules: [],
    ...(around.stack === undefined ? {} : { stack: around.stack }),
  };
}

export function stagingMessage(
  app: App,
  taskId: string,
  around: Around & { buildpacks: readonly Buildpack[]; hasCache: boolean; only: boolean },
): StagingMessage {
  const staging = `${around.internalUrl}/staging`;
  const cache = `${staging}/buildpack_cache/${app.guid}`;
  const { command, debug } = app;
  return {
    app_id: app.guid,
    task_id: taskId,
    properties: {
      services: [],
      resources: { memory: app.memory, disk: app.disk_quota, fds: app.file_descriptors },
      environment: environment(app),
      meta: { ...(command ? { command } : {}), console: app.console, ...(debug ? { debug } : {}) },
      ...buildpackChoice(app.buildpack, around.buildpacks),
    },
    download_uri: `${staging}/apps/${app.guid}`,
    upload_uri: `${staging}/droplets/${app.guid}/upload`,
    buildpack_cache_download_uri: around.hasCache ? `${cache}/download` : null,
    buildpack_cache_upload_uri: `${cache}/upload`,
    start_message: startMessage(app, 0, around),
    admin_buildpacks: around.buildpacks.filter(isOffered).map((b) => adminBuildpack(b, around.internalUrl)),
    egress_network_rules: [],
    ...(around.only ? { stage_only: true } : {}),
  };
}

/** Enabled, and with bits of its own or a folder that the DEA ships. */
export function isOffered(buildpack: Buildpack): boolean {
  return buildpack.enabled && (buildpack.system !== null || buildpack.key !== null);
}

export function buildpackKey(buildpack: Buildpack): string {
  return buildpack.system === null ? (buildpack.key ?? '') : `system/${buildpack.name}`;
}

/** Nothing for auto-detection, a key for a known buildpack's name, a git URL (or folder) for anything else. */
function buildpackChoice(wanted: string | null, known: readonly Buildpack[]) {
  if (wanted === null) return {};
  const found = known.find((b) => b.name === wanted);
  return found ? { buildpack_key: buildpackKey(found) } : { buildpack: wanted, buildpack_git_url: wanted };
}

function adminBuildpack(buildpack: Buildpack, internalUrl: string): AdminBuildpack {
  const key = buildpackKey(buildpack);
  const url =
    buildpack.system === null
      ? `${internalUrl}/v2/buildpacks/${buildpack.guid}/download`
      : `system:${buildpack.system}`;
  return { key, url };
}

function limitsOf(app: App): Limits {
  return { mem: app.memory, disk: app.disk_quota, fds: app.file_descriptors };
}

function environment(app: App): string[] {
  return Object.entries(app.environment_json).map(([k, v]) => `${k}=${typeof v === 'string' ? v : JSON.stringify(v)}`);
}
