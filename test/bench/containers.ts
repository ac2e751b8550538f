// Create, Spawn, Run, Info and Destroy over Warden's socket, interleaved with the same job of runc and bwrap.
import { join } from 'node:path';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { connectWarden } from '../../server/warden/protocol/index.ts';
import { median, ms, quantile, type Row, type Series, timed } from './figures.ts';
import { peersIn } from './peers.ts';

/**
 * Three times what a probe found reachable, as a share of `runc run` in the same run: 4 ms for a Create and 1.4 ms for a job
 * where runc took 47 ms. Milliseconds are this machine's; shares are not.
 */
const GOALS: Record<string, number> = { Create: 0.26, 'Run true': 0.09 };
/** A node has 63 networks, and one rests for five seconds after its container. */
const ROUNDS_MAX = 50;

/** A row for each request and each peer. */
export async function benchContainers(data: string, folder: string, asked: number): Promise<Row[]> {
  const rounds = Math.min(asked, ROUNDS_MAX);
  const socket = join(data, 'nodes/0/warden.sock');
  const lab = memoryLab('bench', 'real');
  const warden = await connectWarden({ socket, lab, label: 'bench', from: 'bench', to: 'warden' });
  const trail = { cause: null };
  const peers = peersIn(folder);
  const able = peers.filter((p) => !p.missing);
  const series: Series = new Map();
  const round = async (i: number, into: Series) => {
    const handle = `bench-${i}`;
    await timed(into, 'Create', () => warden.request('Create', { handle }, trail));
    await timed(into, 'Run true', () => warden.request('Run', { handle, script: 'true' }, trail));
    const { jobId } = await timed(into, 'Spawn', () => warden.request('Spawn', { handle, script: 'true' }, trail));
    await warden.request('Link', { handle, jobId }, trail);
    await timed(into, 'Info', () => warden.request('Info', { handle }, trail));
    await timed(into, 'Destroy', () => warden.request('Destroy', { handle }, trail));
    for (const peer of able) await timed(into, peer.name, () => peer.run(i));
  };
  for (let i = 0; i < 3; i++) await round(-1 - i, new Map());
  for (let i = 0; i < rounds; i++) await round(i, series);
  warden.close();
  const beside = (value: number) =>
    able.map((p) => `${(value / median(series.get(p.name))).toFixed(2)} × ${p.name.split(' ')[0]}`).join(', ');
  const runc = able.find((p) => p.name.startsWith('runc'));
  const rows = [...series].map(([name, values]): Row => {
    const value = median(values);
    const goal = GOALS[name];
    return {
      what: `${name}, median (p90) of ${rounds}`,
      measured: `${ms(value)} (${ms(quantile(values, 0.9))})`,
      beside: able.some((p) => p.name === name) ? '' : beside(value),
      ...(goal === undefined || !runc
        ? {}
        : { goal: `at most ${goal} × runc`, met: value <= goal * median(series.get(runc.name)) }),
    };
  });
  return [...rows, ...peers.flatMap((p) => (p.missing ? [{ what: 'skipped', measured: p.missing }] : []))];
}
