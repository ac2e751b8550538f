// Every remaining request of the `cf` commands (6.1 to 6.36), by command, with the fields that the command reads.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pushBits, running, start, type Target, target } from './client.ts';
import { type Json, type Rig, rig } from './support.ts';

let cf: Rig;
let to: Target;
let app: string;
beforeAll(async () => {
  cf = await rig();
  to = await target(cf, 'L');
  app = await pushBits(cf, to, 'hello', 'L');
  await start(cf, app);
  await running(cf, app);
});
afterAll(() => cf.close());

const resource = (entity: Json) => ({ metadata: { guid: expect.any(String) }, entity });
const listOf = (...entities: Json[]) => ({ next_url: null, resources: entities.map(resource) });
const shared = { name: 'localhost' };
const fill = (path: string) =>
  path.replace('ORG', to.org).replace('SPACE', to.space).replace('DOMAIN', to.domain).replace('APP', app);

const COMMANDS: [command: string, path: string, fields: () => Json][] = [
  ['api', '/v2/info', () => ({ api_version: expect.stringMatching(/^2\./), token_endpoint: cf.url })],
  ['auth', '/login', () => ({ prompts: { username: ['text', 'Email'], password: ['password', 'Password'] } })],
  ['orgs', '/v2/organizations', () => listOf({ name: 'lab' })],
  ['spaces', '/v2/organizations/ORG/spaces?inline-relations-depth=1', () => listOf({ name: 'lab' })],
  ['stacks', '/v2/stacks', () => listOf({ name: 'lucid64', description: expect.any(String) })],
  ['push -s', '/v2/stacks?q=name:lucid64', () => listOf({ name: 'lucid64' })],
  ['domains 6.1', '/v2/organizations/ORG/domains', () => listOf(shared)],
  ['domains 6.10', '/v2/organizations/ORG/private_domains', () => listOf()],
  ['domains 6.36', '/v2/shared_domains?inline-relations-depth=1', () => listOf(shared)],
  ['push 6.0', '/v2/domains?inline-relations-depth=1&q=name:localhost', () => listOf(shared)],
  ['map-route 6.0', '/v2/spaces/SPACE/domains?inline-relations-depth=1&q=name:localhost', () => listOf(shared)],
  ['map-route 6.1', '/v2/organizations/ORG/domains?inline-relations-depth=1&q=name:localhost', () => listOf(shared)],
  ['map-route 6.10', '/v2/shared_domains?q=name:localhost', () => listOf(shared)],
  ['app 6.36', '/v2/shared_domains/DOMAIN', () => resource(shared)],
  [
    'routes',
    '/v2/spaces/SPACE/routes?inline-relations-depth=1',
    () =>
      listOf({
        host: 'hello',
        domain: resource(shared),
        apps: [resource({ name: 'hello' })],
        space: resource({ name: 'lab' }),
      }),
  ],
  ['routes 6.0', '/v2/routes?inline-relations-depth=1', () => listOf({ host: 'hello', domain: resource(shared) })],
  [
    'unmap-route',
    '/v2/routes?inline-relations-depth=1&q=host%3Ahello%3Bdomain_guid%3ADOMAIN',
    () => listOf({ host: 'hello', domain: resource(shared) }),
  ],
  ['push 6.36', '/v2/routes?q=domain_guid:DOMAIN&q=host:hello&q=path:', () => listOf({ host: 'hello' })],
  ['app 6.26', '/v2/apps/APP/routes', () => listOf({ host: 'hello', domain_guid: to.domain })],
  ['app 6.1', '/v2/apps/APP/summary', () => ({ name: 'hello', running_instances: 1, services: [] })],
  ['env', '/v2/apps/APP/env', () => ({ environment_json: {}, system_env_json: {}, running_env_json: {} })],
  ['events 6.0', '/v2/apps/APP/events?results-per-page=50', () => ({ resources: expect.any(Array), next_url: null })],
  ['services', '/v2/service_bindings?q=app_guid:APP', () => listOf()],
  ['marketplace', '/v2/spaces/SPACE/services?inline-relations-depth=1', () => listOf()],
  ['create-service', '/v2/spaces/SPACE/services?q=label:L', () => listOf()],
  [
    'app 6.36 entity',
    '/v2/apps/APP',
    () =>
      resource({
        ...{ state: 'STARTED', instances: 1, memory: 128, disk_quota: 1024, package_state: 'STAGED' },
        ...{ stack_guid: expect.any(String), package_updated_at: expect.any(String), health_check_type: 'port' },
      }),
  ],
];

describe('the requests of cf', () => {
  it.each(COMMANDS)('%s: %s', async (_, path, fields) => {
    const { status, json } = await cf.call('GET', fill(path));
    expect(status).toBe(200);
    expect(json).toMatchObject(fields());
  });

  it('env-like merges keep what they send: the whole map replaces the old one', async () => {
    await cf.call('PUT', `/v2/apps/${app}?async=true&inline-relations-depth=1`, {
      environment_json: { A: '1', B: '2' },
    });
    const { json } = await cf.call('PUT', `/v2/apps/${app}`, { environment_json: { A: '1' } });
    expect(json.entity.environment_json).toEqual({ A: '1' });
  });

  it('a push of an existing app in 6.36 sends back what it was given, and nothing changes', async () => {
    const before = (await cf.call('GET', `/v2/apps/${app}`)).json.entity;
    const { disk_quota, instances, health_check_type, health_check_http_endpoint, environment_json, memory } = before;
    const again = { disk_quota, instances, health_check_type, health_check_http_endpoint, environment_json, memory };
    const { status, json } = await cf.call('PUT', `/v2/apps/${app}`, { name: 'hello', ...again });
    expect(status).toBe(201);
    expect({ ...json.entity, updated_at: null }).toEqual({ ...before, updated_at: null });
  });

  it('restage with an empty chunked body, as 6.10 to 6.26 send it', async () => {
    const body = new ReadableStream({ start: (c) => c.close() });
    const { token } = { token: (await tokens()).access_token };
    const response = await fetch(`${cf.url}/v2/apps/${app}/restage`, {
      method: 'POST',
      headers: { authorization: `bearer ${token}`, 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(201);
    await running(cf, app);
  });

  it('unbind, delete-service and the like find nothing to do and say so in the envelope', async () => {
    const { status, json } = await cf.call('DELETE', '/v2/service_bindings/none?async=true');
    expect([status, json.error_code]).toEqual([404, 'CF-NotFound']);
  });
});

async function tokens(): Promise<Json> {
  const form = new URLSearchParams({ grant_type: 'password', username: 'admin', password: 'admin' });
  const headers = { authorization: 'Basic Y2Y6', 'content-type': 'application/x-www-form-urlencoded' };
  return (await cf.call('POST', '/oauth/token', form.toString(), headers)).json;
}
