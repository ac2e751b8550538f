// The request sequences of the `cf` command line, as measured from its versions: L for 6.1 to 6.26, N for 6.36.
import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import type { Rig } from './support.ts';

/** Whatever speaks to a Cloud Controller as `cf` does. */
export type Client = Pick<Rig, 'call' | 'login'>;

import { zipOf } from './zip-fixture.ts';

export const FILES = { 'package.json': '{"name":"hello"}', 'server.js': 'require("http")' };

export interface Target {
  org: string;
  space: string;
  domain: string;
}

export async function target(rig: Client, dialect: 'L' | 'N'): Promise<Target> {
  await rig.call('GET', '/v2/info');
  await rig.call('GET', '/login');
  await rig.login();
  const ask = async (path: string) => {
    const answer = await rig.call('GET', path);
    expect(answer.status, path).toBe(200);
    return answer.json.resources[0].metadata.guid as string;
  };
  const org =
    dialect === 'L'
      ? await ask('/v2/organizations?q=name%3Alab&inline-relations-depth=1')
      : await ask('/v2/organizations?order-by=name&q=name:lab');
  const space =
    dialect === 'L'
      ? await ask(`/v2/organizations/${org}/spaces?q=name%3Alab&inline-relations-depth=1`)
      : await ask(`/v2/spaces?order-by=name&q=name:lab&q=organization_guid:${org}`);
  await rig.call('GET', `/v2/organizations/${org}/private_domains`);
  return { org, space, domain: await ask('/v2/shared_domains') };
}

/** A, the app lookup that legacy commands begin with. */
export async function lookup(rig: Client, { space }: Target, name: string) {
  const path = `/v2/spaces/${space}/apps?q=name%3A${name}&inline-relations-depth=1`;
  return (await rig.call('GET', path)).json.resources[0];
}

/** Everything of `cf push` up to the bits; leaves the app STOPPED. Returns its guid. */
export async function pushBits(
  rig: Client,
  to: Target,
  name: string,
  dialect: 'L' | 'N',
  more: object = {},
  files: Record<string, string> = FILES,
) {
  const record = { name, space_guid: to.space, memory: 128, ...more };
  let app: string;
  if (dialect === 'L') {
    expect(await lookup(rig, to, name)).toBeUndefined();
    const made = await rig.call('POST', '/v2/apps?async=true', record);
    expect(made.status).toBe(201);
    app = made.json.metadata.guid;
    const found = await rig.call(
      'GET',
      `/v2/routes?inline-relations-depth=1&q=${encodeURIComponent(`host:${name};domain_guid:${to.domain}`)}`,
    );
    expect(found.json.resources).toEqual([]);
    const route = await rig.call('POST', '/v2/routes?async=true&inline-relations-depth=1', {
      ...{ host: name, domain_guid: to.domain, space_guid: to.space },
    });
    expect(route.json.entity.domain.entity.name).toBe('localhost');
    expect((await rig.call('PUT', `/v2/apps/${app}/routes/${route.json.metadata.guid}`)).status).toBe(201);
  } else {
    const none = await rig.call('GET', `/v2/apps?q=name:${name}&q=space_guid:${to.space}`);
    expect(none.json.resources).toEqual([]);
    await rig.call('GET', `/v2/routes?q=domain_guid:${to.domain}&q=host:${name}&q=path:`);
    const free = await rig.call('GET', `/v2/routes/reserved/domain/${to.domain}?host=${name}`);
    expect(free).toMatchObject({ status: 404, json: { code: 10000, error_code: 'CF-NotFound' } });
    app = (await rig.call('POST', '/v2/apps', record)).json.metadata.guid;
    const route = await rig.call('POST', '/v2/routes', {
      ...{ host: name, port: null, domain_guid: to.domain, space_guid: to.space },
    });
    expect((await rig.call('PUT', `/v2/routes/${route.json.metadata.guid}/apps/${app}`)).status).toBe(201);
    const taken = await rig.call('GET', `/v2/routes/reserved/domain/${to.domain}?host=${name}`);
    expect(taken.status).toBe(204);
  }
  await uploadBits(rig, app, files);
  return app;
}

/** `resource_match`, then only what is not known yet; polls the job as every version does. */
export async function uploadBits(rig: Client, app: string, files: Record<string, string>) {
  const all = Object.entries(files).map(([fn, text]) => ({
    ...{ fn, mode: '644', size: Buffer.byteLength(text) },
    sha1: createHash('sha1').update(text).digest('hex'),
  }));
  const known = (await rig.call('PUT', '/v2/resource_match', all)).json as typeof all;
  const rest = all.filter((r) => !known.some((k) => k.fn === r.fn));
  const form = new FormData();
  form.append('resources', JSON.stringify(known));
  if (rest.length > 0) {
    const zip = zipOf(rest.map(({ fn }) => ({ name: fn, data: files[fn] ?? '' })));
    form.append('application', new Blob([new Uint8Array(zip)], { type: 'application/zip' }), 'application.zip');
  }
  const reply = await rig.call('PUT', `/v2/apps/${app}/bits?async=true`, form);
  expect(reply.status).toBe(201);
  expect(reply.json.metadata.url).toContain('/jobs/');
  const job = await rig.call('GET', reply.json.metadata.url);
  return { known, job: job.json.entity };
}

export async function start(rig: Client, app: string, dialect: 'L' | 'N' = 'L') {
  const query = dialect === 'L' ? '?async=true&inline-relations-depth=1' : '';
  return rig.call('PUT', `/v2/apps/${app}${query}`, { state: 'STARTED' });
}

/** Waits as both dialects do until one instance runs. */
export async function running(rig: Client, app: string): Promise<Record<string, { state: string }>> {
  const end = Date.now() + 60_000;
  for (;;) {
    const { status, json } = await rig.call('GET', `/v2/apps/${app}/instances`);
    if (status === 200 && Object.values<{ state: string }>(json).some((i) => i.state === 'RUNNING')) return json;
    if (status >= 400 && json.code !== 170002) throw new Error(JSON.stringify(json));
    if (Date.now() > end) throw new Error(`no instance runs: ${JSON.stringify(json)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
