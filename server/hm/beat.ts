// A periodic piece of work on lab time that can say when its turn comes: what waits for it waits exactly so long.
import type { LabClock, Timer } from '../lab/types.ts';

export interface BeatOptions {
  clock: LabClock;
  label: string;
  periodMs: number;
  /** Until the first turn. */
  phaseMs: number;
}

export class Beat {
  readonly #periodMs: number;
  #timer: Timer;
  #next: number;

  constructor({ clock, label, periodMs, phaseMs }: BeatOptions, work: () => void) {
    const run = () => {
      this.#next = clock.now() + periodMs;
      work();
    };
    this.#periodMs = periodMs;
    this.#next = clock.now() + phaseMs;
    this.#timer = clock.after(phaseMs, 'beat', label, () => {
      this.#timer = clock.every(periodMs, label, run);
      run();
    });
  }

  /** Lab time of the first turn at or after `ms`. */
  turnAfter(ms: number): number {
    return this.#next + Math.max(0, Math.ceil((ms - this.#next) / this.#periodMs)) * this.#periodMs;
  }

  cancel(): void {
    this.#timer.cancel();
  }
}
