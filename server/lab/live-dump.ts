// Test hook, off unless WARDENSCOPE_LIVE_DUMP names a folder: at random own entries a process writes down its actors' live
// values, so that a test can compare the record with what was really there. It reads actors, never the journal.
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from './types.ts';

const watched = new WeakSet<object>();

/** Wraps the lab's recorder once. `settled` says that no machine is inside a macrostep right now. */
export function dumpLive(lab: Lab, settled: () => boolean, live: () => unknown): void {
  const folder = process.env.WARDENSCOPE_LIVE_DUMP;
  if (!folder || watched.has(lab)) return;
  watched.add(lab);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${lab.proc.replace('/', '-')}.jsonl`);
  const rate = Number(process.env.WARDENSCOPE_LIVE_DUMP_RATE ?? '0.5');
  const record = lab.rec.record.bind(lab.rec);
  lab.rec.record = (body, cause, edge) => {
    const ref = record(body, cause, edge);
    if (Math.random() < rate && settled()) {
      appendFileSync(
        file,
        `${JSON.stringify({ proc: ref.proc, pid: process.pid, n: ref.n, at: Date.now(), actors: live() })}\n`,
      );
    }
    return ref;
  };
}
