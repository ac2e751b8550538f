// A lab as a user starts and ends it. Witnesses are /proc, the tools and Warden's socket, not our own record.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeTooOld } from '../../scripts/deps.mjs';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { removeLeftOnSlot } from '../../server/main/tidy.ts';
import { connectWarden } from '../../server/warden/protocol/index.ts';
import { ask, cf, until } from '../support/cf.ts';
import { expectNothingLeft, kernelNow, newSince } from '../support/kernel.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const root = join(import.meta.dirname, '../..');
const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';

/** Makes a container through the Warden socket and runs something in it that stays. Returns the pid of its PID 1. */
async function container(lab: RunningLab, node: number, handle: string): Promise<number> {
  const warden = await connectWarden({
    socket: lab.wardenSocket(node),
    lab: memoryLab('t', 'real'),
    label: 't',
    from: 't',
    to: 'w',
  });
  await warden.request('Create', { handle }, { cause: null });
  await warden.request('Spawn', { handle, script: 'exec sleep 1000' }, { cause: null });
  warden.close();
  return until('PID 1 of the container', () => initOf(lab, node, handle));
}

/** Host pid of a container's PID 1, from what its warden wrote, believed only if /proc agrees. */
function initOf(lab: RunningLab, node: number, handle: string): number | undefined {
  const files = spawnSync('sh', ['-c', `ls ${lab.dir}/nodes/${node}/depot/*/snapshot.json`], { encoding: 'utf8' })
    .stdout.trim()
    .split('\n');
  for (const file of files.filter(Boolean)) {
    const snapshot = JSON.parse(readFileSync(file, 'utf8'));
    const pid: number = snapshot.wshd?.pid;
    if (snapshot.resources?.handle !== handle || !pid) continue;
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    if (/^NSpid:\s+\d+\s+1$/m.test(status)) return pid;
  }
  return undefined;
}

const isThere = (pid: number) => spawnSync('kill', ['-0', String(pid)]).status === 0;
const sessionOf = (pid: number) =>
  Number(spawnSync('ps', ['-o', 'sid=', '-p', String(pid)], { encoding: 'utf8' }).stdout);
/** Runs main to its end and returns what it said on stderr. */
function refusedStart(...args: string[]) {
  const ran = spawnSync(process.execPath, [join(root, 'dist/server/main.js'), ...args], { encoding: 'utf8' });
  return { status: ran.status, lines: ran.stderr.trim().split('\n') };
}

describe.skipIf(skipped)('a lab', () => {
  const before = skipped ? undefined : kernelNow();
  let lab: RunningLab;
  beforeAll(async () => {
    lab = await startLab();
  }, 300_000);
  afterAll(async () => {
    await lab?.stop();
    if (before) await expectNothingLeft(before);
  }, 300_000);

  it('is main, control and two nodes of a dea and a warden, each in a session of its own', () => {
    const { main, ...others } = lab.pids();
    expect(Object.keys(others).sort()).toEqual(['control', 'dea/0', 'dea/1', 'warden/0', 'warden/1']);
    for (const pid of Object.values(others)) expect(sessionOf(pid)).toBe(pid);
    for (const [proc, pid] of Object.entries(others))
      expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')[0]).toBe(`wardenscope ${proc}`);
    expect(main).toBe(lab.main.pid);
  });

  it('keeps the builds of server and wshd that it was started with, whatever is built meanwhile', () => {
    for (const name of ['dea/0', 'warden/0'])
      expect(readFileSync(`/proc/${lab.pid(name)}/cmdline`, 'utf8')).toMatch(/dist\/builds\/[0-9a-f]{12}\//);
    const told = /WARDENSCOPE_PROCESS=([^\0]*)/.exec(readFileSync(`/proc/${lab.pid('warden/0')}/environ`, 'utf8'))?.[1];
    const { wshd }: { wshd: string } = JSON.parse(told ?? '{}');
    expect(wshd).toMatch(/dist\/wshd-builds\/[0-9a-f]{12}\/wshd$/);
    expect(realpathSync(wshd)).toBe(wshd);
  });

  it('answers the page, the API and the doctor at the address it printed', async () => {
    expect((await lab.api('GET', '/v2/info')).json()).toMatchObject({ api_version: expect.any(String) });
    expect((await lab.api('GET', '/lab/doctor')).json<{ table: string }>().table).toContain('disk limits');
    expect(lab.printed()).toContain('what to type');
  });

  it.each(['control', 'dea/0', 'warden/0'])('has %s back after kill -9, and the record says so', async (proc) => {
    const old = lab.pid(proc);
    await lab.kill(proc);
    await until(`${proc} to be started again`, () => lab.pid(proc) !== undefined && lab.pid(proc) !== old);
    await until('the note', async () => {
      const { entries } = (await lab.api('GET', '/lab/journal?type=note&limit=10000')).json<{
        entries: { text: string }[];
      }>();
      return entries.some(({ text }) => text.startsWith(`${proc} died (SIGKILL)`));
    });
    await until(`${proc} in the lab`, async () => {
      const { procs } = (await lab.api('GET', '/lab/state')).json<{ procs: { proc: string; pid: number }[] }>();
      return procs.some((p) => p.proc === proc && p.pid === lab.pid(proc));
    });
  });

  it('gets another node by POST /lab/nodes, and gives it back with its containers', async () => {
    const clean = kernelNow();
    expect((await lab.api('POST', '/lab/nodes')).status).toBe(202);
    await until('node 2', async () => lab.pid('dea/2') !== undefined && lab.pid('warden/2') !== undefined);
    const init = await until('a container on node 2', () => container(lab, 2, 'on-two').catch(() => undefined));
    expect((await lab.api('DELETE', '/lab/nodes/2')).status).toBe(202);
    await until('node 2 to be gone', () => lab.pid('dea/2') === undefined && lab.pid('warden/2') === undefined);
    expect(isThere(init)).toBe(false);
    await expectNothingLeft(clean);
    expect((await lab.api('DELETE', '/lab/nodes/2')).status).toBe(404);
  });

  it('cannot be told to add a node by a page of another origin', async () => {
    const answer = await lab.api('POST', '/lab/nodes', {}, { origin: 'http://evil.example' });
    expect(answer.status).toBe(403);
    const rebound = await ask(`${lab.url}/lab/nodes`, { headers: { host: 'evil.example' } });
    expect(rebound.status).toBe(404);
  });

  it('refuses a second lab on its data folder, and on its port, in one sentence', () => {
    const { port } = new URL(lab.url);
    const second = refusedStart('--port', '0', '--data', lab.dir);
    expect(second).toEqual({
      status: 1,
      lines: [expect.stringMatching(/^A lab already runs on the data folder .*--data DIR\.$/)],
    });
    const other = mkdtempSync(join(tmpdir(), 'base-busy-'));
    expect(refusedStart('--port', port, '--data', other)).toEqual({
      status: 1,
      lines: [expect.stringMatching(/^Port \d+ on 127.0.0.1 is busy; .*--port N/)],
    });
    rmSync(other, { recursive: true });
  });
});

describe.skipIf(skipped)('the end of a lab', () => {
  it('by SIGINT takes everything along, also a container with a job, and exits with 0', async () => {
    const before = kernelNow();
    const lab = await startLab({ deas: 1 });
    const init = await container(lab, 0, 'lives');
    expect(newSince(before).cgroups.length).toBeGreaterThan(0);
    expect(await lab.stop('SIGINT')).toBe(0);
    expect(isThere(init)).toBe(false);
    await expectNothingLeft(before);
  }, 300_000);

  it('takes everything along while the lab is paused and a boot is held', async () => {
    const before = kernelNow();
    const lab = await startLab({ deas: 1 });
    await lab.api('POST', '/lab/breakpoints', { kind: 'step', name: 'pivot_root' });
    void container(lab, 0, 'held').catch(() => undefined);
    await until('the boot to be held', async () => {
      const { held } = (await lab.api('GET', '/lab/state')).json<{ held: unknown[] }>();
      return held.length > 0;
    });
    await lab.api('POST', '/lab/pause', {});
    expect(await lab.stop()).toBe(0);
    await expectNothingLeft(before);
  }, 300_000);

  it('by kill -9 of main ends the processes, not the containers; the next start adopts them', async () => {
    const before = kernelNow();
    const data = mkdtempSync(join(tmpdir(), 'base-adopt-'));
    const first = await startLab({ deas: 1, data });
    const cloud = await cf(first.url);
    const app = await cloud.prepare('survivor', join(root, 'lessons/apps/hello-node'));
    expect((await cloud.start(app)).status).toBe(201);
    const answer = await until('the app', async () => {
      const got = await cloud.visit('survivor');
      return got.status === 200 && got.text;
    });
    const [handle = ''] = await first.list(0);
    const init = initOf(first, 0, handle) ?? 0;
    expect(isThere(init)).toBe(true);
    const { main: _, ...children } = first.pids();
    first.main.kill('SIGKILL');
    await until('the children to leave', () => Object.values(children).every((pid) => !isThere(pid)));
    expect(isThere(init)).toBe(true);
    const second = await startLab({ deas: 1, data });
    expect(await second.list(0)).toEqual([handle]);
    expect(initOf(second, 0, handle)).toBe(init);
    const again = await cf(second.url);
    expect(await until('the same app', async () => (await again.visit('survivor')).text === answer)).toBe(true);
    expect(await second.stop()).toBe(0);
    expect(isThere(init)).toBe(false);
    await expectNothingLeft(before);
    rmSync(data, { recursive: true });
  }, 300_000);

  it('by a power cut of all its processes is tidied by wardenscope clean, and a living lab is left alone', async () => {
    const living = await startLab({ deas: 1 });
    const kept = await container(living, 0, 'kept');
    const before = kernelNow();
    const data = mkdtempSync(join(tmpdir(), 'base-cut-'));
    const lab = await startLab({ deas: 1, data });
    const init = await container(lab, 0, 'left');
    const pids = Object.values(lab.pids());
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await until('everything to be dead', () => pids.every((pid) => !isThere(pid)));
    expect(isThere(init)).toBe(true);
    const cleaned = spawnSync(process.execPath, [join(root, 'bin/wardenscope.mjs'), 'clean'], { encoding: 'utf8' });
    expect(cleaned.stdout).toContain(lab.id);
    await until('PID 1 to be gone', () => !isThere(init));
    await expectNothingLeft(before);
    expect(isThere(kept)).toBe(true);
    await living.stop();
    rmSync(data, { recursive: true });
  }, 300_000);

  it('before it has begun, because a tier is not built yet, is one sentence', () => {
    expect(refusedStart('--tier', 'rootless')).toEqual({
      status: 1,
      lines: [expect.stringMatching(/rootless tier is not built yet/)],
    });
    expect(refusedStart('--tier', 'insecure')).toEqual({
      status: 1,
      lines: [expect.stringMatching(/insecure tier is not built yet/)],
    });
    const deep = join(tmpdir(), 'd'.repeat(120));
    expect(refusedStart('--data', deep, '--port', '0')).toEqual({
      status: 1,
      lines: [expect.stringMatching(/too deep/)],
    });
    rmSync(deep, { recursive: true, force: true });
    // Root may write anywhere but where the kernel itself says no.
    expect(refusedStart('--data', '/proc/sys/kernel/lab', '--port', '0')).toEqual({
      status: 1,
      lines: [expect.stringMatching(/\/proc\/sys\/kernel\/lab/)],
    });
  });

  it('before it has begun, because of an address, a port or a broker that is not there, is one sentence', () => {
    const data = mkdtempSync(join(tmpdir(), 'base-refused-'));
    const before = kernelNow();
    const refused = (...args: string[]) => refusedStart('--data', data, '--port', '0', ...args);
    expect(refused('--listen', '192.0.2.1')).toEqual({
      status: 1,
      lines: [expect.stringMatching(/^Nothing can be opened on 192\.0\.2\.1 /)],
    });
    expect(refused('--nats', 'nats://127.0.0.1:1')).toEqual({
      status: 1,
      lines: [expect.stringMatching(/^No nats-server answers at nats:\/\/127\.0\.0\.1:1 \(ECONNREFUSED\)/)],
    });
    expect(refused('--stack', join(data, 'lab.json'))).toEqual({
      status: 1,
      lines: [expect.stringMatching(/^The stack .* cannot be unpacked/)],
    });
    expect(newSince(before).runFolders).toEqual([]);
    rmSync(data, { recursive: true });
  });

  it('is asked for again when an old Node tries', () => {
    expect(nodeTooOld('20.18.9')).toMatch(/needs Node 20.19 or newer, and this is Node 20.18.9/);
    expect(nodeTooOld('18.20.0')).toMatch(/needs Node 20.19/);
    expect(nodeTooOld('20.19.0')).toBeUndefined();
    expect(nodeTooOld('24.0.0')).toBeUndefined();
    // The real script, told by its first module that it runs on another Node.
    const older = 'Object.defineProperty(process.versions, "node", { value: "18.20.4" })';
    const start = [`--import=data:text/javascript,${encodeURIComponent(older)}`, join(root, 'scripts/start.mjs')];
    const { status, stderr } = spawnSync(process.execPath, start, { encoding: 'utf8' });
    expect({ status, lines: stderr.trim().split('\n') }).toEqual({
      status: 1,
      lines: [expect.stringMatching(/^Wardenscope needs Node 20\.19 or newer, and this is Node 18\.20\.4; /)],
    });
  });
});

describe.skipIf(skipped)('what a dead lab left on a slot', () => {
  it('is removed when another lab takes the slot: its node link and its table, and no link of another slot', () => {
    const ip = (...words: string[]) => spawnSync('ip', words, { encoding: 'utf8' });
    const exists = (name: string) => ip('link', 'show', name).status === 0;
    const dead = 'w-zzzzz2-0';
    const other = 'w-zzzzz3-0';
    for (const [name, address] of [
      [dead, '10.254.255.1/32'],
      [other, '10.254.239.1/32'],
    ] as const) {
      ip('link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}p`);
      ip('address', 'add', address, 'dev', name);
    }
    spawnSync('nft', ['add', 'table', 'ip', 'wardenscope_zzzzz2_0']);
    try {
      removeLeftOnSlot('aaaaaa', 15);
      expect(exists(dead)).toBe(false);
      expect(exists(other)).toBe(true);
      expect(spawnSync('nft', ['list', 'table', 'ip', 'wardenscope_zzzzz2_0']).status).not.toBe(0);
    } finally {
      for (const name of [dead, other]) ip('link', 'delete', name);
      spawnSync('nft', ['delete', 'table', 'ip', 'wardenscope_zzzzz2_0']);
    }
  });
});

describe('the command line', () => {
  const cli = (...args: string[]) =>
    spawnSync(process.execPath, [join(root, 'bin/wardenscope.mjs'), ...args], { encoding: 'utf8' });

  it('suggests what was meant and exits with 2', () => {
    const { status, stderr } = cli('stat');
    expect(status).toBe(2);
    expect(stderr).toMatch(/There is no stat; did you mean (start|state|stage)\?/);
  });

  it('lists every verb in its help', () => {
    const { stdout, status } = cli('--help');
    expect(status).toBe(0);
    for (const verb of [
      'start',
      'push',
      'stage',
      'shell',
      'logs',
      'state',
      'pause',
      'continue',
      'step',
      'break',
      'skip',
      'doctor',
      'clean',
      'warden-client',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${verb}\\b`, 'm'));
  });

  it('says in one sentence that no lab runs on a folder', () => {
    const { status, stderr } = cli('state', '--data', '/does/not/exist');
    expect(status).toBe(1);
    expect(stderr.trim()).toBe('No lab runs here; start one with npm start.');
  });
});
