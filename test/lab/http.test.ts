// HTTP between two labs over real sockets: what is recorded, where it waits, and what never reaches the journal.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { labRequest, type TracedRequest, traceServer } from '../../server/lab/http.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';

const GUID = '0d3fa1b2-0000-4000-8000-123456789abc';
let cc: MemoryLab;
let dea: MemoryLab;
let server: Server;
let base: string;
let handle: (req: TracedRequest, res: ServerResponse) => void;

beforeEach(async () => {
  cc = memoryLab('control', 'real');
  dea = memoryLab('dea/0', 'real');
  const trace = traceServer(cc, { who: 'cc', own: /^\/staging\// });
  server = createServer((req, res) => trace(req, res, () => handle(req, res)));
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  handle = (_req, res) => res.end('ok');
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await Promise.all([cc.close(), dea.close()]);
});

const call = (method: string, path: string, more: Partial<Parameters<typeof labRequest>[1]> = {}) =>
  labRequest(dea, { method, url: base + path, from: 'staging-task:1', to: 'cc', trail: { cause: null }, ...more });
const messages = (lab: MemoryLab) => lab.entries().filter((e) => e.body.type === 'message');
const keyOf = (lab: MemoryLab, phase: string) =>
  messages(lab).flatMap((e) => (e.body.type === 'message' && e.body.phase === phase ? [e.edge?.key] : []));

describe('a request between processes of ours', () => {
  it('leaves four entries whose edge keys meet, request and response', async () => {
    const trail = { cause: null };
    const answer = await call('GET', `/staging/droplets/${GUID}/download?x=1`, { trail });
    expect(await answer.text()).toBe('ok');
    expect(messages(dea).map((e) => e.body)).toMatchObject([
      { phase: 'sent', from: 'staging-task:1', to: 'cc', name: 'GET /staging/droplets/:guid/download' },
      { phase: 'received', from: 'cc', to: 'staging-task:1', name: '200 GET /staging/droplets/:guid/download' },
    ]);
    expect(keyOf(dea, 'sent')).toEqual(keyOf(cc, 'received'));
    expect(keyOf(dea, 'received')).toEqual(keyOf(cc, 'sent'));
    expect(messages(cc)[0]!.edge).toMatchObject({ key: expect.stringMatching(/^http:.*#1:req$/), expect: true });
    expect(trail.cause).toMatchObject({ proc: 'dea/0', n: messages(dea)[1]!.n });
  });

  it('numbers the requests of a kept connection', async () => {
    for (const path of ['/a', '/b', '/c']) await (await call('GET', path)).text();
    expect(keyOf(dea, 'sent').map((k) => k?.split('#')[1])).toEqual(['1:req', '2:req', '3:req']);
    expect(keyOf(dea, 'sent')).toEqual(keyOf(cc, 'received'));
  });

  it('lets the handler thread the cause: the response follows from what it did', async () => {
    handle = (req, res) => {
      req.trail!.cause = cc.rec.record({ type: 'note', actor: 'cc', text: 'worked' }, req.trail!.cause);
      res.end();
    };
    await (await call('PUT', '/v2/apps/x', { body: { state: 'STARTED' } })).text();
    const [received, worked, sent] = cc.entries();
    expect([worked!.cause, sent!.cause]).toEqual([received!.n, worked!.n]);
  });

  it('streams both ways, and says so before the first byte is on the wire', async () => {
    const half = Buffer.alloc(300_000, 'a');
    let count = 0;
    handle = async (req, res) => {
      for await (const chunk of req) count += (chunk as Buffer).length;
      res.write(half);
      res.end(half);
    };
    const answer = await call('POST', '/staging/droplets/x/upload', { body: Readable.from([half, half]) });
    expect(messages(cc).map((e) => e.body)).toMatchObject([{ phase: 'received' }, { phase: 'sent' }]);
    let back = 0;
    for await (const chunk of answer.body) back += (chunk as Buffer).length;
    expect([count, back]).toEqual([600_000, 600_000]);
  });

  it('is held at the server before its handler runs', async () => {
    let handled = false;
    handle = (_req, res) => {
      handled = true;
      res.end('late');
    };
    cc.breakOn({ kind: 'delivery', transport: 'http', name: 'GET /staging/app/:guid' });
    const answer = call('GET', `/staging/app/${GUID}`);
    await expect.poll(() => cc.held()).toHaveLength(1);
    expect([handled, messages(cc).length]).toEqual([false, 0]);
    cc.open();
    expect(await (await answer).text()).toBe('late');
  });

  it('is held at the receiver of the response', async () => {
    dea.breakOn({ kind: 'delivery', name: '200 GET /staging/app' });
    const answer = call('GET', '/staging/app');
    await expect.poll(() => dea.held()).toHaveLength(1);
    expect(messages(dea).map((e) => e.body)).toMatchObject([{ phase: 'sent' }]);
    dea.open();
    expect(await (await answer).text()).toBe('ok');
  });

  it('gives up by lab time only, and says so in one line', async () => {
    const still = memoryLab('dea/1');
    handle = () => {};
    const late = labRequest(still, {
      method: 'GET',
      url: `${base}/never`,
      from: 'dea',
      to: 'cc',
      trail: { cause: null },
      timeoutMs: 300_000,
    });
    const outcome = late.catch((error: Error) => error.message);
    await expect.poll(() => messages(still).length).toBe(1);
    await still.advance(299_999);
    await delay(30);
    await still.advance(1);
    expect(await outcome).toMatch(/^\[lab\] could not GET http:.*\/never: no answer within 300 s of lab time$/);
    await still.close();
  });

  it('rejects in one line when nobody listens', async () => {
    const nowhere = labRequest(dea, {
      method: 'GET',
      url: 'http://127.0.0.1:1/',
      from: 'a',
      to: 'b',
      trail: { cause: null },
    });
    await expect(nowhere).rejects.toThrow(/^\[lab\] could not GET http:\/\/127\.0\.0\.1:1\/: connect ECONNREFUSED/);
  });
});

describe('what reaches the journal', () => {
  it('is never a password, a token or an Authorization header', async () => {
    handle = (req, res) => {
      expect(req.headers.authorization).toBe(`Basic ${Buffer.from('staging:pa55word').toString('base64')}`);
      res.setHeader('content-type', 'application/json');
      res.end(JSON.stringify({ access_token: 'jwt-of-mine', expires_in: 600 }));
    };
    const url = `${base.replace('http://', 'http://staging:pa55word@')}/oauth/token?password=pa55word`;
    const body = { username: 'admin', password: 'pa55word' };
    await (await labRequest(dea, { method: 'POST', url, body, from: 'cf', to: 'uaa', trail: { cause: null } })).text();
    const all = JSON.stringify([cc.entries(), dea.entries()]);
    expect(all).not.toMatch(/pa55word|jwt-of-mine|Basic /);
    expect(all).toContain('expires_in');
  });

  it('is nothing at all of the lab API, and a foreign client is not waited for', async () => {
    await (await call('GET', '/lab/state')).text();
    await (await call('GET', '/v2/info')).text();
    expect(messages(cc)[0]!.edge).toMatchObject({ expect: false });
    expect(messages(cc).map((e) => e.body)).toMatchObject([
      { name: 'GET /v2/info', from: 'you' },
      { name: '200 GET /v2/info' },
    ]);
  });

  it('keeps a long answer by hash and head', async () => {
    handle = (_req, res) =>
      res.setHeader('content-type', 'application/json').end(JSON.stringify({ x: 'y'.repeat(9000) }));
    await (await call('GET', '/long')).text();
    const sent = messages(cc)[1]!.body;
    expect(sent.type === 'message' && sent.payload).toMatchObject({
      hash: expect.any(String),
      bytes: expect.any(Number),
    });
  });

  it('says dropped when the client is gone before an answer', async () => {
    const arrived = new Promise<IncomingMessage>((resolve) => {
      handle = (req) => resolve(req);
    });
    const socket = connect(Number(new URL(base).port), '127.0.0.1');
    socket.write('GET /gone HTTP/1.1\r\nHost: x\r\n\r\n');
    await arrived;
    socket.destroy();
    await expect
      .poll(() => messages(cc).map((e) => e.body))
      .toMatchObject([{ phase: 'received' }, { phase: 'dropped' }]);
  });

  it('survives any request target', async () => {
    for (const target of ['http://[', '//x', '*', '/%']) {
      const socket = connect(Number(new URL(base).port), '127.0.0.1');
      const text = new Promise<string>((resolve) => socket.once('data', (d) => resolve(String(d))));
      socket.write(`OPTIONS ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
      expect(await text).toMatch(/^HTTP\/1\.1 (200|400)/);
      socket.destroy();
    }
  });
});
