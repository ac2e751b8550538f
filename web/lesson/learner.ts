// Where the learner stands in a lesson: what was answered, which is kept between visits, and what the record makes of it.
// It gives the lab no order. Progress is machines/lesson.ts; what is kept is keep.ts.
import type { Entry } from '../../machines/journal.ts';
import { type Answers, type Lesson, type Progress, progressOf, scoreOf, storyOf } from '../../machines/lesson.ts';
import { alongAt } from '../../machines/lesson-along.ts';
import { valuesOf } from '../../machines/lesson-values.ts';
import { drives } from '../driver/seat.ts';
import type { Model } from '../model.ts';
import { forget, type Kept, keep, readKept } from './keep.ts';
import { LESSONS } from './lessons.ts';

/** The record is looked at so often at most, milliseconds: entries come by the thousand. */
const LOOK_EVERY = 150;

export interface LearnerDeps {
  /** What the page knows at this moment. */
  model: () => Model;
  /** Something that is shown has changed. */
  redraw: () => void;
}

/** One learner, in one lesson at a time. */
export class Learner {
  readonly #deps: LearnerDeps;
  #lesson: Lesson | undefined;
  #kept: Kept | undefined;
  #progress: Progress | undefined;
  #values: ReturnType<typeof valuesOf> = {};
  #story: Entry[] = [];
  #looked = 0;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(deps: LearnerDeps) {
    this.#deps = deps;
  }

  /** The lesson that is read; undefined when none is, or none has this name. */
  get lesson(): Lesson | undefined {
    return this.#lesson;
  }

  /** What is kept of it; undefined before it has begun. */
  get kept(): Kept | undefined {
    return this.#kept;
  }

  /** How far it is, as of the last look at the record. */
  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** What its texts name in {}, as of the last look. */
  get values(): ReturnType<typeof valuesOf> {
    return this.#values;
  }

  /** The entries that belong to it, as of the last look. */
  get story(): readonly Entry[] {
    return this.#story;
  }

  /** How many hints were asked for on this step. */
  get hints(): number {
    return this.#kept?.answers.hints[this.#progress?.step.id ?? ''] ?? 0;
  }

  /** Opens a lesson, with what was kept of it in this lab. */
  enter(id: string, lab: string): void {
    this.#lesson = LESSONS.find((l) => l.id === id);
    this.#kept = this.#lesson && readKept(this.#lesson.id, lab);
    this.#progress = undefined;
    this.#looked = 0;
  }

  /** No lesson is open any more; what was kept stays. */
  quit(): void {
    this.#lesson = undefined;
  }

  /** This is kept from now on. */
  keep(kept: Kept): void {
    this.#kept = kept;
    // Who reads along keeps nothing: the next visit is another lesson.
    if (this.#lesson && drives(this.#deps.model())) keep(this.#lesson.id, kept);
    this.#looked = 0;
    this.#deps.redraw();
  }

  /** Changes a part of what is kept, once there is something. */
  change(part: Partial<Kept>): void {
    if (this.#kept) this.keep({ ...this.#kept, ...part });
  }

  /** These gates were set, and are the lesson's from now on. */
  armed(gates: Kept['gates']): void {
    this.change({ gates: { ...this.#kept?.gates, ...gates } });
  }

  /** Another page drives: this one reads along from where that one is, and answers for itself. */
  readAlong(at: number): void {
    const { lab: state, entries } = this.#deps.model();
    if (!state) return;
    const answers = alongAt(undefined, this.within(at), entries);
    this.keep({ lab: state.lab, gates: {}, app: '', url: '', answers });
  }

  /** Comes to another step. */
  turnTo(at: number): void {
    const model = this.#deps.model();
    this.answer(drives(model) ? { at } : alongAt(this.#kept?.answers, at, model.entries));
  }

  /** Locks in an answer: a prediction, else the bet of this step. */
  choose(option: number): void {
    const [progress, answers] = [this.#progress, this.#kept?.answers];
    if (!progress?.told || !answers) return;
    const { step, predict } = progress;
    const said = { option, seq: this.#deps.model().entries.at(-1)?.seq ?? 0 };
    const { chosen, bets } = answers;
    if (predict?.decided) return;
    if (step.predict?.options[option] && !chosen[step.id]) this.answer({ chosen: { ...chosen, [step.id]: said } });
    else if (step.bet?.options[option] && !bets[step.id]) this.answer({ bets: { ...bets, [step.id]: said } });
  }

  /** Gets one more hint on this step. */
  hint(): void {
    const [step, answers] = [this.#progress?.step, this.#kept?.answers];
    if (step && answers) this.answer({ hints: { ...answers.hints, [step.id]: this.hints + 1 } });
  }

  /** Changes a part of the answers. */
  answer(part: Partial<Answers>): void {
    if (this.#kept) this.change({ answers: { ...this.#kept.answers, ...part } });
  }

  /** Looks at the record. False when there is nothing to look for, or when it is too soon: then it asks to be drawn later. */
  look(): boolean {
    const [lesson, kept] = [this.#lesson, this.#kept];
    if (!lesson || !kept) return false;
    const wait = this.#looked + LOOK_EVERY - performance.now();
    if (wait > 0) {
      this.#again ??= setTimeout(() => {
        this.#again = undefined;
        this.#deps.redraw();
      }, wait);
      return false;
    }
    this.#looked = performance.now();
    const { entries } = this.#deps.model();
    this.#progress = progressOf(lesson, entries, kept.answers);
    this.#story = storyOf(entries, kept.answers);
    this.#values = { ...valuesOf(this.#story), ...(kept.app === '' ? {} : { app: kept.app }) };
    return true;
  }

  /** The page is gone: nothing is drawn later. */
  stop(): void {
    clearTimeout(this.#again);
  }

  /** How it went so far; null before it has begun. */
  score(lesson: Lesson): ReturnType<typeof scoreOf> | null {
    const answers = this.#kept?.answers;
    return answers ? scoreOf(lesson, this.#deps.model().entries, answers) : null;
  }

  /** Nothing is kept of this lesson any more, as if it had never begun. */
  forget(lesson: Lesson): void {
    forget(lesson.id);
    this.#kept = undefined;
    this.#progress = undefined;
  }

  /** The nearest step that the lesson has. */
  within(at: number): number {
    return Math.min(Math.max(at, 0), (this.#lesson?.steps.length ?? 1) - 1);
  }
}
