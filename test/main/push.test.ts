// A push from the page: what `cf push` sends, through the front door, from one request to the lab's own API.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

interface Listed {
  samples: string[];
  apps: { name: string; guid: string; state: string; package_state: string; url: string }[];
}

const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';

describe.skipIf(skipped)('a push from the page', () => {
  let lab: RunningLab;
  let d: Debug;
  const apps = async () => (await lab.api('GET', '/lab/apps')).json<Listed>();
  const visit = (name: string) => ask(`${lab.url}/`, { headers: { host: `${name}.localhost` } });
  const recording = async () =>
    (await lab.api('GET', '/lab/state')).json<{ kernelRecording: boolean }>().kernelRecording;
  beforeAll(async () => {
    lab = await startLab({ deas: 1 });
    d = debug(lab.url);
  }, 300_000);
  afterAll(() => lab?.stop());

  it('answers once the app is there, sends what cf sends, and the app runs', async () => {
    const answer = await lab.api('POST', '/lab/push', { app: 'hello-node', env: { GREETING: 'hi' } });
    expect(answer.status, answer.text).toBe(202);
    const { name, guid, url } = answer.json<{ name: string; guid: string; url: string }>();
    expect(name).toBe('hello-node');
    expect(url).toBe(`http://hello-node.localhost:${new URL(lab.url).port}/`);
    expect((await apps()).apps).toMatchObject([{ name, guid, url }]);
    expect((await lab.api('POST', '/lab/push', { app: 'hello-node' })).status, 'one push of a name at a time').toBe(
      409,
    );
    expect(await recording(), 'the kernel is sampled meanwhile').toBe(true);
    await until('its answer', async () => (await visit(name)).status === 200);
    await until('the end of kernel recording', async () => !(await recording()));
    const entries = await d.journal();
    const asked = entries.flatMap((e) =>
      e.type === 'message' && e.phase === 'received' && e.transport === 'http' && e.from === 'you' && !e.background
        ? [e.name]
        : [],
    );
    const wanted = [
      'POST /oauth/token',
      'POST /v2/apps',
      'POST /v2/routes',
      'PUT /v2/apps/:guid/routes/:guid',
      'PUT /v2/apps/:guid/bits',
      'PUT /v2/apps/:guid',
    ];
    expect(asked.filter((request) => wanted.includes(request))).toEqual(wanted);
    expect(entries.some((e) => e.type === 'kernel' && e.run === 'push hello-node')).toBe(true);
    expect((await apps()).apps).toMatchObject([{ state: 'STARTED', package_state: 'STAGED' }]);
  }, 300_000);

  it('takes the app of that name again: stops it, uploads, starts it', async () => {
    const [before] = (await apps()).apps;
    const { head } = await d.state();
    const answer = await lab.api('POST', '/lab/push', { app: 'static-site', name: 'hello-node' });
    expect(answer.status, answer.text).toBe(202);
    expect(answer.json<{ guid: string }>().guid).toBe(before?.guid);
    await d.entry(
      'the next instance',
      (e) =>
        e.seq > head &&
        e.type === 'transition' &&
        e.machine === 'instance' &&
        JSON.stringify(e.value).includes('RUNNING'),
    );
    await until('another answer', async () => (await visit('hello-node')).headers['content-type']?.includes('html'));
    expect((await apps()).apps).toHaveLength(1);
  }, 300_000);

  it('says clearly what is not possible', async () => {
    const unknown = await lab.api('POST', '/lab/push', { app: 'nothing' });
    expect(unknown.status).toBe(404);
    expect(unknown.text).toContain('hello-node, procfile-worker, static-site');
    expect((await lab.api('POST', '/lab/push', { app: '../apps/hello-node' })).status).toBe(404);
    expect((await lab.api('POST', '/lab/push', { app: 'hello-node', name: 'No Host' })).status).toBe(400);
    const refused = await lab.api('POST', '/lab/push', { app: 'hello-node', name: 'env', env: { VCAP_X: '1' } });
    expect(refused.status).toBe(409);
    expect(refused.text).toContain('VCAP_X');
    const foreign = await lab.api('POST', '/lab/push', { app: 'hello-node' }, { origin: 'http://evil.example' });
    expect(foreign.status).toBe(403);
  });
});
