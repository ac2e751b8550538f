// What `cf push` sends before STARTED, in its order: the app's record and route, and the bits. Used by the command line
// and by the page's push; it knows nothing of staging.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { zipFolder } from '../cc/zip.ts';
import { Refusal } from '../main/refusal.ts';
import type { LabClient } from './lab-client.ts';

/** A resource of the v2 API, and a list of them. */
export const Resource = z.object({
  metadata: z.object({ guid: z.string(), url: z.string() }),
  entity: z.looseObject({}),
});
export const List = z.object({ resources: z.array(Resource) });

const POLL_MS = 200;

/**
 * Creates the app, or changes the one of that name, and sees to its route: a host that is left from an app that was
 * deleted without its routes is taken again, as `cf` does. Returns the app's guid. Throws the lab's own refusal.
 */
export async function recordApp(client: LabClient, name: string, entity: Record<string, unknown>): Promise<string> {
  const present = List.parse(await client.cf('GET', `/v2/apps?q=name:${encodeURIComponent(name)}`)).resources[0];
  const space = first(await client.cf('GET', '/v2/spaces'), 'space').metadata.guid;
  const app = present
    ? await client.cf('PUT', `/v2/apps/${present.metadata.guid}`, entity)
    : await client.cf('POST', '/v2/apps', { name, space_guid: space, ...entity });
  const { guid } = Resource.parse(app).metadata;
  if (!present) {
    const domain = first(await client.cf('GET', '/v2/shared_domains'), 'shared domain').metadata.guid;
    const wanted = `host:${encodeURIComponent(name)};domain_guid:${domain}`;
    const known = List.parse(await client.cf('GET', `/v2/routes?q=${wanted}`)).resources[0];
    const route =
      known ??
      Resource.parse(await client.cf('POST', '/v2/routes', { host: name, domain_guid: domain, space_guid: space }));
    await client.cf('PUT', `/v2/apps/${guid}/routes/${route.metadata.guid}`);
  }
  return guid;
}

/** Uploads a folder as `cf` does, a zip in a form, and waits until the lab has unpacked it. */
export async function uploadZip(client: LabClient, path: string, folder: string, part: string): Promise<void> {
  const temporary = mkdtempSync(join(tmpdir(), 'wardenscope-'));
  try {
    const archive = join(temporary, `${part}.zip`);
    await zipFolder(folder, membersOf(folder), archive);
    const boundary = randomBytes(12).toString('hex');
    const head = (name: string, more: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}\r\n\r\n`;
    const body = Buffer.concat([
      Buffer.from(
        `${head('resources', '')}[]\r\n${head(part, `; filename="${part}.zip"\r\nContent-Type: application/zip`)}`,
      ),
      readFileSync(archive),
      Buffer.from(`\r\n--${boundary}--\r\n`),
    ]);
    const answer = await client.upload(path, { 'content-type': `multipart/form-data; boundary=${boundary}` }, body);
    const job = z.object({ metadata: z.object({ url: z.string().includes('/jobs/') }) }).safeParse(answer).data
      ?.metadata.url;
    if (!job) return;
    await until(async () => {
      const { status } = z.object({ status: z.string() }).parse(Resource.parse(await client.cf('GET', job)).entity);
      if (status === 'failed')
        throw new Refusal('The lab could not unpack what was uploaded; wardenscope state shows more.');
      return status === 'finished';
    });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

/** Files of a folder as `cf` takes them: without version control. */
function membersOf(folder: string, at = folder): { path: string; mode: number }[] {
  return readdirSync(at, { withFileTypes: true }).flatMap((entry) => {
    const path = join(at, entry.name);
    if (entry.isDirectory()) return ['.git', '.svn', '.hg'].includes(entry.name) ? [] : membersOf(folder, path);
    const found = statSync(path, { throwIfNoEntry: false });
    return found?.isFile() ? [{ path: relative(folder, path), mode: found.mode & 0o777 }] : [];
  });
}

function first(list: unknown, what: string) {
  const [one] = List.parse(list).resources;
  if (!one) throw new Refusal(`The lab has no ${what}.`);
  return one;
}

/** Asks again and again, in real time, until it is done. */
export async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await pause();
}

export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
