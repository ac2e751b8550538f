// The driver's word that a beat has been shown: in the pace `beat` the gate behind it then opens. A beat has been shown when
// its motion has ended and there was time to read its sentence; with reduced motion there is only the reading.
import type { Entry, GatePoint } from '../machines/journal.ts';
import { drives } from './driver/seat.ts';
import type { LabState } from './lab-api.ts';
import type { Model } from './model.ts';

/** How long a beat stays, at least. */
export type Reading = 'brisk' | 'calm' | 'slow';

/** Milliseconds. The lab waits for 2 s and then opens by itself (server/debugger/beats.ts): nothing may be longer. */
export const READING_MS: Readonly<Record<Reading, number>> = { brisk: 0, calm: 1000, slow: 1600 };

export const READINGS = ['brisk', 'calm', 'slow'] as const satisfies readonly Reading[];

/** The call that changes most in one step has this many times the time of another, as far as a beat may last. */
const HEART = { name: 'pivot_root', times: 1.6 };
const LONGEST_MS = 1900;

/** Of a beat that says little new the reader needs this part of the time. */
const LITTLE_NEW = 0.35;

/**
 * Milliseconds for which a beat stays at least. A request that only asks, and a call of wshd that another container's boot
 * has shown before, need not be read as long as what comes for the first time.
 */
export function readingMs(reading: Reading, point: GatePoint, entries: readonly Entry[]): number {
  const asks = point.transport === 'http' && point.name.startsWith('GET ');
  const seen = point.kind === 'step' && entries.some((e) => isCall(e, point) && e.handle !== point.handle);
  if (asks || seen) return READING_MS[reading] * LITTLE_NEW;
  return Math.min(
    LONGEST_MS,
    READING_MS[reading] * (point.kind === 'step' && point.name === HEART.name ? HEART.times : 1),
  );
}

function isCall(e: Entry, { name }: GatePoint): e is Extract<Entry, { type: 'step' }> {
  return e.type === 'step' && e.name === name && e.when === 'after';
}

export interface Beats {
  /** The page is drawn as this says; call it after each drawing. */
  drawn(model: Model): void;
}

/**
 * @param report opens this gate
 * @param motionEnded settles when nothing moves any more
 * @param read settles after so many milliseconds
 */
export function createBeats({
  report,
  motionEnded,
  read,
}: {
  report(gate: string): void;
  motionEnded(): Promise<void>;
  read(ms: number): Promise<void>;
}): Beats {
  let shown: string | null = null;

  async function show(gate: string, ms: number): Promise<void> {
    shown = gate;
    await Promise.all([motionEnded(), read(ms)]);
    // Another one may be shown by now: this one was opened by somebody else.
    if (shown === gate) report(gate);
  }

  return {
    drawn(model) {
      const beat = drives(model) ? beatOf(model) : null;
      if (beat !== null && beat.gate !== shown)
        void show(beat.gate, readingMs(model.reading, beat.point, model.entries));
    },
  };
}

/**
 * What is held waits for its beat only: it goes on by itself, and nobody has stopped it. A recorded run goes by itself
 * while it plays.
 */
export function goesByItself({ lab, cursor, recorded }: Pick<Model, 'lab' | 'cursor' | 'recorded'>): boolean {
  if (!lab || lab.paused || lab.pace !== 'beat') return false;
  if (recorded) return lab.running;
  return cursor === null && lab.held.length > 0 && lab.held.every((h) => h.by === 'beat');
}

type Beat = LabState['held'][number];

/** The gate that waits for its beat to be shown, as soon as its entry is there to be shown; null for none. */
export function beatOf({ lab, entries, cursor }: Pick<Model, 'lab' | 'entries' | 'cursor'>): Beat | null {
  const beat = lab?.held.find((h) => h.by === 'beat');
  if (!beat || cursor !== null) return null;
  const there = entries.findLast((e) => e.type === 'gate' && e.phase === 'held' && e.gate === beat.gate);
  return there ? beat : null;
}
