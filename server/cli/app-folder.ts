// From a folder that a user names to an app with bits, which is not started.
import { statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Refusal } from '../main/refusal.ts';
import { recordApp, uploadZip } from './cf-push.ts';
import type { LabClient } from './lab-client.ts';

/** The folder, absolute. Throws a Refusal when it is none. */
export function folderOf(path: string | undefined): string {
  if (!path) throw new Refusal('Which folder? Give the app, such as lessons/apps/hello-node.');
  const folder = resolve(process.env.INIT_CWD ?? '.', path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw new Refusal(`${folder} is not a folder.`);
  return folder;
}

/** The folder's name as an app's, which is a host name too. */
export function appNameOf(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return name || 'app';
}

/** Everything of a push before STARTED. */
export async function prepare(client: LabClient, folder: string, name: string, entity: Record<string, unknown>) {
  const guid = await recordApp(client, name, entity);
  await uploadZip(client, `/v2/apps/${guid}/bits?async=true`, folder, 'application');
  return guid;
}
