// One failure's card: where it failed, with which status, what was said last, what the container used. Read from the
// entries of its actor and from the chain of causes; facts only, in no language.
import { type FailingLine, firstFailing, linesBegun, type ScriptLine } from './failing-line.ts';
import type { Failure } from './failure.ts';
import type { Entry, LogBody } from './journal.ts';
import { causeChain, indexAfter } from './projection.ts';

export type LogLine = Pick<LogBody, 'source' | 'index' | 'stream' | 'text'> & { seq: number };

export interface Usage {
  /** Bytes, as Warden's Info counts them: rss + cache − inactive file pages. */
  memory: number | null;
  /** Bytes; null where there is no limit. */
  memoryLimit: number | null;
  /** The entry that says so. */
  seq: number;
}

export interface FailureCard {
  failure: Failure;
  /** `BuildpackCompileFailed`, `StagingError`, … or an instance's exit description; and its message. */
  problem: { type: string; message: string };
  /** The status of the job that ended; null where no job had begun. -1: it was never told. */
  status: number | null;
  oom: boolean;
  /** The buildpack's line that was the last to begin, and those before it; empty outside of buildpack scripts. */
  lines: ScriptLine[];
  /** The first line whose command failed, as far as its shell has said so. */
  failing: FailingLine | null;
  /** The output line that says most: the first error message, else the first line of stderr. */
  said: LogLine | null;
  /** The last 20 lines of the staging or of the instance. */
  log: LogLine[];
  /** What the container used when its job ended, and what it was last seen to use before. */
  usage: Usage | null;
  before: Usage | null;
  /** Bytes in the container's own layer when its job had failed; null where nobody looked. There are no quotas. */
  disk: { bytes: number; seq: number } | null;
  /** From the beginning of the story to the failure, without what only passes a message on. */
  causes: number[];
}

const LINES = 4;
const LOG_LINES = 20;
/** How many causes back the end of the job is looked for. */
const NEAR = 8;
/** An uncaught exception's own line, or what a tool prints when it gives up. */
const COMPLAINT =
  /^\s*!\s|(^|[\s\w])(Error|Exception|panic|FATAL)\b[:\s]|\b(error|fatal|cannot|not found|denied|no such file|failed|unable)\b/i;

/** @param seq cursor: nothing after it counts */
export function failureCard(entries: readonly Entry[], failure: Failure, seq: number): FailureCard {
  const { actor, since } = failure;
  // A held failure is looked at while it is held; a done one when its own collecting is through.
  const from = indexAfter(entries, since - 1);
  const to = indexAfter(entries, seq);
  const own: Entry[] = [];
  for (let i = from; i < to; i++) {
    const e = entries[i];
    if (e && e.actor === actor) own.push(e);
  }
  const chain = causeChain(entries, failure.seq);
  const ended = chain.slice(-NEAR).findLast((e) => exitOf(e) !== undefined);
  const log = own.filter((e): e is Entry & LogBody => e.type === 'log').map(logLine);
  const last = failure.kind === 'crash' || failure.kind === 'start' ? log.filter((l) => l.source === 'App') : log;
  const problem = problemIn(own, failure) ?? noteAt(chain.at(-1));
  const usage = ended ? usageIn(ended) : null;
  const inScript = failure.kind === 'staging' && problem.type !== 'NoAppDetectedError';
  return {
    failure,
    problem,
    status: ended ? (exitOf(ended) ?? null) : (contextOf(own, 'exitStatus') ?? null),
    oom: isOom(problem, ended, entries, failure, to),
    lines: inScript ? linesBegun(own).slice(-LINES) : [],
    failing: inScript ? firstFailing(own) : null,
    said: said(last.length > 0 ? last : log),
    log: (last.length > 0 ? last : log).slice(-LOG_LINES),
    usage,
    before: failure.handle === null ? null : usageBefore(entries, failure, ended?.seq ?? failure.seq),
    disk: failure.handle === null ? null : diskUse(entries, failure, to),
    causes: chain.filter(isStation).map((e) => e.seq),
  };
}

function logLine({ source, index, stream, text, seq }: Entry & LogBody): LogLine {
  return { source, index, stream, text, seq };
}

function said(log: readonly LogLine[]): LogLine | null {
  const speaks = log.filter((l) => l.text.trim() !== '' && !/^Staging failed: /.test(l.text));
  const complains = (l: LogLine) => COMPLAINT.test(l.text);
  return (
    speaks.find((l) => l.stream === 'err' && complains(l)) ??
    speaks.find((l) => l.stream === 'out' && /^\s*!\s/.test(l.text)) ??
    speaks.find((l) => l.stream === 'err') ??
    speaks.findLast(complains) ??
    null
  );
}

function problemIn(own: readonly Entry[], failure: Failure): FailureCard['problem'] | undefined {
  if (failure.kind === 'crash' || failure.kind === 'start') {
    const description = contextOf<string>(own, 'exitDescription');
    return description ? { type: failure.kind, message: description } : undefined;
  }
  const error = contextOf<unknown>(own, failure.kind === 'order' ? 'problem' : 'error');
  if (typeof error === 'object' && error !== null && 'type' in error && 'message' in error) {
    return { type: String(error.type), message: String(error.message) };
  }
  const fails = own.findLast((e) => e.type === 'effect' && e.phase === 'fail');
  return fails?.type === 'effect' ? { type: '', message: fails.error ?? '' } : undefined;
}

function noteAt(e: Entry | undefined): FailureCard['problem'] {
  return { type: e?.type ?? '', message: e?.type === 'note' ? e.text : '' };
}

/** The newest value that is not null of one key of the actor's context. */
function contextOf<T>(own: readonly Entry[], key: string): T | undefined {
  const e = own.findLast((o) => o.type === 'transition' && o.context[key] !== undefined && o.context[key] !== null);
  return e?.type === 'transition' ? (e.context[key] as T) : undefined;
}

/** The exit status that Warden's answer to Link, Run or Stream tells; undefined for any other entry. */
function exitOf(e: Entry): number | undefined {
  const payload = payloadOf(e);
  if (!/^(Link|Run|Stream)Response$/.test(e.type === 'message' ? e.name : '') || !payload) return undefined;
  return typeof payload.exit_status === 'number' ? payload.exit_status : undefined;
}

function isOom(
  problem: FailureCard['problem'],
  ended: Entry | undefined,
  entries: readonly Entry[],
  failure: Failure,
  to: number,
): boolean {
  if (/out of memory/i.test(problem.message)) return true;
  const info = ended && objectIn(payloadOf(ended), 'info');
  if (Array.isArray(info?.events) && info.events.includes('out of memory')) return true;
  const container = `container:${failure.handle}`;
  for (let i = indexAfter(entries, failure.since - 1); i < to; i++) {
    const e = entries[i];
    if (e?.type === 'transition' && e.actor === container && e.event === 'oom') return true;
  }
  return false;
}

/** The last Info that Warden gave of this container before its job ended. */
function usageBefore(entries: readonly Entry[], failure: Failure, end: number): Usage | null {
  for (let i = indexAfter(entries, end - 1) - 1; i >= 0; i--) {
    const e = entries[i];
    if (!e || e.seq < failure.since) return null;
    if (e.type !== 'message' || e.phase !== 'received' || e.name !== 'InfoResponse') continue;
    const path = payloadOf(e)?.container_path;
    if (typeof path === 'string' && path.endsWith(`/${failure.handle}`)) return usageIn(e);
  }
  return null;
}

/** The newest word of Warden about the container's layer. */
function diskUse(entries: readonly Entry[], failure: Failure, to: number): FailureCard['disk'] {
  for (let i = to - 1; i >= 0; i--) {
    const e = entries[i];
    if (!e || e.seq < failure.since) return null;
    if (e.type !== 'kernel' || e.handle !== failure.handle) continue;
    const bytes = number(e.diff['disk.used']?.[1]);
    if (bytes !== null) return { bytes, seq: e.seq };
  }
  return null;
}

function usageIn(e: Entry): Usage | null {
  const payload = payloadOf(e);
  const info = objectIn(payload, 'info') ?? payload;
  const stat = objectIn(info, 'memory_stat');
  if (!info || !stat) return null;
  const rss = number(stat.total_rss) ?? number(stat.anon);
  const cache = number(stat.total_cache) ?? number(stat.file);
  const inactive = number(stat.total_inactive_file) ?? number(stat.inactive_file) ?? 0;
  const limit = number(stat.hierarchical_memory_limit);
  return {
    memory: rss === null && cache === null ? null : (rss ?? 0) + (cache ?? 0) - inactive,
    memoryLimit: limit !== null && limit < 2 ** 50 ? limit : null,
    seq: e.seq,
  };
}

function number(value: unknown): number | null {
  const n = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isFinite(n) ? n : null;
}

function payloadOf(e: Entry): Record<string, unknown> | undefined {
  return e.type === 'message' ? objectOf(e.payload) : undefined;
}

function objectIn(of: Record<string, unknown> | undefined, key: string): Record<string, unknown> | undefined {
  return objectOf(of?.[key]);
}

function objectOf(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

/** What a reader stops at on the way: requests, states, effects; not every script line, log line and sending. */
function isStation(e: Entry): boolean {
  if (e.type === 'message') return e.phase === 'received' || e.from === 'you';
  return (
    e.type === 'transition' || (e.type === 'effect' && e.phase !== 'end') || e.type === 'gate' || e.type === 'fault'
  );
}
