// The driver's word that a beat has been shown: in the pace `beat` the gate behind it then opens. A beat has been shown when
// its motion has ended and there was time to read its sentence; with reduced motion there is only the reading.
import { drives } from './driver/seat.ts';
import type { Model } from './model.ts';

/** How long a beat stays, at least. */
export type Reading = 'brisk' | 'calm' | 'slow';

/** Milliseconds. The lab waits for 2 s and then opens by itself (server/debugger/beats.ts): nothing may be longer. */
export const READING_MS: Readonly<Record<Reading, number>> = { brisk: 0, calm: 1000, slow: 1600 };

export const READINGS = ['brisk', 'calm', 'slow'] as const satisfies readonly Reading[];

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

  async function show(gate: string, reading: Reading): Promise<void> {
    shown = gate;
    await Promise.all([motionEnded(), read(READING_MS[reading])]);
    // Another one may be shown by now: this one was opened by somebody else.
    if (shown === gate) report(gate);
  }

  return {
    drawn(model) {
      const gate = drives(model) ? beatOf(model) : null;
      if (gate !== null && gate !== shown) void show(gate, model.reading);
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

/** The gate that waits for its beat to be shown, as soon as its entry is there to be shown; null for none. */
export function beatOf({ lab, entries, cursor }: Pick<Model, 'lab' | 'entries' | 'cursor'>): string | null {
  const beat = lab?.held.find((h) => h.by === 'beat');
  if (!beat || cursor !== null) return null;
  const there = entries.findLast((e) => e.type === 'gate' && e.phase === 'held' && e.gate === beat.gate);
  return there ? beat.gate : null;
}
