// P2: at random own entries each process writes down its actors' live value and context; the projection of the file, cut
// there, says the same. The witness is the process's own memory, written without the journal.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { actorsAt } from '../../machines/projection.ts';
import { cf, until } from '../support/cf.ts';
import { debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

interface Sample {
  proc: string;
  pid: number;
  n: number;
  actors: Record<string, { machine: string; value: unknown; context: unknown }>;
}

const PROCS = ['control', 'dea/0', 'dea/1', 'warden/0', 'warden/1'];
const SAMPLES = 200;
const HELLO = join(import.meta.dirname, '../../lessons/apps/hello-node');

describe('the record and the live actors', () => {
  let lab: RunningLab;
  let samples: Sample[] = [];
  let entries: Entry[] = [];
  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ws-live-'));
    lab = await startLab({ env: { WARDENSCOPE_LIVE_DUMP: folder, WARDENSCOPE_LIVE_DUMP_RATE: '0.9' } });
    const c = await cf(lab.url);
    const d = debug(lab.url);
    const written = () =>
      readdirSync(folder).flatMap((f) =>
        readFileSync(join(folder, f), 'utf8')
          .split('\n')
          // The last line of a process that goes on writing may be half.
          .slice(0, -1)
          .map((l): Sample => JSON.parse(l)),
      );
    const enough = () => [...group(samples).values()].filter((all) => all.length >= SAMPLES).length === PROCS.length;
    const runs = (guid: string, count: number) =>
      until(
        `${count} RUNNING`,
        async () => ((await c.instances(guid)).text.match(/RUNNING/g) ?? []).length === count,
        120_000,
      );
    const guid = await c.prepare('mirrored', HELLO);
    // Started, scaled both ways and stopped, for as long as one process has done too little.
    for (let round = 0; round < 6 && !enough(); round += 1) {
      await c.start(guid);
      await runs(guid, round === 0 ? 1 : 4);
      await c.call('PUT', `/v2/apps/${guid}`, { instances: 4 });
      await runs(guid, 4);
      await c.call('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
      await until('all containers to go', async () =>
        (await Promise.all([0, 1].map((k) => lab.list(k)))).every((handles) => handles.length === 0),
      );
      samples = written();
    }
    // The entries that the samples were taken at come up the lab link a moment later.
    await until('every entry with a sample', async () => {
      entries = await d.journal();
      const admitted = group(entries);
      return [...group(samples)].every(([proc, all]) => all.every(({ n }) => n <= (admitted.get(proc)?.length ?? 0)));
    });
  }, 300_000);
  afterAll(() => lab?.stop());

  it('agree at 200 random entries of each process that has machines', () => {
    const byProc = group(samples);
    expect([...byProc.keys()].sort()).toEqual(PROCS);
    for (const [proc, all] of byProc) {
      const own = entries.filter((e) => e.proc === proc);
      const chosen = all.sort(() => Math.random() - 0.5).slice(0, SAMPLES);
      expect(chosen, `${proc} has done enough`).toHaveLength(SAMPLES);
      expect(
        chosen.some((s) => Object.keys(s.actors).length > 0),
        `${proc} has actors in its samples`,
      ).toBe(true);
      for (const s of chosen) {
        const at = own[s.n - 1];
        expect(at, `${proc} entry ${s.n}`).toBeDefined();
        const projected = actorsAt(own, at?.seq ?? 0);
        for (const [actor, live] of Object.entries(s.actors)) {
          const p =
            projected instanceof Map
              ? projected.get(actor)
              : (projected as Record<string, { value: unknown; context: unknown }>)[actor];
          expect({ actor, value: p?.value, context: p?.context }, `${proc} at its entry ${s.n}`).toEqual({
            actor,
            value: live.value,
            context: live.context,
          });
        }
      }
    }
  });
});

function group<T extends { proc: string }>(all: T[]): Map<string, T[]> {
  const out = new Map<string, T[]>();
  for (const one of all) {
    const same = out.get(one.proc);
    if (same) same.push(one);
    else out.set(one.proc, [one]);
  }
  return out;
}
