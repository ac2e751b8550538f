// The boot of a real container: what the kernel shows at each step, and what is left when a step fails or the boot ends.
// The witness is this test's own look at /proc, never the lab's entries.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import steps from '../../machines/gen/wshd-steps.json' with { type: 'json' };
import { BINARY, boot, fdsOf, type Ground, ground, missing, mountsOf, pidsIn, until } from './container.ts';

const why = missing();
if (why) console.log(`skipped test/wshd/boot: ${why}`);

const root = (pid: number | 'self') => {
  const { dev, ino } = statSync(`/proc/${pid}/root/`);
  return `${dev}:${ino}`;
};
const alive = (pid: number) => existsSync(`/proc/${pid}`);
const wshds = () =>
  readdirSync('/proc').filter((p) => /^\d+$/.test(p) && readFileSafe(`/proc/${p}/cmdline`).startsWith('wshd: h1'));
function readFileSafe(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

describe.skipIf(why)('the boot', () => {
  let g: Ground;
  afterEach(async () => g?.clear());

  function nothingLeft(): void {
    expect(wshds()).toEqual([]);
    expect(g.cgroups.flatMap(pidsIn)).toEqual([]);
    expect(mountsOf('self').filter((m) => m.at.startsWith(g.dir))).toEqual([]);
    expect(existsSync(g.sock)).toBe(false);
  }
  const linkGone = () => until('the host end of the veth is gone', () => !existsSync(`/sys/class/net/${g.hostIf}`));
  const held = () => until('a gate is held', () => g.lab.held()[0]);
  /** PID 1 while it boots: the only process whose parent is a starter of ours. */
  const first = () =>
    wshds()
      .map(Number)
      .find((p) => wshds().includes(/^PPid:\t(\d+)$/m.exec(readFileSafe(`/proc/${p}/status`))?.[1] ?? '-'));

  it('has the steps that the machines were generated from', () => {
    g = ground();
    const script = fileURLToPath(new URL('../../scripts/wshd-steps.mjs', import.meta.url));
    expect(JSON.parse(execFileSync('node', [script, '--print'], { encoding: 'utf8' }))).toEqual(steps);
    const source = new Map(
      ['boot', 'job'].map((f) => [
        `wshd/${f}.c`,
        readFileSync(fileURLToPath(new URL(`../../wshd/${f}.c`, import.meta.url)), 'utf8').split('\n'),
      ]),
    );
    for (const step of [...steps.boot, ...steps.job]) {
      const near = source
        .get(step.file)
        ?.slice(step.line - 4, step.line + 1)
        .join('\n');
      expect(near, step.name).toMatch(new RegExp(`(STEP|MOUNT|CALL)\\(${step.name},`));
    }
  });

  it('ends with namespaces, mounts, ids and addresses of its own, and nothing of the host but the binds', async () => {
    g = ground();
    const booted = await boot(g);
    for (const ns of ['user', 'mnt', 'pid', 'net', 'uts', 'ipc', 'cgroup'])
      expect(statSync(`/proc/${booted.pid}/ns/${ns}`).ino, ns).not.toBe(statSync(`/proc/self/ns/${ns}`).ino);
    expect(
      mountsOf(booted.pid)
        .map((m) => m.at)
        .sort(),
    ).toEqual([
      '/',
      '/dev',
      '/dev/null',
      '/dev/pts',
      '/dev/random',
      '/dev/shm',
      '/dev/tty',
      '/dev/urandom',
      '/dev/zero',
      '/mine/rw',
      '/proc',
      '/usr',
    ]);
    const mounts = new Map(mountsOf(booted.pid).map((m) => [m.at, m]));
    expect(mounts.get('/')?.type).toBe('overlay');
    expect(mounts.get('/usr')?.options.split(',')).toContain('ro');
    expect(readFileSync(`/proc/${booted.pid}/uid_map`, 'utf8').trim().split(/\s+/)).toEqual([
      '0',
      '500000000',
      '65536',
    ]);
    expect(readFileSync(`/proc/${booted.pid}/status`, 'utf8')).toMatch(/^Uid:\t500000000\t500000000/m);
    expect(existsSync(`/sys/class/net/${g.hostIf}`)).toBe(true);
    expect(fdsOf(booted.pid).filter((f) => !/cgroup/.test(f))).toEqual(
      ['0 /dev/null', '1 /dev/null', '2 /dev/null', expect.stringMatching(/^\d socket:/)].sort(),
    );
    expect(fdsOf(booted.starter ?? 0)).toEqual([]);
    booted.kill();
    expect(await booted.ended).toBe(137);
    await linkGone();
  });

  it('can be held before and after every step, blocked in read(3), with the kernel as the step left it', async () => {
    g = ground();
    const host = root('self');
    const seen: string[] = [];
    g.lab.breakOn({ kind: 'step', machine: 'wshd-boot' });
    const booting = boot(g);
    for (let over = false; !over; ) {
      const gate = await Promise.race([held(), booting.then(() => undefined)]);
      if (!gate) break;
      const { name, when, file, line } = gate.point;
      expect([file, typeof line]).toEqual(['wshd/boot.c', 'number']);
      const parent = steps.boot.find((s) => s.name === name)?.side === 'parent';
      const pid = first();
      const actor = parent
        ? wshds()
            .map(Number)
            .find((p) => p !== pid)
        : pid;
      // The gate is announced a moment before its process blocks.
      const blocked = () => readFileSync(`/proc/${actor}/syscall`, 'utf8').startsWith('0 0x3 ');
      await until(`${name}/${when} to be blocked in read(3)`, blocked);
      seen.push(`${name}/${when}`);
      if (pid && !parent) {
        const mounts = mountsOf(pid);
        const at = seen.length;
        const pivoted = seen.includes('pivot_root/after');
        expect(at).toBeGreaterThan(0);
        expect(root(pid) === host, `${name}/${when}: the root is the host's`).toBe(!pivoted);
        expect(
          mounts.some((m) => m.type === 'overlay' && m.at === (pivoted ? '/' : `${g.dir}/root`)),
          `${name}/${when}: overlay`,
        ).toBe(true);
        const old = mounts.some((m) => m.at === '/mnt');
        expect(old, `${name}/${when}: the host's tree hangs under /mnt`).toBe(
          pivoted && !seen.includes('umount_old/after'),
        );
      }
      g.lab.open();
      if (name === 'guard' && when === 'after') over = true;
    }
    await booting;
    const all = steps.boot.flatMap((s) => [`${s.name}/before`, `${s.name}/after`]);
    expect([...new Set(seen)]).toEqual(all);
  });

  it.each(['overlay/before', 'pivot_root/after', 'guard/after'])(
    'held at %s ends with its control descriptor, and leaves nothing',
    async (gate) => {
      g = ground();
      const [name, when] = gate.split('/');
      g.lab.breakOn({ kind: 'step', name, when: when === 'before' ? 'before' : 'after' });
      const abort = new AbortController();
      const booting = boot(g, g.keys, abort.signal);
      booting.catch(() => undefined);
      await held();
      abort.abort();
      await expect(booting).rejects.toThrow('[wshd] could not boot h1: it was aborted');
      nothingLeft();
      await linkGone();
    },
  );

  it('held when its starter is killed ends inside too', async () => {
    g = ground();
    g.lab.breakOn({ kind: 'step', name: 'proc', when: 'after' });
    const booting = boot(g);
    booting.catch(() => undefined);
    await held();
    const pid = first() ?? 0;
    process.kill(
      wshds()
        .map(Number)
        .find((p) => p !== pid) ?? -1,
      'SIGKILL',
    );
    // The child holds the other end of the control socket: warden closes it when it sees the starter go.
    await until('PID 1 is gone', () => !alive(pid));
    await expect(booting).rejects.toThrow('[wshd] could not boot h1');
  });

  it('a pause that arrives while one step is held stops it at the next gate, which had no breakpoint', async () => {
    g = ground();
    g.lab.breakOn({ kind: 'step', name: 'devpts', when: 'after' });
    const booting = boot(g);
    await held();
    g.lab.pause();
    g.lab.open();
    const next = await until('the next gate', () => g.lab.held().find((h) => h.point.name === 'proc'));
    expect(next.point.when).toBe('before');
    g.lab.pause(false);
    g.lab.open();
    await booting;
  });

  it.each([
    ['listen', 'sock=/no/such/dir/s'],
    ['open_cgroups', 'cgroup=/no/such/tasks'],
    ['map_ids', 'uid_base=4294967000'],
    ['idmap_lower', 'lower=/no/such'],
    ['idmap_lower', 'bind=ro:/no/such:/x'],
    ['idmap_lower', 'bind=nonsense'],
    ['overlay', 'upper=/no/such'],
    ['bind', 'bind=ro:/usr:/etc/passwd'],
    ['veth', 'host_if=much-too-long-a-name'],
    ['host_address', 'host_ip=nonsense'],
    ['address', 'container_ip=nonsense'],
    ['hostname', `hostname=${'x'.repeat(70)}`],
  ])('whose step %s fails (%s) says so and leaves no process and no mount', async (step, key) => {
    g = ground();
    const name = key.split('=')[0];
    const repeated = name === 'bind' || name === 'cgroup';
    const keys = [...g.keys.filter((k) => repeated || !k.startsWith(`${name}=`)), key];
    await expect(boot(g, keys)).rejects.toThrow(/\[wshd\] could not boot h1: could not \S+.*: \S+/);
    const last = g.lab.bodies().findLast((b) => b.type === 'step');
    expect(last).toMatchObject({ name: step, result: expect.any(Number) });
    expect(last?.type === 'step' && (last.result ?? 0) < 0).toBe(true);
    nothingLeft();
    await linkGone();
  });

  it.each([
    ['enter_mounts', 'setns', 1],
    ['private_mounts', 'mount', 1],
    ['leave_mounts', 'setns', 2],
    ['unshare_cgroup', 'unshare', 1],
    ['chdir_root', 'chdir', 1],
    ['become_root', 'setresuid', 1],
    ['pivot_root', 'pivot_root', 1],
    ['umount_old', 'umount2', 1],
    ['setsid', 'setsid', 1],
  ])('whose step %s is refused by the kernel leaves no process and no mount', async (step, call, nth) => {
    g = ground();
    // strace counts calls for each process, so `when` is within the one that makes this step.
    const traced = spawn(
      'strace',
      [
        '-f',
        '-qq',
        '-o',
        '/dev/null',
        '-e',
        `inject=${call}:error=EPERM:when=${nth}`,
        BINARY,
        'boot',
        'id=h1',
        ...g.keys,
      ],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      },
    );
    const control = traced.stdio[3];
    if (!(control instanceof Duplex)) throw new Error('no control descriptor');
    let text = '';
    control.on('data', (bytes) => {
      text += bytes;
    });
    control.write('go\n');
    const code = await new Promise((resolve) => traced.on('exit', resolve));
    const last = await until('the failed line', () => /^failed .*(?=\n)/m.exec(text)?.[0]);
    expect(last).toMatch(new RegExp(`^failed ${step} 1 could not .*: Operation not permitted$`));
    expect(code).not.toBe(0);
    nothingLeft();
    await linkGone();
  });

  it('works on a host with mounts stacked on each other, also below a bind', async () => {
    g = ground();
    const stack =
      'mount --make-rprivate / && for at in /usr/src /usr/src /srv /srv; do mount -t tmpfs stacked $at || exit 9; done; exec "$@"';
    const child = spawn('unshare', ['-m', 'sh', '-c', stack, 'sh', BINARY, 'boot', 'id=h1', ...g.keys], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const control = child.stdio[3];
    if (!(control instanceof Duplex)) throw new Error('no control descriptor');
    let text = '';
    control.on('data', (bytes) => {
      text += bytes;
    });
    control.write('go\n');
    const last = await until('the boot is over', () => /^(ready|failed) .*(?=\n)/m.exec(text)?.[0]);
    expect(last).toMatch(/^ready \d+$/);
    const pid = Number(last.split(' ')[1]);
    expect(mountsOf(pid).map((m) => m.at)).toContain('/usr');
    expect(
      mountsOf(pid)
        .map((m) => m.at)
        .filter((at) => /^.(mnt|srv|usr.src)/.test(at)),
    ).toEqual([]);
    process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => child.on('exit', resolve));
  });

  it('as in 2014 has no user and no cgroup namespace', async () => {
    g = ground();
    const booted = await boot(g, [...g.keys, 'era=2014']);
    const same = (ns: string) => statSync(`/proc/${booted.pid}/ns/${ns}`).ino === statSync(`/proc/self/ns/${ns}`).ino;
    expect([same('user'), same('cgroup'), same('mnt'), same('pid')]).toEqual([true, true, false, false]);
    expect(mountsOf(booted.pid).find((m) => m.at === '/')?.type).toBe('overlay');
    expect(mountsOf(booted.pid).some((m) => m.at.startsWith('/mnt'))).toBe(false);
    booted.kill();
    await booted.ended;
  });
});
