// The command line as a user types it, each verb a process of its own, against one real lab. What happened is looked up
// in the containers and in Warden's List, not in what the verb says.
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../support/cf.ts';
import { expectNothingLeft, kernelNow } from '../support/kernel.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const root = join(import.meta.dirname, '../..');
const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/cli (${skipped})`);
const SITE = 'lessons/apps/static-site';

interface Typed {
  status: number | null;
  out: string;
  err: string;
}

describe.skipIf(skipped)('the command line', { timeout: 120_000 }, () => {
  const before = skipped ? undefined : kernelNow();
  let lab: RunningLab;
  let folder: string;
  const running: ChildProcess[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ws-cli-'));
    lab = await startLab({ deas: 1 });
  }, 300_000);
  afterAll(async () => {
    for (const child of running) child.kill();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
    if (before) await expectNothingLeft(before);
  }, 300_000);

  /** Types a verb and does not wait for its end. */
  function begin(...words: string[]) {
    const child = spawn(process.execPath, [join(root, 'bin/wardenscope.mjs'), ...words, '--data', lab.dir], {
      cwd: root,
      env: { ...process.env, INIT_CWD: root },
    });
    running.push(child);
    const typed: Typed = { status: null, out: '', err: '' };
    child.stdout.on('data', (text) => {
      typed.out += text;
    });
    child.stderr.on('data', (text) => {
      typed.err += text;
    });
    const ended = new Promise<Typed>((resolve) => child.on('close', (status) => resolve({ ...typed, status })));
    return { typed, ended, stop: () => child.kill() };
  }
  const cli = (...words: string[]) => begin(...words).ended;
  /** For verbs that take everything behind them as it is. */
  const raw = (...words: string[]) =>
    spawnSync(process.execPath, [join(root, 'bin/wardenscope.mjs'), ...words], { encoding: 'utf8', cwd: root });

  /** A buildpack in bash that writes two files and fails when BREAK is set. */
  function buildpack(name: string): string {
    const bin = join(folder, name, 'bin');
    mkdirSync(bin, { recursive: true });
    const scripts = {
      detect: 'echo Custom',
      compile:
        'set -e\necho one > /tmp/one\necho "two $COLOUR" > /tmp/two\nif [ -n "$BREAK" ]; then exit 3; fi\ncp /tmp/two $1/two\necho "$(cat /tmp/two)"',
      release: 'echo "default_process_types:"\necho "  web: sleep 1000"',
    };
    for (const [script, text] of Object.entries(scripts)) {
      writeFileSync(join(bin, script), `#!/bin/bash\n${text}\n`);
      chmodSync(join(bin, script), 0o755);
    }
    return join(folder, name);
  }
  const handleIn = (text: string) => /npx wardenscope shell (\w+)/.exec(text)?.[1];
  const inside = (handle: string, script: string) => raw('shell', handle, '--', 'sh', '-c', script).stdout.trim();
  const states = async () => (await cli('apps')).out;

  it('stage --hold failure keeps the container of a failed buildpack until it is let go', async () => {
    const env = join(folder, 'env');
    writeFileSync(env, '# a comment\nCOLOUR="dark red"\nexport BREAK=1\n');
    const staging = begin('stage', SITE, '--buildpack', buildpack('fails'), '--env', env, '--hold', 'failure');
    const handle = await until('the way into the container', () => handleIn(staging.typed.err));
    expect(await lab.list(0)).toContain(handle);
    expect(inside(handle, 'cat /proc/1/comm; hostname; cat /tmp/two')).toBe(`wshd\n${handle}\ntwo dark red`);
    await cli('continue');
    const { status, err } = await staging.ended;
    expect(status).toBe(1);
    expect(err).toMatch(/Staging failed: BuildpackCompileFailed/);
    await until('the container to go', async () => !(await lab.list(0)).includes(handle));
  });

  it('stage --hold SCRIPT:LINE stops before that line, step goes to the next, and nothing is started', async () => {
    const staging = begin('stage', SITE, '--buildpack', buildpack('lines'), '--hold', 'bin/compile:4');
    const handle = await until('the way into the container', () => handleIn(staging.typed.err));
    expect(staging.typed.err).toMatch(/script .*two \$COLOUR.* at .*bin\/compile:4/);
    expect(inside(handle, 'cat /tmp/one; ls /tmp/two 2>&1 | wc -l; test -e /tmp/two || echo not yet')).toMatch(
      /^one\n1\nnot yet$/,
    );
    expect((await cli('step')).out).toMatch(/^opened \S+\nheld .*bin\/compile:5/);
    expect(inside(handle, 'cat /tmp/two')).toBe('two');
    await cli('continue');
    const { status, out } = await staging.ended;
    expect(out).toMatch(/is staged \(.*\); nothing was started/);
    expect(status).toBe(0);
    expect(await states()).toMatch(/stage-static-site-\w+ +STOPPED .* STAGED/);
    await until('the container to go', async () => !(await lab.list(0)).includes(handle));
  });

  it('stage takes a buildpack from a git URL', async () => {
    const dir = buildpack('cloned');
    const git = (...words: string[]) =>
      execFileSync('git', ['-C', dir, '-c', 'user.name=t', '-c', 'user.email=t@localhost', ...words]);
    git('init', '-q');
    git('add', '.');
    git('commit', '-q', '-m', 'buildpack');
    const env = join(folder, 'env-of-git');
    writeFileSync(env, 'COLOUR=green\n');
    const { status, out, err } = await cli('stage', SITE, '--buildpack', `file://${dir}`, '--env', env);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/OUT two green$/m);
  });

  it('stage refuses what it cannot use in one sentence, before anything is made', async () => {
    const apps = await states();
    const refused = async (...words: string[]) => (await cli('stage', SITE, ...words)).err.trim();
    expect(await refused('--buildpack', './nowhere')).toMatch(/^\S+nowhere does not exist; .*URL or a name\.$/);
    expect(await refused('--env', './nowhere')).toMatch(/^\S+nowhere does not exist; .*K=V lines\.$/);
    expect(await refused('--hold', 'sometimes')).toMatch(/^--hold sometimes is not possible: .*bin\/compile:12\.$/);
    expect(await states()).toBe(apps);
  });

  it('break, state, step, over, pause, skip and continue drive the real boot of a push', async () => {
    const made = await cli('break', 'kind=step', 'name=pivot_root', 'when=before');
    expect(made.out).toMatch(/^breakpoint \S+$/m);
    const push = begin('push', SITE);
    const seen = await until('the boot to be held', async () => {
      const { out } = await cli('state');
      const at = /^held \S+ +warden\/0 wshd:(\w+): step before pivot_root at wshd\/boot\.c:\d+/m.exec(out);
      return at ?? undefined;
    });
    const handle = seen[1] ?? '';
    expect(raw('shell', handle).stderr).toMatch(new RegExp(`There is no container ${handle} that has booted`));
    const clock = async () => Number(/lab time ([\d.]+) s, standing still/.exec((await cli('state')).out)?.[1]);
    const at = await clock();
    expect((await cli('step')).out).toMatch(/^held .*step after pivot_root/m);
    expect((await cli('over')).out).toMatch(/^held .*step before devpts/m);
    expect((await cli('pause')).out).toMatch(/^paused: /);
    expect(await clock()).toBe(at);
    expect((await cli('clear')).out).toMatch(/^\d+ removed$/m);
    expect((await cli('continue')).out).toMatch(/^opened \S+; everything runs$/m);
    const { status, out } = await push.ended;
    expect(status).toBe(0);
    const [, url = ''] = /static-site runs: (\S+)/.exec(out) ?? [];
    const page = execFileSync('curl', ['-s', '-H', `Host: ${new URL(url).host}`, lab.url], { encoding: 'utf8' });
    expect(page).toContain('<html');
    const [, from, to] = /went from ([\d.]+) s to ([\d.]+) s/.exec((await cli('skip', '20')).out) ?? [];
    expect(Number(to) - Number(from)).toBeCloseTo(20, 1);
  });

  it('logs shows the newest lines, and --follow goes on with what is written later', async () => {
    expect((await cli('logs', 'static-site')).out).toMatch(/^\[App\/0\] OUT serving /m);
    const following = begin('logs', 'static-site', '--follow', '--tail', '1');
    await until('the last line', () => following.typed.out.includes('\n'));
    const seen = following.typed.out;
    expect(seen.trim().split('\n')).toHaveLength(1);
    const again = await cli('push', SITE);
    expect(again.status).toBe(0);
    await until('a later line', () => following.typed.out.slice(seen.length).includes('"state":"STARTED"'));
    following.stop();
    await following.ended;
    expect((await cli('delete', 'static-site')).out).toMatch(/static-site is deleted/);
    expect((await cli('logs', 'static-site')).err.trim()).toBe(
      'There is no app static-site; wardenscope apps lists them.',
    );
  });

  it('warden-client creates, runs in and destroys a container by hand', async () => {
    const warden = (...words: string[]) => raw('warden-client', lab.wardenSocket(0), ...words);
    const created = warden('create');
    expect(created).toMatchObject({ status: 0, stderr: '' });
    const handle = /^handle: (\S+)$/m.exec(created.stdout)?.[1] ?? '';
    expect(await lab.list(0)).toContain(handle);
    const ran = warden('run', '--handle', handle, '--script', 'hostname; exit 7');
    expect(ran.status).toBe(7);
    expect(ran.stdout).toContain(handle);
    expect(warden('destroy', '--handle', handle).status).toBe(0);
    expect(await lab.list(0)).not.toContain(handle);
  });

  it('warden-client without a command reads commands line by line until quit, and goes on after a wrong one', async () => {
    const lines = [
      'create --handle prompted',
      'fly',
      '',
      "run --handle prompted --script 'echo in; hostname'",
      'quit',
      'list',
    ];
    const client = [join(root, 'bin/wardenscope.mjs'), 'warden-client', lab.wardenSocket(0)];
    const typed = spawnSync(process.execPath, client, { encoding: 'utf8', cwd: root, input: `${lines.join('\n')}\n` });
    expect(typed.stdout).toMatch(/^handle: prompted\nin\nprompted\n/);
    expect(typed.stdout).not.toMatch(/^handles:/m);
    expect(typed.stderr).toBe('unknown command fly; type help\n');
    expect(typed.status).toBe(0);
    expect(await lab.list(0)).toContain('prompted');
    raw('warden-client', lab.wardenSocket(0), 'destroy', '--handle', 'prompted');
  });

  it('labs names the running lab, and doctor prints its table', async () => {
    expect((await cli('labs')).out).toContain(`${lab.url}/  ${lab.dir}`);
    expect((await cli('doctor')).out).toMatch(/^root +yes/m);
  });
});
