// Whole pushes of hello-node: what is ours in one, and what the trace and kernel recording add to one. Pushes with and
// without take turns on two labs, so that what else the machine does falls on both.
import { join } from 'node:path';
import { projectRoot } from '../../server/main/project-root.ts';
import { ask, type Cf, cf } from '../support/cf.ts';
import { add, median, ms, type Row, type Series } from './figures.ts';
import { type BenchLab, journalOf, type Line } from './lab.ts';

/** Effects that are not ours: buildpack scripts, packing and unpacking, the app's own start. */
const THEIRS = ['linkRunner', 'unpackApp', 'unpackCache', 'packDroplet', 'extractDroplet', 'checkHealth'];
const APP = join(projectRoot(), 'lessons/apps/hello-node');
const POLL_MS = 10;
const PATIENCE_MS = 120_000;

export interface PushBench {
  traced: BenchLab;
  silent: BenchLab;
  rounds: number;
}

/** Rows for overhead, trace and kernel recording. */
export async function benchPushes({ traced, silent, rounds }: PushBench): Promise<Row[]> {
  const series: Series = new Map();
  const [on, off] = [await cf(traced.url), await cf(silent.url)];
  // The first push of a lab waits for buildpacks that are just being copied.
  await push(on, 'warm');
  await push(off, 'warm');
  for (let i = 0; i < rounds; i++) {
    const after = journalOf(traced.data).at(-1)?.seq ?? 0;
    // Whoever goes first warms what both share: they take turns at that too.
    const pair: [string, () => Promise<number>][] = [
      ['traced', () => push(on, `on-${i}`)],
      ['silent', () => push(off, `off-${i}`)],
    ];
    for (const [name, run] of i % 2 ? pair.reverse() : pair) add(series, name, await run());
    const own = overhead((await settled(traced.data)).filter((e) => e.seq > after));
    add(series, 'total', own.total);
    add(series, 'theirs', own.theirs);
    add(series, 'own', own.total - own.theirs);
    await recording(traced, true);
    const before = journalOf(traced.data).at(-1)?.seq ?? 0;
    add(series, 'recorded', await push(on, `kernel-${i}`));
    await recording(traced, false);
    const samples = (await settled(traced.data)).filter((e) => e.seq > before && e.type === 'kernel');
    add(series, 'samples', samples.length);
    add(
      series,
      'looking',
      samples.reduce((sum, e) => sum + (e.ms ?? 0), 0),
    );
  }
  const own = median(series.get('own'));
  const ratio = (name: string, to: string) =>
    median((series.get(name) ?? []).map((value, i) => value / (series.get(to)?.[i] ?? Number.NaN))) - 1;
  const percent = (share: number) => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
  const trace = ratio('traced', 'silent');
  return [
    {
      what: `push of hello-node, PUT to RUNNING, median of ${rounds}`,
      measured: ms(median(series.get('total'))),
      beside: `of that scripts, (un)packing, the app's start: ${ms(median(series.get('theirs')))}`,
    },
    { what: "a push's own overhead", measured: ms(own), goal: 'under 250 ms', met: own < 250 },
    {
      what: `trace on against off, median of ${rounds} pairs`,
      measured: percent(trace),
      beside: `${ms(median(series.get('traced')))} against ${ms(median(series.get('silent')))}`,
      goal: 'under 5 %',
      met: trace < 0.05,
    },
    {
      what: 'kernel recording on against off',
      measured: percent(ratio('recorded', 'traced')),
      beside: `${median(series.get('samples'))} entries, ${ms(median(series.get('looking')))} of looking`,
    },
  ];
}

/** From `PUT state=STARTED` to the app's first answer through the router, ms; the app is deleted afterwards. */
async function push(client: Cf, name: string): Promise<number> {
  const guid = await client.prepare(name, APP);
  const began = performance.now();
  const answer = await client.start(guid);
  if (answer.status >= 300) throw new Error(`[bench] could not push ${name}: ${answer.text}`);
  while ((await client.visit(name)).status !== 200) {
    if (performance.now() - began > PATIENCE_MS)
      throw new Error(`[bench] could not reach ${name}: no answer for 120 s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  const took = performance.now() - began;
  await client.call('DELETE', `/v2/apps/${guid}?recursive=true`);
  return took;
}

async function recording(lab: BenchLab, on: boolean): Promise<void> {
  await ask(`${lab.url}/lab/kernel-recording`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ on }),
  });
}

/** The journal once the push's last entries are on the disk. */
async function settled(data: string): Promise<Line[]> {
  for (let before = -1; ; ) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const all = journalOf(data);
    const foreground = all.filter((e) => e.type === 'effect').length;
    if (foreground === before) return all;
    before = foreground;
  }
}

/** From the request to RUNNING by the journal's own clock; what runs beside each other counts once. */
function overhead(entries: readonly Line[]): { total: number; theirs: number } {
  const from = entries.find((e) => e.type === 'message' && e.phase === 'received' && e.name === 'PUT /v2/apps/:guid');
  const to = entries.find((e) => e.type === 'transition' && e.actor?.startsWith('instance:') && isRunning(e.value));
  if (!from || !to) throw new Error('[bench] could not find a push in the journal');
  const spans = entries
    .filter(
      (e) => e.type === 'effect' && e.phase === 'end' && THEIRS.includes(e.name ?? '') && e.proc.startsWith('dea/'),
    )
    .map((e) => [Math.max(from.t, e.t - (e.ms ?? 0)), Math.min(to.t, e.t)] as const)
    .sort((a, b) => a[0] - b[0]);
  let until = from.t;
  let theirs = 0;
  for (const [start, end] of spans) {
    theirs += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return { total: to.t - from.t, theirs };
}

function isRunning(value: unknown): boolean {
  return value === 'RUNNING' || (typeof value === 'object' && value !== null && 'RUNNING' in value);
}
