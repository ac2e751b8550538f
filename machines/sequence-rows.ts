// The rows of a sequence diagram, in record order: each message once, the states that actors come into, and boots, jobs
// and scripts as one row each. Pure; cheap to go on with as the record grows. Where things stand is web/sequence's.
import type { Entry } from './journal.ts';
import { stateText } from './sentences.ts';
import { type Journey, journeysOf, laneOf, SKY_LANES } from './sequence.ts';

export interface SequenceFilter {
  /** Only this run; empty for all. */
  run: string;
  background: boolean;
  /** Also the states that actors come into, boots, jobs and scripts. */
  states: boolean;
}

export type SequenceRow =
  | { kind: 'message'; seq: number; journey: Journey }
  /** `text` is the state; several in a row of one actor are one row that says the last. */
  | { kind: 'state'; seq: number; lane: string; actor: string; text: string }
  /** `count` steps or lines one after another in one container. */
  | { kind: 'work'; seq: number; lane: string; of: 'boot' | 'job' | 'script'; text: string; count: number }
  | { kind: 'fault'; seq: number; lane: string; text: string };

/** A lane is busy from the request it received until the answer it sent; `until` is null while it is. */
export interface Busy {
  lane: string;
  name: string;
  from: number;
  until: number | null;
}

export interface Lane {
  id: string;
  /** `seq` of the entry with which a container began and ended; null for what was there before and is still there. */
  from: number | null;
  until: number | null;
}

export interface Sequence {
  rows: SequenceRow[];
  busy: Busy[];
  /** In their fixed order: sky, DEAs, Wardens, containers as they came. */
  lanes(): Lane[];
  /** Takes what has been added to `entries` since. */
  read(entries: readonly Entry[]): void;
  /** The row that shows the entry, or the last one before it; -1 when there is none. */
  rowOf(entries: readonly Entry[], seq: number): number;
}

/** Machines whose states are part of the story (as in `gates.ts`). */
const TOLD = ['app', 'staging-task', 'instance', 'container'];

/** A diagram with nothing read yet. One filter for its whole life: another filter is another diagram. */
export function createSequence(filter: SequenceFilter): Sequence {
  const rows: SequenceRow[] = [];
  const busy: Busy[] = [];
  const open = new Map<string, Busy[]>();
  /** By the `seq` of the request. */
  const begun = new Map<number, Busy>();
  const nodes = new Set<number>();
  const containers = new Map<string, Lane>();
  const states = new Map<string, string>();
  let index = 0;

  function read(entries: readonly Entry[]): void {
    const journeys = journeysOf(entries);
    for (; index < entries.length; index += 1) {
      const e = entries[index];
      if (e) take(e, journeys.of(e.seq));
    }
  }

  function take(e: Entry, journey: Journey | undefined): void {
    const node = /^(?:dea|warden)\/(\d+)$/.exec(e.proc)?.[1];
    if (node !== undefined) nodes.add(Number(node));
    if (e.background === true && !filter.background) return;
    if (filter.run !== '' && e.run !== filter.run) return;
    if (e.type === 'message' && journey) message(e, journey);
    else if (filter.states) told(e);
  }

  function message(e: Extract<Entry, { type: 'message' }>, journey: Journey): void {
    if (journey.seq === e.seq || !shown(journey)) rows.push({ kind: 'message', seq: e.seq, journey });
    if (e.phase === 'dropped') return;
    const lane = e.phase === 'sent' ? journey.lane : (journey.arrivals.find((a) => a.seq === e.seq)?.lane ?? '');
    if (e.phase === 'received') began(lane, e);
    else ended(lane, e);
  }

  /** Its first entry may be of another run: a message is then shown where this run has it first. */
  function shown(journey: Journey): boolean {
    const at = lastMessage(rows, journey.seq);
    return at !== undefined && at.journey === journey;
  }

  function began(lane: string, e: Extract<Entry, { type: 'message' }>): void {
    if (e.transport === 'nats' || answered(e.name) !== undefined) return;
    const one: Busy = { lane, name: e.name, from: e.seq, until: null };
    busy.push(one);
    begun.set(e.seq, one);
    const key = `${lane} ${e.name}`;
    open.set(key, [...(open.get(key) ?? []), one]);
  }

  function ended(lane: string, e: Extract<Entry, { type: 'message' }>): void {
    const request = answered(e.name);
    if (request === undefined) return;
    const waiting = open.get(`${lane} ${request}`);
    // What follows straight from a request answers that one, an error as well; else the one that waits longest.
    const straight = e.cause === null ? undefined : begun.get(e.cause);
    const one = straight?.lane === lane ? straight : waiting?.[0];
    if (!one) return;
    one.until = e.seq;
    const others = open.get(`${lane} ${one.name}`)?.filter((other) => other !== one) ?? [];
    open.set(`${lane} ${one.name}`, others);
  }

  function told(e: Entry): void {
    switch (e.type) {
      case 'transition':
        transition(e);
        break;
      case 'step':
        if (e.when === 'after') work(e, `container/${e.handle}`, e.of, e.of === 'boot' ? '' : String(e.job ?? ''));
        break;
      case 'script':
        if (e.status === undefined) work(e, `container/${e.handle}`, 'script', e.file);
        break;
      case 'fault':
        rows.push({ kind: 'fault', seq: e.seq, lane: laneOf(e.target, e.proc) ?? 'cc', text: `${e.what} ${e.target}` });
        break;
    }
  }

  function transition(e: Extract<Entry, { type: 'transition' }>): void {
    const lane = TOLD.includes(e.machine) ? laneOf(e.actor, e.proc) : null;
    const text = stateText(e.value);
    if (lane === null || states.get(e.actor) === text) return;
    states.set(e.actor, text);
    if (e.machine === 'container') {
      const mine = containerAt(lane, e.seq);
      if (text === 'destroyed') mine.until = e.seq;
    }
    const last = rows.at(-1);
    if (last?.kind === 'state' && last.actor === e.actor) last.text = text;
    else rows.push({ kind: 'state', seq: e.seq, lane, actor: e.actor, text });
  }

  function work(e: Entry, lane: string, of: 'boot' | 'job' | 'script', text: string): void {
    containerAt(lane, e.seq);
    const last = rows.at(-1);
    if (last?.kind === 'work' && last.lane === lane && last.of === of && last.text === text) last.count += 1;
    else rows.push({ kind: 'work', seq: e.seq, lane, of, text, count: 1 });
  }

  function containerAt(id: string, seq: number): Lane {
    const known = containers.get(id) ?? { id, from: seq, until: null };
    containers.set(id, known);
    return known;
  }

  function lanes(): Lane[] {
    const fixed = [...nodes].sort((a, b) => a - b);
    const ids = [...SKY_LANES, ...fixed.map((n) => `dea/${n}`), ...fixed.map((n) => `warden/${n}`)];
    return [...ids.map((id) => ({ id, from: null, until: null })), ...containers.values()];
  }

  function rowOf(entries: readonly Entry[], seq: number): number {
    const journey = journeysOf(entries).of(seq);
    const at = journey ? rowAt(rows, journey.seq) : -1;
    const row = rows[at];
    return row?.kind === 'message' && row.journey === journey ? at : rowAt(rows, seq);
  }

  return { rows, busy, lanes, read, rowOf };
}

/** The last row that begins at or before `seq`; -1 when there is none. */
export function rowAt(rows: readonly { seq: number }[], seq: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The name of the request that this is an answer to: `200 GET /` answers `GET /`. Undefined for what is no answer. */
export function answered(name: string): string | undefined {
  const http = /^\d{3} (.+)$/.exec(name)?.[1];
  if (http !== undefined) return http;
  return name.endsWith('Response') ? name.replace(/Response$/, 'Request') : undefined;
}

function lastMessage(rows: readonly SequenceRow[], seq: number): Extract<SequenceRow, { kind: 'message' }> | undefined {
  const row = rows[rowAt(rows, seq)];
  return row?.kind === 'message' ? row : undefined;
}
