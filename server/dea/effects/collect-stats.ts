// Samples what a running instance uses, every 10 s (dea_ng: stat_collector.rb). It only looks.

import type { Trail } from '../../lab/types.ts';
import type { Response } from '../../warden/protocol/index.ts';
import type { DeaDeps } from '../deps.ts';
import type { Unhosted } from '../instances.ts';
import type { Usage } from '../registry.ts';
import { STATS_MS } from '../settings.ts';

interface Sample {
  cpuNs: number;
  atMs: number;
}

/** Adoptable: begins anew with the next life. Fills `one.usage`; answers how to stop. */
export function collectStats(deps: DeaDeps, one: Unhosted): () => void {
  let before: Sample | undefined;
  const sample = async () => {
    const { handle } = one;
    if (!handle) return;
    const trail: Trail = { cause: null };
    const info = await deps.wardens.call({ owner: one.actor, name: 'info' }, 'Info', { handle }, trail);
    const now = { cpuNs: Number(info.cpuStat?.usage ?? 0n), atMs: performance.now() };
    one.usage = usage(info, before, now);
    before = now;
  };
  const tick = () => void sample().catch(() => undefined);
  tick();
  const timer = deps.lab.clock.every(STATS_MS, `stats of ${one.actor}`, tick);
  return () => timer.cancel();
}

/** Memory is total_rss + total_cache − total_inactive_file; CPU is the share of one CPU since the sample before. */
export function usage(info: Response<'Info'>, before: Sample | undefined, now: Sample): Usage {
  const memory = info.memoryStat;
  const elapsedNs = before ? (now.atMs - before.atMs) * 1e6 : 0;
  return {
    cpuTime: now.cpuNs / 1e9,
    cpu: before && elapsedNs > 0 ? (now.cpuNs - before.cpuNs) / elapsedNs : 0,
    memoryBytes: Number((memory?.totalRss ?? 0n) + (memory?.totalCache ?? 0n) - (memory?.totalInactiveFile ?? 0n)),
    diskBytes: Number(info.diskStat?.bytesUsed ?? 0n),
  };
}
