// S1 of staging: the task's folder on this host and the admin buildpacks (dea_ng: staging_task_workspace.rb).
// Idempotent: the folder's name is the task's own. What the runner is told is written here, as plugin_config.
import { chmod, cp, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildpackDirs, prepareAdminBuildpacks } from '../admin-buildpacks.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import { CACHE, STAGED, STAGING_INFO, UNSTAGED, workspaceInside } from '../layout.ts';
import type { Task } from '../staging.ts';
import { pluginConfig } from '../staging-info.ts';

export async function prepareWorkspace(deps: DeaDeps, task: Task, doing: Doing): Promise<void> {
  const { staging, tmp } = deps.settings.folders;
  for (const folder of [staging, tmp, task.workspace]) await mkdir(folder, { recursive: true, mode: 0o755 });
  await chmod(task.workspace, 0o755);
  await deps.prepared;
  await prepareAdminBuildpacks(deps, task.message, doing);
  const custom = await customFolder(task);
  const { properties } = task.message;
  const dirs = buildpackDirs(task.message, deps.bundled);
  const chosen = properties.buildpack_key ? dirs.find((d) => d.key === properties.buildpack_key) : undefined;
  if (properties.buildpack_key && !chosen) {
    throw new Error(`[dea] could not use buildpack ${properties.buildpack_key}: it is not among those of the request`);
  }
  await writeFile(
    join(task.workspace, 'plugin_config'),
    pluginConfig({
      source_dir: UNSTAGED,
      dest_dir: STAGED,
      cache_dir: CACHE,
      staging_info_path: STAGING_INFO,
      buildpack_dirs: dirs.map((d) => d.dir),
      buildpack_key: chosen ? basename(chosen.dir) : '',
      custom_dir: custom ?? '',
      buildpack_git_url: custom ? '' : (properties.buildpack ?? properties.buildpack_git_url ?? ''),
      meta_command: properties.meta.command ?? '',
    }),
    { mode: 0o644 },
  );
}

export async function removeWorkspace(_deps: DeaDeps, task: Task): Promise<void> {
  await rm(task.workspace, { recursive: true, force: true });
}

/**
 * A buildpack given as a folder of this host: copied into the workspace with modes that the container's vcap can read.
 * Answers its path inside, or undefined when the user named none or a URL.
 */
async function customFolder(task: Task): Promise<string | undefined> {
  const named = task.message.properties.buildpack ?? task.message.properties.buildpack_git_url;
  const folder = named?.startsWith('file://') ? named.slice('file://'.length) : named;
  if (!folder?.startsWith('/')) return undefined;
  if (!(await stat(join(folder, 'bin/compile')).catch(() => undefined))) {
    throw new Error(`[dea] could not use the buildpack ${folder}: there is no bin/compile in it on this host`);
  }
  const name = basename(folder);
  const copy = join(task.workspace, 'buildpack', name);
  await cp(folder, copy, { recursive: true, filter: (source) => basename(source) !== '.git' });
  await openToAll(join(task.workspace, 'buildpack'));
  return `${workspaceInside(task.id)}/buildpack/${name}`;
}

async function openToAll(path: string): Promise<void> {
  const { mode } = await stat(path);
  await chmod(path, mode | 0o555);
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const child = join(path, entry.name);
    if (entry.isDirectory()) await openToAll(child);
    else if (entry.isFile()) {
      const { mode: own } = await stat(child);
      await chmod(child, own | 0o444 | (own & 0o100 ? 0o111 : 0));
    }
  }
}
