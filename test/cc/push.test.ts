// The commands of `cf`, replayed over HTTP against the real broker and a scripted DEA.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StagingMessage } from '../../server/cc/messages.ts';
import { FILES, lookup, pushBits, running, start, type Target, target, uploadBits } from './client.ts';
import { type Json, type Rig, rig, until } from './support.ts';

let cf: Rig;
let to: Target;
beforeEach(async () => {
  cf = await rig();
  to = await target(cf, 'L');
});
afterEach(() => cf.close());

const messages = (subject: string) => cf.sent.filter(([s]) => s === subject).map(([, m]) => m);

describe.each(['L', 'N'] as const)('cf push, dialect %s', (dialect) => {
  it('stages on a DEA, starts index 0 there without a message, and shows it running', async () => {
    const app = await pushBits(cf, to, 'hello', dialect);
    const started = await start(cf, app, dialect);
    expect(started.status).toBe(201);
    expect(started.json.entity).toMatchObject({ state: 'STARTED' });
    expect(await running(cf, app)).toMatchObject({ 0: { state: 'RUNNING', since: 1404000000.25 } });
    expect(messages('dea.0-dea.start')).toEqual([]);
    const record = (await cf.call('GET', `/v2/apps/${app}`)).json.entity;
    expect(record.package_state).toBe('STAGED');
    await until('the completion is recorded', async () => {
      return (await cf.call('GET', `/v2/apps/${app}`)).json.entity.detected_buildpack === 'Node.js';
    });
    const stats = await cf.call('GET', `/v2/apps/${app}/stats`);
    expect(stats.json[0].stats.usage).toMatchObject({ mem: 1000, disk: 2000 });
  });
});

describe('the staging request', () => {
  it('has the fields of 2014 and a start message for index 0 without a droplet', async () => {
    const app = await pushBits(cf, to, 'hello', 'L', { environment_json: { COLOR: 'blue' }, command: 'node x' });
    await start(cf, app);
    expect(messages('staging.stop')).toEqual([{ app_id: app }]);
    const [message] = messages('staging.0-dea.start');
    expect(Object.keys(message).sort()).toEqual([
      'admin_buildpacks',
      'app_id',
      'buildpack_cache_download_uri',
      'buildpack_cache_upload_uri',
      'download_uri',
      'egress_network_rules',
      'properties',
      'start_message',
      'task_id',
      'upload_uri',
    ]);
    expect(message.task_id).toMatch(/^[0-9a-f]{32}$/);
    expect(message.properties).toEqual({
      services: [],
      resources: { memory: 128, disk: 1024, fds: 16384 },
      environment: ['COLOR=blue'],
      meta: { command: 'node x', console: false },
    });
    expect(message.admin_buildpacks).toEqual([
      { key: 'system/nodejs_buildpack', url: 'system:nodejs' },
      { key: 'system/staticfile_buildpack', url: 'system:staticfile' },
      { key: 'system/procfile_buildpack', url: 'system:procfile' },
    ]);
    expect(message.buildpack_cache_download_uri).toBeNull();
    expect(message.start_message).toMatchObject({
      ...{ droplet: app, name: 'hello', uris: ['hello.localhost'], sha1: null, executableUri: null, index: 0 },
      ...{
        executableFile: 'deprecated',
        services: [],
        limits: { mem: 128, disk: 1024, fds: 16384 },
        cc_partition: 'default',
      },
      ...{ env: ['COLOR=blue'], start_command: 'node x', health_check_timeout: null, console: false, debug: null },
    });
    expect(message.start_message.vcap_application).toMatchObject({
      space_name: 'lab',
      uris: ['hello.localhost'],
      users: null,
    });
  });

  it('names a known buildpack by key and anything else by URL', async () => {
    const app = await pushBits(cf, to, 'hello', 'L', { buildpack: 'staticfile_buildpack' });
    await start(cf, app);
    await cf.call('PUT', `/v2/apps/${app}`, { state: 'STOPPED' });
    await cf.call('PUT', `/v2/apps/${app}`, { buildpack: 'https://example.test/b.git#v1' });
    await until('staged', async () => (await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state === 'STAGED');
    await cf.call('POST', `/v2/apps/${app}/restage`);
    const [known, custom] = messages('staging.0-dea.start').map((m) => m.properties);
    expect(known.buildpack_key).toBe('system/staticfile_buildpack');
    expect(custom).toMatchObject({
      buildpack: 'https://example.test/b.git#v1',
      buildpack_git_url: 'https://example.test/b.git#v1',
    });
    const unknown = await cf.call('PUT', `/v2/apps/${app}`, { buildpack: 'nodjs_buildpack' });
    expect(unknown).toMatchObject({ status: 400, json: { code: 100001 } });
  });

  it('keeps the start blocked until the first reply, and the app PENDING until the droplet is there', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    let answerSetup: () => void = () => undefined;
    let finish: () => void = () => undefined;
    const setup = new Promise<void>((resolve) => {
      answerSetup = resolve;
    });
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const plain = cf.dea.stage;
    cf.dea.stage = async (message) => {
      await setup;
      return { setup: { task_id: message.task_id }, done: finished.then(async () => (await plain(message)).done) };
    };
    let hasAnswered = false;
    const put = start(cf, app).then((answer) => {
      hasAnswered = true;
      return answer;
    });
    await until('the request is on the bus', () => messages('staging.0-dea.start').length === 1);
    expect((await cf.call('GET', `/v2/apps/${app}/instances`)).json).toMatchObject({
      code: 170002,
      error_code: 'CF-NotStaged',
    });
    expect(hasAnswered).toBe(false);
    answerSetup();
    expect((await put).json.entity.package_state).toBe('PENDING');
    expect((await cf.call('GET', `/v2/apps/${app}/stats`)).json.code).toBe(170002);
    finish();
    await running(cf, app);
  });
});

describe('a staging that fails', () => {
  it('is recorded with its reason, and polls are told so', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    cf.dea.stage = async ({ task_id }) => ({
      setup: { task_id },
      done: Promise.resolve({
        task_id,
        error: 'Staging failed',
        error_info: { type: 'NoAppDetectedError', message: 'nothing fits' },
      }),
    });
    expect((await start(cf, app)).status).toBe(201);
    await until('FAILED', async () => (await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state === 'FAILED');
    const { entity } = (await cf.call('GET', `/v2/apps/${app}`)).json;
    expect(entity.staging_failed_reason).toBe('NoAppDetectedError');
    expect((await cf.call('GET', `/v2/apps/${app}/instances`)).json).toMatchObject({
      ...{ code: 170003, error_code: 'CF-NoAppDetectedError' },
    });
  });

  it('at its setup takes the start back and answers the PUT with the error', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    cf.dea.stage = async ({ task_id }) => ({ setup: { task_id, error: 'Not enough memory resources available' } });
    const refused = await start(cf, app);
    expect(refused).toMatchObject({ status: 400, json: { code: 170001, error_code: 'CF-StagingError' } });
    expect(refused.json.description).toBe('Staging error: Not enough memory resources available');
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity).toMatchObject({
      ...{ state: 'STOPPED', package_state: 'FAILED', staging_failed_reason: 'StagingError' },
    });
  });

  it('for want of a stager takes the start back and leaves the app PENDING', async () => {
    const app = await pushBits(cf, to, 'hello', 'L', { memory: 100_000 });
    expect(await start(cf, app)).toMatchObject({
      status: 400,
      json: { description: 'Staging error: no available stagers' },
    });
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity).toMatchObject({
      state: 'STOPPED',
      package_state: 'PENDING',
    });
  });

  it('needs a package first', async () => {
    const { json } = await cf.call('POST', '/v2/apps', { name: 'empty', space_guid: to.space });
    expect(await start(cf, json.metadata.guid)).toMatchObject({ status: 400, json: { code: 150001 } });
  });
});

describe('a running app', () => {
  let app: string;
  const put = (change: object) => cf.call('PUT', `/v2/apps/${app}?async=true&inline-relations-depth=1`, change);
  beforeEach(async () => {
    app = await pushBits(cf, to, 'hello', 'L');
    await start(cf, app);
    await running(cf, app);
    await until('droplet.updated', () => messages('droplet.updated').length === 1);
    cf.sent.length = 0;
  });

  it('is scaled up by start messages for the new indices, with droplet and version', async () => {
    const before = (await cf.call('GET', `/v2/apps/${app}`)).json.entity.version;
    await put({ instances: 3 });
    await until('two starts', () => messages('dea.0-dea.start').length === 2);
    const starts = messages('dea.0-dea.start');
    expect(starts.map((m) => m.index)).toEqual([1, 2]);
    expect(starts[0].version).toBe(before);
    expect(starts[0].sha1).toMatch(/^[0-9a-f]{40}$/);
    expect(starts[0].executableUri).toContain(`/staging/droplets/${app}/download`);
    expect(starts[0]).not.toHaveProperty('staging');
  });

  it('is scaled down by one stop with version and indices', async () => {
    await put({ instances: 3 });
    await put({ instances: 1 });
    const { version } = (await cf.call('GET', `/v2/apps/${app}`)).json.entity;
    await until('the stop', () => messages('dea.stop').length === 1);
    expect(messages('dea.stop')).toEqual([{ droplet: app, version, indices: [1, 2] }]);
  });

  it('gets a new version and no message when its memory changes', async () => {
    const before = (await cf.call('GET', `/v2/apps/${app}`)).json.entity.version;
    const after = (await put({ memory: 256 })).json.entity;
    expect(after.version).not.toBe(before);
    await cf.bus.flush();
    expect(cf.sent).toEqual([]);
  });

  it('is stopped by one message for the whole app, and its instances can then not be asked', async () => {
    await put({ state: 'STOPPED' });
    await until('the stop', () => messages('droplet.updated').length === 1);
    expect(messages('dea.stop')).toEqual([{ droplet: app }]);
    expect((await cf.call('GET', `/v2/apps/${app}/instances`)).json.code).toBe(220001);
    expect((await cf.call('GET', `/v2/apps/${app}/stats`)).json.code).toBe(200003);
  });

  it('starts again without staging, every index by a message', async () => {
    await put({ state: 'STOPPED' });
    await put({ state: 'STARTED' });
    await until('the start', () => messages('dea.0-dea.start').length === 1);
    expect(messages('staging.0-dea.start')).toEqual([]);
    expect(messages('dea.0-dea.start')[0].index).toBe(0);
  });

  it('is restaged by stop, staging and start, and refused while PENDING', async () => {
    const restaged = await cf.call('POST', `/v2/apps/${app}/restage`);
    expect(restaged.status).toBe(201);
    expect(messages('dea.stop')).toHaveLength(1);
    expect(messages('staging.0-dea.start')).toHaveLength(1);
    await running(cf, app);
    cf.dea.stage = async ({ task_id }) => ({ setup: { task_id }, done: new Promise(() => undefined) });
    await cf.call('POST', `/v2/apps/${app}/restage`);
    expect((await cf.call('POST', `/v2/apps/${app}/restage`)).json.code).toBe(170002);
  });

  it('gets new routes by dea.update, with a new version through the app and the old one through the route', async () => {
    const route = await cf.call('POST', '/v2/routes?async=true&inline-relations-depth=1', {
      ...{ host: 'other', domain_guid: to.domain, space_guid: to.space },
    });
    const guid = route.json.metadata.guid;
    const version = async () => (await cf.call('GET', `/v2/apps/${app}`)).json.entity.version;
    const before = await version();
    await cf.call('PUT', `/v2/apps/${app}/routes/${guid}`);
    const mapped = await version();
    expect(mapped).not.toBe(before);
    await cf.call('DELETE', `/v2/apps/${app}/routes/${guid}?async=true`);
    const unmapped = await version();
    await cf.call('PUT', `/v2/routes/${guid}/apps/${app}`);
    expect(await version()).toBe(unmapped);
    await until('three updates', () => messages('dea.update').length === 3);
    expect(messages('dea.update')).toEqual([
      { droplet: app, uris: ['hello.localhost', 'other.localhost'], version: mapped },
      { droplet: app, uris: ['hello.localhost'], version: unmapped },
      { droplet: app, uris: ['hello.localhost', 'other.localhost'], version: unmapped },
    ]);
  });

  it('shows in apps, app, env and events what the commands print', async () => {
    const { apps } = (await cf.call('GET', `/v2/spaces/${to.space}/summary`)).json;
    expect(apps).toMatchObject([
      {
        ...{
          guid: app,
          name: 'hello',
          state: 'STARTED',
          instances: 1,
          running_instances: 1,
          memory: 128,
          disk_quota: 1024,
        },
        ...{ urls: ['hello.localhost'], routes: [{ host: 'hello', domain: { name: 'localhost' } }] },
      },
    ]);
    const summary = (await cf.call('GET', `/v2/apps/${app}/summary`)).json;
    expect(summary).toMatchObject({ guid: app, running_instances: 1, routes: [{ host: 'hello' }] });
    await put({ environment_json: { SECRET: 'x' } });
    const env = (await cf.call('GET', `/v2/apps/${app}/env`)).json;
    expect(env).toMatchObject({
      environment_json: { SECRET: 'x' },
      application_env_json: { VCAP_APPLICATION: { name: 'hello' } },
    });
    const events = await cf.call('GET', `/v2/events?q=actee%3A${app}&order-direction=desc&results-per-page=50`);
    expect(events.json.resources.map((e: Json) => e.entity.type)).toEqual([
      'audit.app.update',
      'audit.app.update',
      'audit.app.create',
    ]);
    expect(JSON.stringify(events.json)).not.toContain('"SECRET"');
  });

  it('records a crash as an event and restarts nothing by itself', async () => {
    const exit = { droplet: app, version: 'v', instance: 'i1', index: 0, reason: 'CRASHED', exit_status: 255 };
    cf.bus.publish('droplet.exited', { ...exit, exit_description: 'out of memory', crash_timestamp: 1404000042 }, null);
    await until(
      'the event',
      async () => (await cf.call('GET', `/v2/events?q=type:app.crash`)).json.total_results === 1,
    );
    const [event] = (await cf.call('GET', `/v2/apps/${app}/events`)).json.resources.filter(
      (e: Json) => e.entity.type === 'app.crash',
    );
    expect(event.entity.metadata).toMatchObject({
      index: 0,
      exit_status: 255,
      exit_description: 'out of memory',
      reason: 'CRASHED',
    });
    expect(cf.sent).toEqual([]);
  });

  it('shows FLAPPING where the health manager counts three crashes, and DOWN where nobody answers', async () => {
    await put({ instances: 2 });
    await until('both run', () => cf.dea.instances.length === 2);
    cf.dea.instances = [];
    cf.dea.crashes = [{ instance_index: 0, crash_count: 3 }];
    const { json } = await cf.call('GET', `/v2/apps/${app}/instances`);
    expect(json).toMatchObject({ 0: { state: 'FLAPPING' }, 1: { state: 'DOWN' } });
  });

  it('is started and stopped by the health manager only where the record agrees', async () => {
    const { version } = (await cf.call('GET', `/v2/apps/${app}`)).json.entity;
    const ask = (subject: string, more: object) =>
      cf.bus.publish(subject, { message_id: 'm', droplet: app, version, instance_index: 0, ...more }, null);
    ask('hm9000.start', { version: 'another' });
    ask('hm9000.start', { instance_index: 7 });
    ask('hm9000.start', {});
    await until('one start', () => messages('dea.0-dea.start').length > 0);
    expect(messages('dea.0-dea.start').map((m) => m.index)).toEqual([0]);
    ask('hm9000.stop', { instance_guid: 'wanted', is_duplicate: false });
    ask('hm9000.stop', { instance_guid: 'extra', is_duplicate: true });
    ask('hm9000.stop', { instance_guid: 'old', is_duplicate: false, version: 'another' });
    ask('hm9000.stop', { droplet: 'unknown', instance_guid: 'lost', is_duplicate: false });
    await until('three stops', () => messages('dea.stop').length === 3);
    expect(messages('dea.stop').map((m) => m.instances)).toEqual([['extra'], ['old'], ['lost']]);
  });

  it('is deleted with its package, droplets and mapping, but not with its route', async () => {
    const found = await lookup(cf, to, 'hello');
    expect(found.entity.routes[0].entity.host).toBe('hello');
    const blob = join(cf.dir, 'blobs/packages', app.slice(0, 2), app.slice(2, 4), app);
    expect(existsSync(blob)).toBe(true);
    expect((await cf.call('DELETE', `/v2/apps/${app}?async=true&recursive=true`)).status).toBe(204);
    await until('the stop', () => messages('dea.stop').length === 1);
    expect(existsSync(blob)).toBe(false);
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.code).toBe(100004);
    expect((await cf.internal('GET', `/staging/droplets/${app}/download`)).status).toBe(404);
    expect((await cf.call('GET', '/v2/routes?inline-relations-depth=1')).json.resources[0].entity.apps).toEqual([]);
  });

  it('is pushed again: known files are not sent, an unchanged package needs no staging, a changed one does', async () => {
    const first = await uploadBits(cf, app, FILES);
    expect(first.known).toHaveLength(2);
    expect(first.job.status).toBe('finished');
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state).toBe('STAGED');
    await uploadBits(cf, app, { ...FILES, 'server.js': 'changed' });
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state).toBe('PENDING');
  });
});

describe('stage_only', () => {
  it('makes a droplet and starts nothing', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    const staged = await cf.call('POST', `/v2/apps/${app}/stage_only`, { buildpack: '/tmp/my-buildpack' });
    expect(staged.status).toBe(201);
    await until('STAGED', async () => (await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state === 'STAGED');
    await until('completed', () => messages('droplet.updated').length === 1);
    const [message] = messages('staging.0-dea.start');
    expect(message.stage_only).toBe(true);
    expect(message.properties.buildpack_git_url).toBe('/tmp/my-buildpack');
    expect(cf.dea.instances).toEqual([]);
    expect(messages('dea.0-dea.start')).toEqual([]);
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity.state).toBe('STOPPED');
    const droplet = await cf.internal('GET', `/staging/droplets/${app}/download`);
    expect(await droplet.text()).toBe(`droplet of ${message.task_id}`);
  });
});

describe('a stop while staging', () => {
  it('tells the DEAs at once, lets the staging finish, and starts no further instance', async () => {
    const app = await pushBits(cf, to, 'hello', 'L', { instances: 2 });
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const plain = cf.dea.stage;
    cf.dea.stage = async (m) => ({ setup: { task_id: m.task_id }, done: gate.then(async () => (await plain(m)).done) });
    await start(cf, app);
    expect((await cf.call('PUT', `/v2/apps/${app}`, { state: 'STOPPED' })).status).toBe(201);
    await until('the stop', () => messages('dea.stop').length === 1);
    finish();
    await until('STAGED', async () => (await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state === 'STAGED');
    await until('completed', () => messages('droplet.updated').length === 2);
    expect(messages('dea.0-dea.start')).toEqual([]);
  });

  it('followed by a start outdates the first task: only the second one counts', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    let finish: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const plain = cf.dea.stage;
    cf.dea.stage = async (m) => ({
      setup: { task_id: m.task_id },
      done: gate.then(() => ({ task_id: m.task_id, error: 'Error staging: task stopped' })),
    });
    await start(cf, app);
    await cf.call('PUT', `/v2/apps/${app}`, { state: 'STOPPED' });
    cf.dea.stage = plain;
    await start(cf, app);
    finish();
    await running(cf, app);
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity.package_state).toBe('STAGED');
    expect(messages('staging.stop')).toHaveLength(2);
  });
});

describe('a restart of the Cloud Controller', () => {
  it('marks what was being staged FAILED and keeps everything else, tokens too', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    const ready = await pushBits(cf, to, 'ready', 'L');
    await start(cf, ready);
    await running(cf, ready);
    cf.dea.stage = async ({ task_id }) => ({ setup: { task_id }, done: new Promise(() => undefined) });
    await start(cf, app);
    await cf.restart();
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity).toMatchObject({
      ...{ state: 'STARTED', package_state: 'FAILED', staging_failed_reason: 'StagingError' },
      staging_failed_description: 'the Cloud Controller was restarted while staging',
    });
    expect((await cf.call('GET', `/v2/apps/${ready}`)).json.entity.package_state).toBe('STAGED');
    expect(await running(cf, ready)).toMatchObject({ 0: { state: 'RUNNING' } });
    const orphan = join(cf.dir, 'blobs/packages/no/bo/nobody');
    mkdirSync(dirname(orphan), { recursive: true });
    writeFileSync(orphan, 'stored just before a kill');
    await cf.restart();
    expect(existsSync(orphan)).toBe(false);
    const package_ = await cf.internal('GET', `/staging/apps/${app}`);
    const kept = join(cf.dir, 'blobs/packages', app.slice(0, 2), app.slice(2, 4), app);
    expect(Buffer.from(await package_.arrayBuffer())).toEqual(readFileSync(kept));
  });

  it('takes a droplet that comes after all, and goes on as if nothing had happened', async () => {
    const app = await pushBits(cf, to, 'hello', 'L');
    let stagingMessage: StagingMessage | undefined;
    cf.dea.stage = async (m) => {
      stagingMessage = m;
      return { setup: { task_id: m.task_id }, done: new Promise(() => undefined) };
    };
    await start(cf, app);
    await cf.restart();
    if (!stagingMessage) throw new Error('nobody was asked to stage');
    await cf.dea.upload(stagingMessage, 'late droplet');
    cf.dea.start(stagingMessage.start_message);
    expect((await cf.call('GET', `/v2/apps/${app}`)).json.entity).toMatchObject({
      ...{ package_state: 'STAGED', staging_failed_reason: null, state: 'STARTED' },
    });
    expect(await running(cf, app)).toMatchObject({ 0: { state: 'RUNNING' } });
    await cf.call('PUT', `/v2/apps/${app}`, { instances: 2 });
    await until('the second instance', () => messages('dea.0-dea.start').length === 1);
  });
});
