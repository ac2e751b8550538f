// Jobs of a real container, from outside: what goes in, what comes out, how it ends.

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJob } from '../../server/dea/wshd-reader.ts';
import { connectWshd } from '../../server/warden/wshd/index.ts';
import { container, fdsOf, missing, newJob, run, type TestContainer, until, WSH } from './container.ts';

const why = missing();
if (why) console.log(`skipped test/wshd/jobs: ${why}`);

describe.skipIf(why)('a job', () => {
  let c: TestContainer;
  beforeAll(async () => {
    c = await container();
  });
  afterAll(async () => c?.clear());
  const sh = (script: string, options = {}) => c.run(['/bin/sh', '-c', script], options);

  it.each([
    ['exit 0', 0],
    ['exit 7', 7],
    ['exit 255', 255],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
    ['kill -SEGV $$', 139],
  ])('that does `%s` has status %i', async (script, status) => {
    expect((await sh(script)).status).toBe(status);
  });

  it('that cannot be executed has status 126 or 127, and says why', async () => {
    expect(await c.run(['/no/such'])).toMatchObject({ status: 127, stderr: expect.stringContaining('No such file') });
    expect((await c.run(['/etc/passwd'])).status).toBe(126);
  });

  it('of an unknown user has status 255 and says so', async () => {
    expect(await c.run(['true'], { user: 'nobody' })).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('find the user nobody'),
    });
  });

  it('keeps stdout and stderr apart and gets its stdin', async () => {
    const ran = await c.run(['/bin/sh', '-c', 'tr a-z A-Z; echo oops >&2'], {}, Buffer.from('hello'));
    expect(ran).toEqual({ status: 0, stdout: 'HELLO', stderr: 'oops\n' });
  });

  it('has exactly HOME, USER and PATH and what was given, which wins', async () => {
    const ran = await c.run(['/usr/bin/env'], { user: 'vcap', env: ['A=1', 'PATH=/bin:/x'] });
    expect(ran.stdout.trim().split('\n').sort()).toEqual(['A=1', 'HOME=/home/vcap', 'PATH=/bin:/x', 'USER=vcap']);
    expect((await c.run(['/usr/bin/env'])).stdout).toContain('PATH=/sbin:/bin:/usr/sbin:/usr/bin\n');
  });

  it('is the user it was asked to be, at home, without other groups', async () => {
    expect((await sh('id; pwd', { user: 'vcap' })).stdout).toMatch(
      /^uid=1000.* gid=1000\S*( groups=1000\S*)?\n\/home\/vcap\n$/,
    );
  });

  it('has the limits of 2014, or the ones asked for as far as the host allows', async () => {
    expect((await sh('ulimit -n; ulimit -c', { user: 'vcap' })).stdout).toBe('1024\n0\n');
    expect((await sh('ulimit -n', { rlimits: { nofile: 512n } })).stdout).toBe('512\n');
    await sh('true', { rlimits: { nofile: 1n << 30n }, job: 90001 });
    const step = c.lab.bodies().find((b) => b.type === 'step' && b.job === 90001 && b.name === 'rlimits');
    expect(step).toMatchObject({
      result: 0,
      args: expect.arrayContaining([expect.stringContaining('nofile refused above')]),
    });
  });

  it('gives 20 MB of output whole to a lossless reader', async () => {
    const { stdout, status } = await sh('head -c 20000000 /dev/zero | tr "\\0" x; echo end');
    expect([status, stdout.length, stdout.slice(-4)]).toEqual([0, 20000004, 'end\n']);
  });

  it('gets 5 MB of input whole while another job is served', async () => {
    const big = c.run(['/bin/sh', '-c', 'sleep 0.3; wc -c'], {}, Buffer.alloc(5_000_000, 'y'));
    expect((await sh('echo quick')).stdout).toBe('quick\n');
    expect((await big).stdout.trim()).toBe('5000000');
  });

  it('ends when its process ends, though an orphan keeps its streams, and the orphan is reaped', async () => {
    const ran = await sh('sleep 30 & echo $!');
    expect(ran.status).toBe(0);
    const inside = Number(ran.stdout);
    await sh(`kill -9 ${inside}`);
    await until('the orphan is reaped', async () => (await sh(`test -e /proc/${inside}`)).status === 1);
  });

  it('has a terminal when asked for one, of the size asked for', async () => {
    const job = newJob();
    const seen = c.run(['/bin/sh', '-c', 'tty; stty size; read x; echo "got $x"; stty size'], {
      job,
      user: 'vcap',
      tty: { cols: 99, rows: 33 },
    });
    await new Promise((r) => setImmediate(r));
    c.client.resize(job, 120, 40);
    await c.client.stdin(job, Buffer.from('word\n'));
    const { stdout, status } = await seen;
    expect(status).toBe(0);
    expect(stdout).toMatch(/\/dev\/pts\/\d+\r\n/);
    expect(stdout).toMatch(/got word\r\n40 120\r\n$/);
  });

  it('is signalled with its whole process group', async () => {
    const job = newJob();
    const ran = c.run(['/bin/sh', '-c', 'sleep 60 | sleep 60'], { job });
    await until('the job has executed', () =>
      c.lab.bodies().some((b) => b.type === 'step' && b.job === job && b.name === 'execve' && b.when === 'after'),
    );
    c.client.signal(job, 15);
    expect((await ran).status).toBe(143);
  });

  it('lives on when its client vanishes; the next one gets the last 64 KiB and the status', async () => {
    const job = newJob();
    const first = await connectWshd(c.lab, { path: c.sock, handle: 'h1' });
    await first.spawn(
      { job, user: 'root', argv: ['/bin/sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" z; echo end; exit 5'] },
      { cause: null },
    );
    first.close();
    await until('the job has ended', async () => (await c.client.list()).find((j) => j.job === job)?.exited);
    const out: Buffer[] = [];
    const status = await new Promise<number>((onExit) =>
      c.client.attach(
        job,
        { lossless: true },
        { onOutput: (_s, b) => void out.push(Buffer.from(b)), onExit, onLost: () => onExit(-1) },
      ),
    );
    const text = Buffer.concat(out).toString();
    expect([status, text.length, text.endsWith('zend\n')]).toEqual([5, 65536, true]);
    c.client.forget(job);
    expect((await c.client.list()).map((j) => j.job)).not.toContain(job);
  });

  it('is followed by two clients at once, Warden and the log agent: both get all its output, and both its status', async () => {
    const agent = await connectWshd(c.lab, { path: c.sock, handle: 'h1', init: c.booted.pid });
    const job = newJob();
    await c.client.spawn(
      { job, user: 'root', argv: ['/bin/sh', '-c', 'echo one; read go; echo two; exit 5'] },
      { cause: null },
    );
    const heard = [c.client, agent].map((client, i) => {
      const ear = { text: '', status: -1 };
      client.attach(
        job,
        { lossless: i === 0 },
        {
          onOutput: (_name, bytes) => {
            ear.text += bytes.toString();
          },
          onExit: (status) => {
            ear.status = status;
          },
          onLost: () => undefined,
        },
      );
      return ear;
    });
    await until('both have the first line', () => heard.every((ear) => ear.text === 'one\n'));
    await c.client.stdin(job, Buffer.from('go\n'));
    await until('both have the end', () => heard.every((ear) => ear.text === 'one\ntwo\n' && ear.status === 5));
    c.client.forget(job);
    agent.close();
  });

  it('tells the log agent what was overwritten before it came, and goes on from where it was', async () => {
    const job = newJob();
    const read = (out: bigint) =>
      new Promise((resolve) => {
        const heard = { text: '', lost: 0 };
        readJob(
          c.sock,
          job,
          { out, err: 0n },
          {
            onOutput: (_stream, bytes) => {
              heard.text += bytes.toString();
            },
            onLost: (_stream, bytes) => {
              heard.lost += bytes;
            },
            onEnd: () => resolve({ length: heard.text.length, end: heard.text.slice(-4), lost: heard.lost }),
            onBroken: () => resolve('broken'),
          },
        );
      });
    const argv = ['/bin/sh', '-c', 'head -c 199996 /dev/zero | tr "\\0" x; echo END'];
    await c.client.spawn({ job, user: 'root', argv }, { cause: null });
    await read(0n);
    expect(await read(0n)).toEqual({ length: 65_536, end: 'END\n', lost: 134_464 });
    expect(await read(199_990n)).toEqual({ length: 10, end: 'END\n', lost: 0 });
    expect(await read(200_000n)).toEqual({ length: 0, end: '', lost: 0 });
    c.client.forget(job);
  });

  it('that nobody follows yet is held back once its ring is full, so that the first reader gets all of it', async () => {
    const job = newJob();
    const argv = ['/bin/sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" x; exit 3'];
    await c.client.spawn({ job, user: 'root', argv }, { cause: null });
    const now = async () => (await c.client.list()).find((j) => j.job === job);
    await until('its ring to be full', async () => (await now())?.out === 65_536);
    // Others come and go meanwhile; it stays where it is.
    for (let n = 0; n < 5; n++) expect((await sh('echo free')).stdout).toBe('free\n');
    expect(await now()).toMatchObject({ out: 65_536 });
    let length = 0;
    const status = await new Promise<number>((onExit) =>
      c.client.attach(
        job,
        { lossless: true },
        {
          onOutput: (_stream, bytes) => {
            length += bytes.length;
          },
          onExit,
          onLost: () => onExit(-1),
        },
      ),
    );
    expect([status, length]).toEqual([3, 300_000]);
    c.client.forget(job);
  });

  it('is not delayed by a lossless reader that does not read another one', async () => {
    const slow = connect(c.sock);
    slow.pause();
    const job = newJob();
    const spawnFrame = Buffer.from('user=root\0arg=/bin/sh\0arg=-c\0arg=yes\0');
    const head = (length: number, type: number, flags: number) => {
      const b = Buffer.alloc(12);
      b.writeUInt32LE(length, 0);
      b.writeUInt16LE(type, 4);
      b.writeUInt16LE(flags, 6);
      b.writeUInt32LE(job, 8);
      return b;
    };
    slow.write(Buffer.concat([head(spawnFrame.length, 1, 0), spawnFrame, head(16, 3, 1), Buffer.alloc(16)]));
    const written = async () => (await c.client.list()).find((j) => j.job === job)?.out ?? 0;
    await until('more to be written than its ring holds', async () => (await written()) > 65536);
    expect((await sh('echo free')).stdout).toBe('free\n');
    expect(await written(), 'its writer is held back once its ring and the socket are full').toBeLessThan(4 << 20);
    c.client.signal(job, 9);
    slow.destroy();
    await until('it is dead', async () => (await c.client.list()).find((j) => j.job === job)?.exited);
    c.client.forget(job);
  });

  it.each([
    ['a length without end', Buffer.from('ffffffff0100000001000000', 'hex')],
    ['an unknown type', Buffer.from('000000004d00000001000000', 'hex')],
    ['a short ATTACH', Buffer.from('02000000030000000100000000ff', 'hex')],
  ])('is not touched by a client that sends %s: only that client is left', async (_name, bytes) => {
    const bad = connect(c.sock);
    const closed = new Promise<void>((resolve) => bad.on('close', () => resolve()));
    bad.on('error', () => undefined);
    bad.resume();
    bad.write(bytes);
    await closed;
    expect((await sh('echo alive')).stdout).toBe('alive\n');
  });

  it('cannot trace PID 1, look into it, or make a read-only bind writable', async () => {
    expect((await sh('cat /proc/1/environ; ls -l /proc/1/fd; readlink /proc/1/exe; kill -9 1; true')).stdout).toBe('');
    expect((await sh('mount -o remount,bind,rw /usr || touch /usr/x')).status).not.toBe(0);
    expect((await sh('echo still')).stdout).toBe('still\n');
    expect((await sh('cat /proc/1/cmdline')).stdout.replaceAll('\0', '')).toBe('wshd: h1');
  });

  it('is in the cgroups of its leaf', async () => {
    expect((await sh('cat /proc/self/cgroup')).stdout).toMatch(/:memory:\/\.\.\/jobs\n/);
    expect((await sh('cat /proc/self/cgroup', { leaf: 'visit' })).stdout).toMatch(/:memory:\/\.\.\/visit\n/);
  });

  it('leaves its steps in the lab, each caused by the one before, and no descriptor in PID 1', async () => {
    await run(c.client, ['true']);
    await c.client.list(); // what was asked before it is done
    const before = fdsOf(c.booted.pid);
    const job = newJob();
    await run(c.client, ['true'], { job });
    await c.client.list();
    expect(fdsOf(c.booted.pid)).toEqual(before);
    const steps = c.lab.entries().filter((e) => e.body.type === 'step' && e.body.job === job);
    expect(steps.map((e) => e.body.type === 'step' && e.body.name)).toEqual([
      'stdio',
      'setsid',
      'join_cgroups',
      'user',
      'rlimits',
      'setgid',
      'setuid',
      'chdir',
      'execve',
    ]);
    expect(steps.slice(1).map((e) => e.cause)).toEqual(steps.slice(0, -1).map((e) => e.n));
  });

  it('can be held before execve, and the gate sees the process stand there', async () => {
    const id = c.lab.breakOn({ kind: 'step', machine: 'wshd-job', name: 'execve', when: 'before' });
    const ran = c.run(['/bin/echo', 'at last']);
    const [held] = await until('the gate is held', () => (c.lab.held().length ? c.lab.held() : undefined));
    expect(held?.point).toMatchObject({ kind: 'step', name: 'execve', when: 'before', file: 'wshd/job.c' });
    const step = c.lab.bodies().findLast((b) => b.type === 'step' && b.name === 'execve');
    expect(readFileSync(`/proc/${step?.type === 'step' ? step.pid : 0}/comm`, 'utf8')).toBe('wshd\n');
    c.lab.unbreak(id);
    c.lab.open();
    expect((await ran).stdout).toBe('at last\n');
  });

  it('stops at its next gate when a pause arrives while it is held, and goes on when its client vanishes', async () => {
    const first = await connectWshd(c.lab, { path: c.sock, handle: 'h1', init: c.booted.pid });
    const id = c.lab.breakOn({ kind: 'step', machine: 'wshd-job', name: 'user', when: 'after' });
    const job = newJob();
    await first.spawn({ job, user: 'root', argv: ['/bin/sh', '-c', 'exit 3'] }, { cause: null });
    await until('the gate is held', () => c.lab.held()[0]);
    c.lab.unbreak(id);
    c.lab.pause();
    c.lab.open();
    const next = await until('the next gate', () => c.lab.held().find((h) => h.point.name === 'rlimits'));
    expect(next.point.when).toBe('before');
    first.close();
    const ended = await until('the job has ended', async () =>
      (await c.client.list()).find((j) => j.job === job && j.exited),
    );
    expect(ended.status).toBe(3);
    c.client.forget(job);
    c.lab.pause(false);
    c.lab.open();
  });

  it('may have very long and very many arguments: its steps show the beginning', async () => {
    const long = '\u0001"'.repeat(50_000);
    const ran = await c.run([
      '/bin/sh',
      '-c',
      'echo $#; expr length "$1"',
      'sh',
      long,
      ...Array.from({ length: 3000 }, (_, i) => `${i}`),
    ]);
    expect(ran).toMatchObject({ status: 0, stdout: '3001\n100000\n' });
    const step = c.lab.bodies().findLast((b) => b.type === 'step' && b.name === 'execve');
    expect(step?.type === 'step' && step.args.slice(0, 4)).toEqual([
      '/bin/sh',
      '-c',
      'echo $#; expr length "$1"',
      'sh',
    ]);
  });

  it('may have as many arguments as one frame holds', async () => {
    const many = Array.from({ length: 100_000 }, () => 'x');
    const ran = await c.run(['/bin/sh', '-c', 'echo $#', 'sh', ...many]);
    expect(ran).toMatchObject({ status: 0, stdout: '100000\n' });
  });

  it('can be had by wsh, with its status and streams', async () => {
    expect(
      execFileSync(WSH, [c.sock, 'user=vcap', 'env=A=b', 'arg=/bin/sh', 'arg=-c', 'arg=cat; echo $USER $A'], {
        input: 'in ',
      }).toString(),
    ).toBe('in vcap b\n');
    const child = spawn(WSH, [c.sock, 'arg=/bin/sh', 'arg=-c', 'arg=kill -9 $$'], { stdio: 'ignore' });
    expect(await new Promise((r) => child.on('exit', r))).toBe(137);
    // On a terminal of its own: `script` makes one, which may echo the end of its input before it is raw.
    const words = `${WSH} ${c.sock} user=vcap tty=33:99 arg=/bin/sh arg=-c 'arg=tty; stty size; exit 4'`;
    const seen = spawnSync('script', ['-qec', words, '/dev/null'], { encoding: 'utf8' });
    expect([seen.status, seen.stdout]).toEqual([4, expect.stringMatching(/\/dev\/pts\/\d+\r\n33 99\r\n$/)]);
  });

  it('is refused by wsh without keys, at a socket that nobody serves, and with more than a frame holds', () => {
    const refused = (...args: string[]) => {
      const { status, stderr } = spawnSync(WSH, args, { encoding: 'utf8' });
      return [status, stderr];
    };
    expect(refused(c.sock)).toEqual([255, expect.stringMatching(/^usage: wsh SOCKET key=value/)]);
    expect(refused('/no/such', 'arg=true')).toEqual([255, 'wsh: could not reach wshd: No such file or directory\n']);
    expect(refused('x'.repeat(200), 'arg=true')).toEqual([
      255,
      expect.stringMatching(/^wsh: could not reach wshd: File ?name too long$/im),
    ]);
    const big = Array.from({ length: 12 }, () => `arg=${'x'.repeat(100_000)}`);
    expect(refused(c.sock, ...big)).toEqual([255, 'wsh: could not pass the arguments: Argument list too long\n']);
  });
});
