// Records the run that every page brings along: a real lab of its own, one push of a sample app with the kernel
// recorded, exported to lessons/runs. Needs what `npm start` needs.
//   node scripts/record-run.mjs [SAMPLE]          (hello-node)
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './deps.mjs';

const [sample = 'hello-node'] = process.argv.slice(2);
const PATIENCE_MS = 120_000;
/** So long after RUNNING the record goes on: the first heartbeats and stats of the instance belong to the story. */
const AFTERWARDS_MS = 1500;

const data = mkdtempSync(join(tmpdir(), 'ws-record-'));
const lab = spawn(process.execPath, [join(root, 'scripts/start.mjs'), '--port', '0', '--data', data], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const ended = new Promise((done) => lab.once('close', done));
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => lab.kill('SIGTERM'));

try {
  const url = await ready();
  const begun = performance.now();
  const pushed = await json(`${url}/lab/push`, { app: sample });
  const run = await until(async () => (await entries(url, 'type=message')).find((e) => e.run !== null)?.run, begun);
  await until(async () => (await entries(url, 'type=transition')).some((e) => e.run === run && runs(e)), begun);
  await pause(AFTERWARDS_MS);
  const file = await fetch(`${url}/lab/export?run=${encodeURIComponent(run)}`);
  if (!file.ok) throw new Error(`the lab did not export ${run}: ${file.status}`);
  const bytes = Buffer.from(await file.arrayBuffer());
  mkdirSync(join(root, 'lessons/runs'), { recursive: true });
  const path = join(root, `lessons/runs/${sample}.wardenscope.json.gz`);
  writeFileSync(path, bytes);
  console.log(`${path}: ${run} of ${pushed.name}, ${Math.round(bytes.length / 1024)} KiB`);
} finally {
  lab.kill('SIGTERM');
  await ended;
  rmSync(data, { recursive: true, force: true });
}

/** The address of the lab, once it prints it. */
function ready() {
  return new Promise((done, failed) => {
    let printed = '';
    lab.stdout.on('data', (text) => {
      printed += text;
      const [, url] = /^Wardenscope is ready at (http:\S+?)\/ /m.exec(printed) ?? [];
      if (url) done(url);
    });
    void ended.then(() => failed(new Error('the lab could not be started (see above)')));
  });
}

async function json(url, body) {
  const post = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(url, post);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
}

async function entries(url, query) {
  return (await json(`${url}/lab/journal?${query}&limit=10000`)).entries;
}

function runs({ machine, value }) {
  return machine === 'instance' && (value === 'RUNNING' || (typeof value === 'object' && 'RUNNING' in value));
}

async function until(found, begun) {
  for (;;) {
    const value = await found();
    if (value) return value;
    if (performance.now() - begun > PATIENCE_MS) throw new Error('the push did not come to its end within two minutes');
    await pause(200);
  }
}
