// Who is drawn when. When many entries arrive, the parts of the page take turns, one a frame, so that no frame has to draw
// all of them. What the reader does is drawn everywhere at once; but when he only turns to another moment, the parts that
// show the moment itself come in this frame and the lists beside them in the next, so that scrubbing stays a motion.
import type { News } from './model.ts';

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
  /** What shows the moment itself. */
  readonly #first: readonly P[];
  /** Parts that have not been drawn since something arrived, the one that has waited longest first. */
  #behind: P[] = [];
  /** Parts that show another moment than the first ones: drawn in the next frame. */
  #owed: readonly P[] = [];
  #arrived = 0;
  /** When entries came, and how many, within the last moment. */
  #lately: { at: number; count: number }[] = [];

  constructor(parts: readonly P[], rest: Partial<Record<P, number>> = {}, first: readonly P[] = parts) {
    this.#parts = parts;
    this.#rest = rest;
    this.#first = first;
  }

  /** Entries have come. */
  arrived(count: number, now = performance.now()): void {
    this.#arrived += count;
    this.#lately = [...this.#lately.filter(({ at }) => now - at < MOMENT_MS), { at: now, count }];
  }

  /** Whether any part would be drawn in this frame. @param news as in `models` */
  due(news: News, now = performance.now()): boolean {
    return (
      news !== 'none' || this.#owed.length > 0 || this.#isAll(now) || this.#next(this.#waiting(), now) !== undefined
    );
  }

  /** What each part is drawn from in this frame. @param news what has changed beside the record */
  models(fresh: M, news: News, now = performance.now()): (part: P) => M {
    const turn = this.#turn(news, now);
    this.#arrived = 0;
    for (const part of turn) {
      this.#models.set(part, fresh);
      this.#drawnAt.set(part, now);
    }
    return (part) => this.#models.get(part) ?? fresh;
  }

  #turn(news: News, now: number): readonly P[] {
    const waiting = this.#waiting();
    // Whoever is owed already is not put off once more.
    const moment = news === 'moment' && this.#owed.length === 0 && this.#models.size > 0;
    const turn = moment ? this.#first : this.#withoutMoment(news, waiting, now);
    this.#owed = moment ? this.#parts.filter((p) => !turn.includes(p)) : [];
    this.#behind = waiting.filter((p) => !turn.includes(p) && !this.#owed.includes(p));
    return turn;
  }

  #withoutMoment(news: News, waiting: readonly P[], now: number): readonly P[] {
    if (news !== 'none' || this.#isAll(now)) return this.#parts;
    if (this.#owed.length > 0) return this.#owed;
    const next = this.#next(waiting, now);
    return next === undefined ? [] : [next];
  }

  #isAll(now: number): boolean {
    const lately = this.#lately.reduce((sum, { at, count }) => sum + (now - at < MOMENT_MS ? count : 0), 0);
    const few = this.#arrived > 0 && this.#arrived <= FEW && lately <= LATELY;
    return few && this.#behind.length === 0;
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
    return this.#behind.length > 0 || this.#owed.length > 0 || this.#arrived > 0;
  }
}
