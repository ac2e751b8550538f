// A cold start: a fresh clone of what is committed here, npm packages, builds, the first lab, the first page.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../server/main/project-root.ts';
import { type Row, seconds } from './figures.ts';
import { startBenchLab } from './lab.ts';

const GOAL_MS = 180_000;

/** One row; the clone is removed. What npm and apt have in their caches is used, as it would be. */
export async function benchCold(folder: string): Promise<Row> {
  const clone = join(folder, 'clone');
  const cloned = spawnSync('git', ['clone', '--quiet', '--no-hardlinks', projectRoot(), clone], { encoding: 'utf8' });
  if (cloned.status !== 0) throw new Error(`[bench] could not clone: ${cloned.stderr.trim()}`);
  const lab = await startBenchLab({ data: join(folder, 'cold'), root: clone });
  await lab.stop();
  rmSync(clone, { recursive: true, force: true });
  return {
    what: 'cold start, fresh clone to a usable page',
    measured: seconds(lab.usableAfter),
    goal: 'under 3 min',
    met: lab.usableAfter < GOAL_MS,
  };
}
