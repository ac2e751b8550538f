// Gives entries their place in the one total order: each process's entries in its own order, a `received` after its
// `sent`, and `seq`, `cause` and `run` to all. It writes nothing: the journal stores what comes out.
import type { Entry, EntryBody } from '../../machines/journal.ts';
import type { Upward } from '../../machines/lab-link.ts';
import { monotonic } from '../clock/mono.ts';
import { afterReal } from '../clock/real.ts';
import { createEdges } from './edges.ts';
import type { Header, Stored } from './segments.ts';

/** Real milliseconds that a `received`, or the gate that holds it back, waits for its `sent`. */
export const SENT_WAIT_MS = 250;

/** One process start, as the journal sees it. */
interface Life {
  proc: string;
  /** The last number admitted. */
  admitted: number;
  /** seq and run by local number, for causes; a number that is not there belongs to a forgotten time. */
  places: ({ seq: number; run: string | null } | undefined)[];
  queue: { up: Upward; since: number }[];
}

export interface Admission {
  /** The last `seq` given. */
  readonly seq: number;
  /** Says that this life is (back) on the link. Returns the last number admitted. */
  hello(proc: string, life: string): { admitted: number; known: boolean };
  /** Entries of a life, in its order; numbers seen before are ignored. */
  offer(life: string, entries: Upward[]): void;
  alias(edge: string, of: string): void;
  /** An entry of the journal's own process, `journal`. */
  say(body: EntryBody, lt: number, cause: number | null, run?: string): number;
  /** The `seq` of a life's entry `n`, if it has been admitted. */
  seqOf(life: string, n: number): number | undefined;
  lives(): Header['lives'];
  close(): void;
}

export interface AdmissionDeps {
  /** The next entry, in order. */
  admit: (stored: Stored) => void;
  /** What was on disk. */
  restored?: { stored: Stored[]; lives: Header['lives'] };
  head?: number;
  waitMs?: number;
}

/** An admission that goes on after `head`. */
export function createAdmission({ admit, restored, head = 0, waitMs = SENT_WAIT_MS }: AdmissionDeps): Admission {
  const lives = new Map<string, Life>();
  const edges = createEdges();
  const runs = new Map<string, string>();
  let seq = head;
  let cancelLook: (() => void) | undefined;

  for (const [life, [proc, admitted]] of Object.entries(restored?.lives ?? {})) lifeOf(proc, life).admitted = admitted;
  for (const { entry, src } of restored?.stored ?? []) {
    if (!src) continue;
    const life = lifeOf(entry.proc, src.life);
    life.admitted = Math.max(life.admitted, src.n);
    life.places[src.n] = { seq: entry.seq, run: entry.run };
    if (src.edge && isSent(entry)) edges.sent(src.edge, { seq: entry.seq, run: entry.run });
    else if (src.edge) edges.take(src.edge);
  }

  function lifeOf(proc: string, life: string): Life {
    const known = lives.get(life);
    if (known) return known;
    const born: Life = { proc, admitted: 0, places: [], queue: [] };
    lives.set(life, born);
    return born;
  }

  function place(body: EntryBody, stamp: Pick<Entry, 'at' | 't' | 'lt' | 'proc'>, from: From): Stored {
    seq += 1;
    const begun = body.begins;
    // One text for each run, shared by all its entries: runs are kept for every number.
    if (begun !== undefined && !runs.has(begun)) runs.set(begun, begun);
    const run = begun === undefined ? from.run : (runs.get(begun) ?? begun);
    const entry: Entry = { seq, ...stamp, cause: from.seq, run, ...body };
    return { entry };
  }

  function causeOf(life: Life, up: Upward): From & { missed: boolean } {
    const local = up.cause === null ? undefined : life.places[up.cause];
    const own = local ?? { seq: null, run: null };
    if (!up.edge || !isArrival(up.body)) return { ...own, missed: false };
    const sent = edges.take(up.edge.key);
    return sent ? { ...sent, missed: false } : { ...own, missed: up.edge.expect === true };
  }

  function admitOne(id: string, life: Life, up: Upward): void {
    const { missed, ...from } = causeOf(life, up);
    const stored = place(up.body, { at: up.at, t: up.t, lt: up.lt, proc: life.proc }, from);
    stored.src = { life: id, n: up.n, ...(up.edge && { edge: up.edge.key }) };
    life.admitted = up.n;
    const { seq: at, run } = stored.entry;
    life.places[up.n] = { seq: at, run };
    if (up.edge && isSent(up.body)) edges.sent(up.edge.key, { seq: at, run });
    admit(stored);
    if (missed && up.edge) say(missedNote(up.edge.key, waitMs), up.lt, at);
  }

  function waits({ up, since }: Life['queue'][number], now: number): boolean {
    return isArrival(up.body) && up.edge?.expect === true && !edges.has(up.edge.key) && now - since < waitMs;
  }

  /** Admits all that can be; what waits is looked at again when something comes in, or when its time is over. */
  function pump(): void {
    cancelLook?.();
    cancelLook = undefined;
    for (let moved = true; moved; ) {
      moved = false;
      for (const [id, life] of lives) {
        const now = performance.now();
        let count = 0;
        for (const item of life.queue) {
          if (waits(item, now)) break;
          admitOne(id, life, item.up);
          count += 1;
        }
        life.queue.splice(0, count);
        moved ||= count > 0;
      }
    }
    const blocked = [...lives.values()].flatMap(({ queue }) => queue[0]?.since ?? []);
    if (blocked.length > 0) cancelLook = afterReal(Math.min(...blocked) + waitMs - performance.now() + 1, pump);
  }

  function say(body: EntryBody, lt: number, cause: number | null, own?: string): number {
    const run = own ?? (cause === null ? null : runAt(cause));
    const t = monotonic();
    const stored = place(body, { at: Date.now(), t, lt, proc: 'journal' }, { seq: cause, run });
    admit(stored);
    return stored.entry.seq;
  }

  function runAt(at: number): string | null {
    for (const { places } of lives.values()) {
      const found = places.findLast((p) => p !== undefined && p.seq <= at);
      if (found?.seq === at) return found.run;
    }
    return null;
  }

  return {
    get seq() {
      return seq;
    },
    hello(proc, id) {
      const known = lives.has(id);
      for (const [other, life] of lives) {
        // A new life of a process ends the old one; what it still has queued goes in first.
        if (life.proc === proc && other !== id && life.queue.length === 0) lives.delete(other);
      }
      return { admitted: lifeOf(proc, id).admitted, known };
    },
    offer(id, entries) {
      const life = lives.get(id);
      if (!life) return;
      const now = performance.now();
      for (const up of entries) {
        if (up.n > (life.queue.at(-1)?.up.n ?? life.admitted)) life.queue.push({ up, since: now });
      }
      pump();
    },
    alias(edge, of) {
      edges.alias(edge, of);
      pump();
    },
    say,
    seqOf: (id, n) => lives.get(id)?.places[n]?.seq,
    lives: () => Object.fromEntries([...lives].map(([id, { proc, admitted }]) => [id, [proc, admitted]])),
    close: () => cancelLook?.(),
  };
}

interface From {
  seq: number | null;
  run: string | null;
}

const isSent = (body: EntryBody): boolean => body.type === 'message' && body.phase === 'sent';
/** A message's arrival: its `received`, before it the gate that holds it back, or the fault that drops it. */
const isArrival = (body: EntryBody): boolean =>
  (body.type === 'message' && body.phase === 'received') ||
  (body.type === 'gate' && body.phase === 'held') ||
  body.type === 'fault';

const missedNote = (key: string, ms: number): EntryBody => ({
  type: 'note',
  actor: 'journal',
  background: true,
  text: `no sent entry within ${ms} ms: the cause of the message before this is only what its receiver knew`,
  data: { edge: key },
});
