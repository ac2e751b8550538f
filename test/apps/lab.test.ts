// Pushing from the page, on a real lab: files that were dropped, settings, failures and what their card says, *Debug my
// staging*, another buildpack, scaling, deleting, and the reset.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastFailureOf } from '../../machines/failure.ts';
import { adviceFor, exitMeaning } from '../../machines/failure-advice.ts';
import { failureCard } from '../../machines/failure-card.ts';
import type { Entry } from '../../machines/journal.ts';
import { zipOf } from '../cc/zip-fixture.ts';
import { ask, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { type FormFile, pushForm } from './form.ts';

const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/apps/lab.test.ts ${skipped}`);

const WAIT = 60_000;
const SERVER = `require('http').createServer((q, r) => r.end(process.env.GREETING + ' ' + process.env.CF_INSTANCE_INDEX
  + JSON.parse(process.env.VCAP_APPLICATION).instance_index)).listen(process.env.PORT)`;
const NODE_APP: FormFile[] = [
  { name: 'package.json', bytes: '{"name":"dropped","scripts":{"start":"node server.js"}}' },
  { name: 'server.js', bytes: SERVER },
];

describe.skipIf(skipped)('apps of the page', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let d: Debug;
  const visit = (name: string) => ask(`${lab.url}/`, { headers: { host: `${name}.localhost` } });
  const app = async (name: string) => {
    const { apps } = (await lab.api('GET', '/lab/apps')).json<{ apps: Record<string, unknown>[] }>();
    return apps.find((a) => a.name === name);
  };
  const state = async (name: string) => (await app(name))?.package_state;
  const verb = (guid: string, name: string, body: unknown = {}) => lab.api('POST', `/lab/apps/${guid}/${name}`, body);
  const record: Entry[] = [];
  /** The whole record, of which only what is new is fetched: it is asked for again and again. */
  const read = async () => {
    for (;;) {
      const path = `/lab/journal?after=${record.at(-1)?.seq ?? 0}&limit=5000`;
      const { entries } = (await lab.api('GET', path)).json<{ entries: Entry[] }>();
      if (entries.length === 0) return record;
      record.push(...entries);
    }
  };
  const card = async (guid: string) => {
    const entries = await read();
    const seq = entries.at(-1)?.seq ?? 0;
    const failure = lastFailureOf(entries, seq, guid);
    return failure && failureCard(entries, failure, seq);
  };
  const pushed = async (order: Record<string, unknown>, files: readonly FormFile[]) => {
    const answer = await pushForm(lab.url, order, files);
    expect(answer.status, answer.text).toBe(202);
    return answer.json<{ guid: string }>().guid;
  };
  beforeAll(async () => {
    lab = await startLab({ deas: 1 });
    d = debug(lab.url);
  }, 120_000);
  afterAll(() => lab?.stop());

  it('pushes a dropped zip with its env, memory and instances, the folder around it taken off', async () => {
    const zip = zipOf([
      ...NODE_APP.map(({ name, bytes }) => ({ name: `my-app/${name}`, data: bytes })),
      { name: '__MACOSX/my-app/._server.js', data: 'noise' },
    ]);
    const guid = await pushed({ name: 'zipped', memory: 128, instances: 2, env: { GREETING: 'hello' } }, [
      { name: 'my-app.zip', field: 'zip', bytes: zip },
    ]);
    const answers = new Set<string>();
    await until(
      'both instances to answer',
      async () => {
        const { status, text } = await visit('zipped');
        if (status === 200) answers.add(text);
        return answers.size === 2;
      },
      WAIT,
    );
    expect([...answers].every((text) => text.startsWith('hello '))).toBe(true);
    const [limit] = (await read())
      .flatMap((e) =>
        e.type === 'message' && e.name === 'LimitMemoryRequest' && e.phase === 'received'
          ? [JSON.stringify(e.payload)]
          : [],
      )
      .slice(-1);
    expect(limit).toContain(String(128 * 1024 * 1024));
    expect((await verb(guid, 'scale', { instances: 1 })).status).toBe(202);
    await until('one instance to be stopped', async () => (await lab.list(0)).length === 1, WAIT);
  });

  it('takes the files of a folder, and updates the app of that name by staging it again', async () => {
    const again = await pushed({ name: 'zipped', restage: true, env: { GREETING: 'again' } }, NODE_APP);
    expect(again).toBe((await app('zipped'))?.guid);
    await until('the new answer', async () => (await visit('zipped')).text.startsWith('again '), WAIT);
    expect((await app('zipped'))?.instances).toBe(1);
  });

  it('says beside the field what is wrong, and pushes nothing', async () => {
    const refused = async (order: Record<string, unknown>, files: readonly FormFile[] = NODE_APP) => {
      const answer = await pushForm(lab.url, { name: 'bad', ...order }, files);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      const { field, error } = answer.json<{ field: string; error: string }>();
      expect(error.length, answer.text).toBeGreaterThan(10);
      return field;
    };
    expect(await refused({ name: 'No Host' })).toBe('name');
    expect(await refused({ memory: 0 })).toBe('memory');
    expect(await refused({ instances: 0 })).toBe('instances');
    expect(await refused({ env: { VCAP_X: '1' } })).toBe('env');
    expect(await refused({ buildpack: 'no such thing' })).toBe('buildpack');
    expect(await refused({ stack: 'windows' })).toBe('stack');
    expect(await refused({ hold: 'somewhere' })).toBe('hold');
    expect(await refused({}, [])).toBe('files');
    expect(await refused({}, [{ name: 'a.zip', field: 'zip', bytes: 'no zip' }])).toBe('files');
    expect(await refused({}, [{ name: '../../etc/passwd', bytes: 'x' }])).toBe('files');
    expect(existsSync('/tmp/etc/passwd')).toBe(false);
    expect(readdirSync(join(lab.dir, 'uploads'))).toEqual([]);
    expect(await app('bad')).toBeUndefined();
  });

  it('tells of a failed staging where it failed, with which status, and what to do next', async () => {
    const answer = await lab.api('POST', '/lab/push', { app: 'unbuilt-site', buildpack: 'staticfile_buildpack' });
    const { guid } = answer.json<{ guid: string }>();
    await until('staging to fail', async () => (await state('unbuilt-site')) === 'FAILED', WAIT);
    const shown = await card(guid);
    expect(shown?.failure).toMatchObject({ kind: 'staging', app: guid, held: null });
    expect(shown?.problem.type).toBe('BuildpackCompileFailed');
    expect(shown?.lines.at(-1)).toMatchObject({ file: 'bin/compile', line: 14, command: 'exit 1' });
    expect(shown?.status).toBe(1);
    expect(shown?.said?.text).toContain('Staticfile: root: dist is not a folder of this app');
    expect(shown?.log.length).toBeGreaterThan(2);
    expect(shown?.usage?.memoryLimit).toBe(1024 * 1024 * 1024);
    expect(shown?.oom).toBe(false);
    expect(shown?.causes.length).toBeGreaterThan(3);
    const advice = shown ? adviceFor(shown) : [];
    expect(advice.map((a) => a.type)).toEqual(['buildpack', 'debug', 'hold-line']);
  });

  it('holds a failing staging before its container goes, where one can look, and only that app', async () => {
    const guid = String((await app('unbuilt-site'))?.guid);
    const before = await lab.list(0);
    expect((await verb(guid, 'restage', { hold: 'failure' })).status).toBe(202);
    const held = await d.held(
      'the failed staging',
      ({ point }) => point.enters?.includes('staging-task.failed') ?? false,
    );
    // The gate is closed before the journal has its entry.
    const shown = await until(
      'the card of what is held',
      async () => {
        const now = await card(guid);
        return now?.failure.held === held.gate ? now : false;
      },
      WAIT,
    );
    const handle = String(shown.failure.handle);
    expect((await lab.list(0)).filter((h) => !before.includes(h))).toEqual([handle]);
    expect(shown.status).toBe(1);
    await d.open(held.gate);
    expect((await verb(guid, 'restage', { hold: 'bin/compile:14' })).status, 'once it was let go').toBe(202);
    await until('the container to go', async () => !(await lab.list(0)).includes(handle), WAIT);
    const line = await d.held('the line', ({ point }) => point.kind === 'script');
    expect(line.point).toMatchObject({ line: 14, app: guid, name: 'exit 1' });
    await d.open(line.gate);
    await until('the holds to be taken back', async () => (await d.state()).breakpoints.length === 0, WAIT);
  });

  it('succeeds with another buildpack', async () => {
    const guid = String((await app('unbuilt-site'))?.guid);
    expect((await verb(guid, 'restage', { buildpack: 'nodejs_buildpack' })).status).toBe(202);
    await until('the site', async () => (await visit('unbuilt-site')).text.includes('needs no build'), WAIT);
  });

  it('stops, starts, restarts, and deletes an app with its route', async () => {
    const guid = String((await app('unbuilt-site'))?.guid);
    await verb(guid, 'stop');
    await until('no answer', async () => (await visit('unbuilt-site')).status === 404, WAIT);
    await verb(guid, 'start');
    await until('an answer', async () => (await visit('unbuilt-site')).status === 200, WAIT);
    const { head } = await d.state();
    await verb(guid, 'restart');
    const runs = (e: { seq: number; type: string }) =>
      e.seq > head && JSON.stringify(e).includes('"RUNNING":"serving"');
    await until('a new instance', async () => (await read()).some(runs), WAIT);
    expect((await lab.api('DELETE', `/lab/apps/${guid}`)).status).toBe(202);
    expect(await app('unbuilt-site')).toBeUndefined();
    expect((await verb(guid, 'start')).status).toBe(404);
  });

  it('tells of a crash: its status in words, what was said on stderr, and of memory when that was it', async () => {
    const hog = (await lab.api('POST', '/lab/push', { app: 'memory-hog', memory: 128 })).json<{ guid: string }>().guid;
    const late = (await lab.api('POST', '/lab/push', { app: 'crashes-later', env: { AFTER: '1' } })).json<{
      guid: string;
    }>().guid;
    const crashed = async (guid: string) => {
      const shown = await card(guid);
      return shown?.failure.kind === 'crash' ? shown : undefined;
    };
    const thrown = await until('the exception', () => crashed(late), WAIT);
    expect(thrown.status).toBe(1);
    expect(thrown.said?.text).toMatch(/^TypeError: Cannot read properties/);
    const killed = await until('the kill', () => crashed(hog), WAIT);
    expect(killed.oom).toBe(true);
    // The kernel's KILL, or the TERM of Warden, which stops a container that ran out of memory: whoever is first.
    const meaning = exitMeaning(killed.status ?? 0);
    expect(meaning.type === 'signal' && meaning.name).toMatch(/^SIG(KILL|TERM)$/);
    expect(adviceFor(killed)[0]).toEqual({ type: 'memory', mb: 256 });
  });

  it('is as new after a reset: no app, no container, no breakpoint, nothing held; the record stays', async () => {
    await d.breakAt({ machine: 'staging-task', state: 'staging-task.staging' });
    await lab.api('POST', '/lab/push', { app: 'static-site' });
    await d.held('the staging', () => true);
    const { head } = await d.state();
    const answer = await lab.api('POST', '/lab/reset');
    expect(answer.status, answer.text).toBe(200);
    const report = answer.json<{ apps: number; left: string[] }>();
    expect(report.left).toEqual([]);
    expect(report.apps).toBe(4);
    expect(await lab.list(0)).toEqual([]);
    const after = (await lab.api('GET', '/lab/state')).json<Record<string, unknown>>();
    expect(after).toMatchObject({ paused: false, held: [], breakpoints: [], kernelRecording: false, pace: 'real' });
    expect((await lab.api('GET', '/lab/apps')).json<{ apps: unknown[] }>().apps).toEqual([]);
    expect((await read()).some((e) => e.seq <= head)).toBe(true);
    expect((await read()).some((e) => e.run === 'reset')).toBe(true);
  });
});
