// One segment file of the journal: a header line, then one JSON line for each entry. Reads, repairs and thins segments;
// which segment is written to, and when it is full, is the store's business.
import { closeSync, openSync, readSync, renameSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { type Entry, JOURNAL_VERSION } from '../../machines/journal.ts';

/** An entry with what the journal needs to go on after a restart: whose it is, and its edge key. */
export interface Stored {
  entry: Entry;
  src?: { life: string; n: number; edge?: string };
}

export interface Header {
  journal: number;
  lab: string;
  /** The first `seq` of this segment. */
  first: number;
  /** How far each life had got before this segment: `life` → [process, number]. */
  lives: Record<string, [string, number]>;
  lt: number;
  /** Background entries have been taken out. */
  thinned?: boolean;
}

/** Turns a line of version N into one of N + 1. */
export type Upgraders = Record<number, (line: unknown) => unknown>;

const CHUNK = 1 << 20;
/** How much of a segment's end is looked at for a torn line: more than any line is long. */
const TAIL = 1 << 20;

/**
 * The header of a segment file.
 * @throws when it is none, or was written by a newer version
 */
export function readHeader(file: string): Header {
  const { value } = lines(file, 0).next();
  const header: Header | undefined = value && parsed(value.text);
  if (typeof header?.journal !== 'number') {
    throw new Error(`[journal] could not read ${file}: its first line is no header; move the file away to go on`);
  }
  if (header.journal > JOURNAL_VERSION) {
    throw new Error(
      `[journal] could not read ${file}: it has version ${header.journal} and this Wardenscope knows ${JOURNAL_VERSION}; use a newer one, or another --data folder`,
    );
  }
  return header;
}

/** The entries of a segment from a byte offset on, each with the offset behind it. Stops at a torn line. */
export function* readEntries(
  file: string,
  from: number,
  version: number,
  upgraders: Upgraders,
): Generator<{ stored: Stored; end: number }> {
  for (const { text, end } of lines(file, from)) {
    const line = upgraded(parsed(text), version, upgraders);
    if (line === undefined) return;
    if ('journal' in line) continue;
    const { src, ...entry } = line;
    yield { stored: { entry, src }, end };
  }
}

/** Cuts off a last line that was not written whole. Returns the size that is left, in bytes. */
export function repair(file: string): number {
  const { size } = statSync(file);
  const from = lineStart(file, size - TAIL);
  let whole = from;
  for (const { text, end } of lines(file, from)) {
    if (parsed(text) === undefined) break;
    whole = end;
  }
  if (whole < size) truncateSync(file, whole);
  return whole;
}

/** The offset of the first line that begins at or after `at`. */
export function lineStart(file: string, at: number): number {
  if (at <= 0) return 0;
  for (const { end } of lines(file, at)) return end;
  return 0;
}

/** The line of an entry in a segment. */
export function lineOf({ entry, src }: Stored): string {
  return `${JSON.stringify(src ? { ...entry, src } : entry)}\n`;
}

/**
 * Rewrites a full segment without its background entries, except those that led to an entry that stays, here or in the
 * segment after it. Numbers (`seq`) do not change, so that links and causes stay true.
 */
export function thin(file: string, header: Header, next: readonly Stored[], upgraders: Upgraders): void {
  const all = [...readEntries(file, 0, header.journal, upgraders)].map(({ stored }) => stored);
  const needed = new Set(next.map(({ entry }) => entry.cause));
  const kept = all.reverse().filter(({ entry }) => {
    if (entry.background && !needed.has(entry.seq)) return false;
    needed.add(entry.cause);
    return true;
  });
  const thinned: Header = { ...header, journal: JOURNAL_VERSION, thinned: true };
  writeFileSync(`${file}.new`, `${JSON.stringify(thinned)}\n${kept.reverse().map(lineOf).join('')}`);
  renameSync(`${file}.new`, file);
}

/** Complete lines of a file; what follows the last newline is not a line. */
function* lines(file: string, from: number): Generator<{ text: string; end: number }> {
  const fd = openSync(file, 'r');
  try {
    const chunk = Buffer.alloc(CHUNK);
    let rest = Buffer.alloc(0);
    let at = from;
    for (let n = readSync(fd, chunk, 0, CHUNK, at); n > 0; n = readSync(fd, chunk, 0, CHUNK, at + rest.length)) {
      const data = Buffer.concat([rest, chunk.subarray(0, n)]);
      let start = 0;
      for (let nl = data.indexOf(10); nl >= 0; nl = data.indexOf(10, start)) {
        yield { text: data.toString('utf8', start, nl), end: at + nl + 1 };
        start = nl + 1;
      }
      rest = Buffer.from(data.subarray(start));
      at += start;
    }
  } finally {
    closeSync(fd);
  }
}

function parsed(text: string): ReturnType<typeof JSON.parse> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function upgraded(line: ReturnType<typeof JSON.parse>, version: number, upgraders: Upgraders) {
  let now = line;
  for (let v = version; now !== undefined && v < JOURNAL_VERSION; v += 1) {
    const step = upgraders[v];
    if (!step) throw new Error(`[journal] could not upgrade an entry: nothing leads from version ${v} to ${v + 1}`);
    now = step(now);
  }
  return now;
}
