// `GET /lab/export`: one run, or the whole record, as a file that the page plays anywhere without a lab. What is in the
// file is machines/run-file.ts's; what was masked in the journal stays masked.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Router } from 'express';
import { z } from 'zod';
import { graphHash, machineGraph } from '../../machines/graph.ts';
import { MACHINES } from '../../machines/index.ts';
import { type Entry, JOURNAL_VERSION } from '../../machines/journal.ts';
import { type DrawnMachine, entriesOfRun, type RunFile, runFileName, runLines } from '../../machines/run-file.ts';
import { sourceFilesOf } from '../../machines/source-place.ts';
import type { Journal } from '../journal/journal.ts';
import { ApiError, answerError } from './api.ts';

export interface ExportDeps {
  journal: Pick<Journal, 'head' | 'read' | 'lab'>;
  /** Folder of the built page, whose `charts.json` has the machines as they are drawn. */
  page: string;
  /** The text of a source file by its name, as `GET /lab/source` has it. */
  source(file: string): Promise<string | undefined>;
}

const BATCH = 5000;
/** Lines that are packed at once. */
const LINES = 500;
const exportQuery = z.object({ run: z.string().min(1).optional() });

/** The router to mount at `/lab`. `GET /export?run=NAME` answers the file; 404 for a run that is not in the record. */
export function exportRouter(deps: ExportDeps): Router {
  const router = Router();
  router.get('/export', async (req, res) => {
    const { run = null } = exportQuery.parse(req.query);
    const file = await runFileOf(deps, run);
    if (file.entries.length === 0) throw new ApiError(404, `there is no run ${run} in the record`);
    res.attachment(runFileName(file.head));
    res.setHeader('content-type', 'application/gzip');
    await pipeline(Readable.from(chunks(runLines(file))), createGzip(), res).catch(() => res.destroy());
  });
  router.use(answerError);
  return router;
}

/** The record as it is now, or one run of it, with all that its pictures need. */
export async function runFileOf({ journal, page, source }: ExportDeps, run: string | null): Promise<RunFile> {
  const all: Entry[] = [];
  const head = journal.head;
  for (let after = 0; ; ) {
    const batch = journal.read(after, BATCH).filter((e) => e.seq <= head);
    const last = batch.at(-1);
    if (!last) break;
    all.push(...batch);
    after = last.seq;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const entries = entriesOfRun(all, run);
  const about = { wardenscope: 'run', version: JOURNAL_VERSION, made: Date.now() } as const;
  return {
    head: { ...about, lab: journal.lab, run, entries: entries.length },
    machines: drawnMachines(page),
    sources: await textsOf(sourceFilesOf(entries), source),
    entries,
  };
}

async function textsOf(files: string[], source: ExportDeps['source']): Promise<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const file of files) {
    const text = await source(file);
    if (text !== undefined) texts[file] = text;
  }
  return texts;
}

/** The charts of the built page; without a page, the definitions alone. */
function drawnMachines(page: string): DrawnMachine[] {
  const file = join(page, 'charts.json');
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as DrawnMachine[];
  return Object.values(MACHINES).map((machine) => {
    const graph = machineGraph(machine);
    return { hash: graphHash(graph), graph, geometry: null };
  });
}

function* chunks(lines: Iterable<string>): Generator<string> {
  let some: string[] = [];
  for (const line of lines) {
    some.push(line);
    if (some.length < LINES) continue;
    yield `${some.join('\n')}\n`;
    some = [];
  }
  yield `${some.join('\n')}\n`;
}
