// Containers that are held, killed in the middle and adopted: the real warden process, started as main starts it, without a
// journal (its gates are closed by this test through the lab in memory where a hold is needed).
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { realDelay, untilReal } from '../../server/clock/real.ts';
import { nullLab } from '../../server/lab/lab.ts';
import { claimSlot, type Slot } from '../../server/main/slot.ts';
import { makeStack } from '../../server/main/stack.ts';
import { startedAt } from '../../server/warden/process.ts';
import { connectWarden, type WardenConnection } from '../../server/warden/protocol/client.ts';
import { type HandJournal, handJournal } from './hand-journal.ts';
import { startNode, type TestNode, WSHD, whyNot } from './node.ts';
import { expectNoNewTraces, type TracesOf, traces } from './traces.ts';

const reason = whyNot();
if (reason) console.log(`skipped: held and killed containers (${reason})`);

describe.skipIf(reason !== '')('a held boot', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode();
  }, 300_000);
  afterEach(() => {
    for (const b of node.lab.gates.rules().breakpoints) node.lab.unbreak(b.id);
    node.lab.open();
  });
  afterAll(async () => {
    await node.end();
    await expectNoNewTraces(node.of, []);
  });

  it('blocks nobody: Ping and a second Create are answered, and its own Create only when it goes on', async () => {
    node.lab.breakOn({ kind: 'step', name: 'pivot_root', when: 'before', handle: 'held' });
    const [a, b] = [await node.client('a'), await node.client('b')];
    let answered = false;
    const held = a.request('Create', { handle: 'held' }, { cause: null }).finally(() => {
      answered = true;
    });
    held.catch(() => undefined);
    expect(await untilReal(() => node.lab.held().length === 1, 60_000)).toBe(true);
    await b.request('Ping', {}, { cause: null });
    expect((await b.request('Create', { handle: 'free' }, { cause: null })).handle).toBe('free');
    expect((await b.request('List', {}, { cause: null })).handles).toEqual(['free']);
    await expect(b.request('Create', { handle: 'held' }, { cause: null })).rejects.toThrow('already exists');
    expect(answered).toBe(false);
    node.lab.open();
    expect((await held).handle).toBe('held');
    for (const handle of ['held', 'free']) await b.request('Destroy', { handle }, { cause: null });
  });

  it('leaves what the kernel shows at each hold in the record, step by step', async () => {
    node.lab.breakOn({ kind: 'step', handle: 'shown' });
    const client = await node.client();
    const made = client.request('Create', { handle: 'shown' }, { cause: null });
    let done = false;
    const over = () => {
      done = true;
    };
    made.then(over, over);
    const facts: Record<string, unknown> = {};
    let read = node.lab.bodies().length;
    let compared = 0;
    let opened = '';
    while (!done) {
      const next = () => node.lab.held().find((h) => h.gate !== opened);
      await untilReal(() => done || next() !== undefined, 60_000);
      const hold = next();
      if (!hold) continue;
      const bodies = node.lab.bodies();
      const samples = bodies.slice(read).filter((body) => body.type === 'kernel');
      for (const sample of samples) for (const [path, [, is]] of Object.entries(sample.diff)) facts[path] = is;
      const pid = samples.at(-1)?.pid;
      if (pid !== undefined) {
        // The witness: the same process's namespaces and mounts, read by hand.
        for (const name of ['mnt', 'net', 'pid', 'user'])
          expect(facts[`ns.${name}`], `${name} at ${hold.point.name}`).toMatchObject({
            inode: Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${name}`))?.[0]),
          });
        const points = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n').length;
        const mounts = Object.keys(facts).filter((k) => k.startsWith('mounts[') && facts[k] !== null);
        expect(mounts.length, `mounts at ${hold.point.name}`).toBe(points);
        compared += 1;
      }
      read = bodies.length;
      opened = hold.gate;
      node.lab.open(hold.gate);
    }
    await made;
    expect(compared).toBeGreaterThan(15);
    expect(facts['mounts[/]']).toMatchObject({ type: 'overlay' });
    expect(Object.keys(facts).filter((k) => k.startsWith('mounts[/mnt') && facts[k] !== null)).toEqual([]);
    await client.request('Destroy', { handle: 'shown' }, { cause: null });
  });

  it('waits before an effect without having done any of it, and lab time stands still', async () => {
    node.lab.breakOn({ kind: 'effect', name: 'makeCgroups' });
    const client = await node.client();
    const made = client.request('Create', { handle: 'waits' }, { cause: null });
    expect(await untilReal(() => node.lab.held().length === 1, 60_000)).toBe(true);
    const now = node.lab.clock.now();
    const instances = () =>
      readdirSync(`/sys/fs/cgroup/memory/wardenscope-${node.config.lab}`).filter((n) => n.startsWith('inst'));
    expect(instances()).toEqual([]);
    await realDelay(50);
    expect(node.lab.clock.now()).toBe(now);
    node.lab.open();
    await made;
    expect(instances().length).toBe(1);
    await client.request('Destroy', { handle: 'waits' }, { cause: null });
  });

  it('a container nobody is connected to is destroyed when its grace time is over', async () => {
    const client = await node.client();
    await client.request('Create', { handle: 'lonely', graceTime: 60 }, { cause: null });
    const c = node.server.warden.containers.get('lonely')!;
    for (const other of node.clients) other.close();
    const counting = () => node.lab.clock.timers().some((timer) => timer.label === 'grace time of lonely');
    expect(await untilReal(counting, 60_000)).toBe(true);
    await node.lab.advance(59_000);
    expect(c.machine.snapshot().value).toBe('active');
    await node.lab.advance(2000);
    expect(await untilReal(() => c.machine.snapshot().value === 'destroyed', 60_000)).toBe(true);
    expect((await (await node.client()).request('List', {}, { cause: null })).handles).toEqual([]);
  });
});

describe.skipIf(reason !== '')('a killed warden', () => {
  let of: TracesOf;
  let dir: string;
  let slot: Slot;
  let config: Record<string, unknown>;
  let warden: ChildProcess;
  let journal: HandJournal;
  const lab = nullLab('test');
  const t = { cause: null };
  beforeAll(async () => {
    dir = mkdtempSync('/tmp/warden-t-');
    slot = claimSlot('zkilla', dir);
    of = { lab: 'zkilla', dir, network: `10.254.${16 * slot.slot}.` };
    for (const name of ['run', 'stack', 'nodes/0']) mkdirSync(`${dir}/${name}`, { recursive: true });
    config = {
      ...{
        proc: 'warden/0',
        role: 'warden',
        lab: 'zkilla',
        slot: slot.slot,
        dir,
        run: `${dir}/run`,
        node: 0,
        wshd: WSHD,
      },
      ...{
        listen: '127.0.0.1',
        port: 1,
        domain: 'localhost',
        nats: 'nats://127.0.0.1:1',
        natsUser: '',
        natsPassword: '',
      },
      ...{
        natsForeign: false,
        frontDoor: 'http://127.0.0.1:1',
        stack: await makeStack(dir, ''),
        hostStack: await makeStack(dir, ''),
        admin: '',
        internal: '',
      },
      ...{ token: '', tier: 'full', linkJitter: 0, gatesDisabled: false },
    };
    journal = await handJournal(`${dir}/lab.sock`);
    const bundle = await rolldown({
      input: new URL('../../server/warden/main.ts', import.meta.url).pathname,
      platform: 'node',
      external: [/^[^./]/],
      logLevel: 'silent',
    });
    // Beside node_modules, so that the libraries are found.
    await bundle.write({ file: outFile, format: 'esm', codeSplitting: false });
    await start();
  }, 300_000);
  afterAll(async () => {
    const ended = new Promise((resolve) => warden.once('exit', resolve));
    const destroyed = new Promise((resolve) =>
      warden.on('message', (m) => JSON.stringify(m).includes('destroyed') && resolve(0)),
    );
    warden.send({ type: 'destroy-all' });
    await destroyed;
    warden.send({ type: 'stop' });
    await ended;
    slot.release();
    rmSync(dir, { recursive: true, force: true });
    rmSync(outFile, { force: true });
    journal.end();
    await lab.close();
    await expectNoNewTraces(of, []);
  }, 300_000);

  const outFile = new URL(`../../node_modules/.wardenscope-test/warden-${process.pid}.mjs`, import.meta.url).pathname;

  async function start(): Promise<void> {
    warden = spawn(process.execPath, [outFile], {
      env: { PATH: process.env.PATH, WARDENSCOPE_PROCESS: JSON.stringify(config) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    const ended = new Promise<string>((resolve) => warden.once('exit', () => resolve('ended')));
    const ready = new Promise<string>((resolve) =>
      warden.on('message', (m) => JSON.stringify(m).includes('ready') && resolve('ready')),
    );
    expect(await Promise.race([ready, ended])).toBe('ready');
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    const ended = new Promise((resolve) => warden.once('exit', resolve));
    warden.kill(signal);
    await ended;
  }

  const client = (): Promise<WardenConnection> =>
    connectWarden({ socket: `${dir}/nodes/0/warden.sock`, lab, label: 'test', from: 'test', to: 'warden/0' });

  it('is followed by one that has the same containers: pid, handle, doors, limits, running jobs and their output', async () => {
    const first = await client();
    const { handle } = await first.request('Create', {}, t);
    await first.request('LimitMemory', { handle, limitInBytes: 128n << 20n }, t);
    const { hostPort } = await first.request('NetIn', { handle }, t);
    const script = 'echo before; while [ ! -e /tmp/go ]; do read -t 0.05 < /dev/zero; done; echo after; exit 4';
    const { jobId } = await first.request('Spawn', { handle, script }, t);
    const ended = await first.request('Spawn', { handle, script: 'echo done; exit 9' }, t);
    const pid = Number(
      /^\d+/.exec(readFileSync(`/sys/fs/cgroup/cpu/wardenscope-zkilla/instance-${handle}/cgroup.procs`, 'utf8')),
    );
    const started = startedAt(pid);
    await kill('SIGKILL');
    await start();
    expect(startedAt(pid)).toBe(started);
    const second = await client();
    expect((await second.request('List', {}, t)).handles).toEqual([handle]);
    const info = await second.request('Info', { handle }, t);
    expect(info.state).toBe('active');
    expect(info.jobIds).toEqual([BigInt(jobId)]);
    expect(info.memoryStat?.hierarchicalMemoryLimit).toBe(128n << 20n);
    const other = await second.request('NetIn', { handle }, t);
    expect(other.hostPort).not.toBe(hostPort);
    await second.request('Run', { handle, script: 'touch /tmp/go' }, t);
    const link = await second.request('Link', { handle, jobId }, t);
    expect([link.exitStatus, link.stdout]).toEqual([4, 'before\nafter\n']);
    const over = await second.request('Link', { handle, jobId: ended.jobId }, t);
    expect([over.exitStatus, over.stdout]).toEqual([9, 'done\n']);
    const next = await second.request('Spawn', { handle, script: 'true' }, t);
    expect(next.jobId).toBeGreaterThan(ended.jobId);
    await second.request('Destroy', { handle }, t);
    second.close();
  });

  it('that was asked to stop leaves containers and jobs alive, too', async () => {
    const first = await client();
    const { handle } = await first.request('Create', { handle: 'drained' }, t);
    const { jobId } = await first.request('Spawn', { handle, script: 'sleep 0.3; exit 6' }, t);
    await kill('SIGTERM');
    await start();
    const second = await client();
    expect((await second.request('Link', { handle, jobId }, t)).exitStatus).toBe(6);
    await second.request('Destroy', { handle }, t);
    second.close();
  });

  it.each([
    ['clone', 'after'],
    ['overlay', 'after'],
    ['veth', 'after'],
    ['pivot_root', 'before'],
    ['proc', 'after'],
    ['guard', 'after'],
  ] as const)(
    'while a boot is held at %s/%s: the boot ends by itself and the next warden removes the rest',
    async (name, when) => {
      const clean = traces(of);
      journal.close({ kind: 'step', name, when });
      const first = await client();
      first.request('Create', { handle: 'dies' }, t).catch(() => undefined);
      await untilReal(() => journal.held().length === 1, 60_000);
      expect(journal.held()).toMatchObject([{ name, when, handle: 'dies' }]);
      const alive = () => traces(of).filter((line) => line.startsWith('process ') && !clean.includes(line)).length;
      expect(alive()).toBeGreaterThan(0);
      const ended = new Promise((resolve) => warden.once('exit', resolve));
      warden.kill('SIGKILL');
      await ended;
      expect(await untilReal(() => alive() === 0, 60_000, 10)).toBe(true);
      journal.close();
      await start();
      const second = await client();
      expect((await second.request('List', {}, t)).handles).toEqual([]);
      second.close();
      await expectNoNewTraces(of, clean);
    },
    60_000,
  );

  it('in the middle of Creates is followed by one that names what is whole and removes the rest', async () => {
    const clean = traces(of);
    const clients = await Promise.all([client(), client(), client(), client()]);
    for (const c of clients) c.request('Create', {}, t).catch(() => undefined);
    await untilReal(() => readdirSync(`${dir}/nodes/0/depot`).length >= 2, 60_000, 0);
    await kill('SIGKILL');
    await start();
    const last = await client();
    const { handles } = await last.request('List', {}, t);
    expect(readdirSync(`${dir}/nodes/0/depot`).sort()).toEqual([...handles].sort());
    for (const handle of handles) await last.request('Destroy', { handle }, t);
    last.close();
    await expectNoNewTraces(of, clean);
  });

  it('finds a container whose PID 1 has died meanwhile, and removes it', async () => {
    const clean = traces(of);
    const first = await client();
    const { handle } = await first.request('Create', {}, t);
    const pid = Number(
      /^\d+/.exec(readFileSync(`/sys/fs/cgroup/cpu/wardenscope-zkilla/instance-${handle}/cgroup.procs`, 'utf8')),
    );
    await kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await start();
    const second = await client();
    expect((await second.request('List', {}, t)).handles).toEqual([]);
    second.close();
    await expectNoNewTraces(of, clean);
  }, 300_000);
});
