// What if: each fault on a real lab, with its consequence seen from outside (/proc, the kernel's files, HTTP), and linked in
// the journal; terminals into running, frozen and held containers; the small browser.
import { readFileSync, readlinkSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { Entry } from '../../machines/journal.ts';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { connectWarden } from '../../server/warden/protocol/index.ts';
import { type Cf, cf, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { inside, isFrozen, memoryLimit } from '../support/inside.ts';
import { expectNothingLeft, kernelNow } from '../support/kernel.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

interface View {
  apps: { app: string; name: string; index: number; state: string; handle: string; job: number }[];
  components: { proc: string; pid: number }[];
  containers: { handle: string; id: string; pid: number; frozen: boolean; memoryBytes: number }[];
  drops: { id: string; seq?: number }[];
}

let before: ReturnType<typeof kernelNow>;
let lab: RunningLab;
let d: Debug;
let c: Cf;
let guid: string;
beforeAll(async () => {
  before = kernelNow();
  lab = await startLab({ deas: 1 });
  d = debug(lab.url);
  c = await cf(lab.url);
  guid = await c.prepare('what', 'lessons/apps/hello-node');
  const started = await c.start(guid);
  expect(started.status, started.text).toBe(201);
  await until('the app to be staged', async () => (await c.app(guid)).package_state === 'STAGED');
  await until('the app to answer', async () => (await c.visit('what')).status === 200);
}, 300_000);
afterAll(async () => {
  await lab?.stop();
  await expectNothingLeft(before);
}, 300_000);
afterEach(async () => {
  for (const b of (await d.state()).breakpoints) await d.clear(b.id);
  await d.go();
});

const view = async () => (await lab.api('GET', '/lab/faults')).json<View>();
const inject = async (fault: object): Promise<number> => {
  const a = await lab.api('POST', '/lab/faults', fault);
  expect(a.status, a.text).toBe(201);
  return a.json<{ seq: number }>().seq;
};
/** The one instance, as soon as its DEA has written it down. */
const running = () =>
  until('the instance to be RUNNING', async () =>
    (await view()).apps.find((i) => i.app === guid && i.state === 'RUNNING'),
  );
const containerOf = async (handle: string) => (await view()).containers.find((x) => x.handle === handle)!;

function alive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
const cgroupOf = (pid: number) => readFileSync(`/proc/${pid}/cgroup`, 'utf8');
/** Whether the chain of causes of `entry` leads to `seq`. */
function follows(entries: Entry[], entry: Entry, seq: number): boolean {
  const bySeq = new Map(entries.map((e) => [e.seq, e]));
  for (let e: Entry | undefined = entry; e; e = e.cause === null ? undefined : bySeq.get(e.cause)) {
    if (e.cause === seq) return true;
  }
  return false;
}
const consequence = (what: string, seq: number, fits: (e: Entry) => boolean) =>
  until(what, async () => {
    const all = await d.journal();
    return all.find((e) => e.seq > seq && fits(e) && follows(all, e, seq));
  });

interface News {
  type: string;
  via?: string;
  note?: string;
  error?: string;
  status?: number;
}
/** A terminal as the page opens it. */
async function terminal(handle: string, query = '', headers: Record<string, string> = {}) {
  const ws = new WebSocket(`${lab.url.replace('http', 'ws')}/lab/terminal/${encodeURIComponent(handle)}${query}`, {
    headers,
  });
  let output = '';
  const news: News[] = [];
  let refused = 0;
  ws.on('message', (data, binary) => {
    if (binary) output += String(data);
    else news.push(JSON.parse(String(data)));
  });
  ws.on('unexpected-response', (_req, res) => {
    refused = res.statusCode ?? 0;
  });
  ws.on('error', () => undefined);
  const first = await until(
    'the terminal to open or be refused',
    () => news[0] ?? (refused ? { type: `${refused}` } : undefined),
  );
  return {
    first,
    news,
    type: (text: string) => ws.send(Buffer.from(text)),
    say: (message: object) => ws.send(JSON.stringify(message)),
    /** Waits for output that fits, from here on. */
    async shows(pattern: RegExp): Promise<RegExpExecArray> {
      const found = await until(
        `the terminal to show ${pattern} (it shows ${JSON.stringify(output.slice(-400))})`,
        () => pattern.exec(output) ?? undefined,
      ).catch(() => {
        throw new Error(`the terminal does not show ${pattern}: ${output}`);
      });
      output = output.slice(found.index + found[0].length);
      return found;
    },
    close: () => ws.close(),
  };
}

describe('the small browser', () => {
  it('asks an app through the router, whose name no resolver has to know', async () => {
    const answer = await lab.api('POST', '/lab/ask', { app: 'what', path: '/' });
    expect(answer.status).toBe(200);
    const said = answer.json<{ status: number; body: string; encoding: string; host: string }>();
    expect(said).toMatchObject({ status: 200, encoding: 'utf8', host: 'what.localhost' });
    expect(said.body).toBe((await c.visit('what')).text);
  });

  it('is told which instance answered, and leads to the entries of this very request', async () => {
    const asked = { app: 'what', path: '/?this=one' };
    const said = (await lab.api('POST', '/lab/ask', asked)).json<{ seq: number; ms: number; answerer: object }>();
    expect(said.answerer).toMatchObject({ app: guid, name: 'what', index: 0, node: 0 });
    expect(said.ms).toBeGreaterThan(0);
    const entries = (await d.journal()).filter((e) => e.type === 'message' && e.transport === 'proxy');
    const first = entries.find((e) => e.seq === said.seq);
    expect(first).toMatchObject({ phase: 'received', from: 'you', to: 'router' });
    const own = entries.filter((e) => e.run === first?.run);
    expect(own.map((e) => e.type === 'message' && `${e.phase} ${e.to}`)).toEqual([
      'received router',
      `sent app:${guid}`,
      'received router',
      'sent you',
    ]);
  });

  it('shows what the router says where there is no app, and refuses what is no request', async () => {
    const answer = (await lab.api('POST', '/lab/ask', { app: 'nobody' })).json<{ status: number; body: string }>();
    expect(answer.status).toBe(404);
    expect(answer.body).toContain('nobody.localhost');
    expect((await lab.api('POST', '/lab/ask', { app: 'what', path: 'http://elsewhere/' })).status).toBe(400);
    expect((await lab.api('POST', '/lab/ask', { app: 'what' }, { origin: 'http://evil.example' })).status).toBe(403);
  });
});

describe('terminals', () => {
  it('open a shell in the leaf visit of a running container, follow the size, and leave nothing behind', async () => {
    const { handle } = await running();
    const { pid: init } = await containerOf(handle);
    const t = await terminal(handle, '?user=vcap&cols=91&rows=27');
    expect(t.first).toMatchObject({ type: 'ready', via: 'wshd' });
    t.type('id -un; stty size; echo pid $$\n');
    await t.shows(/vcap\r\n27 91\r\n/);
    t.say({ type: 'resize', cols: 120, rows: 40 });
    t.type('stty size; sleep 31337\n');
    await t.shows(/40 120\r\n/);
    const sleeper = await until('the sleep to run inside', () =>
      inside(init).find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\u000031337')),
    );
    expect(cgroupOf(sleeper)).toMatch(/\/visit$/m);
    t.close();
    await until('the shell and what it started to be gone', () => !alive(sleeper));
    const journal = await d.journal();
    expect(journal.some((e) => JSON.stringify(e).includes('31337'))).toBe(false);
  });

  it('are refused to pages of another origin, and say where there is no such container', async () => {
    const { handle } = await running();
    expect((await terminal(handle, '', { origin: 'http://evil.example' })).first.type).toBe('403');
    expect((await terminal(handle, '', { origin: lab.url })).first.type).toBe('ready');
    expect((await terminal(handle, '?user=nobody')).first.type).toBe('400');
    expect((await terminal('nosuch')).first).toMatchObject({ type: 'error', error: expect.stringContaining('nosuch') });
  });

  it('enter a container that is held in its boot from the host, and say so', async () => {
    const id = await d.breakAt({ kind: 'step', handle: 'what-held', name: 'pivot_root', when: 'before' });
    const warden = await connectWarden({
      socket: lab.wardenSocket(0),
      lab: memoryLab('test', 'real'),
      label: 'test',
      from: 'test',
      to: 'warden:0',
    });
    const created = warden.request('Create', { handle: 'what-held' }, { cause: null });
    const held = await d.held('pivot_root', (h) => h.point.name === 'pivot_root');
    // Warden's entries wait 250 ms for the `sent` of this client, which is no process of the lab.
    const step = await d.entry(
      'a step of PID 1',
      (e) => e.type === 'step' && e.handle === 'what-held' && e.name === 'nodes',
    );
    const pid = step?.type === 'step' ? step.pid : 0;
    const t = await terminal('what-held');
    expect(t.first.error).toBeUndefined();
    expect(t.first).toMatchObject({ type: 'ready', via: 'nsenter', note: expect.stringContaining('mnt') });
    t.type('echo "in $(hostname) $((6 * 7))"; readlink /proc/self/ns/mnt\n');
    const [, ns] = await t.shows(/in \S+ 42\r\n(mnt:\[\d+\])/);
    expect(ns).toBe(readlinkSync(`/proc/${pid}/ns/mnt`));
    expect(ns).not.toBe(readlinkSync('/proc/self/ns/mnt'));
    t.close();
    await d.clear(id);
    await d.open(held.gate);
    await created;
    await warden.request('Destroy', { handle: 'what-held' }, { cause: null });
    warden.close();
  });
});

describe('what if', () => {
  it('freezing the jobs of a container leaves its app without an answer and its terminal alive; thawed it answers', async () => {
    const { handle } = await running();
    const { pid: init } = await containerOf(handle);
    const app = inside(init)[0]!;
    const seq = await inject({ what: 'freeze', handle });
    await until('the kernel to say frozen', () => isFrozen(app));
    expect((await containerOf(handle)).frozen).toBe(true);
    const silent = c.visit('what');
    let answered = false;
    void silent.then(() => {
      answered = true;
    });
    const t = await terminal(handle);
    t.type('echo alive $((6 * 7))\n');
    await t.shows(/alive 42/);
    t.close();
    expect(answered).toBe(false);
    await consequence('the kernel entry', seq, (e) => e.type === 'kernel');
    await inject({ what: 'thaw', handle });
    expect((await silent).status).toBe(200);
    expect(isFrozen(app)).toBe(false);
  });

  it('memory of a running container is lowered and raised by a Warden request, and the kernel agrees', async () => {
    const { handle } = await running();
    const { pid: init, memoryBytes } = await containerOf(handle);
    const seq = await inject({ what: 'memory', handle, bytes: 100 << 20 });
    expect(memoryLimit(init)).toBe(100 << 20);
    await consequence('the request', seq, (e) => e.type === 'message' && e.name === 'LimitMemoryRequest');
    await inject({ what: 'memory', handle, bytes: memoryBytes });
    expect(memoryLimit(init)).toBe(memoryBytes);
  });

  it('a dropped HTTP request ends with its connection; the next one is answered', async () => {
    await lab.api('POST', '/lab/faults', { what: 'drop', transport: 'http', name: 'GET /v2/info' });
    await expect(lab.api('GET', '/v2/info')).rejects.toThrow(/socket hang up|ECONNRESET/);
    expect((await lab.api('GET', '/v2/info')).status).toBe(200);
    const { seq = 0 } = await until('the fault', async () => (await view()).drops.find((x) => x.seq));
    await consequence('the dropped message', seq, (e) => e.type === 'message' && e.phase === 'dropped');
  });

  it('a dropped NATS message never reaches its receiver: no container is made for the second instance', async () => {
    const handles = await lab.list(0);
    const order = (
      await lab.api('POST', '/lab/faults', { what: 'drop', transport: 'nats', name: 'dea.*.start' })
    ).json<{
      drop: { id: string };
    }>().drop;
    await c.call('PUT', `/v2/apps/${guid}`, { instances: 2 });
    const { seq = 0 } = await until('the fault', async () =>
      (await view()).drops.find((x) => x.id === order.id && x.seq),
    );
    const lost = await consequence('the dropped start', seq, (e) => e.type === 'message' && e.phase === 'dropped');
    const all = await d.journal();
    const fault = all.find((e) => e.seq === seq);
    expect(all.find((e) => e.seq === fault?.cause)).toMatchObject({ type: 'message', phase: 'sent' });
    expect(lost.run).toBe(fault?.run);
    expect(await lab.list(0)).toEqual(handles);
    await c.call('PUT', `/v2/apps/${guid}`, { instances: 1 });
  });

  it('a dropped Warden request breaks its connection, as a stream can lose nothing but itself', async () => {
    await lab.api('POST', '/lab/faults', { what: 'drop', transport: 'warden', name: 'ListRequest' });
    await expect(lab.list(0)).rejects.toThrow(/lost the connection/);
    expect(await lab.list(0)).toContain((await running()).handle);
  });

  it('an order to drop is taken back', async () => {
    const order = (await lab.api('POST', '/lab/faults', { what: 'drop', name: 'GET /v2/info' })).json<{
      drop: { id: string };
    }>();
    expect((await lab.api('DELETE', `/lab/faults/drops/${order.drop.id}`)).status).toBe(204);
    expect((await lab.api('GET', '/v2/info')).status).toBe(200);
  });

  it('an app that is killed crashes, and its crash follows from the fault; it is started again', async () => {
    const { handle } = await running();
    const { pid: init } = await containerOf(handle);
    const jobs = inside(init);
    expect(jobs.length).toBeGreaterThan(0);
    const seq = await inject({ what: 'kill-app', app: 'what', index: 0 });
    await until('the processes of the app to be gone', () => jobs.every((pid) => !alive(pid)));
    await consequence(
      'the crash',
      seq,
      (e) => e.type === 'transition' && e.machine === 'instance' && JSON.stringify(e.value).includes('CRASHED'),
    );
    await until('the app to answer again', async () => (await c.visit('what')).status === 200);
    expect((await running()).handle).not.toBe(handle);
  });

  it('a component that is killed comes back, and its death and its start follow from the fault', async () => {
    for (const proc of ['dea/0', 'warden/0']) {
      const old = lab.pid(proc)!;
      const seq = await inject({ what: 'kill', proc });
      await until(`${proc} to be gone`, () => !alive(old));
      await consequence('its death', seq, (e) => e.type === 'note' && e.text.includes(`${proc} died (SIGKILL)`));
      await consequence('its new start', seq, (e) => e.type === 'note' && e.text === `${proc} was started`);
      await until(`${proc} to be back`, () => lab.pid(proc) && lab.pid(proc) !== old);
    }
    await until('warden to list again', async () => (await lab.list(0)).length > 0);
    expect((await c.visit('what')).status).toBe(200);
  });

  it('control, killed, is back with its journal, in which its death follows from the fault', async () => {
    const old = lab.pid('control')!;
    expect((await lab.api('POST', '/lab/faults', { what: 'kill', proc: 'control' })).status).toBe(202);
    await until('control to be gone', () => !alive(old));
    await until('the lab to answer again', async () => (await lab.api('GET', '/lab/state')).status === 200);
    const fault = await d.entry('the fault', (e) => e.type === 'fault' && e.target === 'control');
    await consequence('its death', fault.seq, (e) => e.type === 'note' && e.text.includes('control died'));
    await until('the app to answer through the new router', async () => (await c.visit('what')).status === 200);
  });

  it('what cannot be done is refused with a sentence', async () => {
    expect((await lab.api('POST', '/lab/faults', { what: 'freeze', handle: 'nosuch' })).status).toBe(404);
    expect((await lab.api('POST', '/lab/faults', { what: 'kill', proc: 'main' })).status).toBe(400);
    expect((await lab.api('POST', '/lab/faults', { what: 'kill', proc: 'dea/9' })).status).toBe(409);
    expect((await lab.api('POST', '/lab/faults', { what: 'drop' })).status).toBe(400);
    expect(
      (await lab.api('POST', '/lab/faults', { what: 'kill-app', app: 'what' }, { origin: 'http://evil.example' }))
        .status,
    ).toBe(403);
  });
});
