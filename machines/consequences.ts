// What if: the faults of a record, and what each has led to, by causes alone. Views of the record; they ask no lab.
import { marksOf } from './grain.ts';
import type { Entry, TransitionBody } from './journal.ts';

export type FaultEntry = Extract<Entry, { type: 'fault' }>;

export interface Consequences {
  fault: FaultEntry;
  /** Every entry after the fault whose chain of causes reaches it, in order. */
  all: readonly Entry[];
}

interface Reading {
  counted: number;
  last: Entry | undefined;
  faults: { fault: FaultEntry; all: Entry[]; within: Reading['faults'][number] | undefined }[];
  /** To which fault an entry leads back; only entries that follow from one are here. */
  owners: Map<number, Reading['faults'][number]>;
}

const readings = new WeakMap<readonly Entry[], Reading>();

/** The faults up to `seq`, newest last, with what followed up to there. An array that only grows is read once. */
export function faultsAt(entries: readonly Entry[], seq: number): Consequences[] {
  const { faults } = readingOf(entries);
  return faults
    .filter(({ fault }) => fault.seq <= seq)
    .map(({ fault, all }) => ({
      fault,
      all: all.at(-1) && all.at(-1)!.seq > seq ? all.filter((e) => e.seq <= seq) : all,
    }));
}

function readingOf(entries: readonly Entry[]): Reading {
  let reading = readings.get(entries);
  if (!reading || (reading.counted > 0 && entries[reading.counted - 1] !== reading.last)) {
    reading = { counted: 0, last: undefined, faults: [], owners: new Map() };
    readings.set(entries, reading);
  }
  for (; reading.counted < entries.length; reading.counted++) {
    const e = entries[reading.counted];
    if (e) take(reading, e);
  }
  reading.last = entries[reading.counted - 1];
  return reading;
}

function take({ faults, owners }: Reading, e: Entry): void {
  const above = e.cause === null ? undefined : owners.get(e.cause);
  for (let at = above; at; at = at.within) at.all.push(e);
  if (e.type === 'fault') {
    const made = { fault: e, all: [], within: above };
    faults.push(made);
    owners.set(e.seq, made);
  } else if (above) owners.set(e.seq, above);
}

/**
 * Of what followed, what tells the story: messages that arrived (or were lost), changes of state, what the kernel and the
 * supervisor said; no inner steps and no periodic traffic.
 */
export function toldOf(entries: readonly Entry[], { all }: Consequences): Entry[] {
  if (all.length === 0) return [];
  const { foreground, beats } = marksOf(entries);
  const stops = new Set<number>();
  const first = all[0]?.seq ?? 0;
  for (let i = beats.length - 1; i >= 0; i--) {
    const seq = foreground[beats[i] ?? 0] ?? 0;
    if (seq < first) break;
    stops.add(seq);
  }
  return all.filter(
    (e) => !e.background && (stops.has(e.seq) || e.type === 'note' || e.type === 'kernel' || e.type === 'fault'),
  );
}

/** The states that instances and apps came to because of a fault: `instance CRASHED`, in order, each once. */
export function endsOf({ all }: Consequences): { machine: string; actor: string; state: string; seq: number }[] {
  const last = new Map<string, { machine: string; actor: string; state: string; seq: number }>();
  for (const e of all) {
    if (e.type !== 'transition' || !isStory(e)) continue;
    last.set(e.actor, { machine: e.machine, actor: e.actor, state: topOf(e.value), seq: e.seq });
  }
  return [...last.values()];
}

const isStory = (e: TransitionBody): boolean => ['app', 'instance', 'staging-task'].includes(e.machine);

/** `CRASHED` of `{ CRASHED: { report: … } }`. */
const topOf = (value: unknown): string =>
  typeof value === 'object' && value !== null ? (Object.keys(value)[0] ?? '') : String(value);
