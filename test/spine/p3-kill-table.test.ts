// P3.8: `kill -9` of each process at each moment of a push. The expected outcome is written here first; afterwards the app
// runs (by itself, or after one retry), in one container; once it is deleted the kernel is as it was before the cell, and
// the push's own run says what became of it.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Breakpoint } from '../../machines/gates.ts';
import type { Entry } from '../../machines/journal.ts';
import { type Answer, type Cf, cf, type HalfUpload, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { expectNothingLeft, kernelNow } from '../support/kernel.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const HELLO = join(import.meta.dirname, '../../lessons/apps/hello-node');

type Role = 'control' | 'dea' | 'warden' | 'main';
type Outcome = 'runs' | 'fails at once, then runs after a retry' | 'fails after 900 s, then runs after a retry';
const RUNS: Outcome = 'runs';
const FAILS: Outcome = 'fails at once, then runs after a retry';
const EXPIRES: Outcome = 'fails after 900 s, then runs after a retry';

/** Where each moment is held. The upload is held by the client itself: it stops sending half-way. */
const moments: Record<string, Omit<Breakpoint, 'id'> | null> = {
  upload: null,
  'request held': { kind: 'delivery', transport: 'nats', name: 'staging.*.start', once: true },
  'Create held at clone': { kind: 'step', name: 'clone', when: 'after', once: true },
  compile: { kind: 'effect', machine: 'staging-task', name: 'linkRunner', once: true },
  'droplet upload': { kind: 'effect', machine: 'staging-task', name: 'uploadDroplet', once: true },
  starting: { kind: 'effect', machine: 'instance', name: 'spawnApp', once: true },
};

const table: Record<Role, Record<keyof typeof moments, Outcome>> = {
  // A DEA that has the request needs the Cloud Controller again only for the droplet, and that is back by then.
  control: {
    upload: RUNS,
    'request held': RUNS,
    'Create held at clone': RUNS,
    compile: RUNS,
    'droplet upload': RUNS,
    starting: RUNS,
  },
  // Staging tasks are not restored (reference 1.15): the Cloud Controller's 900 s end the wait. A starting instance is the health manager's.
  dea: {
    upload: RUNS,
    'request held': EXPIRES,
    'Create held at clone': EXPIRES,
    compile: EXPIRES,
    'droplet upload': EXPIRES,
    starting: RUNS,
  },
  // A boot dies with its Warden; a container that is ready is adopted and its job goes on.
  warden: {
    upload: RUNS,
    'request held': RUNS,
    'Create held at clone': FAILS,
    compile: RUNS,
    'droplet upload': RUNS,
    starting: RUNS,
  },
  // Everything but the containers goes with it. The next start, on the same data, finds out at once what was cut off; a
  // starting instance is the health manager's.
  main: {
    upload: RUNS,
    'request held': FAILS,
    'Create held at clone': FAILS,
    compile: FAILS,
    'droplet upload': FAILS,
    starting: RUNS,
  },
};

let lab: RunningLab;
let c: Cf;
let d: Debug;
let before: ReturnType<typeof kernelNow>;
const data = mkdtempSync(join(tmpdir(), 'ws-kill-'));

beforeAll(async () => {
  before = kernelNow();
  lab = await startLab({ data });
  c = await cf(lab.url);
  d = debug(lab.url);
}, 300_000);

/** A cell that failed leaves nothing to the next: no gate closed, no app, no container. */
afterEach(async () => {
  for (const { id } of (await d.state()).breakpoints) await d.clear(id);
  await d.go();
  for (const { metadata } of (await c.call('GET', '/v2/apps')).json<{ resources: { metadata: { guid: string } }[] }>()
    .resources)
    await c.call('DELETE', `/v2/apps/${metadata.guid}?recursive=true`);
  await empty();
}, 300_000);

afterAll(async () => {
  await lab?.stop();
  rmSync(data, { recursive: true, force: true });
  await expectNothingLeft(before);
}, 300_000);

const empty = () =>
  until('both Wardens to list nothing', async () =>
    (await Promise.all([0, 1].map((k) => lab.list(k)))).every((handles) => handles.length === 0),
  );
const states = async (guid: string) => {
  const a = await c.instances(guid);
  return a.status === 200 ? Object.values(a.json<Record<string, { state: string }>>()).map((i) => i.state) : [];
};
const packageState = async (guid: string) => String((await c.app(guid)).package_state);

/** All processes of the lab answer again, the one that was killed with its next life. */
async function allBack(victim: string, pid: number | undefined): Promise<void> {
  await until('all processes to be back', async () => {
    const { procs } = await d.state();
    const back = (proc: string) => procs.some((p) => p.proc === proc && !(proc === victim && p.pid === pid));
    return ['control', 'dea/0', 'dea/1', 'warden/0', 'warden/1'].every(back);
  });
  c = await until('the Cloud Controller to answer', () => cf(lab.url));
}

/** Kills main, sees the others leave, and starts again on the same data. */
async function mainAgain(): Promise<void> {
  const { main: _, ...children } = lab.pids();
  lab.main.kill('SIGKILL');
  await lab.stop();
  await until('the others to leave', () => Object.values(children).every((pid) => !existsSync(`/proc/${pid}`)));
  lab = await startLab({ data });
  d = debug(lab.url);
}

const uploads = () => readdirSync(join(data, 'blobs/tmp'), { recursive: true, encoding: 'utf8' });
/** The same upload, stopped half-way. Resolves once the beginning of the app is on the Cloud Controller's disk. */
async function begunUpload(guid: string): Promise<HalfUpload> {
  const half = c.halfUpload(guid, HELLO);
  await until('half an upload', () =>
    uploads().some((file) => /upload-\d+$/.test(file) && statSync(join(data, 'blobs/tmp', file)).size > 0),
  );
  return half;
}

/** Waits for the moment. A push that was refused never gets there: its answer is the failure. */
async function reach(moment: string, by: string, put: Promise<Answer>) {
  const refused = put.then((a) => {
    if (a.status >= 300) throw new Error(`before ${moment} was held, the start was answered: ${a.status} ${a.text}`);
    return new Promise<never>(() => undefined);
  });
  return Promise.race([d.held(moment, (h) => h.by === by), refused]);
}

/**
 * Waits until the app runs. Lab time is skipped only while nobody works for the app: a deadline that is skipped to would
 * end work that is merely slow on this machine.
 */
async function runs(name: string, guid: string): Promise<void> {
  const PATIENCE = 5000;
  let idle = Date.now();
  await until(
    `${name}: RUNNING`,
    async () => {
      const now = await states(guid);
      if (now.join() === 'RUNNING') return true;
      if (now.includes('STARTING') || (await packageState(guid)) !== 'STAGED') idle = Date.now();
      else if (Date.now() - idle > PATIENCE) await d.skip({ ms: 10_000 });
      return false;
    },
    120_000,
  );
}

/** PUT STARTED, again for as long as no stager has advertised itself to a Cloud Controller that has just begun. */
const start = (guid: string) =>
  until('a start that is accepted', async () => {
    const answer = await c.start(guid);
    if (answer.status === 201) return answer;
    if (!answer.text.includes('no available stagers')) expect(answer.status, answer.text).toBe(201);
    return false;
  });

/** What the push's own run says at the end about what became of it. */
const lastWord = async (run: string, after: number) => {
  const outcome = (e: Entry) =>
    e.type === 'note' && (e.data as { outcome?: string } | undefined)?.outcome !== undefined;
  const word = (await d.journal()).filter((e) => e.seq > after && e.run === run && outcome(e)).at(-1);
  return word?.type === 'note' ? word : undefined;
};

async function runCell(role: Role, moment: string): Promise<void> {
  const clean = kernelNow();
  const name = `k-${role}-${moment.replace(/\W+/g, '-').toLowerCase()}`;
  const expected = table[role][moment];
  const bp = moments[moment];
  const guid = bp ? await c.prepare(name, HELLO) : await c.create(name);
  const { head } = await d.state();
  let victim = role === 'control' || role === 'main' ? role : `${role}/0`;
  let put: Promise<unknown> | undefined;
  let half: HalfUpload | undefined;
  if (bp) {
    const id = await d.breakAt(bp);
    const starting = c.start(guid);
    put = starting.catch((e: unknown) => e);
    const held = await reach(moment, id, starting);
    if (role === 'dea' || role === 'warden') victim = `${role}/${held.point.proc.split('/')[1]}`;
  } else half = await begunUpload(guid);
  const pid = lab.pid(victim);
  if (role === 'main') await mainAgain();
  else await lab.kill(victim);
  // Whoever takes the upload is gone, or has nothing to do with the one who died.
  const cut = role === 'control' || role === 'main';
  if (cut) await half?.abort();
  await allBack(victim, pid);
  for (const h of (await d.state()).held) await d.open(h.gate).catch(() => undefined);
  if (half) {
    if (cut) await c.upload(guid, HELLO);
    else await half.finish();
    // The dead process's advertisement must have expired (10 s): as in the original.
    await d.skip({ ms: 11_000 });
    await start(guid);
  }
  const run = `push ${name}`;
  if (expected !== RUNS) {
    if (expected === EXPIRES) await d.skip({ ms: 901_000 });
    await until(`${name}: FAILED`, async () => (await packageState(guid)) === 'FAILED');
    await put;
    const word = await until('the run to say that it FAILED', async () => {
      const said = await lastWord(run, head);
      return said?.text.includes('FAILED') && said;
    });
    expect(word.cause, 'it follows from something').not.toBeNull();
    await c.call('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
    await start(guid);
  }
  await runs(name, guid);
  expect((await c.visit(name)).status).toBe(200);
  if (bp && expected === RUNS) {
    const whom = role === 'main' ? 'dea/\\d' : victim;
    const word = new RegExp(`: instance 0 is RUNNING on dea/\\d; .*\\b${whom}\\b.*died on its way$`);
    await until('the run to say that it runs', async () => word.test((await lastWord(run, head))?.text ?? ''));
  }
  const handles = await until('one container', async () => {
    const all = (await Promise.all([0, 1].map((k) => lab.list(k)))).flat();
    return all.length <= 1 && all;
  });
  expect(handles).toHaveLength(1);
  expect((await c.call('DELETE', `/v2/apps/${guid}?recursive=true`)).status).toBeLessThan(300);
  await empty();
  await until('no work file to be left', () => uploads().length === 0);
  await expectNothingLeft(clean, 60_000, () => Object.values(lab.pids()));
}

describe.each(['control', 'dea', 'warden', 'main'] as const)('kill -9 of %s', (role) => {
  it.each(Object.keys(moments))('during: %s', { timeout: 300_000 }, (moment) => runCell(role, moment));
});
