// Line gates on unmodified bash scripts, with real fifos and a real bash: reported, held, opened, and invisible to the script.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OPEN } from '../../machines/gates.ts';
import { mayClose, openScriptGates, type ScriptGates } from '../../server/dea/script-gates.ts';
import { pluginConfig } from '../../server/dea/staging-info.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import { until } from '../support/cf.ts';

const RUNNER = join(import.meta.dirname, '../../server/dea/buildpacks/runner/run');

const COMPILE = `#!/usr/bin/env bash
set -euo pipefail
. "$(dirname "$0")/../lib/common.sh"
echo first
: last word
echo "underscore: $_"
false || echo "status: $?"
greet world
for i in 1 2; do
  greet "$i" | sed 's/^/  /'
done
bash -c 'echo foreign'
`;
const COMMON = `greet() {
  local who=$1
  echo "hello $who"
}
`;

let lab: MemoryLab;
let root: string;
let gates: ScriptGates;
let child: ChildProcess | undefined;
let output = '';

beforeEach(async () => {
  lab = memoryLab('dea/0', 'real');
  root = mkdtempSync(join(tmpdir(), 'dea-gates-'));
  output = '';
  for (const folder of ['unstaged', 'staged', 'pack/bin', 'pack/lib'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'pack/bin/compile'), COMPILE);
  writeFileSync(join(root, 'pack/lib/common.sh'), COMMON);
  chmodSync(join(root, 'pack/bin/compile'), 0o755);
  gates = await openScriptGates({
    lab,
    folder: join(root, 'gates'),
    actor: 'staging-task:1',
    handle: 'h',
    app: 'a',
    cause: null,
  });
});

afterEach(async () => {
  child?.kill('SIGKILL');
  child = undefined;
  gates.close();
  await lab.close();
  rmSync(root, { recursive: true, force: true });
});

function run(): Promise<number | null> {
  writeFileSync(
    join(root, 'plugin_config'),
    pluginConfig({
      source_dir: join(root, 'unstaged'),
      dest_dir: join(root, 'staged'),
      cache_dir: join(root, 'cache'),
      staging_info_path: join(root, 'info'),
      custom_dir: join(root, 'pack'),
      meta_command: 'x',
    }),
  );
  const started = spawn(RUNNER, [join(root, 'plugin_config')], {
    env: { PATH: process.env.PATH, WARDENSCOPE_GATES: join(root, 'gates'), TMPDIR: root },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child = started;
  started.stdout?.on('data', (d) => {
    output += d;
  });
  started.stderr?.on('data', (d) => {
    output += d;
  });
  return new Promise((resolve) => started.on('close', resolve));
}

const lines = () => lab.bodies().flatMap((b) => (b.type === 'script' ? [`${b.file}:${b.line} ${b.command}`] : []));
const held = () => until('a line to be held', () => lab.held()[0]);

describe('script-line gates', () => {
  it('report every line of the buildpack’s own files, functions and sourced files too, and no other script’s', async () => {
    expect(await run()).toBe(0);
    await until('the last line', () => lines().some((l) => l.startsWith('bin/compile:12')));
    expect(lines()).toContain('bin/compile:4 echo first');
    expect(lines()).toContain('lib/common.sh:3 echo "hello $who"');
    expect(lines().filter((l) => l.startsWith('lib/common.sh:3'))).toHaveLength(3);
    expect(lines().filter((l) => l.endsWith(' echo foreign'))).toEqual([]);
    expect(lines()[0]).toMatch(/^bin\/compile:0 bin\/compile /);
  });

  it('change nothing that the script can see: output, status, $_ and set -e', async () => {
    expect(await run()).toBe(0);
    expect(output).toBe('first\nunderscore: word\nstatus: 1\nhello world\n  hello 1\n  hello 2\nforeign\n');
  });

  it('hold the very line that has a breakpoint, before it runs', async () => {
    lab.breakOn({ kind: 'script', file: 'bin/compile', line: 8 });
    const ended = run();
    const gate = await held();
    expect(gate.point).toMatchObject({
      kind: 'script',
      file: 'bin/compile',
      line: 8,
      name: 'greet world',
      handle: 'h',
      buildpack: join(root, 'pack'),
    });
    expect(output).toBe('first\nunderscore: word\nstatus: 1\n');
    expect(lines().some((l) => l.startsWith('lib/common.sh'))).toBe(false);
    lab.open(gate.gate);
    expect(await ended).toBe(0);
    expect(output).toContain('hello world');
  });

  it('hold a line inside a function that runs in a pipeline’s subshell', async () => {
    lab.breakOn({ kind: 'script', file: 'lib/common.sh', line: 2 });
    const ended = run();
    for (let n = 0; n < 3; n++) {
      const gate = await until(`hold ${n + 1}`, () => lab.held()[0]);
      lab.open(gate.gate);
      await until('it to be let go', () => !lab.held().some((h) => h.gate === gate.gate));
    }
    expect(await ended).toBe(0);
    expect(output).toContain('  hello 2\n');
  });

  it('stop at the next line when a pause comes, and go on when it ends', async () => {
    lab.breakOn({ kind: 'script', line: 4, id: 'once', once: true });
    const ended = run();
    const first = await held();
    lab.pause();
    lab.unbreak('once');
    lab.open(first.gate);
    const second = await until('the next line', () => lab.held().find((h) => h.gate !== first.gate));
    expect(second.point).toMatchObject({ file: 'bin/compile', line: 5 });
    lab.pause(false);
    lab.open();
    expect(await ended).toBe(0);
  });

  it('record a held line as following from the gate that was opened', async () => {
    lab.breakOn({ kind: 'script', line: 8 });
    const ended = run();
    lab.open((await held()).gate);
    await ended;
    await until('the line', () => lines().some((l) => l.startsWith('bin/compile:8')));
    const line = lab.entries().find((e) => e.body.type === 'script' && e.body.line === 8);
    const cause = lab.entries().find((e) => e.n === line?.cause);
    expect(cause?.body).toMatchObject({ type: 'gate', phase: 'opened' });
  });
});

describe('a line that fails', () => {
  const failures = () => lab.bodies().flatMap((b) => (b.type === 'script' && b.status !== undefined ? [b] : []));
  /** Runs this compile, and the same without us: what they print has to be the same. */
  async function compiled(text: string) {
    const file = join(root, 'pack/bin/compile');
    writeFileSync(file, text);
    const ended = await run();
    const alone = spawnSync('bash', ['-c', `"${file}" 2>&1`], { encoding: 'utf8' });
    expect(output.replace(/^Staging failed: .*\n/m, '')).toBe(alone.stdout);
    return { ended, status: alone.status };
  }

  it('is recorded with its status, and not what if, while, && and || only tested', async () => {
    const { ended } = await compiled(`#!/usr/bin/env bash
set -eo pipefail
if false; then :; fi
false || true
x=$(false) || true
! true | false
while false; do :; done
find_it() {
  local v
  v=$(grep --quiet word /dev/null)
}
find_it
echo never
`);
    expect(ended).toBe(1);
    await until('the failure', () => failures().some((f) => f.ends));
    expect(failures()).toMatchObject([
      { file: 'bin/compile', line: 10, command: 'grep --quiet word /dev/null', status: 1 },
      { file: 'bin/compile', line: 10, command: 'v=$(grep --quiet word /dev/null)', status: 1, ends: true },
    ]);
    expect(lines().filter((l) => l.includes(':10 v='))).toHaveLength(2);
  });

  it('changes nothing for a script without set -e: $?, $_, PIPESTATUS, its own descriptors', async () => {
    const { status } = await compiled(`#!/usr/bin/env bash
exec 9>&1
test -f nowhere
echo "status $? under $_" >&9
true | (exit 3)
echo "pipe \${PIPESTATUS[*]}"
exit 7
`);
    expect(status).toBe(7);
    await until('the failures', () => failures().length >= 2);
    expect(failures()[0]).toMatchObject({ line: 3, command: 'test -f nowhere', status: 1 });
    expect(failures().some((f) => f.ends)).toBe(false);
    expect(lines().filter((l) => l.startsWith('bin/compile:3 '))).toHaveLength(2);
  });

  it('leaves a script its own ERR trap as bash gives it: in functions only with errtrace', async () => {
    const body = (options: string) => `#!/usr/bin/env bash
${options}
trap 'echo "own: $?"' ERR
inner() { false; echo "in the function"; }
inner
outer() { return 4; }
outer
exit 1
`;
    await compiled(body(':'));
    expect(output).toContain('in the function\nown: 4\n');
    output = '';
    await compiled(body('set -o errtrace'));
    expect(output).toContain('own: 1\nin the function\n');
  });
});

describe('whether a script has to ask at all', () => {
  const of = { actor: 'staging-task:1', handle: 'h', app: 'a' };
  const rules = (breakpoint: object) => ({ ...OPEN, breakpoints: [{ id: 'x', ...breakpoint }] });

  it('asks while the lab is paused, or where a breakpoint could mean one of its lines', () => {
    expect(mayClose({ ...OPEN, paused: true }, of)).toBe(true);
    expect(mayClose(rules({ kind: 'script', line: 3 }), of)).toBe(true);
    expect(mayClose(rules({ handle: 'h' }), of)).toBe(true);
  });

  it('does not ask for breakpoints on anything else', () => {
    expect(mayClose(OPEN, of)).toBe(false);
    expect(mayClose(rules({ kind: 'step', name: 'clone' }), of)).toBe(false);
    expect(mayClose(rules({ kind: 'script', handle: 'other' }), of)).toBe(false);
    expect(mayClose(rules({ state: 'staging-task.failed' }), of)).toBe(false);
    expect(mayClose({ ...rules({ kind: 'script' }), disabled: true }, of)).toBe(false);
  });
});
