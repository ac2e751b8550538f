// Which entries the list shows, in which rows: filtered, both ends of a message in one row, periodic traffic folded. Pure,
// reads each entry once, and can stop in the middle so that a search in a long record holds up no frame.
import type { Entry } from '../machines/journal.ts';
import { sentenceOf } from '../machines/sentences.ts';
import { journeysOf } from '../machines/sequence.ts';
import { rowAt } from '../machines/sequence-rows.ts';
import { identityOf } from './identity.ts';
import type { Filter } from './model.ts';

/** One entry; or a message: what was sent, then what was received; or a fold: several background entries in a row. */
export interface Row {
  /** Of its first entry. */
  seq: number;
  entries: Entry[];
  fold: boolean;
}

export interface Rows {
  /** The same growing array for the whole life of this filter. */
  readonly rows: Row[];
  /** Entries that have been looked at. */
  readonly counted: number;
  /** Runs and actors seen, in order of appearance, whatever the filter. */
  readonly runs: ReadonlySet<string>;
  readonly actors: ReadonlySet<string>;
  /**
   * Goes on through `entries`, which only grow. @param enough asked now and then; true stops, to be gone on with later
   * @returns whether all have been read
   */
  read(entries: readonly Entry[], enough?: () => boolean): boolean;
  /** The row that shows the entry, or the last one before it; -1 when there is none. */
  rowOf(entries: readonly Entry[], seq: number): number;
  /** The `seq` to go to from `seq`, a row on or back; undefined at an end. */
  neighbour(seq: number, by: 1 | -1): number | undefined;
}

/** How many entries are looked at before asking whether it is enough. */
const BATCH = 256;

export function createRows(filter: Filter): Rows {
  const rows: Row[] = [];
  const runs = new Set<string>();
  const actors = new Set<string>();
  const wanted = filter.text.toLowerCase();
  let counted = 0;

  function take(entries: readonly Entry[], e: Entry): void {
    if (e.run !== null) runs.add(e.run);
    actors.add(e.actor);
    if (!fits(e, filter, wanted)) return;
    const last = rows.at(-1);
    if (e.background === true && !filter.background) {
      if (last?.fold) last.entries.push(e);
      else rows.push({ seq: e.seq, entries: [e], fold: true });
      return;
    }
    const sent = e.type === 'message' && e.phase !== 'sent' ? rowOfSent(entries, e.seq) : undefined;
    if (sent) sent.entries.push(e);
    else rows.push({ seq: e.seq, entries: [e], fold: false });
  }

  /** The row of the message that this is another end of, if the filter left it in. */
  function rowOfSent(entries: readonly Entry[], seq: number): Row | undefined {
    const first = journeysOf(entries).of(seq)?.seq;
    const row = first === undefined || first === seq ? undefined : rows[rowAt(rows, first)];
    return row?.seq === first && !row?.fold ? row : undefined;
  }

  function read(entries: readonly Entry[], enough?: () => boolean): boolean {
    while (counted < entries.length) {
      const end = Math.min(entries.length, counted + BATCH);
      for (; counted < end; counted += 1) {
        const e = entries[counted];
        if (e) take(entries, e);
      }
      if (enough?.() && counted < entries.length) return false;
    }
    return true;
  }

  function rowOf(entries: readonly Entry[], seq: number): number {
    const first = journeysOf(entries).of(seq)?.seq;
    const at = first === undefined ? -1 : rowAt(rows, first);
    const row = rows[at];
    return row?.entries.some((e) => e.seq === seq) ? at : rowAt(rows, seq);
  }

  function neighbour(seq: number, by: 1 | -1): number | undefined {
    const at = rowAt(rows, seq);
    const here = rows[at];
    // Between two rows the one before is behind; inside a fold it is the fold itself that is left.
    const between = here !== undefined && here.seq < seq && !(here.fold && (here.entries.at(-1)?.seq ?? 0) >= seq);
    const row = rows[by === 1 ? at + 1 : between ? at : at - 1];
    return row?.fold ? row.entries.at(-1)?.seq : row?.seq;
  }

  return {
    rows,
    runs,
    actors,
    get counted() {
      return counted;
    },
    read,
    rowOf,
    neighbour,
  };
}

/** What is searched in, kept because a search is typed letter by letter. */
const texts = new WeakMap<Entry, string>();

function textOf(e: Entry): string {
  const known = texts.get(e);
  if (known !== undefined) return known;
  const { en, ja } = sentenceOf(e);
  const name = 'name' in e ? e.name : '';
  const text = `${e.actor} ${e.proc} ${name} ${en} ${ja}`.toLowerCase();
  texts.set(e, text);
  return text;
}

function fits(e: Entry, filter: Filter, wanted: string): boolean {
  if (filter.type !== '' && e.type !== filter.type) return false;
  if (filter.run !== '' && e.run !== filter.run) return false;
  if (filter.actor !== '' && e.actor !== filter.actor && `is ${identityOf(e).id}` !== filter.actor) return false;
  return wanted === '' || textOf(e).includes(wanted);
}
