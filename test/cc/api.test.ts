// The v2 API's manners: access, errors, both query dialects, pages, records that refuse.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../server/cc/database.ts';
import { ROUTES } from '../../server/cc/routes.ts';
import { pushBits, start, type Target, target } from './client.ts';
import { type Json, type Rig, rig, until } from './support.ts';
import { zipOf } from './zip-fixture.ts';

let cf: Rig;
let to: Target;
beforeAll(async () => {
  cf = await rig();
  to = await target(cf, 'N');
});
afterAll(() => cf.close());

describe('access', () => {
  it('asks every route but the open ones for a token or for the internal password', async () => {
    for (const [method, path, access] of ROUTES) {
      if (access === 'open') continue;
      const response = await fetch(cf.url + path.replaceAll(/:\w+/g, 'x'), { method: method.toUpperCase() });
      const body = (await response.json()) as { code: number };
      const expected = access === 'user' ? [401, 1000] : [401, 10002];
      expect([response.status, body.code], `${method} ${path}`).toEqual(expected);
    }
  });

  it('does not let a user in where DEAs go, nor DEAs where users go', async () => {
    expect((await cf.call('GET', '/bulk/apps')).status).toBe(401);
    expect((await cf.internal('GET', '/v2/apps')).status).toBe(401);
    expect((await cf.internal('GET', '/bulk/apps')).status).toBe(200);
  });

  it('answers unknown paths with the envelope that clients parse', async () => {
    expect(await cf.call('GET', '/v2/nothing')).toMatchObject({
      ...{ status: 404, json: { code: 10000, description: 'Unknown request', error_code: 'CF-NotFound' } },
    });
  });

  it('answers malformed JSON, bad numbers and unknown filters with what was wrong', async () => {
    expect((await cf.call('POST', '/v2/apps', '{')).json.code).toBe(1001);
    expect((await cf.call('POST', '/v2/apps', { space_guid: 'x' })).json).toMatchObject({ code: 1001 });
    expect((await cf.call('GET', '/v2/apps?page=0')).json.code).toBe(10005);
    expect((await cf.call('GET', '/v2/apps?q=guid;DROP%20TABLE:x')).json.code).toBe(10005);
    expect((await cf.call('GET', '/v2/apps?order-by=rowid')).json.code).toBe(10005);
  });

  it('passes on what is not its own', async () => {
    expect((await cf.call('GET', '/some/app').catch((e: Error) => e)).constructor.name).toBe('SyntaxError');
  });
});

describe('lists', () => {
  beforeAll(async () => {
    for (const name of ['p1', 'p2', 'p3']) await cf.call('POST', '/v2/apps', { name, space_guid: to.space });
  });
  const names = async (query: string) =>
    (await cf.call('GET', `/v2/apps?${query}`)).json.resources.map((r: Json) => r.entity.name);

  it('are filtered by one q with semicolons, by several, and by IN', async () => {
    expect(await names(`q=${encodeURIComponent(`name:p1;space_guid:${to.space}`)}`)).toEqual(['p1']);
    expect(await names(`q=name:p2&q=space_guid:${to.space}`)).toEqual(['p2']);
    expect(await names('q=name%20IN%20p1,p3')).toEqual(['p1', 'p3']);
    expect(await names(`q=name:P1&q=space_guid:${to.space}`)).toEqual(['p1']);
    expect(await names('q=name:none')).toEqual([]);
  });

  it('are ordered and cut into pages whose links lead through all of them', async () => {
    const first = (await cf.call('GET', '/v2/apps?results-per-page=2&order-by=name&order-direction=desc')).json;
    expect(first).toMatchObject({ total_results: 3, total_pages: 2, prev_url: null });
    expect(first.resources.map((r: Json) => r.entity.name)).toEqual(['p3', 'p2']);
    const second = (await cf.call('GET', first.next_url)).json;
    expect(second.resources.map((r: Json) => r.entity.name)).toEqual(['p1']);
    expect(second.next_url).toBeNull();
    expect((await cf.call('GET', second.prev_url)).json).toEqual(first);
  });

  it('inline relations to the depth asked for and no deeper', async () => {
    const [shallow] = (await cf.call('GET', '/v2/apps?q=name:p1')).json.resources;
    expect(shallow.entity).not.toHaveProperty('space');
    const [deep] = (await cf.call('GET', '/v2/apps?q=name:p1&inline-relations-depth=1')).json.resources;
    expect(deep.entity.space.entity.name).toBe('lab');
    expect(deep.entity.space.entity).not.toHaveProperty('organization');
    const [deeper] = (await cf.call('GET', '/v2/apps?q=name:p1&inline-relations-depth=2')).json.resources;
    expect(deeper.entity.space.entity.organization.entity.name).toBe('lab');
  });

  it('of services are empty, as there are none', async () => {
    for (const path of ['services', 'service_plans?q=service_guid%20IN%20a,b', 'service_bindings?q=app_guid:x']) {
      expect((await cf.call('GET', `/v2/${path}`)).json).toMatchObject({
        total_results: 0,
        next_url: null,
        resources: [],
      });
    }
    const instances = `/v2/spaces/${to.space}/service_instances?return_user_provided_service_instances=true&q=name:S`;
    expect((await cf.call('GET', instances)).json.resources).toEqual([]);
  });
});

describe('an app record', () => {
  const post = (more: object) => cf.call('POST', '/v2/apps', { name: 'odd', space_guid: to.space, ...more });

  it.each([
    [{ environment_json: { VCAP_X: '1' } }, 100001, /VCAP_X/],
    [{ environment_json: { vmc_x: '1' } }, 100001, /vmc_x/],
    [{ environment_json: { 'a b': '1' } }, 100001, /a b/],
    [{ instances: 0 }, 100001, /instances/],
    [{ memory: 0 }, 100001, /memory/],
    [{ disk_quota: 4096 }, 100001, /disk_quota/],
    [{ health_check_timeout: 181 }, 100001, /health_check_timeout/],
    [{ buildpack: 'nodjs_buildpack' }, 100001, /cf buildpacks/],
    [{ stack_guid: 'none' }, 250003, /stack/],
    [{ space_guid: 'none' }, 40004, /space/],
    [{ name: 'p1' }, 100002, /p1/],
    [{ memory: '128' }, 1001, /memory/],
  ])('with %j is refused', async (more, code, why) => {
    const { status, json } = await post(more);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(json.code).toBe(code);
    expect(json.description).toMatch(why);
  });

  it('takes an empty buildpack and command as none', async () => {
    const { json } = await post({ name: 'plain', buildpack: '', command: '' });
    expect(json.entity).toMatchObject({ buildpack: null, command: null, state: 'STOPPED', package_state: 'PENDING' });
  });

  it('that is refused changes nothing', async () => {
    const { json } = await post({ name: 'firm' });
    const path = `/v2/apps/${json.metadata.guid}`;
    await cf.call('PUT', path, { memory: 64, environment_json: { VCAP_A: 'x' } });
    expect((await cf.call('GET', path)).json).toEqual((await cf.call('GET', path)).json);
    expect((await cf.call('GET', path)).json.entity.memory).toBe(1024);
  });
});

describe('routes', () => {
  const post = (host: string, more: object = {}) =>
    cf.call('POST', '/v2/routes', { host, domain_guid: to.domain, space_guid: to.space, ...more });

  it('have one owner for each host', async () => {
    expect((await post('taken')).status).toBe(201);
    expect((await post('TAKEN')).json.code).toBe(210003);
    expect((await post('')).json.code).toBe(210001);
    expect((await post('not a host')).json.code).toBe(210001);
    expect((await post('x', { domain_guid: 'none' })).json.code).toBe(130002);
  });

  it('are unmapped from their apps when they are deleted', async () => {
    const app = await pushBits(cf, to, 'routed', 'N');
    const [route] = (await cf.call('GET', `/v2/apps/${app}/routes`)).json.resources;
    expect((await cf.call('DELETE', `/v2/routes/${route.metadata.guid}?async=true`)).status).toBe(204);
    expect((await cf.call('GET', `/v2/apps/${app}/routes`)).json.resources).toEqual([]);
  });
});

describe('buildpacks', () => {
  const order = async () =>
    (await cf.call('GET', '/v2/buildpacks')).json.resources.map((r: Json) => `${r.entity.position} ${r.entity.name}`);

  it('keep a dense order whatever is inserted, moved or deleted', async () => {
    const made = await cf.call('POST', '/v2/buildpacks', { name: 'mine', position: 1 });
    expect(await order()).toEqual(['1 mine', '2 nodejs_buildpack', '3 staticfile_buildpack', '4 procfile_buildpack']);
    await cf.call('PUT', `/v2/buildpacks/${made.json.metadata.guid}`, { position: 3 });
    expect(await order()).toEqual(['1 nodejs_buildpack', '2 staticfile_buildpack', '3 mine', '4 procfile_buildpack']);
    await cf.call('DELETE', `/v2/buildpacks/${made.json.metadata.guid}?async=true`);
    expect(await order()).toEqual(['1 nodejs_buildpack', '2 staticfile_buildpack', '3 procfile_buildpack']);
  });

  it('with bits are offered to DEAs by key and URL, and served to them only', async () => {
    const made = await cf.call('POST', '/v2/buildpacks', { name: 'zipped', position: 1 });
    const { guid } = made.json.metadata;
    const send = (name: string) => {
      const form = new FormData();
      form.append('buildpack', new Blob([new Uint8Array(zipOf([{ name: 'bin/detect', data: '#!' }]))]), name);
      return cf.call('PUT', `/v2/buildpacks/${guid}/bits`, form);
    };
    expect((await send('b.tar')).json.code).toBe(290002);
    expect((await send('b.zip')).json.entity.filename).toBe('b.zip');
    const app = await pushBits(cf, to, 'built', 'N');
    await start(cf, app);
    const [offered] = cf.sent.find(([s]) => s === 'staging.0-dea.start')?.[1].admin_buildpacks ?? [];
    expect(offered.key).toMatch(new RegExp(`^${guid}_[0-9a-f]{40}$`));
    const url = new URL(offered.url);
    expect([url.username, url.password]).toEqual(['internal', 'a-secret-for-staging']);
    expect((await cf.internal('GET', url.pathname)).status).toBe(200);
    await cf.call('PUT', `/v2/buildpacks/${guid}`, { locked: true });
    expect((await send('c.zip')).json.code).toBe(290005);
    await until('staged', async () => (await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state === 'STAGED');
  });

  it('of the lab itself cannot be renamed, replaced or deleted', async () => {
    const [system] = (await cf.call('GET', '/v2/buildpacks?q=name:nodejs_buildpack')).json.resources;
    const path = `/v2/buildpacks/${system.metadata.guid}`;
    expect((await cf.call('DELETE', path)).json.code).toBe(290003);
    expect((await cf.call('PUT', path, { name: 'x' })).json.code).toBe(290003);
    expect((await cf.call('PUT', path, { enabled: false })).json.entity.enabled).toBe(false);
    await cf.call('PUT', path, { enabled: true });
  });
});

describe('what DEAs and the health manager ask', () => {
  it('keeps the newest two droplets of an app', async () => {
    const { json } = await cf.call('POST', '/v2/apps', { name: 'dropped', space_guid: to.space });
    const { guid } = json.metadata;
    const upload = async (content: string) => {
      const form = new FormData();
      form.append('upload[droplet]', new Blob([content]), 'droplet.tgz');
      const response = await cf.internal('POST', `/staging/droplets/${guid}/upload?async=true`, form);
      return (await response.json()) as Json;
    };
    for (const content of ['one', 'two', 'three']) {
      const job = await upload(content);
      expect(job.entity.status).toBe('finished');
      expect(job.metadata.url).toContain('/staging/jobs/');
    }
    const kept = cf.cc.store.db.prepare('SELECT count(*) AS n FROM droplets WHERE app_guid = ?').get(guid);
    expect(kept).toMatchObject({ n: 2 });
    expect(await (await cf.internal('GET', `/staging/droplets/${guid}/download`)).text()).toBe('three');
  });

  it('refuses a droplet for an app that is gone, and one whose MD5 differs', async () => {
    const form = new FormData();
    form.append('upload[droplet]', new Blob(['x']), 'droplet.tgz');
    expect((await cf.internal('POST', '/staging/droplets/none/upload', form)).status).toBe(404);
    const { json } = await cf.call('POST', '/v2/apps', { name: 'digest', space_guid: to.space });
    const path = `/staging/droplets/${json.metadata.guid}/upload`;
    const wrong = await cf.internal('POST', path, form, { 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' });
    expect(await wrong.json()).toMatchObject({ code: 380002 });
    const right = await cf.internal('POST', path, form, { 'content-md5': 'ndTkYSaMgDT1yFZOFVxnpg==' });
    expect(right.status).toBe(201);
  });

  it('stores a buildpack cache and names it in the next staging', async () => {
    const app = await pushBits(cf, to, 'cached', 'N');
    const form = new FormData();
    form.append('upload[droplet]', new Blob(['cache']), 'buildpack_cache.tgz');
    expect((await cf.internal('POST', `/staging/buildpack_cache/${app}/upload`, form)).status).toBe(201);
    await start(cf, app);
    const message = cf.sent.filter(([s]) => s === 'staging.0-dea.start').at(-1)?.[1];
    const url = new URL(message.buildpack_cache_download_uri);
    expect(await (await cf.internal('GET', url.pathname)).text()).toBe('cache');
    await until('staged', async () => (await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state === 'STAGED');
  });

  it('lists the desired state in batches until one is empty', async () => {
    const all: Record<string, Json> = {};
    let token = '{"id":0}';
    for (let batch = 0; batch < 50; batch++) {
      const response = await cf.internal('GET', `/bulk/apps?batch_size=2&bulk_token=${encodeURIComponent(token)}`);
      const { results, bulk_token } = (await response.json()) as Json;
      if (Object.keys(results).length === 0) break;
      expect(Object.keys(results).length).toBeLessThanOrEqual(2);
      Object.assign(all, results);
      token = JSON.stringify(bulk_token);
    }
    expect(Object.keys(all).length).toBe(cf.cc.store.apps.count());
    expect(Object.values(all)[0]).toMatchObject({ state: 'STOPPED', instances: 1, package_state: 'PENDING' });
  });
});

describe('the database', () => {
  it('is refused when a newer Wardenscope wrote it, and opened again otherwise', () => {
    const dir = mkdtempSync(join(tmpdir(), 'cc-db-'));
    const path = join(dir, 'db/cc.sqlite');
    openDatabase(path).close();
    const db = openDatabase(path);
    db.exec('PRAGMA user_version = 99');
    db.close();
    expect(() => openDatabase(path)).toThrow(/newer Wardenscope/);
    rmSync(dir, { recursive: true, force: true });
  });
});
