// A long record for the bench: the shipped run over and over, as if a dozen apps were pushed again and again. Real entries;
// only their numbers and names differ from round to round.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Entry } from '../../machines/journal.ts';
import { readRun } from '../../machines/run-file.ts';
import { projectRoot } from '../../server/main/project-root.ts';

/** Apps that take turns. */
const APPS = 12;

/** At least `count` entries, numbered from 1 without gaps. */
export function longRecord(count: number): Entry[] {
  const read = readRun(
    gunzipSync(readFileSync(join(projectRoot(), 'lessons/runs/hello-node.wardenscope.json.gz'))).toString(),
  );
  if (!read.ok) throw new Error(`[bench] could not read the shipped run: ${read.problem.kind}`);
  const [all, names] = [read.run.entries, namesIn(read.run.entries)];
  // What the lab says of itself comes once, at the beginning.
  const story = all.filter((e) => e.run !== null || e.background);
  const rounds: Entry[] = [];
  for (let round = 0; rounds.length < count; round++) {
    const renamed = (text: string) =>
      text.replace(names, (name) => `${name.slice(0, -2)}${(round % APPS).toString(36).padStart(2, '0')}`);
    const first = rounds.length;
    const from = round === 0 ? all : story;
    const seqs = new Map(from.map((e, i) => [e.seq, first + i + 1]));
    for (const e of from) {
      const cause = e.cause === null ? null : (seqs.get(e.cause) ?? null);
      const run = e.run === null ? null : `push app-${round % APPS}`;
      rounds.push({ ...JSON.parse(renamed(JSON.stringify(e))), seq: rounds.length + 1, cause, run });
    }
  }
  return rounds;
}

/** Ids that a new push would make anew: handles, and the ids behind the colon of actors. */
function namesIn(entries: readonly Entry[]): RegExp {
  const names = new Set<string>();
  for (const e of entries) {
    if ('handle' in e && e.handle) names.add(e.handle);
    const id = e.actor.slice(e.actor.indexOf(':') + 1);
    if (e.run !== null && e.actor.includes(':') && id.length > 6) names.add(id);
  }
  return new RegExp([...names].sort((a, b) => b.length - a.length).join('|'), 'g');
}
