// The journal on disk: append-only segments of 64 MiB under DIR/journal, read by position. It gives no numbers and
// knows no causes (server/journal/admission.ts does); it keeps what it is given, in order.
import { closeSync, ftruncateSync, mkdirSync, openSync, readdirSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type Entry, JOURNAL_VERSION } from '../../machines/journal.ts';
import {
  type Header,
  lineOf,
  lineStart,
  readEntries,
  readHeader,
  repair,
  type Stored,
  thin,
  type Upgraders,
} from './segments.ts';

export const SEGMENT_BYTES = 64 << 20;
/** Background entries of segments whose newest entry is older than this are taken out. */
const DAY_MS = 86_400_000;
/** Entries kept in memory for readers that are near the head. */
const RECENT = 20_000;
/** How much of each of the last two segments is read again at the start: what a living process may still refer to. */
const RESTORE_BYTES = 8 << 20;
/** One index mark for this many entries. */
const STRIDE = 256;

export interface StoreOptions {
  dir: string;
  lab: string;
  segmentBytes?: number;
  /** For lines of older versions; empty while there is one version only. */
  upgraders?: Upgraders;
  /** Wall clock; tests give their own. */
  now?: () => number;
  /** How far each life has got, for the header of a new segment. */
  lives?: () => Header['lives'];
}

export interface Store {
  /** The last `seq` on disk, 0 when there is none. */
  readonly head: number;
  /** The greatest lab time on disk. */
  readonly lt: number;
  /** Writes these and returns when the kernel has them: they survive a kill -9. @throws when the disk refuses */
  append(batch: Stored[]): void;
  /** Entries after `seq`, in order, at most `limit`. */
  read(after: number, limit: number): Entry[];
  /** The newest entries on disk, and how far lives were before: what a restarted journal goes on from. */
  restored(): { stored: Stored[]; lives: Header['lives'] };
  close(): void;
}

interface Segment {
  file: string;
  header: Header;
  bytes: number;
  /** (seq, offset of its line) for every STRIDE-th entry; null until somebody reads there. */
  marks: { seq: number; offset: number }[] | null;
}

/**
 * Opens (or begins) the journal in `dir`; a torn last line is dropped.
 * @throws `[journal] could not read …` when a segment is of a newer version or no segment at all
 */
export function openStore(options: StoreOptions): Store {
  const { dir, lab, segmentBytes = SEGMENT_BYTES, upgraders = {}, now = Date.now, lives = () => ({}) } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const segments: Segment[] = readdirSync(dir)
    .filter((name) => /^\d+\.jsonl$/.test(name))
    .sort()
    .map((name) => join(dir, name))
    .flatMap((file, i, all) => {
      const bytes = i === all.length - 1 ? repair(file) : statSync(file).size;
      return bytes === 0 ? [] : [{ file, header: readHeader(file), bytes, marks: null }];
    });
  const restored = {
    stored: segments.slice(-2).flatMap((s) => entriesOf(s, lineStart(s.file, s.bytes - RESTORE_BYTES))),
    lives: segments.at(-1)?.header.lives ?? {},
  };
  let recent = restored.stored.slice(-RECENT).map(({ entry }) => entry);
  let head = recent.at(-1)?.seq ?? (segments.at(-1)?.header.first ?? 1) - 1;
  let lt = restored.stored.reduce((most, { entry }) => Math.max(most, entry.lt), segments.at(-1)?.header.lt ?? 0);
  let fd = -1;
  thinOld();

  function entriesOf({ file, header }: Segment, from: number): Stored[] {
    return [...readEntries(file, from, header.journal, upgraders)].map(({ stored }) => stored);
  }

  /** Background traffic is kept a day: full segments that are older lose it, once. */
  function thinOld(): void {
    for (const [i, segment] of segments.slice(0, -1).entries()) {
      if (segment.header.thinned || now() - statSync(segment.file).mtimeMs < DAY_MS) continue;
      const next = segments[i + 1];
      thin(segment.file, segment.header, next ? entriesOf(next, 0) : [], upgraders);
      segment.header = readHeader(segment.file);
      segment.bytes = statSync(segment.file).size;
      segment.marks = null;
    }
  }

  function begin(): Segment {
    if (fd >= 0) closeSync(fd);
    const header: Header = { journal: JOURNAL_VERSION, lab, first: head + 1, lives: lives(), lt };
    const file = join(dir, `${String(header.first).padStart(12, '0')}.jsonl`);
    // `w`: a file of this name can only be one whose header was torn.
    fd = openSync(file, 'w', 0o600);
    const line = Buffer.from(`${JSON.stringify(header)}\n`);
    writeSync(fd, line);
    const segment: Segment = { file, header, bytes: line.length, marks: [] };
    segments.push(segment);
    thinOld();
    return segment;
  }

  function current(): Segment {
    const last = segments.at(-1);
    if (!last || last.bytes >= segmentBytes || last.header.journal !== JOURNAL_VERSION) return begin();
    if (fd < 0) fd = openSync(last.file, 'a');
    return last;
  }

  function readFrom(segment: Segment, after: number, limit: number): Entry[] {
    segment.marks ??= indexOf(segment);
    const mark = segment.marks.findLast(({ seq }) => seq <= after + 1);
    const found: Entry[] = [];
    if (limit <= 0) return found;
    for (const { stored } of readEntries(segment.file, mark?.offset ?? 0, segment.header.journal, upgraders)) {
      if (stored.entry.seq > after) found.push(stored.entry);
      if (found.length >= limit) break;
    }
    return found;
  }

  function indexOf(segment: Segment): { seq: number; offset: number }[] {
    const marks: { seq: number; offset: number }[] = [];
    let offset = 0;
    let count = 0;
    for (const { stored, end } of readEntries(segment.file, 0, segment.header.journal, upgraders)) {
      if (count % STRIDE === 0) marks.push({ seq: stored.entry.seq, offset });
      count += 1;
      offset = end;
    }
    return marks;
  }

  return {
    get head() {
      return head;
    },
    get lt() {
      return lt;
    },
    append(batch) {
      if (batch.length === 0) return;
      const segment = current();
      const data = Buffer.from(batch.map(lineOf).join(''));
      try {
        for (let done = 0; done < data.length; ) done += writeSync(fd, data, done);
      } catch (error) {
        ftruncateSync(fd, segment.bytes);
        throw error;
      }
      const first = batch[0]?.entry.seq ?? head + 1;
      // One mark for each batch would do too; batches are small and marks must stay few.
      const last = segment.marks?.at(-1);
      if (segment.marks && (!last || first - last.seq >= STRIDE)) {
        segment.marks.push({ seq: first, offset: segment.bytes });
      }
      segment.bytes += data.length;
      for (const { entry } of batch) {
        recent.push(entry);
        lt = Math.max(lt, entry.lt);
      }
      head = batch.at(-1)?.entry.seq ?? head;
      if (recent.length > 2 * RECENT) recent = recent.slice(-RECENT);
    },
    read(after, limit) {
      const oldest = recent[0]?.seq ?? head + 1;
      if (after + 1 >= oldest) {
        const start = firstAfter(recent, after);
        return recent.slice(start, start + limit);
      }
      const found: Entry[] = [];
      for (const [i, segment] of segments.entries()) {
        const next = segments[i + 1];
        if (next && next.header.first <= after + 1) continue;
        found.push(...readFrom(segment, after, limit - found.length));
        if (found.length >= limit) break;
      }
      return found;
    },
    restored: () => restored,
    close() {
      if (fd >= 0) closeSync(fd);
      fd = -1;
    },
  };
}

/** The position of the first entry behind `seq`. Thinned segments have gaps, so that it has to be looked for. */
function firstAfter(entries: readonly Entry[], seq: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((entries[middle]?.seq ?? Number.POSITIVE_INFINITY) <= seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
