// The front door with a real broker and real backends: gorouter's behaviour (reference 8), seen from the client.
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ask, type RouterLab, routerLab, until } from './lab-of-router.ts';

let r: RouterLab;
beforeEach(async () => {
  r = await routerLab();
});
afterEach(() => r.close());

const proxied = () =>
  r.lab
    .entries()
    .flatMap((e) => (e.body.type === 'message' && e.body.transport === 'proxy' ? [{ ...e.body, cause: e.cause }] : []));

describe('host first, then path', () => {
  it("answers the lab's own names itself, whatever an app registers", async () => {
    const app = await r.backend((_req, res) => res.end('app'));
    r.bus.publish(
      'router.register',
      { host: '127.0.0.1', port: app.port, uris: ['api.localhost', 'app.localhost'] },
      null,
    );
    await until(() => r.door.status().routes.length > 0);
    for (const host of [
      'api.localhost',
      'uaa.localhost',
      'login.localhost',
      'localhost:8080',
      '127.0.0.1:8080',
      '[::1]',
    ]) {
      expect((await ask(r.door, host, '/v2/info')).text).toBe('api /v2/info');
    }
    expect((await ask(r.door, 'APP.localhost:8080', '/v2/info')).text).toBe('app');
    expect(JSON.stringify(r.lab.bodies())).toContain('could not register api.localhost');
  });

  it('says 404 and unknown_route for every other name', async () => {
    for (const host of ['nobody.localhost', 'evil.example.com']) {
      const answer = await ask(r.door, host, '/lab/state');
      expect(answer).toMatchObject({ status: 404, headers: { 'x-cf-routererror': 'unknown_route' } });
      expect(answer.text.trim()).toBe(`404 Not Found: Requested route ('${host}') does not exist.`);
    }
    expect(r.door.status().bad_requests).toBe(2);
  });

  it('says ok to a monitor', async () => {
    const answer = await ask(r.door, 'nobody.localhost', '/', { headers: { 'user-agent': 'HTTP-Monitor/1.1' } });
    expect(answer).toMatchObject({ status: 200, text: 'ok\n' });
  });
});

describe('a proxied request', () => {
  it('carries what gorouter adds, and its body and answer pass untouched', async () => {
    const { port } = await r.backend(async (req, res) => {
      const body = Buffer.concat(await req.toArray()).toString();
      res.writeHead(201, { 'X-Mine': 'yes', 'Content-Type': 'application/json' });
      res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, raw: req.rawHeaders, body }));
    });
    await r.register('web.localhost', port, { private_instance_id: 'p1' });
    const answer = await ask(r.door, 'web.localhost:8080', '/a/../b?c=%20d', {
      method: 'POST',
      body: 'x'.repeat(200_000),
      headers: { 'X-Forwarded-For': '192.0.2.1', 'X-Vcap-Request-Id': 'mine', 'Keep-Alive': 'no', 'X-Odd-Case': '1' },
    });
    expect(answer).toMatchObject({ status: 201, headers: { 'x-mine': 'yes', connection: 'close' } });
    const seen = JSON.parse(answer.text);
    expect(seen).toMatchObject({ method: 'POST', url: '/a/../b?c=%20d' });
    expect(seen.body).toHaveLength(200_000);
    expect(seen.headers).toMatchObject({
      host: 'web.localhost:8080',
      'x-cf-applicationid': 'a1',
      'x-cf-instanceid': 'p1',
      'x-request-start': expect.stringMatching(/^\d{13}$/),
      'x-vcap-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'x-forwarded-for': '192.0.2.1, 127.0.0.1',
    });
    expect(seen.headers['keep-alive']).toBeUndefined();
    expect(seen.raw).toContain('X-CF-InstanceID');
    expect(seen.raw).toContain('X-Odd-Case');
  });

  it('goes round robin over the pool', async () => {
    for (const name of ['a', 'b', 'c']) {
      const { port } = await r.backend((_req, res) => res.end(name));
      await r.register('web.localhost', port);
    }
    const seen: string[] = [];
    for (let i = 0; i < 6; i++) seen.push((await ask(r.door, 'web.localhost')).text);
    expect(seen.slice(0, 3).sort()).toEqual(['a', 'b', 'c']);
    expect(seen.slice(3)).toEqual(seen.slice(0, 3));
  });

  it('sticks to the instance that began a session, and only with both cookies', async () => {
    for (const name of ['a', 'b']) {
      const { port } = await r.backend((_req, res) =>
        res.setHeader('Set-Cookie', ['JSESSIONID=1', 'other=2']).end(name),
      );
      await r.register('web.localhost', port, { private_instance_id: `id-${name}` });
    }
    const first = await ask(r.door, 'web.localhost');
    expect(first.headers['set-cookie']).toEqual(['JSESSIONID=1', 'other=2', `__VCAP_ID__=id-${first.text}; Path=/`]);
    const cookie = `JSESSIONID=1; __VCAP_ID__=id-${first.text}`;
    for (let i = 0; i < 4; i++) {
      expect((await ask(r.door, 'web.localhost', '/', { headers: { cookie } })).text).toBe(first.text);
    }
    const without = new Set<string>();
    for (let i = 0; i < 4; i++) {
      without.add(
        (await ask(r.door, 'web.localhost', '/', { headers: { cookie: cookie.replace('JSESSIONID', 'X') } })).text,
      );
    }
    expect(without.size).toBe(2);
  });

  it('tries other endpoints when one cannot be dialled, and avoids that one for a while', async () => {
    const dead = await r.backend(() => {});
    await new Promise((resolve) => dead.server.close(resolve));
    const { port } = await r.backend((_req, res) => res.end('alive'));
    await r.register('web.localhost', dead.port);
    await r.register('web.localhost', port);
    for (let i = 0; i < 4; i++) expect((await ask(r.door, 'web.localhost')).text).toBe('alive');
    expect(r.door.status().bad_gateways).toBe(0);
  });

  it('ends in a 502 when no endpoint answers or one breaks off, and the endpoint stays', async () => {
    const breaks = await r.backend((req) => req.socket.destroy());
    await r.register('web.localhost', breaks.port);
    const answer = await ask(r.door, 'web.localhost');
    expect(answer).toMatchObject({ status: 502, headers: { 'x-cf-routererror': 'endpoint_failure' } });
    expect(answer.text.trim()).toBe('502 Bad Gateway: Registered endpoint failed to handle the request.');
    expect(r.door.status()).toMatchObject({ bad_gateways: 1, routes: [{ uri: 'web.localhost' }] });
  });

  it('ends for the endpoint when the client goes away', async () => {
    let ended = false;
    const { port } = await r.backend((req) =>
      req.once('close', () => {
        ended = true;
      }),
    );
    await r.register('web.localhost', port);
    const client = connect(r.door.port, '127.0.0.1');
    client.write('GET / HTTP/1.1\r\nHost: web.localhost\r\n\r\n');
    await until(() => Object.keys(r.door.status().requests).length > 0);
    setTimeout(() => client.destroy(), 50);
    await until(() => ended);
  });

  it('is cut by the endpoint time-out of 60 s of lab time, and not before', async () => {
    let arrived = false;
    const { port } = await r.backend(() => {
      arrived = true;
    });
    await r.register('web.localhost', port);
    const answer = ask(r.door, 'web.localhost');
    await until(() => arrived);
    await r.lab.advance(59_999);
    expect(r.door.status().bad_gateways).toBe(0);
    await r.lab.advance(1);
    expect((await answer).status).toBe(502);
  });
});

describe('an upgrade', () => {
  it('tunnels a WebSocket to the app', async () => {
    const { port, server } = await r.backend(() => {});
    const wss = new WebSocketServer({ server });
    wss.on('connection', (socket, req) =>
      socket.on('message', (m) => socket.send(`${req.headers['x-cf-instanceid']}:${m}`)),
    );
    await r.register('ws.localhost', port, { private_instance_id: 'p1' });
    const client = new WebSocket(`ws://127.0.0.1:${r.door.port}/chat`, { headers: { host: 'ws.localhost' } });
    const answer = new Promise((resolve, reject) => {
      client.on('error', reject);
      client.on('message', (m) => resolve(String(m)));
    });
    client.on('open', () => client.send('hello'));
    expect(await answer).toBe('p1:hello');
    client.terminate();
    wss.close();
  });

  it('ends in a 400 when nobody can be reached, and goes to the lab on its own hosts', async () => {
    const say = (host: string, upgrade: string) =>
      new Promise<string>((resolve) => {
        const socket = connect(r.door.port, '127.0.0.1');
        let text = '';
        socket.on('data', (d) => {
          text += d;
        });
        socket.on('close', () => resolve(text));
        socket.write(`GET /x HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: ${upgrade}\r\n\r\n`);
      });
    expect(await say('ws.localhost', 'WebSocket')).toMatch(/^HTTP\/1\.1 400 /);
    expect(await say('localhost', 'websocket')).toMatch(/^HTTP\/1\.1 101 [^\r]*\r\n\r\nlab$/);
    const { port } = await r.backend((req, res) => res.end(`plain ${req.url}`));
    await r.register('h2.localhost', port);
    expect(await say('h2.localhost', 'h2c')).toMatch(/^HTTP\/1\.1 200 .*plain \/x/s);
  });
});

describe('what the journal keeps of app traffic', () => {
  it('is the first request after a registration, caused by it; later ones are only counted', async () => {
    const { port } = await r.backend((_req, res) => res.end('hello'));
    await r.register('web.localhost', port);
    for (let i = 0; i < 3; i++) await ask(r.door, 'web.localhost', '/secret-body', { method: 'POST', body: 'private' });
    expect(proxied()).toMatchObject([
      { phase: 'received', from: 'you', to: 'router', name: 'POST /secret-body' },
      { phase: 'sent', from: 'router', to: 'app:a1' },
      { phase: 'received', from: 'app:a1', name: '200 POST /secret-body' },
      { phase: 'sent', from: 'router', to: 'you', name: '200 POST /secret-body' },
    ]);
    const registered = r.lab.entries().find((e) => e.body.type === 'transition' && e.body.value === 'registered');
    const message = r.lab.entries().find((e) => e.n === registered?.cause);
    expect(message?.body).toMatchObject({ type: 'message', phase: 'received', name: 'router.register' });
    expect(proxied()[0]!.cause).toBe(registered?.n);
    expect(JSON.stringify(r.lab.bodies())).not.toContain('private');
    expect(r.door.status()).toMatchObject({ requests: { 'web.localhost': 3 }, responses: { '2xx': 3 } });
    expect(r.accesses.map((a) => [a.uri, a.status])).toEqual(Array(3).fill(['web.localhost', 200]));
  });

  it('is every request of a traced host', async () => {
    const { port } = await r.backend((_req, res) => res.end('hello'));
    await r.register('web.localhost', port);
    await ask(r.door, 'web.localhost');
    r.door.trace('web.localhost', true);
    await ask(r.door, 'web.localhost');
    expect(proxied()).toHaveLength(8);
  });
});
