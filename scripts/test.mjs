// `npm test`: installs and builds like `npm start`, runs every lane that this machine can run, says which it skipped and
// why, and ends with one line `N passed, N failed, N skipped`. `.ci/run` calls nothing but this.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEBIAN_FOR_TESTS, installDebian, installNpm, nodeTooOld, root } from './deps.mjs';
import { firstLine, run, runVitest } from './vitest-run.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
const folder = mkdtempSync(join(tmpdir(), 'ws-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };
const skips = [];
const failures = [];
/** Files that failed at first and passed when they ran alone. */
const disturbed = [];
/** More broken files than these are no accident. */
const SECOND_CHANCES = 5;

/** Held for 330 s of real time: it runs beside the other lanes. */
const LONG = 'test/spine/p1-long-hold.test.ts';
/** Proofs that must turn red when no gate closes: [file, the beginnings of the tests' names]. */
const MUST_TURN_RED = [
  [
    'test/spine/p0-held-container.test.ts',
    ['boots from hand-made bytes', 'while one boot is held', 'kill -9 of warden while', 'kill -9 of the journal'],
  ],
  [
    'test/spine/p1-order-and-time.test.ts',
    ['every entry of the push but the first has a cause, also when', 'held at step k, pause asked'],
  ],
  ['test/spine/p1-long-hold.test.ts', ['at an HTTP download, a Create and a boot step']],
  ['test/spine/p2-state-breakpoints.test.ts', ['holds before it is entered']],
  ['test/spine/p3-behaviours.test.ts', ['1: PUT STARTED blocks']],
];
/** What such a proof says when nothing holds; anything else (no lab, a broken test) is red for the wrong reason. */
const RED = /^AssertionError|^Error: waited \d+ ms for .* to be held/;

/** Why the real lanes cannot run here; undefined when they can. */
function noRealLane() {
  if (process.platform !== 'linux') return `this is ${process.platform}; the full tier needs Linux`;
  if (process.getuid() !== 0) return 'not root; type: sudo npm test';
  if (!existsSync(join(root, 'dist/wshd/wshd'))) return 'wshd could not be built (see above)';
  if (!existsSync('/sys/fs/cgroup')) return 'no cgroups are mounted';
  return undefined;
}

try {
  const old = nodeTooOld();
  if (old) throw new Error(old);
  installNpm(say);
  installDebian(say);
  installDebian(say, DEBIAN_FOR_TESTS);
  await lane('build', async () => (await import('./build.mjs')).build({ say }));
  const real = noRealLane();
  const long = real ? undefined : vitest('long hold', [LONG], {}, false);
  await lane('types', () => mustRun('node_modules/.bin/tsc', ['--noEmit']));
  await lane('lint', () => mustRun('node_modules/.bin/biome', ['check', '.']));
  await vitest('fast', ['--project', 'fast']);
  await counted('lessons:check', async () => (await import('./lessons-lane.mjs')).lessonsLane(say));
  if (real) skip('real', real);
  else {
    await vitest('real', ['--project', 'real', '--exclude', LONG]);
    for (const [file, names] of MUST_TURN_RED) await red(file, names);
    await long;
    await counted('cgroup v2 in a virtual machine', async () => (await import('./qemu-lane.mjs')).qemuLane(say));
  }
} catch (error) {
  fail('npm test', error.message);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const { what, labs } of failures) if (labs) say(`\n== the end of the lab of: ${what}\n${labs}`);
say('');
for (const { what, why } of skips) say(`skipped: ${what}: ${why}`);
for (const { what, why } of disturbed) say(`passed only when run once more: ${what}: ${why}`);
for (const { what, why } of failures) say(`failed: ${what}${why ? `: ${why}` : ''}`);
say(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed > 0 || totals.passed === 0 ? 1 : 0);

/** A lane that is one check by itself. */
async function lane(name, check) {
  say(`\n== ${name}`);
  try {
    await check();
    totals.passed += 1;
  } catch (error) {
    say(error.message);
    fail(name, 'see above');
  }
}

/** A lane of vitest files, counted from its own report. `shown` streams its output; else it is shown when it failed. */
async function vitest(name, args, env = {}, shown = true) {
  if (shown) say(`\n== ${name}`);
  const began = performance.now();
  const { report, output, code } = await runVitest(args, { root, file: reportOf(name), env, shown });
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  if (!report)
    return fail(name, `vitest ended with ${code} and no report:\n${output.split('\n').slice(-40).join('\n')}`);
  say(shown ? `== ${name} took ${took}` : `\n== ${name}\n${code === 0 ? `passed in ${took}` : output}`);
  const broken = report.testResults.filter((file) => file.status === 'failed');
  for (const file of report.testResults) if (!broken.includes(file)) count(file);
  for (const file of broken) count(broken.length <= SECOND_CHANCES ? await onceMore(file, env) : file);
  if (code !== 0 && broken.length === 0) fail(name, `vitest ended with ${code}`);
}

/**
 * A file that failed runs once more, alone and on a quieter machine. What passes then was disturbed, not broken; it counts
 * as passed and is named at the end with what it said the first time, so that nobody overlooks it.
 */
async function onceMore(file, env) {
  const path = file.name.replace(`${root}/`, '');
  say(`\n== once more: ${path}`);
  const { report } = await runVitest([path], { root, file: reportOf('once more'), env, shown: true });
  const second = report?.testResults[0];
  if (second?.status !== 'passed') return second ?? file;
  const said = file.assertionResults.find((test) => test.status === 'failed');
  disturbed.push({ what: path, why: firstLine(said?.failureMessages?.[0] ?? file.message) });
  return second;
}

function count(file) {
  const path = file.name.replace(`${root}/`, '');
  const failed = file.assertionResults.some((test) => test.status === 'failed');
  if (file.status === 'failed' && !failed) fail(path, firstLine(file.message));
  for (const test of file.assertionResults) {
    const what = `${path} > ${[...test.ancestorTitles, test.title].join(' > ')}`;
    if (test.status === 'passed') totals.passed += 1;
    else if (test.status === 'failed') fail(what, firstLine(test.failureMessages?.[0]));
    else if (file.status !== 'failed') skip(what, test.meta?.skipped ?? 'the test says so above');
  }
}

/** A lane whose checks run elsewhere and count one by one. */
async function counted(name, checks) {
  say(`\n== ${name}`);
  const { passed, failed, skipped } = await checks();
  totals.passed += passed.length;
  for (const { what, why } of failed) fail(what, why);
  if (skipped) skip(name, skipped);
}

/** The same proofs with gates disabled have to fail: a proof that cannot fail proves nothing. */
async function red(file, names) {
  say(`\n== must turn red with gates disabled: ${file}`);
  const env = { WARDENSCOPE_GATES_DISABLED: '1', WARDENSCOPE_TEST_HOLD_MS: '1000' };
  const { report } = await runVitest([file, '-t', names.join('|')], { root, file: reportOf('red'), env });
  const all = (report?.testResults ?? []).flatMap((f) => f.assertionResults);
  for (const name of names) {
    const found = all.find((t) => t.title.startsWith(name));
    const said = found?.failureMessages ?? [];
    const holds = said.length > 0 && said.every((text) => RED.test(text));
    if (found?.status === 'failed' && holds) totals.passed += 1;
    else if (found?.status === 'failed') fail(`${file} > ${name}`, `red for another reason: ${firstLine(said[0])}`);
    else if (found?.status === 'passed') fail(`${file} > ${name}`, 'passes although no gate closes');
    else fail(`${file} > ${name}`, 'did not run with gates disabled');
    say(`${found?.status === 'failed' ? `red: ${firstLine(said[0])}` : (found?.status ?? 'did not run')}: ${name}`);
  }
}

/** Where the report of a lane goes. */
function reportOf(name) {
  return join(folder, `${name.replaceAll(' ', '-')}.json`);
}

async function mustRun(command, args) {
  const { code, output } = await run(command, args, { root });
  if (code !== 0) throw new Error(output);
}

/** @param labs what test/support/on-failure.ts kept: the end of what the test's labs have said */
function fail(what, why, labs) {
  totals.failed += 1;
  failures.push({ what, why, labs });
}

function skip(what, why) {
  totals.skipped += 1;
  skips.push({ what, why });
}
