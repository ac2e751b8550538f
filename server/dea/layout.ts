// Where things are inside a container (reference 1.7). Every script of the DEA takes its paths from here.
// The DEA's own folders get the paths of the BOSH release inside, whatever they are called on this host: a data folder
// under somebody's home would else be behind a door that vcap cannot open.

export const HOME = '/home/vcap';
export const APP_LINK = '/app';
export const UNSTAGED = '/tmp/unstaged';
export const STAGED = '/tmp/staged';
export const STAGING_LOG = `${STAGED}/logs/staging_task.log`;
export const STAGING_INFO = `${STAGED}/staging_info.yml`;
export const CACHE = '/tmp/cache';
export const DROPLET_TGZ = '/tmp/droplet.tgz';
export const CACHE_TGZ = '/tmp/buildpack_cache.tgz';

const DATA = '/var/vcap/data/dea_next';
export const ADMIN_BUILDPACKS = `${DATA}/admin_buildpacks`;
export const BUILDPACKS = '/var/vcap/packages/dea_next/buildpacks';

/** A staging task's workspace as its container sees it. */
export function workspaceInside(taskId: string): string {
  return `${DATA}/staging/${taskId}`;
}

/** The folder of a droplet as an instance's container sees it. */
export function dropletInside(sha1: string): string {
  return `${DATA}/droplets/${sha1}`;
}

/** A buildpack that the user gave as a folder of this host. */
export function customBuildpackInside(name: string): string {
  return `${DATA}/custom_buildpacks/${name}`;
}
