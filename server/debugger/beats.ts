// Opens the gates of the pace `beat` by themselves: when the driver's page says that the motion has ended, or after two
// real seconds without a word, so that a lab that nobody looks at goes on. Which points are beats: machines/gates.ts.
import { afterReal } from '../clock/real.ts';

/** Real milliseconds that a page has for its motion. */
export const MOTION_MS = 2000;
export const MOTION_ENDED = 'beat: the motion has ended';
export const NO_REPORT = 'beat: no report of a motion within 2 s';

export interface Beats {
  /** This gate was closed by the pace and opens by itself. */
  closed(gate: string): void;
  /** The page has shown it. False when nothing waits for that. */
  shown(gate: string): boolean;
  /** Opened by somebody else, or gone with its process. */
  forget(gate: string): void;
  /** Nothing opens by itself any more. */
  stop(): void;
}

/** @param open opens one gate, and says why */
export function createBeats(open: (gate: string, by: string) => void, patienceMs = MOTION_MS): Beats {
  const waiting = new Map<string, () => void>();

  function forget(gate: string): boolean {
    waiting.get(gate)?.();
    return waiting.delete(gate);
  }

  return {
    closed(gate) {
      forget(gate);
      waiting.set(
        gate,
        afterReal(patienceMs, () => forget(gate) && open(gate, NO_REPORT)),
      );
    },
    shown(gate) {
      const was = forget(gate);
      if (was) open(gate, MOTION_ENDED);
      return was;
    },
    forget,
    stop() {
      for (const gate of [...waiting.keys()]) forget(gate);
    },
  };
}
