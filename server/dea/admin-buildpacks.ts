// The Cloud Controller's buildpacks on this DEA: fetched when a staging needs them, thrown away when no staging does
// (dea_ng: staging_task_workspace.rb, reference 1.7 S1). One preparation at a time, as behind the original's mutex.
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises';
import type { DeaDeps, Doing } from './deps.ts';
import { download } from './download.ts';
import { ADMIN_BUILDPACKS, BUILDPACKS } from './layout.ts';
import type { StagingMessage } from './messages.ts';
import { unzip } from './unzip.ts';

type Offered = StagingMessage['admin_buildpacks'][number];

/** The folder name of a system buildpack (`system:nodejs`), which every DEA has already; else undefined. */
export function systemFolder(offered: Offered): string | undefined {
  return offered.url.startsWith('system:') ? offered.url.slice('system:'.length) : undefined;
}

/** Paths inside the container, in the order in which they are asked: the message's, or the bundled ones if it has none. */
export function buildpackDirs(message: StagingMessage, bundled: readonly string[]): { key: string; dir: string }[] {
  if (message.admin_buildpacks.length === 0)
    return bundled.map((name) => ({ key: name, dir: `${BUILDPACKS}/${name}` }));
  return message.admin_buildpacks.map((offered) => {
    const system = systemFolder(offered);
    return { key: offered.key, dir: system ? `${BUILDPACKS}/${system}` : `${ADMIN_BUILDPACKS}/${offered.key}` };
  });
}

let turn: Promise<unknown> = Promise.resolve();

/** Downloads what is missing and deletes what neither this message nor another running task uses. */
export function prepareAdminBuildpacks(deps: DeaDeps, message: StagingMessage, doing: Doing): Promise<void> {
  const mine = turn.then(
    () => prepare(deps, message, doing),
    () => prepare(deps, message, doing),
  );
  turn = mine.catch(() => undefined);
  return mine;
}

async function prepare(deps: DeaDeps, message: StagingMessage, doing: Doing): Promise<void> {
  const { adminBuildpacks, tmp } = deps.settings.folders;
  await mkdir(adminBuildpacks, { recursive: true, mode: 0o755 });
  await mkdir(tmp, { recursive: true });
  const used = new Set(
    [message, ...[...deps.registry.tasks.values()].map((t) => t.message)].flatMap((m) =>
      m.admin_buildpacks.map((b) => b.key),
    ),
  );
  for (const present of await readdir(adminBuildpacks)) {
    if (!used.has(present)) await rm(`${adminBuildpacks}/${present}`, { recursive: true, force: true });
  }
  for (const offered of message.admin_buildpacks) {
    if (!systemFolder(offered) && !existsSync(`${adminBuildpacks}/${offered.key}`))
      await fetchOne(deps, offered, doing);
  }
}

/** Unpacked beside and renamed: a buildpack is there as a whole or not at all. */
async function fetchOne(deps: DeaDeps, offered: Offered, { trail, signal, actor }: Doing): Promise<void> {
  const { adminBuildpacks, tmp } = deps.settings.folders;
  if (offered.key.includes('/') || offered.key.startsWith('.'))
    throw new Error(`[dea] could not fetch buildpack ${offered.key}: bad key`);
  const zip = `${tmp}/${offered.key}.zip`;
  const part = `${tmp}/${offered.key}.unpacked`;
  try {
    await download({ lab: deps.lab, url: offered.url, file: zip, from: actor, trail, signal });
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    await unzip(zip, part);
    for (const script of ['detect', 'compile', 'release']) {
      if (existsSync(`${part}/bin/${script}`)) await chmod(`${part}/bin/${script}`, 0o755);
    }
    await chmod(part, 0o755);
    await rename(part, `${adminBuildpacks}/${offered.key}`);
  } finally {
    await rm(zip, { force: true });
    await rm(part, { recursive: true, force: true });
  }
}
