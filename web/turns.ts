// Who is drawn when many entries arrive: the parts of the page take turns, one a frame, so that no frame has to draw all
// of them. Whatever the reader does is drawn everywhere at once.

/** As many entries in one frame are no crowd, nor are so many within a moment (milliseconds): everything is drawn. */
const FEW = 4;
const LATELY = 24;
const MOMENT_MS = 250;

/** `M` is what a part is drawn from; a part that keeps the one it has is not drawn. */
export class Turns<P extends string, M> {
  readonly #parts: readonly P[];
  /** Milliseconds for which a part rests in a crowd after it was drawn: a large picture that changes too fast shows nothing. */
  readonly #rest: Partial<Record<P, number>>;
  readonly #drawnAt = new Map<P, number>();
  readonly #models = new Map<P, M>();
  /** Parts that have not been drawn since something arrived, the one that has waited longest first. */
  #behind: P[] = [];
  #arrived = 0;
  /** When entries came, and how many, within the last moment. */
  #lately: { at: number; count: number }[] = [];

  constructor(parts: readonly P[], rest: Partial<Record<P, number>> = {}) {
    this.#parts = parts;
    this.#rest = rest;
  }

  /** Entries have come. */
  arrived(count: number, now = performance.now()): void {
    this.#arrived += count;
    this.#lately = [...this.#lately.filter(({ at }) => now - at < MOMENT_MS), { at: now, count }];
  }

  /** Whether any part would be drawn in this frame. @param everywhere as in `models` */
  due(everywhere: boolean, now = performance.now()): boolean {
    return this.#isAll(everywhere, now) || this.#next(this.#waiting(), now) !== undefined;
  }

  /** What each part is drawn from in this frame. @param everywhere whether something else than entries has changed */
  models(fresh: M, everywhere: boolean, now = performance.now()): (part: P) => M {
    const all = this.#isAll(everywhere, now);
    const waiting = this.#waiting();
    this.#arrived = 0;
    const next = this.#next(waiting, now);
    const turn = all ? this.#parts : next === undefined ? [] : [next];
    this.#behind = all ? [] : waiting.filter((p) => p !== next);
    for (const part of turn) {
      this.#models.set(part, fresh);
      this.#drawnAt.set(part, now);
    }
    return (part) => this.#models.get(part) ?? fresh;
  }

  #isAll(everywhere: boolean, now: number): boolean {
    const lately = this.#lately.reduce((sum, { at, count }) => sum + (now - at < MOMENT_MS ? count : 0), 0);
    const few = this.#arrived > 0 && this.#arrived <= FEW && lately <= LATELY;
    return everywhere || (few && this.#behind.length === 0);
  }

  #waiting(): P[] {
    return this.#arrived > 0
      ? [...this.#behind, ...this.#parts.filter((p) => !this.#behind.includes(p))]
      : this.#behind;
  }

  #next(waiting: readonly P[], now: number): P | undefined {
    return waiting.find((p) => now - (this.#drawnAt.get(p) ?? Number.NEGATIVE_INFINITY) >= (this.#rest[p] ?? 0));
  }

  /** Whether a part still waits for its turn: then another frame is needed. */
  get waits(): boolean {
    return this.#behind.length > 0 || this.#arrived > 0;
  }
}
