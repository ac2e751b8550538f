// The buildpack runner and the buildpacks we ship, executed for real in folders of this host (no container needed).
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { prepareBundled } from '../../server/dea/bundled.ts';
import { parseStagingInfo, pluginConfig } from '../../server/dea/staging-info.ts';

const APPS = join(import.meta.dirname, '../../lessons/apps');
const SOURCE = join(import.meta.dirname, '../../server/dea/buildpacks');

let top: string;
let bundled: string;
beforeAll(async () => {
  top = mkdtempSync(join(tmpdir(), 'dea-runner-'));
  bundled = join(top, 'buildpacks');
  await prepareBundled(bundled);
}, 60_000);
afterAll(() => rmSync(top, { recursive: true, force: true }));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dea-stage-'));
  for (const folder of ['unstaged', 'staged']) mkdirSync(join(root, folder));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function files(folder: string, contents: Record<string, string>): string {
  for (const [name, text] of Object.entries(contents)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
    if (name.startsWith('bin/')) chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

interface Asked {
  dirs?: string[];
  key?: string;
  custom?: string;
  git?: string;
  command?: string;
  path?: string;
}

function stage({ dirs = [], key = '', custom = '', git = '', command = '', path }: Asked) {
  const config = join(root, 'plugin_config');
  writeFileSync(
    config,
    pluginConfig({
      source_dir: join(root, 'unstaged'),
      dest_dir: join(root, 'staged'),
      cache_dir: join(root, 'cache'),
      staging_info_path: join(root, 'staging_info.yml'),
      buildpack_dirs: dirs,
      buildpack_key: key,
      custom_dir: custom,
      buildpack_git_url: git,
      meta_command: command,
    }),
  );
  const ended = spawnSync(join(SOURCE, 'runner/run'), [config], {
    encoding: 'utf8',
    env: { PATH: path ?? process.env.PATH, HOME: root },
  });
  const yaml = join(root, 'staging_info.yml');
  return {
    status: ended.status,
    output: ended.stdout + ended.stderr,
    info: existsSync(yaml) ? parseStagingInfo(readFileSync(yaml, 'utf8')) : undefined,
  };
}

const pack = (name: string, scripts: Record<string, string>) =>
  files(
    join(root, name),
    Object.fromEntries(Object.entries(scripts).map(([k, v]) => [`bin/${k}`, `#!/bin/bash\n${v}\n`])),
  );
const release = (yaml: string) => `printf -- '---\\n${yaml}'`;
const WEB = release('default_process_types:\\n  web: run it\\n');

describe('buildpack runner', () => {
  it('copies the app with its subfolders and hands its copy and a cache folder to compile, two arguments', () => {
    files(join(root, 'unstaged'), { 'a/b.txt': 'x' });
    const ours = pack('p', { detect: 'echo Ours', compile: 'echo "args $# $1 $2"; cat "$1/a/b.txt"', release: WEB });
    const { status, output, info } = stage({ dirs: [ours] });
    expect(status).toBe(0);
    expect(output).toContain(`args 2 ${root}/staged/app ${root}/cache`);
    expect(info).toEqual({ buildpackPath: ours, detectedBuildpack: 'Ours', startCommand: 'run it', error: null });
  });

  it('takes the first buildpack whose detect says yes, and counts one that cannot be executed as no', () => {
    const dumb = pack('dumb', { detect: 'echo never', compile: '' });
    chmodSync(join(dumb, 'bin/detect'), 0o644);
    const no = pack('no', { detect: 'exit 1', compile: '' });
    const yes = pack('yes', { detect: 'echo Yes', compile: 'true', release: WEB });
    const late = pack('late', { detect: 'echo Late', compile: 'true', release: WEB });
    expect(stage({ dirs: [dumb, no, yes, late] }).info).toMatchObject({ buildpackPath: yes, detectedBuildpack: 'Yes' });
  });

  it('names the error when nobody wants the app', () => {
    const { status, output, info } = stage({ dirs: [pack('no', { detect: 'exit 1', compile: '' })] });
    expect(status).toBe(1);
    expect(info?.error?.type).toBe('NoAppDetectedError');
    expect(output).toContain('Staging failed: ');
  });

  it('skips detect for a chosen and for a custom buildpack, whose detected_buildpack is empty', () => {
    const ours = pack('ours_1', { detect: 'echo asked >&2; exit 1', compile: 'true', release: WEB });
    for (const how of [{ dirs: [ours], key: 'ours_1' }, { custom: ours }]) {
      const { output, info } = stage(how);
      expect(output).not.toContain('asked');
      expect(info).toMatchObject({ buildpackPath: ours, detectedBuildpack: null, startCommand: 'run it' });
    }
  });

  it('names the error when compile fails, and when release fails', () => {
    const bad = pack('bad', { detect: 'echo Bad', compile: 'exit 4' });
    expect(stage({ dirs: [bad] }).info?.error).toMatchObject({
      type: 'BuildpackCompileFailed',
      message: expect.stringContaining('4'),
    });
    const worse = pack('worse', { detect: 'echo Worse', compile: 'true', release: 'exit 5' });
    expect(stage({ dirs: [worse] }).info?.error?.type).toBe('BuildpackReleaseFailed');
  });

  it('runs release only if there is neither a command nor a web process in a Procfile', () => {
    const ours = pack('p', { detect: 'echo x', compile: 'true', release: `echo RELEASED >&2; ${WEB}` });
    const asked = stage({ dirs: [ours], command: 'node "my app".js' });
    expect(asked.info?.startCommand).toBe('node "my app".js');
    expect(asked.output).not.toContain('RELEASED');
    files(join(root, 'unstaged'), { Procfile: '# how\nworker: w\nweb: bundle exec "x: y"\n' });
    const procfile = stage({ dirs: [ours] });
    expect(procfile.info?.startCommand).toBe('bundle exec "x: y"');
    expect(procfile.output).not.toContain('RELEASED');
    files(join(root, 'unstaged'), { Procfile: 'worker: w\n' });
    expect(stage({ dirs: [ours] }).output).toContain('RELEASED');
  });

  it('refuses a Procfile that is not a map, without naming one of the three errors', () => {
    files(join(root, 'unstaged'), { Procfile: 'just words\n' });
    const { status, output, info } = stage({ dirs: [pack('p', { detect: 'echo x', compile: 'true' })] });
    expect([status, info]).toEqual([1, undefined]);
    expect(output).toContain('just words');
  });

  it('reads what release scripts of the wild print', () => {
    const forms: [string, string | null][] = [
      [
        'addons: []\\nconfig_vars: {}\\ndefault_process_types:\\n  console: irb\\n  web: "node \\\\"a b\\\\".js"\\n',
        'node "a b".js',
      ],
      ['default_process_types: { web: run me }\\n', 'run me'],
      ['default_process_types: {}\\n', null],
      ['default_process_types:\\n  worker: w\\nother:\\n  web: not this\\n', null],
    ];
    for (const [yaml, command] of forms) {
      const ours = pack('p', { detect: 'echo x', compile: 'true', release: release(yaml) });
      expect(stage({ dirs: [ours] }).info?.startCommand, yaml).toBe(command);
    }
  });

  it('clones a custom buildpack from git, at the branch after #', () => {
    const repo = pack('repo', { detect: 'exit 1', compile: 'echo FROM-BRANCH', release: WEB });
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: repo });
    git('init', '-q', '-b', 'main');
    git('commit', '-q', '--allow-empty', '-m', 'empty');
    git('checkout', '-q', '-b', 'ours');
    git('add', '-A');
    git('commit', '-q', '-m', 't');
    git('checkout', '-q', 'main');
    const { status, output } = stage({ git: `file://${repo}#ours` });
    rmSync('/tmp/buildpacks/repo', { recursive: true, force: true });
    expect(output).toContain('FROM-BRANCH');
    expect(status).toBe(0);
  });

  it('says what to do when there is no git in the stack', () => {
    const bin = join(root, 'bin');
    mkdirSync(bin);
    for (const tool of ['bash', 'dirname', 'mkdir', 'cp', 'chmod', 'rm']) {
      execFileSync('ln', ['-s', execFileSync('which', [tool], { encoding: 'utf8' }).trim(), join(bin, tool)]);
    }
    const { status, output } = stage({ git: 'https://example.test/x.git', path: bin });
    expect(status).toBe(1);
    expect(output).toMatch(/no git in this stack.*folder/);
  });
});

describe('buildpacks we ship', () => {
  const dirs = () => ['nodejs', 'staticfile', 'procfile'].map((name) => join(bundled, name));

  it('nodejs vendors the running Node.js and starts what package.json says', async () => {
    cpSync(join(APPS, 'hello-node'), join(root, 'unstaged'), { recursive: true });
    const { status, output, info } = stage({ dirs: dirs() });
    expect(status, output).toBe(0);
    expect(info).toMatchObject({ detectedBuildpack: 'Node.js', startCommand: 'node server.js' });
    expect(output).toContain(process.version);
    const answer = await served(info?.startCommand ?? '', '/json');
    expect(JSON.parse(answer)).toMatchObject({ node: process.version });
  }, 60_000);

  it('staticfile serves the files and nothing above them', async () => {
    cpSync(join(APPS, 'static-site'), join(root, 'unstaged'), { recursive: true });
    const { status, output, info } = stage({ dirs: dirs() });
    expect(status, output).toBe(0);
    expect(info?.detectedBuildpack).toBe('Static site');
    expect(await served(info?.startCommand ?? '', '/')).toContain('<h1>A static site</h1>');
    expect(await served(info?.startCommand ?? '', '/../serve.cjs')).toBe('not found\n');
    expect(await served(info?.startCommand ?? '', '/%2e%2e/serve.cjs')).toBe('not found\n');
  }, 60_000);

  it('procfile takes any app that says how it is started', () => {
    cpSync(join(APPS, 'procfile-worker'), join(root, 'unstaged'), { recursive: true });
    expect(stage({ dirs: dirs() }).info).toMatchObject({ detectedBuildpack: 'Procfile', startCommand: 'bash work.sh' });
  });

  it('nodejs says what to do when dependencies cannot be installed', () => {
    files(join(root, 'unstaged'), {
      'package.json': JSON.stringify({ name: 'x', dependencies: { nothing: '1.0.0' } }),
      '.npmrc': 'registry=http://127.0.0.1:9/\nfetch-retries=0\n',
    });
    const { status, output, info } = stage({ dirs: dirs() });
    expect(status).toBe(1);
    expect(info?.error?.type).toBe('BuildpackCompileFailed');
    expect(output).toMatch(/registry in reach|no npm/);
  }, 60_000);

  /** Starts the app as an instance would and asks it once. */
  async function served(command: string, path: string): Promise<string> {
    const port = await freePort();
    const home = join(root, 'staged');
    const script = `cd app; export HOME=$PWD; for f in .profile.d/*.sh; do . "$f"; done; exec ${command}`;
    const app = spawn('bash', ['-c', script], {
      cwd: home,
      env: { PATH: '/usr/bin:/bin', PORT: String(port) },
      stdio: 'ignore',
    });
    try {
      for (let tries = 0; tries < 1200; tries++) {
        const answer = await ask(port, path).catch(() => undefined);
        if (answer !== undefined) return answer;
        await new Promise((r) => setTimeout(r, 50));
      }
      throw new Error(`${command} did not answer on port ${port}`);
    } finally {
      app.kill('SIGKILL');
    }
  }
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

function ask(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path }, async (res) => resolve(Buffer.concat(await res.toArray()).toString())).on(
      'error',
      reject,
    );
  });
}
