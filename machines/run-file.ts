// A run as a file: what is in it, its lines, and how to read them back. Text only: packing and fetching are the shells'
// (web/run, server/debugger/export.ts). One JSON object a line: the head, drawn machines, source files, entries, the end.
import { indexAfter } from './fold.ts';
import type { MachineGraph } from './graph.ts';
import { type Entry, JOURNAL_VERSION } from './journal.ts';
import { runsAt } from './projection.ts';

/** What such a file is called; it is gzip inside, and a reader also takes it unpacked. */
export const RUN_FILE_ENDING = '.wardenscope.json.gz';

export interface RunHead {
  /** `run`: what this file is. */
  wardenscope: 'run';
  /** JOURNAL_VERSION of its writer. */
  version: number;
  /** When the file was made, milliseconds since the epoch. */
  made: number;
  lab: string;
  /** The one run that was exported, or null for the whole record. */
  run: string | null;
  /** How many entries follow. */
  entries: number;
}

/** A machine as it was when this was recorded: pictures are drawn from here, whatever the reader's own machines are. */
export interface DrawnMachine {
  /** `graphHash` of the graph. */
  hash: string;
  graph: MachineGraph;
  /** web/layout/chart-layout.ts's Geometry; null where its writer had no page. */
  geometry: unknown;
}

export interface RunFile {
  head: RunHead;
  machines: DrawnMachine[];
  /** Texts of the source files that entries mention, by the path that they mention. */
  sources: Record<string, string>;
  entries: Entry[];
}

/** `wrong`: no such file. `newer`: of a later version. `torn`: its end is missing. `line` counts from 1. */
export type RunProblem =
  | { kind: 'wrong'; line: number }
  | { kind: 'newer'; version: number }
  | { kind: 'torn'; entries: number };

/** Leads each entry of a version to the next one; empty while there is one version only. */
export type RunUpgraders = Record<number, (entry: unknown) => unknown>;
export const RUN_UPGRADERS: RunUpgraders = {};

/** The lines of a file, without their line ends. */
export function* runLines({ head, machines, sources, entries }: RunFile): Generator<string> {
  yield JSON.stringify(head);
  for (const machine of machines) yield JSON.stringify({ machine });
  for (const [path, text] of Object.entries(sources)) yield JSON.stringify({ source: path, text });
  for (const entry of entries) yield JSON.stringify(entry);
  yield JSON.stringify({ end: entries.length });
}

/** Reads the text of a file. Never throws: what cannot be read is a problem in the answer. */
export function readRun(
  text: string,
  { version = JOURNAL_VERSION, upgraders = RUN_UPGRADERS }: { version?: number; upgraders?: RunUpgraders } = {},
): { ok: true; run: RunFile } | { ok: false; problem: RunProblem } {
  const wrong = (line: number) => ({ ok: false, problem: { kind: 'wrong', line } }) as const;
  const lines = text.split('\n');
  const head = headOf(parsed(lines[0] ?? ''));
  if (!head) return wrong(1);
  if (head.version > version) return { ok: false, problem: { kind: 'newer', version: head.version } };
  const run: RunFile = { head, machines: [], sources: {}, entries: [] };
  let last = 0;
  for (let i = 1; i < lines.length; i++) {
    const line = parsed(lines[i] ?? '');
    // A line that is no JSON is the torn end if nothing follows, else somebody changed the file.
    if (line === undefined) {
      if (i >= lines.length - 1) break;
      return wrong(i + 1);
    }
    if (typeof line.end === 'number') {
      const whole = line.end === run.entries.length;
      return whole ? { ok: true, run } : wrong(i + 1);
    }
    if ('seq' in line) {
      const entry = upgraded(line, head.version, version, upgraders);
      if (!isEntry(entry) || entry.seq <= last) return wrong(i + 1);
      last = entry.seq;
      run.entries.push(entry);
    } else if (isDrawn(line.machine)) run.machines.push(line.machine);
    else if (typeof line.source === 'string' && typeof line.text === 'string') run.sources[line.source] = line.text;
    else return wrong(i + 1);
  }
  return { ok: false, problem: { kind: 'torn', entries: run.entries.length } };
}

/**
 * The entries that tell one run: its own, what the lab had said of itself before (who is there, in which state), and
 * the periodic traffic of its time. Other runs are left out. Everything for null.
 */
export function entriesOfRun(entries: readonly Entry[], run: string | null): Entry[] {
  const extent = runsAt(entries, Number.POSITIVE_INFINITY).find((r) => r.run === run);
  if (run === null || !extent) return run === null ? [...entries] : [];
  return entries
    .slice(0, indexAfter(entries, extent.last))
    .filter((e) => e.run === run || (e.run === null && (!e.background || e.seq >= extent.first)));
}

/** `push-hello-node-2026-11-23.wardenscope.json.gz`: the run, else the lab, and the day. */
export function runFileName({ run, lab, made }: Pick<RunHead, 'run' | 'lab' | 'made'>): string {
  const what = (run ?? `lab-${lab}`).replace(/[^\w.-]+/g, '-');
  return `${what}-${new Date(made).toISOString().slice(0, 10)}${RUN_FILE_ENDING}`;
}

function headOf(line: Record<string, unknown> | undefined): RunHead | undefined {
  if (line?.wardenscope !== 'run') return undefined;
  const { version, made, lab, run, entries } = line;
  if (typeof version !== 'number' || !Number.isInteger(version) || version < 1) return undefined;
  return {
    wardenscope: 'run',
    version,
    made: typeof made === 'number' ? made : 0,
    lab: typeof lab === 'string' ? lab : '',
    run: typeof run === 'string' ? run : null,
    entries: typeof entries === 'number' ? entries : 0,
  };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function upgraded(entry: unknown, from: number, to: number, upgraders: RunUpgraders): unknown {
  let now = entry;
  for (let version = from; version < to; version += 1) {
    const step = upgraders[version];
    if (!step) return undefined;
    now = step(now);
  }
  return now;
}

const TYPES: Record<Entry['type'], true> = {
  ...{ message: true, transition: true, effect: true, step: true, script: true },
  ...{ kernel: true, log: true, gate: true, fault: true, note: true },
};

/** What every reader relies on; the rest of an entry is its writer's, of the same version. */
function isEntry(value: unknown): value is Entry {
  if (!isObject(value)) return false;
  const { seq, type, actor, proc, cause } = value;
  return (
    typeof seq === 'number' &&
    Number.isInteger(seq) &&
    typeof type === 'string' &&
    type in TYPES &&
    typeof actor === 'string' &&
    typeof proc === 'string' &&
    (cause === null || typeof cause === 'number')
  );
}

function isDrawn(value: unknown): value is DrawnMachine {
  return isObject(value) && typeof value.hash === 'string' && isObject(value.graph);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
