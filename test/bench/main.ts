// `npm run bench`: times of this machine, all measured in one run, beside runc and bwrap. It asserts nothing: times are
// not tests. `--cold` adds the start of a fresh clone; `--browser` is the page in a browser alone; ROUNDS and PUSHES set
// how often.
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { TRACE_VARIABLE } from '../../server/lab/lab.ts';
import { benchBrowser } from './browser.ts';
import { benchCold } from './cold.ts';
import { benchContainers } from './containers.ts';
import { median, type Row, seconds, table } from './figures.ts';
import { type BenchLab, startBenchLab } from './lab.ts';
import { benchPushes } from './push.ts';

const ROUNDS = Number(process.env.ROUNDS ?? 30);
const PUSHES = Number(process.env.PUSHES ?? 5);
const STARTS = 3;
const WARM_GOAL_MS = 3000;

const say = (text: string) => process.stdout.write(`${text}\n`);
const now = (text: string) => process.stderr.write(`${text} (load ${loadavg()[0]?.toFixed(2)})\n`);
const folder = mkdtempSync(join(tmpdir(), 'ws-bench-'));
const rows: Row[] = [];
const labs: BenchLab[] = [];
const before = loadavg()[0] ?? 0;

try {
  now('the page in a browser');
  rows.push(...(await benchBrowser(folder)));
  if (!process.argv.includes('--browser')) await benchLabs();
} finally {
  for (const lab of labs) await lab.stop();
  rmSync(folder, { recursive: true, force: true });
}
say(table(rows));
const after = loadavg()[0] ?? 0;
say(
  `${cpus().length} processors, load ${before.toFixed(2)} before and ${after.toFixed(2)} after (the bench's own included)`,
);
if (before > 1.5) say('The machine was busy: trust the ratios, not the milliseconds.');

/** What is measured on labs: starts, containers, pushes. */
async function benchLabs(): Promise<void> {
  if (process.argv.includes('--cold')) {
    now('cold start');
    rows.push(await benchCold(folder));
  } else rows.push({ what: 'cold start', measured: 'not asked for', beside: 'npm run bench -- --cold' });
  now(`warm start, ${STARTS} times`);
  const starts: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    await labs.pop()?.stop();
    const lab = await startBenchLab({ data: join(folder, 'traced') });
    labs.push(lab);
    starts.push(lab.usableAfter);
  }
  const warm = median(starts);
  const what = `warm start to a usable page, median of ${STARTS}`;
  rows.push({ what, measured: seconds(warm), goal: 'under 3 s', met: warm < WARM_GOAL_MS });
  const [traced] = labs;
  if (!traced) throw new Error('[bench] could not keep a lab');
  if (ROUNDS > 0) {
    now(`containers, ${ROUNDS} rounds`);
    rows.push(...(await benchContainers(traced.data, folder, ROUNDS)));
  }
  if (PUSHES > 0) {
    now(`pushes, ${PUSHES} rounds`);
    const silent = await startBenchLab({ data: join(folder, 'silent'), env: { [TRACE_VARIABLE]: 'off' } });
    labs.push(silent);
    rows.push(...(await benchPushes({ traced, silent, rounds: PUSHES })));
  }
}
