// What any NATS server behind the bus must do: one suite for the embedded broker and for Debian's nats-server.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Bus, connectBus } from '../../server/bus/index.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import { type RawClient, rawClient } from './raw-client.ts';

/** A server under test: started on a given port (0: any), stoppable and startable again. */
export interface ServerUnderTest {
  start(port: number): Promise<{ port: number; stop(): Promise<void> }>;
}

export const USER = 'lab';
export const PASSWORD = 's3cret-of-the-lab';
const QUIET = { verbose: false, user: USER, pass: PASSWORD };

export function testServer(server: ServerUnderTest): void {
  let running: Awaited<ReturnType<ServerUnderTest['start']>>;
  const open: { close(): unknown }[] = [];

  beforeAll(async () => {
    running = await server.start(0);
  });
  afterEach(async () => {
    for (const thing of open.splice(0)) await thing.close();
  });
  afterAll(() => running.stop());

  const raw = async (hello: object | null = QUIET): Promise<RawClient> => {
    const client = await rawClient(running.port, hello);
    open.push({ close: () => client.socket.destroy() });
    return client;
  };
  const bus = async (name: string, lab: MemoryLab = memoryLab(name, 'real')): Promise<Bus & { lab: MemoryLab }> => {
    const made = await connectBus({
      url: `nats://127.0.0.1:${running.port}`,
      user: USER,
      password: PASSWORD,
      lab,
      proc: name,
      name,
    });
    open.push(made, lab);
    return Object.assign(made, { lab });
  };

  it('greets with INFO that asks for a password and names the largest payload', async () => {
    const info = JSON.parse((await raw(null)).text().slice('INFO '.length));
    expect(info).toMatchObject({ auth_required: true, max_payload: 1024 * 1024, client_id: expect.any(Number) });
    expect(info.server_id).toMatch(/^\w+$/);
  });

  it('refuses a wrong password and ends the connection', async () => {
    const client = await raw(null);
    client.send('CONNECT {"verbose":false,"user":"lab","pass":"wrong"}\r\nPING\r\n');
    await client.until(/-ERR 'Authorization Violation'\r\n/);
    await client.ended();
  });

  it('lets nobody publish or subscribe who has not said CONNECT', async () => {
    const client = await raw(null);
    client.send('SUB a 1\r\nPING\r\n');
    await client.until(/-ERR 'Authorization Violation'\r\n/);
    await client.ended();
  });

  it('says +OK to a verbose client and nothing to a quiet one', async () => {
    const loud = await raw(null);
    loud.send(`CONNECT ${JSON.stringify({ user: USER, pass: PASSWORD, verbose: true })}\r\nSUB a 1\r\n`);
    await loud.until(/\+OK\r\n\+OK\r\n/);
    const quiet = await raw();
    quiet.send('SUB a 1\r\nPING\r\n');
    expect(await quiet.pongs(2)).not.toContain('+OK');
  });

  it('delivers to literal, * and > subscriptions, and each token of * is one', async () => {
    const client = await raw();
    client.send('SUB dea.x.start 1\r\nSUB dea.*.start 2\r\nSUB dea.> 3\r\nSUB dea.* 4\r\nSUB > 5\r\n');
    client.send('PUB dea.x.start 2\r\n{}\r\nPING\r\n');
    const text = await client.pongs(2);
    const sids = [...text.matchAll(/MSG dea\.x\.start (\d) 2\r\n\{\}\r\n/g)].map((m) => m[1]).sort();
    expect(sids).toEqual(['1', '2', '3', '5']);
  });

  it('passes the reply subject on', async () => {
    const client = await raw();
    client.send('SUB ask 7\r\nPUB ask _INBOX.1 0\r\n\r\n');
    await client.until(/MSG ask 7 _INBOX\.1 0\r\n\r\n/);
  });

  it('gives each message to one member of a queue group and to every plain subscription', async () => {
    const [a, b, sender] = [await raw(), await raw(), await raw()];
    a.send('SUB work cc 1\r\nSUB work 2\r\nPING\r\n');
    b.send('SUB work cc 1\r\nPING\r\n');
    await Promise.all([a.pongs(2), b.pongs(2)]);
    sender.send(`${'PUB work 1\r\nx\r\n'.repeat(40)}PING\r\n`);
    await sender.pongs(2);
    for (const client of [a, b]) client.send('PING\r\n');
    const [atA, atB] = await Promise.all([a.pongs(3), b.pongs(3)]);
    const count = (text: string, sid: string) => text.split(`MSG work ${sid} 1\r\n`).length - 1;
    expect(count(atA, '2')).toBe(40);
    expect(count(atA, '1') + count(atB, '1')).toBe(40);
    expect(count(atA, '1')).toBeGreaterThan(0);
    expect(count(atB, '1')).toBeGreaterThan(0);
  });

  it('ends a subscription at once or after a number of messages', async () => {
    const client = await raw();
    client.send('SUB once 1\r\nUNSUB 1 1\r\nSUB never 2\r\nUNSUB 2\r\n');
    client.send(`${'PUB once 0\r\n\r\n'.repeat(3)}PUB never 0\r\n\r\nPING\r\n`);
    const text = await client.pongs(2);
    expect(text.match(/MSG once/g)).toHaveLength(1);
    expect(text).not.toContain('MSG never');
  });

  it('keeps headers for those who know them and strips them for the others', async () => {
    const [knows, plain] = [await raw({ ...QUIET, headers: true }), await raw()];
    for (const client of [knows, plain]) client.send('SUB h 1\r\nPING\r\n');
    await Promise.all([knows.pongs(2), plain.pongs(2)]);
    knows.send('HPUB h 18 20\r\nNATS/1.0\r\na: b\r\n\r\nhi\r\n');
    await knows.until(/HMSG h 1 18 20\r\nNATS\/1\.0\r\na: b\r\n\r\nhi\r\n/);
    await plain.until(/\r\nMSG h 1 2\r\nhi\r\n/);
  });

  it('refuses more than one mebibyte and a line without end, and others go on', async () => {
    const [big, endless, other] = [await raw(), await raw(), await raw()];
    big.send(`PUB a ${1024 * 1024 + 1}\r\n`);
    await big.until(/-ERR 'Maximum Payload Violation'/);
    await big.ended();
    endless.send('PUB '.padEnd(70_000, 'x'));
    await endless.ended();
    other.send('SUB a 1\r\nPUB a 2\r\nok\r\n');
    await other.until(/MSG a 1 2\r\nok\r\n/);
  });

  it('ends the connection of who talks nonsense and of nobody else', async () => {
    const [bad, good] = [await raw(), await raw()];
    bad.send('NONSENSE\r\n');
    await bad.until(/-ERR 'Unknown Protocol Operation'/);
    await bad.ended();
    good.send('PING\r\n');
    await good.pongs(2);
  });

  it('takes a message cut into single bytes', async () => {
    const client = await raw();
    client.socket.setNoDelay(true);
    for (const letter of 'SUB cut 1\r\nPUB cut 4\r\na\r\nb\r\n') client.send(letter);
    client.send('PING\r\n');
    expect(await client.pongs(2)).toContain('MSG cut 1 4\r\na\r\nb\r\n');
  });

  it('carries JSON between two buses, with one sent and one received entry', async () => {
    const [cc, dea] = [await bus('cc'), await bus('dea')];
    const got = new Promise((resolve) => dea.subscribe('dea.stop', {}, (json) => resolve(json)));
    await dea.flush();
    cc.publish('dea.stop', { droplet: 'a1', password: 'hunter2' }, null);
    expect(await got).toEqual({ droplet: 'a1', password: 'hunter2' });
    const [sent, received] = [messages(cc.lab), messages(dea.lab)];
    expect(sent).toMatchObject([{ phase: 'sent', name: 'dea.stop', from: 'cc', to: 'nats', transport: 'nats' }]);
    expect(received).toMatchObject([{ phase: 'received', name: 'dea.stop', from: 'nats', to: 'dea' }]);
    expect(JSON.stringify([sent, received])).not.toContain('hunter2');
  });

  it('answers a request, once or several times, and the trail follows the latest answer', async () => {
    const [cc, dea] = [await bus('cc'), await bus('dea')];
    dea.subscribe('staging.1.start', {}, (_json, { reply, trail }) => {
      reply({ task: 1 }, trail.cause);
      reply({ done: true }, trail.cause);
    });
    await dea.flush();
    const trail = { cause: null };
    const replies = await cc.request('staging.1.start', { app: 'a' }, { trail, timeoutMs: [60_000, 900_000] });
    expect(replies.map((r) => r.json)).toEqual([{ task: 1 }, { done: true }]);
    expect(trail.cause).toEqual(replies[1]!.trail.cause);
  });

  it('answers a background request while all is paused', async () => {
    const [cc, hm] = [await bus('cc'), await bus('hm')];
    hm.subscribe('app.state', { background: true }, (_json, { reply, trail }) => reply('fine', trail.cause));
    await hm.flush();
    for (const side of [cc, hm]) side.lab.pause();
    const asked = { trail: { cause: null }, timeoutMs: 2000, background: true };
    expect((await cc.request('app.state', {}, asked)).map((r) => r.json)).toEqual(['fine']);
    expect(messages(cc.lab).every((m) => m.background)).toBe(true);
  });

  it('gives up a request by lab time only', async () => {
    const cc = await bus('cc', memoryLab('cc'));
    let answered = false;
    const asking = cc.request('nobody.there', {}, { trail: { cause: null }, timeoutMs: 2000 }).then((replies) => {
      answered = true;
      return replies;
    });
    await cc.flush();
    await cc.lab.advance(1999);
    await delay(50);
    expect(answered).toBe(false);
    await cc.lab.advance(1);
    expect(await asking).toEqual([]);
  });

  it('holds a message at the receiver before its received entry, and lets later ones pass', async () => {
    const [cc, dea] = [await bus('cc'), await bus('dea')];
    const seen: unknown[] = [];
    dea.subscribe('dea.stop', {}, (json) => void seen.push(json));
    dea.subscribe('dea.update', {}, (json) => void seen.push(json));
    await dea.flush();
    const id = dea.lab.breakOn({ kind: 'delivery', transport: 'nats', name: 'dea.stop', actor: 'dea' });
    cc.publish('dea.stop', 'held', null);
    cc.publish('dea.update', 'free', null);
    await cc.flush();
    await dea.flush();
    expect(seen).toEqual(['free']);
    expect(messages(dea.lab).map((m) => m.name)).toEqual(['dea.update']);
    dea.lab.unbreak(id);
    dea.lab.open();
    await expect.poll(() => seen).toEqual(['free', 'held']);
    expect(messages(dea.lab).map((m) => m.name)).toEqual(['dea.update', 'dea.stop']);
  });

  it('never stops at periodic subjects when all is paused', async () => {
    const [cc, dea] = [await bus('cc'), await bus('dea')];
    const seen: unknown[] = [];
    cc.subscribe('dea.heartbeat', { background: true }, (json) => void seen.push(json));
    cc.subscribe('droplet.exited', {}, (json) => void seen.push(json));
    await cc.flush();
    cc.lab.pause();
    dea.publish('droplet.exited', 'held', null);
    dea.publish('dea.heartbeat', 'beat', null, { background: true });
    await expect.poll(() => seen).toEqual(['beat']);
    cc.lab.open();
    await expect.poll(() => seen).toEqual(['beat', 'held']);
  });

  it('survives a message that is no JSON and a handler that throws', async () => {
    const [cc, sender] = [await bus('cc'), await raw()];
    const seen: unknown[] = [];
    cc.subscribe('x', {}, (json) => {
      seen.push(json);
      throw new Error('handler broke');
    });
    await cc.flush();
    sender.send('PUB x 4\r\n{"a"\r\nPUB x 0\r\n\r\nPUB x 1\r\n1\r\n');
    await expect.poll(() => seen).toEqual([undefined, 1]);
    await expect.poll(() => notes(cc.lab).filter((t) => /not JSON|handler broke/.test(t))).toHaveLength(3);
  });

  it('comes back after the server was away: subscriptions, kept messages, announcements', async () => {
    const [cc, dea] = [await bus('cc'), await bus('dea')];
    const seen: unknown[] = [];
    let again = 0;
    cc.onReconnect(() => {
      again += 1;
    });
    const mine: unknown[] = [];
    dea.subscribe('later', {}, (json) => void seen.push(json));
    cc.subscribe('kept', {}, (json) => void mine.push(json));
    await dea.flush();
    const { port } = running;
    await running.stop();
    await expect.poll(() => cc.connected() || dea.connected()).toBe(false);
    cc.publish('dea.heartbeat', 'stale', null, { background: true });
    cc.publish('kept', 'kept', null);
    running = await server.start(port);
    await expect.poll(() => cc.connected() && dea.connected()).toBe(true);
    await dea.flush();
    cc.publish('later', 'later', null);
    await expect.poll(() => [mine, seen]).toEqual([['kept'], ['later']]);
    await expect.poll(() => again).toBe(1);
    expect(messages(cc.lab).filter((m) => m.name === 'dea.heartbeat')).toMatchObject([{ phase: 'dropped' }]);
  });

  it('settles while the server is away, and closes', async () => {
    const cc = await bus('cc');
    const { port } = running;
    const flushed = Promise.all([cc.flush(), cc.lab.settle()]);
    await running.stop();
    await flushed;
    await cc.lab.settle();
    await cc.close();
    running = await server.start(port);
  });

  it('tells who cannot log in what to do', async () => {
    const lab = memoryLab('x', 'real');
    open.push(lab);
    const url = `nats://127.0.0.1:${running.port}`;
    const wrong = connectBus({ url, user: USER, password: 'wrong', lab, proc: 'x', name: 'x' });
    await expect(wrong).rejects.toThrow(/\[bus\] could not log in to nats:.*give the user and password/);
  });
}

export const messages = (lab: MemoryLab) => lab.bodies().filter((b) => b.type === 'message');
const notes = (lab: MemoryLab) => lab.bodies().flatMap((b) => (b.type === 'note' ? [b.text] : []));
