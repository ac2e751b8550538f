// `npm run red`: shows that the proofs can fail. Each row of test/red-lines.mjs changes one line of a copy of this tree and
// runs one proof there, which passed before and now has to fail in its own words; then the line is put back.
// `npm run red heartbeat crash-delay` takes the rows that have one of these words. This tree itself is only read.
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { RED_LINES } from '../test/red-lines.mjs';
import { root } from './deps.mjs';
import { firstLine, runVitest } from './vitest-run.mjs';

const say = (text) => process.stdout.write(`${text}\n`);
/** What a proof says itself: it saw something else, or waited for it in vain. A lab that did not come up says neither. */
const OWN_WORDS = /^AssertionError|^Error: waited \d+ ms for|^Error: .*: not within \d+ skips of lab time/;
/** Labs of a test that failed end by themselves when the test's process is gone. */
const LABS_END_WITHIN = 60_000;

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => stop.abort());
// Who no longer listens (`npm run red | head`) wants no more of it either.
process.stdout.on('error', () => stop.abort());

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ws-red-')));
const copy = join(folder, 'tree');
const words = process.argv.slice(2).map((word) => word.toLowerCase());
/** What became of each proof without a change. */
const greens = new Map();
let bad = 0;
try {
  copyTree();
  const { build } = await import(pathToFileURL(join(copy, 'scripts/build.mjs')).href);
  for (const row of chosen()) {
    if (stop.signal.aborted) break;
    const began = performance.now();
    const { red, said } = await look(row, build);
    if (stop.signal.aborted) break;
    const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
    say(`${red ? 'red ' : 'NOT RED'} ${row.proof.join(' > ')}  ${row.file}: ${row.why}  (${took}; ${said})`);
    if (!red) bad += 1;
  }
} finally {
  if (await labsEnded()) rmSync(folder, { recursive: true, force: true });
  else say(`processes of ${folder} are left, and so is the folder`);
}
process.exit(stop.signal.aborted ? 130 : bad > 0 ? 1 : 0);

/** The rows that have one of the words in their file, proof or sentence; all without a word. */
function chosen() {
  const text = ({ file, proof, why }) => [file, ...proof, why].join(' ').toLowerCase();
  const rows = RED_LINES.filter((row) => words.length === 0 || words.some((word) => text(row).includes(word)));
  if (rows.length === 0) throw new Error(`no row of test/red-lines.mjs has ${words.join(' or ')}`);
  return rows;
}

/** Everything that git knows or would take, as it lies here now. Packages are linked one by one: caches stay apart. */
function copyTree() {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const path of listed.toString().split('\0')) {
    if (path === '' || path === 'node_modules' || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(root, path), join(copy, path));
  }
  const packages = realpathSync(join(root, 'node_modules'));
  mkdirSync(join(copy, 'node_modules'));
  for (const name of readdirSync(packages))
    if (!/^\.(vite|cache)/.test(name)) symlinkSync(join(packages, name), join(copy, 'node_modules', name));
  // Data folders of the labs: what a failing test leaves goes with this folder.
  mkdirSync(join(folder, 'tmp'));
}

/** The proof as it is; then changes the line, lets the proof run again, and puts the line back. */
async function look(row, build) {
  const { file, line, becomes } = row;
  const path = join(copy, file);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const times = before.split(line).length - 1;
  if (times !== 1) return { red: false, said: `the line stands ${times} times in ${file}` };
  const { status, said } = await green(row, build);
  if (status !== 'passed') return { red: false, said: `without the change it does not pass: ${said}` };
  const after = before.replace(line, () => becomes);
  writeFileSync(path, after);
  try {
    return judged(await proofOf(row, build));
  } finally {
    writeFileSync(path, before);
  }
}

/** A proof that fails anyway, or only when it runs alone, shows nothing. Each is asked once. */
async function green(row, build) {
  const key = row.proof.join();
  const known = greens.get(key) ?? (await proofOf(row, build));
  greens.set(key, known);
  return known;
}

function judged({ status, said }) {
  if (status === 'passed') return { red: false, said: 'it passes all the same' };
  if (status !== 'failed') return { red: false, said };
  return OWN_WORDS.test(said) ? { red: true, said } : { red: false, said: `red for another reason: ${said}` };
}

/** Builds the copy as it is now and runs the proof. What came of it, and what it said; no status when it did not run. */
async function proofOf({ proof: [file, name], after }, build) {
  const pattern = [after, name].filter(Boolean).map(escaped).join('|');
  try {
    // Here, not in the test: what cannot be built is no proof that fails. Tests of wshd do not build at all.
    await build({ web: false });
    const ran = await runVitest([file, '-t', pattern], {
      root: copy,
      file: join(folder, 'report.json'),
      env: { TMPDIR: join(folder, 'tmp') },
      signal: stop.signal,
    });
    return outcome(ran, name);
  } catch (error) {
    return { said: firstLine(error.message) };
  } finally {
    await labsEnded();
  }
}

/** What became of the one test of this name. What had to run before it must have passed. */
function outcome({ report, output }, name) {
  const all = (report?.testResults ?? []).flatMap((file) => file.assertionResults);
  const ran = all.filter(({ status }) => status === 'passed' || status === 'failed');
  const [mine, ...more] = ran.filter(({ fullName }) => fullName.includes(name));
  const broken = report?.testResults.find(({ message }) => message)?.message ?? output.trim().split('\n').at(-1);
  if (!mine) return { said: `the proof did not run: ${firstLine(broken)}` };
  if (more.length > 0) return { said: `${1 + more.length} proofs have this name` };
  const other = ran.find((test) => test !== mine && test.status === 'failed');
  if (other) return { said: `another one fails as well: ${other.title}` };
  return { status: mine.status, said: firstLine(mine.failureMessages[0]) };
}

/** Waits until no process names the copy: a lab of a test that failed ends a moment after the test. */
async function labsEnded() {
  for (const deadline = Date.now() + LABS_END_WITHIN; Date.now() < deadline; await delay(100))
    if (!readdirSync('/proc').some(isOfCopy)) return true;
  return false;
}

function isOfCopy(pid) {
  if (!/^\d+$/.test(pid)) return false;
  return ['cmdline', 'environ'].some((file) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(`${folder}/`);
    } catch {
      return false;
    }
  });
}

function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
