// What the `cf` command line sends, in both dialects, to a whole real lab through its front door: login, push, app, scale,
// stop, start, delete. What came of it is asked of the app itself and of each Warden's List.
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, lookup, pushBits, running, start, type Target, target } from '../cc/client.ts';
import type { Json } from '../cc/support.ts';
import { ask, until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/spine/p3-cf-client.test.ts (${skipped})`);

const FILES = {
  'package.json': '{"name":"hello","scripts":{"start":"node server.js"}}',
  'server.js': `require('http').createServer((q, r) => r.end(require('os').hostname() + ' ' + process.env.MEMORY_LIMIT))
    .listen(process.env.PORT)`,
};
const SCALE = '?async=true&inline-relations-depth=1';

describe.skipIf(skipped)('cf on a real lab', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let client: Client;
  beforeAll(async () => {
    lab = await startLab();
    client = clientOf(lab.url);
  }, 300_000);
  afterAll(() => lab?.stop());

  const handles = async () => [...(await lab.list(0)), ...(await lab.list(1))];
  /** Host names that answer as this app, asked until so many different ones have. */
  const answering = (name: string, count: number) => {
    const seen = new Set<string>();
    return until(`${count} instances of ${name} to answer`, async () => {
      const { status, text } = await ask(lab.url, { headers: { host: `${name}.localhost` } });
      if (status === 200) seen.add(text);
      return seen.size === count && [...seen].sort();
    });
  };

  describe.each(['L', 'N'] as const)('dialect %s', (dialect) => {
    const name = `cf-${dialect.toLowerCase()}`;
    let to: Target;
    let app: string;
    const put = (body: object) => client.call('PUT', `/v2/apps/${app}${SCALE}`, body);

    it('logs in and pushes: the app answers from the one container that there is', async () => {
      to = await target(client, dialect);
      app = await pushBits(client, to, name, dialect, {}, FILES);
      expect((await start(client, app, dialect)).status).toBe(201);
      await running(client, app);
      const [answer = ''] = await answering(name, 1);
      expect(await until('staging’s container to go', async () => (await handles()).length === 1 && handles())).toEqual(
        [answer.split(' ')[0]],
      );
    });

    it('app: summary, instances and stats have the same index', async () => {
      const summary = await client.call('GET', `/v2/apps/${app}/summary`);
      const routes = [{ host: name, domain: { name: 'localhost' } }];
      expect(summary.json).toMatchObject({ name, running_instances: 1, routes });
      const instances = await client.call('GET', `/v2/apps/${app}/instances`);
      const stats = await client.call('GET', `/v2/apps/${app}/stats`);
      expect(Object.keys(instances.json)).toEqual(['0']);
      expect(stats.json[0].stats.mem_quota).toBe(128 * 1024 * 1024);
      expect(stats.json[0].stats.usage.mem).toBeGreaterThan(0);
    });

    it('scale -i 3 and back to 1: as many containers answer', async () => {
      expect((await put({ instances: 3 })).status).toBe(201);
      const three = await answering(name, 3);
      expect((await handles()).sort()).toEqual(three.map((a) => a.split(' ')[0]).sort());
      await put({ instances: 1 });
      await until('one container to be left', async () => (await handles()).length === 1);
    });

    it('scale -m 192 -f stops and starts: another container with that limit', async () => {
      const [old] = await handles();
      await put({ memory: 192 });
      await put({ state: 'STOPPED' });
      await start(client, app, dialect);
      await running(client, app);
      const answer = await until('the new container to answer', async () => {
        const { status, text } = await ask(lab.url, { headers: { host: `${name}.localhost` } });
        return status === 200 && !text.startsWith(old ?? '-') && text;
      });
      expect(answer).toMatch(/^\w+ 192m$/);
    });

    it('stop: nobody answers, nothing runs, and instances say so', async () => {
      expect((await put({ state: 'STOPPED' })).json.entity.state).toBe('STOPPED');
      await until('no container to be left', async () => (await handles()).length === 0);
      expect((await ask(lab.url, { headers: { host: `${name}.localhost` } })).status).toBe(404);
      expect(await client.call('GET', `/v2/apps/${app}/instances`)).toMatchObject({
        status: 400,
        json: { code: 220001 },
      });
    });

    it('delete -f -r: the route, then the app, and it is found no more', async () => {
      const found = await lookup(client, to, name);
      for (const route of found.entity.routes)
        expect((await client.call('DELETE', `/v2/routes/${route.metadata.guid}?async=true`)).status).toBe(204);
      expect((await client.call('DELETE', `/v2/apps/${app}?async=true&recursive=true`)).status).toBe(204);
      expect(await lookup(client, to, name)).toBeUndefined();
    });
  });
});

/** A `cf` that speaks to the lab over node:http: a request that is held must not run into a time-out of fetch. */
function clientOf(url: string): Client {
  let token = '';
  const call: Client['call'] = async (method, path, body, headers = {}) => {
    const form = body instanceof FormData ? new Response(body) : undefined;
    const type = form?.headers.get('content-type') ?? 'application/json';
    const bytes = form ? Buffer.from(await form.arrayBuffer()) : typeof body === 'string' ? body : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const auth = token ? { authorization: `bearer ${token}` } : {};
      const req = request(
        url + path,
        { method, headers: { 'content-type': type, ...auth, ...headers } },
        async (res) => {
          const text = Buffer.concat(await res.toArray()).toString();
          const json: Json = text ? JSON.parse(text) : undefined;
          resolve({ status: res.statusCode ?? 0, json, headers: new Headers() });
        },
      );
      req.on('error', reject);
      req.end(bytes);
    });
  };
  const login = async () => {
    const form = new URLSearchParams({ grant_type: 'password', username: 'admin', password: 'admin' }).toString();
    const headers = { authorization: 'Basic Y2Y6', 'content-type': 'application/x-www-form-urlencoded' };
    token = (await call('POST', '/oauth/token', form, headers)).json.access_token;
  };
  return { call, login };
}
