// Every request of the protocol on the real back end: root, kernel, wshd. What is expected is asked of the kernel or of a
// program inside, not of our journal.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilReal } from '../../server/clock/real.ts';
import type { WardenConnection } from '../../server/warden/protocol/client.ts';
import { BindMode } from '../../server/warden/protocol/index.ts';
import { startNode, type TestNode, whyNot } from './node.ts';
import { expectNoNewTraces, traces } from './traces.ts';

const reason = whyNot();
if (reason) console.log(`skipped: Warden's requests on the real back end (${reason})`);

describe.skipIf(reason !== '')('Warden', () => {
  let node: TestNode;
  let w: WardenConnection;
  const t = { cause: null };
  beforeAll(async () => {
    node = await startNode();
    w = await node.client();
  }, 300_000);
  afterAll(async () => {
    await node.end();
    await expectNoNewTraces(node.of, []);
  }, 300_000);

  const create = async (init: Parameters<typeof w.request<'Create'>>[1] = {}) =>
    (await w.request('Create', init, t)).handle;
  const destroy = (handle: string) => w.request('Destroy', { handle }, t);
  const run = (handle: string, script: string, more: object = {}) => w.request('Run', { handle, script, ...more }, t);
  const recordOf = (handle: string) => node.server.warden.containers.get(handle)!;

  it('Create makes a container with all namespaces and cgroups of its own, and Destroy leaves nothing of it', async () => {
    const clean = traces(node.of);
    const handle = await create();
    const pid = recordOf(handle).init!.pid;
    for (const ns of ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'])
      expect(readlinkSync(`/proc/${pid}/ns/${ns}`), ns).not.toBe(readlinkSync(`/proc/self/ns/${ns}`));
    for (const group of ['cpu', 'cpuacct', 'memory', 'devices', 'pids', 'freezer'])
      expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(
        `:${group}:/wardenscope-${node.config.lab}/instance-${handle}`,
      );
    expect((await w.request('List', {}, t)).handles).toEqual([handle]);
    await destroy(handle);
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    await expectNoNewTraces(node.of, clean, 0);
    expect(existsSync(`${node.config.depot}/${handle}`)).toBe(false);
    await expect(destroy(handle)).rejects.toThrow('unknown handle');
  });

  it('a taken handle, a missing bind source and a missing rootfs are refused, and leave nothing', async () => {
    const handle = await create({ handle: 'mine' });
    expect(handle).toBe('mine');
    const clean = traces(node.of);
    await expect(create({ handle: 'mine' })).rejects.toThrow('already exists');
    const bind = { srcPath: '/not/there', dstPath: '/mnt2', mode: BindMode.RO };
    await expect(create({ bindMounts: [bind] })).rejects.toThrow('/not/there');
    await expect(create({ rootfs: '/not/there' })).rejects.toThrow('rootfs does not exist');
    await expectNoNewTraces(node.of, clean, 0);
    await destroy('mine');
  });

  it('a requested network is masked to its /30, and is refused while somebody has it', async () => {
    const n = 16 * node.config.slot + node.config.node;
    const handle = await create({ network: `10.254.${n}.202` });
    expect((await w.request('Info', { handle }, t)).containerIp).toBe(`10.254.${n}.202`);
    await expect(create({ network: `10.254.${n}.200` })).rejects.toThrow('Could not acquire network');
    await destroy(handle);
  });

  describe('in one container', () => {
    let handle: string;
    beforeAll(async () => {
      mkdirSync(`${node.dir}/ro`);
      mkdirSync(`${node.dir}/rw`, { mode: 0o777 });
      writeFileSync(`${node.dir}/ro/file`, 'from outside');
      handle = await create({
        handle: 'one',
        bindMounts: [
          { srcPath: `${node.dir}/ro`, dstPath: '/tmp/ro', mode: BindMode.RO },
          { srcPath: `${node.dir}/rw`, dstPath: '/tmp/rw', mode: BindMode.RW },
        ],
      });
    });
    afterAll(async () => {
      await destroy(handle);
    });

    it('Run answers status, both streams apart, and Info', async () => {
      const r = await run(handle, 'echo out; echo err >&2; exit 7');
      expect([r.exitStatus, r.stdout, r.stderr]).toEqual([7, 'out\n', 'err\n']);
      expect(r.info?.state).toBe('active');
    });

    it('a death by signal is 128 + n', async () => {
      expect((await run(handle, 'kill -KILL $$')).exitStatus).toBe(137);
      expect((await run(handle, 'kill -TERM $$')).exitStatus).toBe(143);
    });

    it('jobs run as vcap or, privileged, as root; PID 1 is wshd and the hostname the handle', async () => {
      expect((await run(handle, 'id -un; echo $HOME; hostname; cat /proc/1/comm')).stdout).toBe(
        'vcap\n/home/vcap\none\nwshd\n',
      );
      expect((await run(handle, 'id -un', { privileged: true })).stdout).toBe('root\n');
    });

    it('bind mounts are read-only or writable as asked', async () => {
      expect((await run(handle, 'cat /tmp/ro/file')).stdout).toBe('from outside');
      expect((await run(handle, 'touch /tmp/ro/x', { privileged: true })).exitStatus).not.toBe(0);
      expect((await run(handle, 'echo hi > /tmp/rw/x', { privileged: true })).exitStatus).toBe(0);
      expect(readFileSync(`${node.dir}/rw/x`, 'utf8')).toBe('hi\n');
    });

    it('five megabytes of output come whole', async () => {
      const r = await run(handle, 'head -c 5000000 /dev/zero | tr "\\0" x');
      expect(r.exitStatus).toBe(0);
      expect(r.stdout).toBe('x'.repeat(5_000_000));
    });

    it('more output than the limit ends the job with 255 and an event', async () => {
      const r = await run(handle, 'exec head -c 20000000 /dev/zero | tr "\\0" x');
      expect(r.exitStatus).toBe(255);
      expect(r.info?.events).toContain('command exceeded maximum output');
    });

    it('a job that failed has its container’s own layer measured before it is answered; one that did not has not', async () => {
      const looks = () =>
        node.lab.bodies().flatMap((b) => (b.type === 'kernel' && b.diff['disk.used'] ? [b.diff['disk.used'][1]] : []));
      const before = looks().length;
      expect((await run(handle, 'head -c 3000000 /dev/zero > ~/big && ln ~/big ~/again')).exitStatus).toBe(0);
      expect(looks()).toHaveLength(before);
      expect((await run(handle, 'exit 7')).exitStatus).toBe(7);
      const [full] = looks().slice(before);
      expect((await run(handle, 'rm ~/big ~/again; exit 7')).exitStatus).toBe(7);
      const [, empty] = looks().slice(before);
      // Blocks, not lengths: the file system rounds up.
      expect(Number(full) - Number(empty)).toBeGreaterThanOrEqual(3_000_000);
      expect(Number(full) - Number(empty)).toBeLessThan(3_200_000);
      expect(Number(empty)).toBeLessThan(1_000_000);
    });

    it('discarded output is neither answered nor limited', async () => {
      const r = await run(handle, 'head -c 20000000 /dev/zero | tr "\\0" x', { discardOutput: true });
      expect([r.exitStatus, r.stdout, r.stderr]).toEqual([0, '', '']);
    });

    it('limits of one request hold for that job only', async () => {
      expect((await run(handle, 'ulimit -n', { rlimits: { nofile: 77n } })).stdout).toBe('77\n');
      expect((await run(handle, 'ulimit -n')).stdout).toBe('1024\n');
    });

    it('Spawn answers at once, Info names the job while it runs, Link on another connection waits for its end', async () => {
      const { jobId } = await w
        .request('Spawn', { handle, script: 'read line < /tmp/go; echo $line' }, t)
        .catch(() => ({ jobId: 0 }));
      await w.request('Link', { handle, jobId }, t);
      await run(handle, 'mkfifo /tmp/go && chmod 666 /tmp/go', { privileged: true });
      const waiting = await w.request('Spawn', { handle, script: 'read line < /tmp/go; echo $line; exit 5' }, t);
      expect((await w.request('Info', { handle }, t)).jobIds).toEqual([BigInt(waiting.jobId)]);
      const other = await node.client('other');
      const linked = other.request('Link', { handle, jobId: waiting.jobId }, { cause: null });
      await run(handle, 'echo woken > /tmp/go');
      const end = await linked;
      expect([end.exitStatus, end.stdout]).toEqual([5, 'woken\n']);
      await expect(w.request('Link', { handle, jobId: waiting.jobId }, t)).rejects.toThrow('no such job');
    });

    it('Stream sends chunks with their stream’s name and then the status', async () => {
      const { jobId } = await w.request('Spawn', { handle, script: 'echo a; echo b >&2; exit 3' }, t);
      const chunks: Record<string, string> = { stdout: '', stderr: '' };
      const last = await w.stream(handle, jobId, t, (name, data) => {
        chunks[name] += data;
      });
      expect(chunks).toEqual({ stdout: 'a\n', stderr: 'b\n' });
      expect(last.exitStatus).toBe(3);
      expect(last.info?.state).toBe('active');
    });

    it('NetIn opens a door at the node’s address, reachable from the host; NetOut needs something to open', async () => {
      const { hostPort, containerPort } = await w.request('NetIn', { handle }, t);
      expect(hostPort).toBe(containerPort);
      const server = `exec python3 -c "import socket; s=socket.create_server(('', ${containerPort})); c,a=s.accept(); c.send(b'inside'); c.close()"`;
      const { jobId } = await w.request('Spawn', { handle, script: server }, t);
      const said = await talk(node.server.warden.address, hostPort);
      expect(said).toBe('inside');
      await w.request('Link', { handle, jobId }, t);
      const other = await w.request('NetIn', { handle, containerPort: 8080 }, t);
      expect(other.containerPort).toBe(8080);
      await expect(w.request('NetOut', { handle }, t)).rejects.toThrow('network and/or port');
      expect(await w.request('NetOut', { handle, network: '10.9.0.0/16', port: 80 }, t)).toBeDefined();
    });

    it('CopyIn and CopyOut take contents or the folder itself, and files by name', async () => {
      const from = `${node.dir}/copy`;
      mkdirSync(`${from}/sub`, { recursive: true });
      writeFileSync(`${from}/sub/file`, 'copied', { mode: 0o750 });
      symlinkSync('file', `${from}/sub/link`);
      await w.request('CopyIn', { handle, srcPath: from, dstPath: '/home/vcap' }, t);
      await w.request('CopyIn', { handle, srcPath: `${from}/`, dstPath: '/home/vcap/contents' }, t);
      await w.request('CopyIn', { handle, srcPath: `${from}/sub/file`, dstPath: '/home/vcap/renamed' }, t);
      const look = await run(
        handle,
        'cd; cat copy/sub/file contents/sub/link renamed; stat -c "%U %a" renamed; readlink contents/sub/link',
      );
      expect(look.stdout).toBe('copiedcopiedcopiedvcap 750\nfile\n');
      await w.request(
        'CopyOut',
        { handle, srcPath: '/home/vcap/contents/', dstPath: `${node.dir}/out`, owner: 'nobody' },
        t,
      );
      expect(readFileSync(`${node.dir}/out/sub/file`, 'utf8')).toBe('copied');
      expect(statSync(`${node.dir}/out/sub/file`).uid).toBe(65534);
      await w.request('CopyOut', { handle, srcPath: '/home/vcap/renamed', dstPath: `${node.dir}/single` }, t);
      expect(readFileSync(`${node.dir}/single`, 'utf8')).toBe('copied');
      await expect(
        w.request('CopyOut', { handle, srcPath: '/not/there', dstPath: `${node.dir}/x` }, t),
      ).rejects.toThrow('command exited with failure');
      await expect(w.request('CopyIn', { handle, srcPath: '/not/there', dstPath: '/tmp' }, t)).rejects.toThrow();
    });

    it('what comes out of a container is never a device, setuid, or outside of its place', async () => {
      await run(handle, 'mkdir -p ~/bad && cd ~/bad && cp /bin/true suid && chmod 4755 suid && ln -s /etc/passwd link');
      await w.request('CopyOut', { handle, srcPath: '/home/vcap/bad/', dstPath: `${node.dir}/bad` }, t);
      expect(statSync(`${node.dir}/bad/suid`).mode & 0o7000).toBe(0);
      expect(readlinkSync(`${node.dir}/bad/link`)).toBe('/etc/passwd');
    });

    it('limits answer what the kernel says, and disk quotas nothing', async () => {
      expect((await w.request('LimitMemory', { handle, limitInBytes: 256n << 20n }, t)).limitInBytes).toBe(256n << 20n);
      expect((await w.request('LimitMemory', { handle }, t)).limitInBytes).toBe(256n << 20n);
      expect((await w.request('LimitCpu', { handle, limitInShares: 128n }, t)).limitInShares).toBe(128n);
      expect((await w.request('LimitDisk', { handle, byte: 1n << 30n }, t)).byteHard).toBe(0n);
      const { rate, burst } = await w.request('LimitBandwidth', { handle, rate: 1_000_000n, burst: 100_000n }, t);
      expect([rate, burst]).toEqual([1_000_000n, 100_000n]);
      expect(
        execFileSync('tc', ['qdisc', 'show', 'dev', `w-${recordOf(handle).id}-0`], { encoding: 'utf8' }),
      ).toContain('tbf');
      const info = await w.request('Info', { handle }, t);
      expect(info.memoryStat?.hierarchicalMemoryLimit).toBe(256n << 20n);
      expect(info.cpuStat?.usage).toBeGreaterThan(0n);
      expect(info.bandwidthStat?.inRate).toBe(1_000_000n);
    });

    it('unknown handles and jobs are errors, and the connection stays open', async () => {
      await expect(w.request('Info', { handle: 'nobody' }, t)).rejects.toThrow('unknown handle');
      await expect(w.request('Link', { handle, jobId: 99999 }, t)).rejects.toThrow('no such job');
      expect((await w.request('Echo', { message: 'still here' }, t)).message).toBe('still here');
      expect(await w.request('Ping', {}, t)).toBeDefined();
    });
  });

  it('Stop ends all processes, keeps limits and Info, and refuses what needs an active container', async () => {
    const handle = await create();
    const { jobId } = await w.request('Spawn', { handle, script: 'sleep 1000' }, t);
    const linked = (await node.client()).request('Link', { handle, jobId }, { cause: null });
    await w.request('Stop', { handle }, t);
    expect((await linked).exitStatus).toBe(143);
    expect(recordOf(handle).cgroup.pids()).toEqual([recordOf(handle).init!.pid]);
    expect((await w.request('Info', { handle }, t)).state).toBe('stopped');
    expect((await w.request('LimitMemory', { handle, limitInBytes: 64n << 20n }, t)).limitInBytes).toBe(64n << 20n);
    await expect(run(handle, 'true')).rejects.toThrow("current state is 'stopped'");
    await expect(w.request('Stop', { handle }, t)).rejects.toThrow("current state is 'stopped'");
    await destroy(handle);
  });

  it('Stop with kill waits for nobody who ignores TERM, and Destroy of a frozen container thaws it first', async () => {
    const stubborn = 'trap "" TERM; while :; do sleep 1000; done';
    const first = await create();
    await w.request('Spawn', { handle: first, script: stubborn }, t);
    await w.request('Stop', { handle: first, kill: true }, t);
    expect(recordOf(first).cgroup.pids().length).toBe(1);
    await destroy(first);
    const second = await create();
    await w.request('Spawn', { handle: second, script: 'sleep 1000' }, t);
    recordOf(second).cgroup.freezeJobs(true);
    await destroy(second);
  });

  it('memory over the limit: the event says so and the whole container is stopped', async () => {
    const handle = await create();
    await w.request('LimitMemory', { handle, limitInBytes: 32n << 20n }, t);
    await w.request('Spawn', { handle, script: 'sleep 1000' }, t);
    const r = await run(handle, 'exec python3 -c "x = bytearray(200 << 20)"');
    expect(r.exitStatus).toBe(137);
    expect(r.info?.events).toContain('out of memory');
    const stopped = async () => (await w.request('Info', { handle }, t)).state === 'stopped';
    await expect.poll(stopped).toBe(true);
    expect(await untilReal(() => recordOf(handle).cgroup.pids().length === 1, 60_000)).toBe(true);
    await destroy(handle);
  });

  it('every frame of a labelled connection is an entry at both ends with one edge key, the label itself is none; a foreign one has no key', async () => {
    const from = node.lab.entries().length;
    const client = await node.client('dea/0:app');
    await client.request('Echo', { message: 'seen' }, { cause: null });
    await client.request('Info', { handle: 'nobody' }, { cause: null }).catch(() => undefined);
    const keys = (phase: string) =>
      node.lab
        .entries()
        .slice(from)
        .flatMap((e) => (e.body.type === 'message' && e.body.phase === phase ? [`${e.body.name} ${e.edge?.key}`] : []))
        .sort();
    const label = client.label;
    expect(keys('sent')).toEqual(
      [
        `EchoRequest warden:${label}/up/1`,
        `EchoResponse warden:${label}/down/1`,
        `InfoRequest warden:${label}/up/2`,
        `ErrorResponse warden:${label}/down/2`,
      ].sort(),
    );
    expect(keys('received')).toEqual(keys('sent'));
    const later = node.lab.entries().length;
    const raw = connect(node.socket);
    const answer = new Promise<Buffer>((resolve) => raw.once('data', resolve));
    raw.write('4\r\n\x08\x5b\x12\x00\r\n', 'latin1');
    expect((await answer).toString('latin1')).toBe('4\r\n\x08\x5b\x12\x00\r\n');
    raw.destroy();
    const foreign = node.lab
      .entries()
      .slice(later)
      .filter((e) => e.body.type === 'message');
    expect(foreign.map((e) => e.edge)).toEqual([undefined, undefined]);
  });

  it('bytes that are no frame close the connection, and only that one', async () => {
    const raw = connect(node.socket);
    const closed = new Promise((resolve) => raw.once('close', resolve));
    raw.write('hello\r\n');
    await closed;
    expect(await w.request('Ping', {}, t)).toBeDefined();
  });

  it('two containers at once have different networks, users and namespaces', async () => {
    const [a, b] = await Promise.all([
      (await node.client()).request('Create', {}, { cause: null }),
      (await node.client()).request('Create', {}, { cause: null }),
    ]);
    const [x, y] = [recordOf(a.handle), recordOf(b.handle)];
    expect(x.network).not.toBe(y.network);
    expect(x.uid).not.toBe(y.uid);
    expect(readlinkSync(`/proc/${x.init!.pid}/ns/net`)).not.toBe(readlinkSync(`/proc/${y.init!.pid}/ns/net`));
    await Promise.all([destroy(a.handle), destroy(b.handle)]);
  });
});

/** What a server at this address says; tries again until it listens. */
async function talk(host: string, port: number): Promise<string> {
  for (let tries = 0; tries < 2400; tries += 1) {
    const said = await new Promise<string>((resolve) => {
      const socket = connect(port, host);
      let text = '';
      socket.on('data', (d) => {
        text += d;
      });
      socket.on('error', () => resolve(''));
      socket.on('close', () => resolve(text));
    });
    if (said !== '') return said;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  return '';
}
