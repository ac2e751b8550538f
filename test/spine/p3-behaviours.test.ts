// P3.6: the behaviours of the originals (reference, section 12) on the real back end, one named test each. Witnesses are the
// bus as it is on the wire, Warden's List, the kernel, the files and the app itself; the journal only says at what lab time.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Entry, MessageBody } from '../../machines/journal.ts';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { connectWarden } from '../../server/warden/protocol/index.ts';
import { connectWshd } from '../../server/warden/wshd/index.ts';
import { ask, type Cf, cf, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { expectNothingLeft, kernelNow, newSince } from '../support/kernel.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { type Eavesdropper, eavesdrop } from '../support/nats.ts';

const APPS = join(import.meta.dirname, '../../lessons/apps');
const HELLO = join(APPS, 'hello-node');

let lab: RunningLab;
let c: Cf;
let d: Debug;
let bus: Eavesdropper;

beforeAll(async () => {
  lab = await startLab();
  c = await cf(lab.url);
  d = debug(lab.url);
  bus = await eavesdrop(lab);
}, 300_000);
/** A test that failed leaves nothing to the next: no gate closed, no app that crashes on. */
afterEach(async () => {
  for (const { id } of (await d.state()).breakpoints) await d.clear(id);
  await d.go();
  for (const { metadata } of (await c.call('GET', '/v2/apps')).json<{ resources: { metadata: { guid: string } }[] }>()
    .resources)
    await c.call('DELETE', `/v2/apps/${metadata.guid}?recursive=true`);
  bus.forget();
}, 300_000);
afterAll(async () => {
  bus?.close();
  await lab?.stop();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const isMessage = (e: Entry, name: string | RegExp, phase: MessageBody['phase'] = 'sent'): e is Entry & MessageBody =>
  e.type === 'message' && e.phase === phase && (typeof name === 'string' ? e.name === name : name.test(e.name));
const payload = (e: Entry | undefined): Record<string, unknown> =>
  e?.type === 'message' && typeof e.payload === 'object' && e.payload !== null
    ? (e.payload as Record<string, unknown>)
    : {};
const states = async (guid: string) => {
  const a = await c.instances(guid);
  return a.status === 200 ? Object.values(a.json<Record<string, { state: string }>>()).map((i) => i.state) : [];
};
const running = (guid: string, count = 1) =>
  until(
    `${count} RUNNING`,
    async () => {
      const s = await states(guid);
      return s.length === count && s.every((x) => x === 'RUNNING');
    },
    120_000,
  );
async function pushed(name: string, folder = HELLO, entity: Record<string, unknown> = {}): Promise<string> {
  const guid = await c.prepare(name, folder, entity);
  const put = await c.start(guid);
  expect(put.status, put.text).toBe(201);
  await running(guid, Number(entity.instances ?? 1));
  return guid;
}
const folders: string[] = [];
function appFolder(files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), 'ws-app-'));
  folders.push(dir);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true });
    writeFileSync(join(dir, name), text, { mode: 0o755 });
  }
  return dir;
}
/** Moves lab time on until `probe` gives a value: in small skips, or from one timer that the flow waits for to the next. */
async function withTime<T>(
  what: string,
  probe: () => Promise<T | undefined | false>,
  by: 5000 | 'next' = 5000,
  skips = 240,
): Promise<T> {
  for (let n = 0; n <= skips; n += 1) {
    const value = await probe();
    if (value) return value;
    await d.skip(by === 'next' ? { to: 'next' } : { ms: by });
    await bus.settled();
  }
  throw new Error(`${what}: not within ${skips} skips of lab time`);
}
const handles = async () => (await Promise.all([0, 1].map((k) => lab.list(k)))).flat();
/** Arms a breakpoint; `before` waits until something is held there and gives its gate. */
async function hold(b: Parameters<Debug['breakAt']>[0]) {
  const id = await d.breakAt(b);
  return { before: async () => (await d.held(b.name ?? id, (h) => h.by === id)).gate };
}
/** Ends only when it is killed, and says how often it was asked to. */
const LAST_WORDS = {
  'package.json': '{"name":"last-words","version":"1.0.0","scripts":{"start":"node server.js"}}\n',
  'server.js': `let terms = 0;
process.on('SIGTERM', () => { terms += 1; console.log('TERM', terms); });
require('node:http').createServer((req, res) => res.end(String(terms))).listen(process.env.PORT);
`,
};
/** Skips to the restart, but never while an instance is starting: its health check would time out unseen. */
function runningAgain(guid: string, count = 1): Promise<boolean> {
  return until(
    `${count} RUNNING again`,
    async () => {
      const s = await states(guid);
      if (s.filter((x) => x === 'RUNNING').length === count) return true;
      if (!s.includes('STARTING')) await d.skip({ ms: 5000 });
      return false;
    },
    120_000,
  );
}

describe('behaviours of the originals', () => {
  it('1: PUT STARTED blocks until the staging container is ready, and only until then', async () => {
    const guid = await c.prepare('b1', HELLO);
    await d.breakAt({ kind: 'delivery', transport: 'warden', name: 'CreateRequest', once: true });
    let answered = false;
    const put = c.start(guid).then((a) => {
      answered = true;
      return a;
    });
    const held = await d.held('Create', (h) => h.point.name === 'CreateRequest');
    await new Promise((r) => setTimeout(r, 500));
    expect(answered).toBe(false);
    const compile = await d.breakAt({ kind: 'effect', machine: 'staging-task', name: 'uploadDroplet', once: true });
    await d.open(held.gate);
    expect((await put).status).toBe(201);
    const upload = await d.held('the droplet upload', (h) => h.by === compile);
    expect((await c.instances(guid)).text, 'still staging').toContain('170002');
    await d.open(upload.gate);
    await running(guid);
  }, 300_000);

  it('2: instance 0 starts on the stager from its local droplet, without a NATS start message or a download', async () => {
    await until('empty nodes', async () => (await handles()).length === 0);
    const before = (await d.state()).head;
    const guid = await pushed('b2');
    await until('the staging container to go', async () => (await handles()).length === 1);
    const [asked] = bus.on(/^staging\.[^.]+\.start$/, guid);
    const dea = asked?.subject.replace(/^staging\.(.*)\.start$/, '$1');
    const [registered] = await until('router.register', () => {
      const all = bus.on(/^router\.register$/, guid);
      return all.length > 0 && all;
    });
    expect(registered?.json.dea).toBe(dea);
    expect(bus.on(/^(dea\..*\.start|hm9000\.start)$/, guid)).toEqual([]);
    const node = Number(dea?.split('-')[0]);
    expect((await lab.list(node)).length, 'its container is on the stager').toBe(1);
    const entries = (await d.journal()).filter((e) => e.seq > before);
    expect(entries.filter((e) => e.type === 'message' && /GET \/staging\/droplets/.test(e.name))).toEqual([]);
  }, 300_000);

  it('3 and 5: a crash publishes droplet.exited at once, the restart waits for a heartbeat; then the back-off grows from 30 to 960 s', async () => {
    const guid = await pushed('b3');
    // The health manager decides nothing in its first 30 s, and an order for this index may still wait from the push.
    await d.skip({ ms: 60_000 });
    bus.forget();
    const told = () => bus.on(/^(droplet\.exited|hm9000\.start|dea\.heartbeat)$/, guid);
    const times = async (name: string) =>
      (await d.journal()).filter((e) => isMessage(e, name) && payload(e).droplet === guid);
    const waits: number[] = [];
    for (let n = 1; n <= 9; n++) {
      await c.visit('b3', '/exit?code=3').catch(() => undefined);
      await until(`exit ${n}`, () => bus.on(/^droplet\.exited$/, guid).length === n);
      expect(bus.on(/^hm9000\.start$/, guid), 'nothing is started at once').toHaveLength(n - 1);
      await withTime(`restart ${n}`, async () => bus.on(/^hm9000\.start$/, guid).length === n, 'next');
      const order = told();
      const exit = order.findLastIndex((m) => m.subject === 'droplet.exited');
      expect(order[exit]?.json.reason).toBe('CRASHED');
      const start = order.findLastIndex((m) => m.subject === 'hm9000.start');
      const beat = order.findIndex((m, i) => i > exit && i < start && JSON.stringify(m.json).includes('CRASHED'));
      expect(beat, 'a heartbeat that tells of the crash comes between').toBeGreaterThan(exit);
      const [exited, started] = await until('both in the record', async () => {
        const pair = [(await times('droplet.exited'))[n - 1], (await times('hm9000.start'))[n - 1]] as const;
        return pair[0] && pair[1] && ([pair[0], pair[1]] as const);
      });
      waits.push((started.lt - exited.lt) / 1000);
      await runningAgain(guid);
      // A start that was sent blocks the next one for 30 s (keep-alive), whatever the back-off says.
      await d.skip({ ms: 45_000 });
    }
    // Heartbeat, analysis and sending take 31 s at most; what is more is the back-off.
    for (const w of waits.slice(0, 3)) expect(w, String(waits)).toBeLessThanOrEqual(31);
    for (const [i, least] of [30, 60, 120, 240, 480, 960].entries()) {
      expect(waits[3 + i], String(waits)).toBeGreaterThanOrEqual(least);
      expect(waits[3 + i], String(waits)).toBeLessThanOrEqual(least + 31);
    }
  }, 300_000);

  it('4: when all instances have crashed, only index 0 is restarted until something runs', async () => {
    const guid = await pushed('b4', HELLO, { instances: 2 });
    bus.forget();
    const restart = await d.breakAt({ kind: 'delivery', transport: 'nats', name: 'hm9000.start' });
    await until('both crashed', async () => {
      // Which instance answers is the router's choice; one that has just gone may be asked once more.
      await c.visit('b4', '/exit?code=1').catch(() => undefined);
      return new Set(bus.on(/^droplet\.exited$/, guid).map((m) => m.json.index)).size === 2;
    });
    await d.clear(restart);
    await d.go();
    await runningAgain(guid, 2);
    const all = bus.on(/^(droplet\.exited|hm9000\.start|dea\.heartbeat)$/, guid);
    const exits = all.flatMap((m, i) => (m.subject === 'droplet.exited' ? [i] : []));
    // What starts counts as running, as in hm9000.
    const runs = (m: { json: Record<string, unknown> }) => {
      const told = m.json.droplets as { droplet: string; index: number; state: string }[] | undefined;
      return told?.some((i) => i.droplet === guid && i.index === 0 && /^(STARTING|RUNNING)$/.test(i.state)) ?? false;
    };
    const first = all.findIndex((m, i) => i > (exits.at(-1) ?? 0) && runs(m));
    expect(first, 'a heartbeat that index 0 lives').toBeGreaterThan(0);
    const starts = (from: number, to?: number) =>
      all.slice(from, to).flatMap((m) => (m.subject === 'hm9000.start' ? [m.json.instance_index] : []));
    expect([...new Set(starts(exits[0] ?? 0, first))], 'before that').toEqual([0]);
    expect([...new Set(starts(first))], 'after it').toEqual([1]);
  }, 300_000);

  it('5: a stop publishes no event; 8: router.unregister comes before TERM, and the router answers 404 while the app still could', async () => {
    const guid = await pushed('b8', appFolder(LAST_WORDS));
    const { host, port } = bus.on(/^router\.register$/, guid)[0]?.json ?? {};
    /** The app at its node's port, past the router: how often it was asked to end. */
    const terms = async () => Number((await ask(`http://${host}:${port}/`)).text);
    expect(await terms()).toBe(0);
    const { before } = await hold({ kind: 'effect', machine: 'instance', name: 'stopContainer', once: true });
    await c.call('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
    const gate = await before();
    await until('router.unregister', () => bus.on(/^router\.unregister$/, guid).length === 1);
    await until('the router to have heard it', async () => (await c.visit('b8')).status === 404);
    expect(await terms(), 'nobody has said TERM yet').toBe(0);
    await d.open(gate);
    await until('the first TERM', async () => (await terms()) > 0);
    expect((await c.visit('b8')).status, 'the app could still answer').toBe(404);
    await until('the container to go', async () => (await handles()).length === 0);
    expect(bus.on(/^droplet\.exited$/, guid)).toEqual([]);
    expect(bus.on(/^router\.unregister$/, guid), 'once').toHaveLength(1);
  }, 300_000);

  it('8: when router.unregister is lost, the router answers 502 until it has pruned the route, 150 s at most', async () => {
    const guid = await pushed('b8l');
    const drop = await lab.api('POST', '/lab/faults', { what: 'drop', transport: 'nats', name: 'router.unregister' });
    expect(drop.status, drop.text).toBe(201);
    await c.call('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
    await until('the container to go', async () => (await handles()).length === 0);
    expect(bus.on(/^router\.unregister$/, guid), 'it was sent').toHaveLength(1);
    expect((await c.visit('b8l')).status).toBe(502);
    await d.skip({ ms: 100_000 });
    expect((await c.visit('b8l')).status, 'a route is stale after 120 s').toBe(502);
    await d.skip({ ms: 51_000 });
    expect((await c.visit('b8l')).status).toBe(404);
  }, 300_000);

  it('10: a worker without a route is RUNNING as soon as it was spawned; a web app that never listens fails after 60 s of lab time', async () => {
    const before = (await d.state()).head;
    const worker = await c.call('POST', '/v2/apps', {
      name: 'b10w',
      space_guid: (await c.call('GET', '/v2/spaces')).json<{ resources: { metadata: { guid: string } }[] }>()
        .resources[0]?.metadata.guid,
      memory: 64,
    });
    expect(worker.status).toBe(201);
    const deaf = await c.prepare('b10', appFolder({ Procfile: 'web: sleep 1000\n' }));
    expect((await c.start(deaf)).status).toBe(201);
    await until('the instance to be STARTING', async () => (await states(deaf)).includes('STARTING'));
    await withTime(
      'the health check to give up',
      async () =>
        (await d.journal()).find(
          (e) => e.seq > before && isMessage(e, 'droplet.exited') && payload(e).droplet === deaf,
        ),
      5000,
      24,
    );
    const exited = (await d.journal()).find(
      (e) => e.seq > before && isMessage(e, 'droplet.exited') && payload(e).droplet === deaf,
    );
    expect(String(payload(exited).exit_description)).toMatch(/health check/);
    expect(bus.on(/^droplet\.exited$/, deaf), 'on the wire').toHaveLength(1);
    const began = (await d.journal()).find(
      (e) => e.seq > before && e.type === 'effect' && e.name === 'checkHealth' && e.phase === 'start',
    );
    const waited = ((exited?.lt ?? 0) - (began?.lt ?? 0)) / 1000;
    expect(waited).toBeGreaterThanOrEqual(60);
    expect(waited).toBeLessThanOrEqual(61);
    await c.call('PUT', `/v2/apps/${deaf}`, { state: 'STOPPED' });
    const quiet = await c.prepare('b10q', appFolder({ Procfile: 'web: sleep 1000\n' }));
    const routes = (await c.call('GET', `/v2/apps/${quiet}/routes`)).json<{
      resources: { metadata: { guid: string } }[];
    }>().resources;
    for (const r of routes) await c.call('DELETE', `/v2/apps/${quiet}/routes/${r.metadata.guid}`);
    const { head } = await d.state();
    expect((await c.start(quiet)).status).toBe(201);
    await running(quiet);
    const check = (await d.journal()).filter((e) => e.seq > head && e.type === 'effect' && e.name === 'checkHealth');
    expect(check, 'it is asked once, and answers without a connection').toMatchObject([
      { phase: 'start' },
      { phase: 'end', output: { healthy: true } },
    ]);
    await c.call('PUT', `/v2/apps/${quiet}`, { state: 'STOPPED' });
  }, 300_000);

  it('11: environment values are shell-expanded, and the user’s come after .profile.d', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ws-b11-'));
    execFileSync('cp', ['-r', `${HELLO}/.`, folder]);
    mkdirSync(join(folder, '.profile.d'));
    writeFileSync(join(folder, '.profile.d/colour.sh'), 'export COLOUR=profile SHAPE=profile\n');
    const guid = await c.prepare('b11', folder, { environment_json: { COLOUR: 'user', HOUSE: '$HOME/x' } });
    expect((await c.start(guid)).status).toBe(201);
    await running(guid);
    const env = (await c.visit('b11', '/env')).text;
    expect(env).toMatch(/COLOUR"?[=:]\s*"?user/);
    expect(env).toMatch(/SHAPE"?[=:]\s*"?profile/);
    expect(env).toMatch(/HOUSE"?[=:]\s*"?\/home\/vcap\/app\/x/);
  }, 300_000);

  it.each(['warden', 'dea', 'control'])(
    '12: apps outlive a restart of %s: the same process, and no effect that made it runs twice',
    async (role) => {
      await until('empty nodes', async () => (await handles()).length === 0);
      const guid = await pushed(`b12-${role}`);
      await until('the staging container to go', async () => (await handles()).length === 1);
      const seen = (await c.visit(`b12-${role}`, '/json')).json<{ hostname: string; pid: number }>();
      const process = hostProcess(seen.hostname, seen.pid);
      const { head } = await d.state();
      const before = lab.pids();
      const victims = role === 'control' ? [role] : [0, 1].map((k) => `${role}/${k}`);
      for (const victim of victims) await lab.kill(victim);
      await until('them to be back', async () => {
        const { procs } = await d.state();
        return victims.every((v) => procs.some((p) => p.proc === v && p.pid !== before[v]));
      });
      if (role === 'control') {
        c = await until('the Cloud Controller to answer', () => cf(lab.url));
        bus.close();
        bus = await eavesdrop(lab);
      }
      const again = await until('the app to answer', async () => {
        const a = await c.visit(`b12-${role}`, '/json');
        return a.status === 200 && a.json<{ hostname: string; pid: number }>();
      });
      expect([again.hostname, again.pid]).toEqual([seen.hostname, seen.pid]);
      // Long enough for whoever is missing something to start it.
      await d.skip({ ms: 60_000 });
      await running(guid);
      expect(hostProcess(seen.hostname, seen.pid), 'pid and start time, as the kernel says').toEqual(process);
      expect(await handles()).toEqual([seen.hostname]);
      const twice = (await d.journal()).filter(
        (e) =>
          e.seq > head &&
          e.type === 'effect' &&
          e.phase === 'start' &&
          ['spawnApp', 'createContainer', 'bootWshd'].includes(e.name),
      );
      expect(twice).toEqual([]);
    },
    300_000,
  );

  /** The app's process as the host's kernel knows it: its pid here, and when it was started. */
  function hostProcess(handle: string, inside: number): { pid: string; started: string | undefined } {
    const group = `/sys/fs/cgroup/memory/wardenscope-${lab.id}/instance-${handle}`;
    const pid = readdirSync(group, { recursive: true, encoding: 'utf8' })
      .filter((file) => /(^|\/)cgroup\.procs$/.test(file))
      .flatMap((file) => readFileSync(join(group, file), 'utf8').split('\n').filter(Boolean))
      .find((p) => new RegExp(`^NSpid:.*\\s${inside}$`, 'm').test(readFileSync(`/proc/${p}/status`, 'utf8')));
    if (!pid) throw new Error(`no process is ${inside} in ${handle}`);
    // After the name in brackets comes field 3; the start time is field 22.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return { pid, started: fields[19] };
  }

  it('13: a second instance goes to the node with fewer instances of the app', async () => {
    await until('empty nodes', async () => (await handles()).length === 0);
    const guid = await pushed('b13', HELLO, { instances: 2 });
    await until('the staging container to go', async () => (await handles()).length === 2);
    expect(new Set(bus.on(/^router\.register$/, guid).map((m) => m.json.host)).size).toBe(2);
    const lists = await Promise.all([0, 1].map((k) => lab.list(k)));
    expect(lists.map((all) => all.length)).toEqual([1, 1]);
    const hosts = new Set<string>();
    await until('both to answer', async () => {
      hosts.add((await c.visit('b13', '/json')).json<{ hostname: string }>().hostname);
      return hosts.size === 2;
    });
    expect([...hosts].sort()).toEqual(lists.flat().sort());
  }, 300_000);

  it('12: a container that no client has been connected to for 300 s is destroyed, as after a DEA outage', async () => {
    // A DEA with instances asks for their Info every 10 s, and each connection that it opens counts for every container.
    await until('an empty node', async () => (await lab.list(0)).length === 0);
    const warden = await connectWarden({
      socket: lab.wardenSocket(0),
      lab: memoryLab('test', 'real'),
      label: 'test/grace',
      from: 'test',
      to: 'warden:0',
    });
    const { handle } = await warden.request('Create', {}, { cause: null });
    warden.close();
    const group = `/sys/fs/cgroup/memory/wardenscope-${lab.id}/instance-${handle}`;
    expect(existsSync(group)).toBe(true);
    await d.skip({ ms: 200_000 });
    expect(existsSync(group), 'after 200 s it is still there').toBe(true);
    await d.skip({ ms: 101_000 });
    await until('the container to be gone', () => !existsSync(group));
  }, 300_000);

  it('15: a late reader gets the last 64 KiB; the first reader loses nothing', async () => {
    const warden = await connectWarden({
      socket: lab.wardenSocket(0),
      lab: memoryLab('test', 'real'),
      label: 'test/ring',
      from: 'test',
      to: 'warden:0',
    });
    const { handle } = await warden.request('Create', {}, { cause: null });
    const script = 'head -c 200000 /dev/zero | tr "\\0" x; echo END';
    const { jobId } = await warden.request('Spawn', { handle, script }, { cause: null });
    let whole = '';
    await warden.stream(handle, jobId, { cause: null }, (_name, data) => {
      whole += data;
    });
    expect([whole.length, whole.slice(-4)]).toEqual([200_004, 'END\n']);
    const late = await warden.request(
      'Spawn',
      { handle, script: `${script}; sleep 600`, discardOutput: true },
      { cause: null },
    );
    const wshd = await connectWshd(memoryLab('test', 'real'), {
      path: `/run/wardenscope/${lab.id}/${handle}.sock`,
      handle,
    });
    await until(
      'all 200004 bytes to be written',
      async () => (await wshd.list()).find((j) => j.job === late.jobId)?.out === 200_004,
    );
    let ring = '';
    wshd.attach(
      late.jobId,
      { lossless: false },
      {
        onOutput: (_name, bytes) => {
          ring += bytes.toString();
        },
        onExit: () => undefined,
        onLost: () => undefined,
      },
    );
    await until('the ring to arrive', () => ring.endsWith('END\n'));
    expect(ring.length).toBe(65_536);
    wshd.close();
    await warden.request('Destroy', { handle }, { cause: null });
    warden.close();
  }, 300_000);

  it('16: a custom buildpack skips detect; release runs only if there is no Procfile and no command', async () => {
    /** Each script leaves a file in the app's folder, and so in the droplet. */
    const marks = (name: string, more = '') => `#!/bin/bash\ntouch "$1/ran-${name}"\n${more}`;
    const pack = appFolder({
      'bin/detect': marks('detect'),
      'bin/compile': marks('compile'),
      'bin/release': marks('release', 'printf -- "---\\ndefault_process_types:\\n  web: sleep 1000\\n"\n'),
    });
    execFileSync('bash', ['-c', 'git init -q && git add -A && git -c user.name=t -c user.email=t@t commit -qm t'], {
      cwd: pack,
    });
    const ran = async (name: string, files: Record<string, string>, entity: Record<string, unknown> = {}) => {
      const guid = await c.prepare(name, appFolder(files), { buildpack: pack, ...entity });
      expect((await c.start(guid)).status).toBe(201);
      await until('staged', async () => (await c.app(guid)).package_state === 'STAGED');
      const [droplet = ''] = dropletsOf(guid);
      const inside = execFileSync('tar', ['-tzf', droplet], { encoding: 'utf8' });
      await c.call('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
      return [...inside.matchAll(/ran-(\w+)$/gm)].map(([, script]) => script).sort();
    };
    expect(await ran('b16', { 'x.txt': 'x' })).toEqual(['compile', 'release']);
    expect(await ran('b16p', { Procfile: 'web: sleep 1000\n' })).toEqual(['compile']);
    expect(await ran('b16c', { 'x.txt': 'x' }, { command: 'sleep 1000' })).toEqual(['compile']);
  }, 300_000);

  /** Files of an app's droplets on the Cloud Controller's disk. */
  function dropletsOf(guid: string): string[] {
    const folder = join(lab.data, 'blobs/droplets');
    const all = readdirSync(folder, { recursive: true, withFileTypes: true, encoding: 'utf8' });
    return all.filter((f) => f.isFile() && f.parentPath.includes(guid)).map((f) => join(f.parentPath, f.name));
  }

  /** Mounts of a container's folder, whatever process sees them. */
  function mountsOf(handle: string): string[] {
    return readdirSync('/proc').flatMap((pid) => {
      try {
        const lines = readFileSync(`/proc/${Number(pid)}/mountinfo`, 'utf8').split('\n');
        return lines.filter((line) => line.includes(`/depot/${handle}/`));
      } catch {
        return [];
      }
    });
  }

  it.each(['a stop', 'an exit with 0', 'an exit with 3'])(
    '7 of the issue: %s throws the container away with its cgroups, mounts and interfaces; the droplet stays and serves again',
    async (end) => {
      await until('empty nodes', async () => (await handles()).length === 0);
      const clean = kernelNow();
      const name = `b7-${end.at(-1)}`;
      const guid = await pushed(name);
      await until('the staging container to go', async () => (await handles()).length === 1);
      const there = newSince(clean);
      for (const kind of ['cgroups', 'links', 'processes', 'nft'] as const)
        expect(there[kind].length, `there is something to throw away: ${kind}`).toBeGreaterThan(0);
      const [handle = ''] = await handles();
      expect(mountsOf(handle).length, 'there is something to throw away: mounts').toBeGreaterThan(0);
      const [droplet = ''] = dropletsOf(guid);
      const bytes = readFileSync(droplet);
      bus.forget();
      const restart = await d.breakAt({ kind: 'delivery', transport: 'nats', name: 'hm9000.start' });
      if (end === 'a stop') await c.call('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
      else await c.visit(name, `/exit?code=${end.at(-1)}`).catch(() => undefined);
      await until('the container to go', async () => (await handles()).length === 0);
      await expectNothingLeft(clean, 60_000, () => Object.values(lab.pids()));
      expect(mountsOf(handle), 'in no namespace of any process').toEqual([]);
      expect(readFileSync(droplet).equals(bytes), 'the droplet as it was').toBe(true);
      await d.clear(restart);
      await d.go();
      if (end === 'a stop') expect((await c.start(guid)).status).toBe(201);
      await runningAgain(guid);
      await until('the app to answer', async () => (await c.visit(name)).status === 200);
      expect(
        bus.on(/^staging\./, guid).filter((m) => m.subject.endsWith('.start')),
        'without staging',
      ).toEqual([]);
    },
    300_000,
  );
});
