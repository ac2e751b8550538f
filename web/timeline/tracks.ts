// The record as lanes: which entries, states and effects each component has, in the record's order. Read from the record
// alone, each entry once; what of it is drawn is decided in picture.ts.
import { marksOf } from '../../machines/grain.ts';
import type { Entry } from '../../machines/journal.ts';
import { stateText } from '../../machines/sentences.ts';
import { laneOf, SKY_LANES } from '../../machines/sequence.ts';

export interface Bar {
  actor: string;
  title: string;
  /** Ranks: places among the entries that are not periodic. `to` is null while it goes on. */
  from: number;
  to: number | null;
  /** Which of the lane's rows: two actors that live at once do not cover each other. */
  row: number;
  failed: boolean;
}

export interface Lane {
  id: string;
  /** Ranks of its entries. */
  ranks: number[];
  states: Bar[];
  effects: Bar[];
  /** Rows that its states need. */
  lines: number;
}

export interface Tracks {
  /** `seq` by rank: everything but the periodic entries. */
  seqs: readonly number[];
  /** Lab time by rank, milliseconds; never falling, so that it can be searched. */
  times: number[];
  /** The lane of each rank. */
  laneAt: Lane[];
  /** In the one order that every view has: sky, nodes, containers. */
  lanes: Lane[];
  /** For each periodic entry the rank of the one that it came before. */
  quiet: number[];
}

interface Reading extends Tracks {
  counted: number;
  last: Entry | undefined;
  byId: Map<string, Lane>;
  /** The open bar of each actor and each effect, and the rows that are taken in each lane. */
  open: Map<string, { bar: Bar; lane: Lane }>;
  rows: Map<string, (string | null)[]>;
}

const readings = new WeakMap<readonly Entry[], Reading>();

/** The lanes of a record; they grow with it. */
export function tracksOf(entries: readonly Entry[]): Tracks {
  let reading = readings.get(entries);
  if (!reading || (reading.counted > 0 && entries[reading.counted - 1] !== reading.last)) {
    reading = {
      ...{
        counted: 0,
        last: undefined,
        seqs: marksOf(entries).foreground,
        times: [],
        laneAt: [],
        lanes: [],
        quiet: [],
      },
      ...{ byId: new Map(), open: new Map(), rows: new Map() },
    };
    readings.set(entries, reading);
  }
  // The marks' own list: it grows when they are read.
  reading.seqs = marksOf(entries).foreground;
  for (; reading.counted < entries.length; reading.counted++) {
    const e = entries[reading.counted];
    if (e?.background) reading.quiet.push(reading.times.length);
    else if (e) take(reading, e);
  }
  reading.last = entries[reading.counted - 1];
  return reading;
}

function take(reading: Reading, e: Entry): void {
  const rank = reading.times.push(Math.max(e.lt, reading.times.at(-1) ?? 0)) - 1;
  const lane = laneFor(reading, laneOfEntry(e));
  reading.laneAt.push(lane);
  lane.ranks.push(rank);
  if (e.type === 'transition' && e.machine === 'dea' && e.event === 'xstate.init') endLife(reading, { lane, rank, e });
  if (e.type === 'transition' && RESTING[e.machine]) state(reading, { lane, rank, e });
  // What a DEA does all its life long is no work of a push.
  if (e.type === 'effect' && e.machine !== 'dea') effect(reading, { lane, rank, e });
}

/** What a container does inside is its own, whoever tells of it. */
export function laneOfEntry(e: Entry): string {
  if (e.type === 'step' || e.type === 'kernel' || e.type === 'script') return `container/${e.handle}`;
  return laneOf(e.actor, e.proc) ?? laneOf(e.proc, e.proc) ?? 'cc';
}

function laneFor(reading: Reading, id: string): Lane {
  const known = reading.byId.get(id);
  if (known) return known;
  const lane: Lane = { id, ranks: [], states: [], effects: [], lines: 0 };
  reading.byId.set(id, lane);
  reading.lanes.push(lane);
  reading.lanes.sort((a, b) => placeOf(a.id) - placeOf(b.id));
  return lane;
}

const SKY: readonly string[] = SKY_LANES;

/** Sky first, then each node with its Warden, then containers as they came (the sort is stable). */
function placeOf(lane: string): number {
  const sky = SKY.indexOf(lane);
  if (sky >= 0) return sky;
  const [kind, node] = lane.split('/');
  if (kind === 'dea' || kind === 'warden') return 100 + 2 * Number(node) + (kind === 'warden' ? 1 : 0);
  return 100_000;
}

/** Machines whose states are bars, and the states in which there is nothing more to tell. */
const RESTING: Partial<Record<string, readonly string[]>> = {
  app: ['stopped', 'deleted'],
  'staging-task': ['done'],
  instance: ['STOPPED', 'CRASHED'],
  container: ['destroyed'],
};

type Told<T extends Entry['type']> = { lane: Lane; rank: number; e: Extract<Entry, { type: T }> };

function state(reading: Reading, { lane, rank, e }: Told<'transition'>): void {
  const title = stateText(e.value);
  if (e.event === 'xstate.init') endLife(reading, { lane, rank, e });
  const before = reading.open.get(e.actor)?.bar;
  if (before?.title === title) return;
  if (before) before.to = rank;
  const row = before?.row ?? rowFor(reading, lane.id, e.actor);
  if (RESTING[e.machine]?.includes(title.split('.')[0] ?? '')) {
    end(reading, rank, (b) => b.actor === e.actor);
    return;
  }
  const bar: Bar = { actor: e.actor, title, from: rank, to: null, row, failed: false };
  reading.open.set(e.actor, { bar, lane });
  lane.states.push(bar);
  lane.lines = Math.max(lane.lines, row + 1);
}

function rowFor(reading: Reading, lane: string, actor: string): number {
  const rows = reading.rows.get(lane) ?? [];
  reading.rows.set(lane, rows);
  const free = rows.indexOf(null);
  const row = free >= 0 ? free : rows.length;
  rows[row] = actor;
  return row;
}

/** An actor that begins anew is another life of it; a DEA that does has lost everything that was under way in it. */
function endLife(reading: Reading, { lane, rank, e }: Told<'transition'>): void {
  end(reading, rank, (bar, of) => bar.actor === e.actor || (e.machine === 'dea' && of === lane));
}

function end(reading: Reading, rank: number, ends: (bar: Bar, lane: Lane) => boolean): void {
  for (const [key, { bar, lane }] of reading.open) {
    if (!ends(bar, lane)) continue;
    bar.to ??= rank;
    reading.open.delete(key);
    const rows = key === bar.actor ? reading.rows.get(lane.id) : undefined;
    if (rows) rows[bar.row] = null;
  }
}

function effect(reading: Reading, { lane, rank, e }: Told<'effect'>): void {
  const key = `${e.actor} ${e.name}`;
  const running = reading.open.get(key)?.bar;
  if (e.phase === 'start') {
    const bar: Bar = { actor: e.actor, title: e.name, from: rank, to: null, row: 0, failed: false };
    reading.open.set(key, { bar, lane });
    lane.effects.push(bar);
  } else if (running) {
    Object.assign(running, { to: rank, failed: e.phase === 'fail' });
    reading.open.delete(key);
  }
}
