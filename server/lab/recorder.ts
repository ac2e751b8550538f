// The producer's side of the journal: numbers entries without gaps and keeps them, bounded, until they are acknowledged.
// It does no I/O: the link (server/lab/link.ts) takes what is new and says what has arrived.
import { createHash } from 'node:crypto';
import type { Cause, EdgeKey, EntryBody, Ref } from '../../machines/journal.ts';
import { monotonic } from '../clock/mono.ts';
import { createLogRate } from './log-rate.ts';
import type { Secrets } from './secrets.ts';
import type { Recorder } from './types.ts';

/** JSON bodies and hex dumps longer than this are kept as hash, size and head only. */
export const BODY_LIMIT = 4096;
const HEAD = 512;
/** Entries that may wait for an acknowledgement. At 600 bytes each, some 12 MiB. */
const KEEP = 20_000;

/** One thing that goes up: an entry as JSON text with its number, or an alias. */
export type Outgoing = { n: number; text: string } | { n: 0; alias: { edge: string; of: string } };

export interface Outbox extends Recorder {
  /** What was not handed out yet, in order. Entries stay kept until `acknowledge`. */
  take(): Outgoing[];
  /** Forgets entries up to `n`. */
  acknowledge(n: number): void;
  /** Everything after `n` is handed out again: the other side has not got it. */
  rewind(n: number): void;
  /** The number that the next entry will have. */
  readonly next: number;
  /** Whether entries wait for an acknowledgement. */
  readonly waiting: number;
}

export interface OutboxDeps {
  proc: string;
  now: () => number;
  secrets: Secrets;
  /** Something new may be taken. */
  wake: () => void;
  onSecret: (text: string) => void;
  keep?: number;
}

/** An empty outbox. Entry numbers start at 1 with every process start (its *life*). */
export function createOutbox({ proc, now, secrets, wake, onSecret, keep = KEEP }: OutboxDeps): Outbox {
  const rate = createLogRate((leftOut) => append(leftOut, null));
  let n = 0;
  let kept: Outgoing[] = [];
  let taken = 0;
  let dropped: { ref: Ref; count: number; slot: { n: number; text: string } } | undefined;

  function append(body: EntryBody, cause: Cause, edge?: EdgeKey): { n: number; text: string } {
    n += 1;
    const local = cause && cause.proc === proc ? cause.n : null;
    const stamp = `{"n":${n},"at":${Date.now()},"t":${monotonic().toFixed(3)},"lt":${now().toFixed(3)},"cause":${local}`;
    const keyed = edge ? `,"edge":${JSON.stringify(edge)}` : '';
    const item = { n, text: `${stamp}${keyed},"body":${bodyText(body, secrets)}}` };
    kept.push(item);
    wake();
    return item;
  }

  /** The bound is reached: one note stands for everything that is lost from here until there is room again. */
  function drop(cause: Cause): Ref {
    if (!dropped) {
      const slot = append(droppedNote(proc, 1), cause);
      dropped = { ref: { proc, n: slot.n }, count: 0, slot };
    }
    dropped.count += 1;
    const before = JSON.stringify(droppedNote(proc, Math.max(1, dropped.count - 1)));
    dropped.slot.text = dropped.slot.text.replace(before, JSON.stringify(droppedNote(proc, dropped.count)));
    return dropped.ref;
  }

  return {
    proc,
    record(body, cause, edge) {
      if (body.type === 'log') {
        const { keep: kept, leftOut } = rate.line(body);
        if (leftOut) append(leftOut, cause);
        if (!kept) return { proc, n };
      }
      // Held gates are few, and without their entries the record would not say why time stood still.
      if (kept.length >= keep && body.type !== 'gate') return drop(cause);
      return { proc, n: append(body, cause, edge).n };
    },
    alias(edge, of) {
      if (kept.length >= keep) return;
      kept.push({ n: 0, alias: { edge, of } });
      wake();
    },
    secret(text) {
      if (secrets.add(text)) onSecret(text);
    },
    take() {
      // An open note of dropped entries still counts: it goes, with what came after it, once there is room.
      const end = dropped ? kept.indexOf(dropped.slot) : kept.length;
      const fresh = kept.slice(taken, Math.max(taken, end));
      taken = Math.max(taken, end);
      return fresh.map((o) => ('text' in o ? { n: o.n, text: secrets.mask(o.text) } : o));
    },
    acknowledge(upTo) {
      let gone = 0;
      while (gone < taken && (kept[gone]?.n ?? Number.POSITIVE_INFINITY) <= upTo) gone += 1;
      if (gone === 0) return;
      kept = kept.slice(gone);
      taken -= gone;
      if (dropped && kept.length < keep) {
        dropped = undefined;
        wake();
      }
    },
    rewind(to) {
      kept = kept.filter((o) => o.n === 0 || o.n > to);
      taken = 0;
      if (kept.length < keep) dropped = undefined;
    },
    get next() {
      return n + 1;
    },
    get waiting() {
      return kept.length;
    },
  };
}

const droppedNote = (proc: string, count: number): EntryBody => ({
  type: 'note',
  actor: proc,
  text: `${count} entries were dropped here: the journal was away for too long`,
  data: { dropped: count },
});

/** The body as JSON. What is too long is masked before it is hashed, so that a hash never tells a secret. */
export function bodyText(body: EntryBody, secrets: Secrets): string {
  const text = textOf(body);
  if (text.length <= BODY_LIMIT) return text;
  return textOf(
    Object.fromEntries(Object.entries(body).map(([key, value]) => [key, CUT.has(key) ? cut(value, secrets) : value])),
  );
}

const CUT = new Set(['payload', 'hex', 'input', 'output', 'data', 'context', 'text', 'args', 'diff', 'command']);

function cut(value: unknown, secrets: Secrets): unknown {
  const whole = typeof value === 'string' ? value : textOf(value);
  if (whole.length <= BODY_LIMIT) return value;
  const text = secrets.mask(whole);
  if (typeof value === 'string') return text.slice(0, BODY_LIMIT);
  return {
    hash: createHash('sha256').update(text).digest('hex'),
    bytes: Buffer.byteLength(text),
    head: text.slice(0, HEAD),
  };
}

/** JSON for the journal. A value that has none (a cycle, a BigInt) is said as text: recording never throws. */
function textOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch {
    const seen = new WeakSet<object>();
    return (
      JSON.stringify(value, (_key, v: unknown) => {
        if (typeof v === 'bigint') return `${v}n`;
        if (typeof v === 'object' && v !== null) {
          if (seen.has(v)) return '[again]';
          seen.add(v);
        }
        return v;
      }) ?? 'null'
    );
  }
}
