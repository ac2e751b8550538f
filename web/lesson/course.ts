// The course of a lesson: it takes the learner to where the page is, does what is asked of it, and tells the lab what the
// step needs. It draws nothing; where the learner stands is learner.ts, what happens at the lesson's gates is gates.ts.
import { type Lesson, noAnswers, type Progress, type Try } from '../../machines/lesson.ts';
import { faultsDue } from '../../machines/lesson-faults.ts';
import { drives } from '../driver/seat.ts';
import type { Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { act } from './act.ts';
import type { Ended } from './ending.ts';
import { LessonGates } from './gates.ts';
import type { Kept } from './keep.ts';
import * as lab from './lab.ts';
import type { Learner } from './learner.ts';
import { type Obstacle, obstacleOf } from './obstacle.ts';
import type { LessonPlace } from './place.ts';
import type { Said } from './said.ts';

export interface CourseDeps {
  /** Whom it takes through the lessons. */
  learner: Learner;
  /** What the page knows at this moment. */
  model: () => Model;
  page: () => PageActions;
  /** Something that is shown has changed. */
  redraw: () => void;
  /** The learner leaves the lesson: nothing is pointed at any more. */
  left: () => void;
}

/** What is shown of a course, beside where the learner stands. */
export interface CourseState {
  /** The lab's last refusal; empty when there was none. */
  problem: string;
  /** What came of what was tried last. */
  said: Said | null;
  /** What the learner is trying at this moment. */
  doing: Try | null;
  busy: boolean;
  /** An earlier push comes to its end before the lesson begins. */
  settling: boolean;
  obstacle: Obstacle | null;
  /** How the lesson that was finished last went. */
  ended: Ended | null;
}

/** A way through the lessons; the page's place says which lesson and step. */
export class Course {
  readonly #deps: CourseDeps;
  readonly #learner: Learner;
  readonly #gates: LessonGates;
  #busy = false;
  /** This page drove the lab when it was looked at last. */
  #drove = false;
  #problem = '';
  #said: Said | null = null;
  #doing: Try | null = null;
  #ended: Ended | null = null;

  constructor(deps: CourseDeps) {
    const { model, redraw, learner } = deps;
    this.#deps = deps;
    this.#learner = learner;
    this.#gates = new LessonGates({ model, redraw, armed: (gates) => learner.armed(gates) });
  }

  /** How it stands at this moment. */
  get state(): CourseState {
    const { progress, kept } = this.#learner;
    const mine = Object.values(kept?.gates ?? {});
    return {
      ...{ problem: this.#problem, said: this.#said, doing: this.#doing, ended: this.#ended },
      ...{ busy: this.#busy, settling: this.#gates.settling },
      obstacle: progress ? obstacleOf(this.#model, progress, mine, this.#gates.opening) : null,
    };
  }

  get #model(): Model {
    return this.#deps.model();
  }

  /** To be called before each drawing: goes where the page is, null for no lesson, and looks at the record. */
  follow(place: LessonPlace | null): void {
    const learner = this.#learner;
    if (!place) {
      learner.quit();
      return;
    }
    const { lab: state, link } = this.#model;
    // Before the record is whole nobody can say what is new.
    if (!state || link === 'connecting') return;
    if (learner.lesson?.id !== place.lesson) this.#enter(place.lesson, state.lab);
    if (!learner.lesson) return;
    const [drove, at] = [this.#drove, place.step - 1];
    this.#drove = drives(this.#model);
    if (!learner.kept && !this.#drove) {
      this.#problem = '';
      learner.readAlong(at);
    }
    if (!learner.kept) void this.#begin(learner.lesson);
    else if (this.#drove && !drove && !this.#busy) void this.#takeUp(learner.lesson);
    else if (learner.kept.answers.at !== at) this.#turnTo(learner.within(at));
    this.#look();
  }

  /** The page goes to a step, from 1; the course follows with the next drawing. */
  open(lesson: string, step: number): void {
    this.#deps.page().update({ lesson: { lesson, step } });
  }

  /** One step on or back; behind the last one the lesson is finished. */
  go(by: 1 | -1): void {
    const { lesson, kept } = this.#learner;
    if (!lesson || !kept) return;
    const { at } = kept.answers;
    if (by === 1 && at === lesson.steps.length - 1) void this.#finish(lesson);
    else this.open(lesson.id, this.#learner.within(at + by) + 1);
  }

  /** Does what the step offers to try. */
  async act(one: Try): Promise<void> {
    this.#doing = one;
    this.#deps.redraw();
    await this.#order(async () => {
      const { lesson, kept, values, story } = this.#learner;
      if (!lesson || !kept) return;
      await act(one, {
        ...{ app: values.app ?? lesson.app, story, mine: Object.values(kept.gates) },
        ...{ page: this.#deps.page(), sample: lesson.app },
        pushed: (app, url) => this.#learner.change({ app, url }),
        say: (said) => {
          this.#said = said;
          this.#deps.redraw();
        },
      });
    });
    if (this.#doing === one) this.#doing = null;
    this.#deps.redraw();
  }

  /** Opens these gates, or lets a paused lab go on where there are none. */
  async unblock(gates: readonly string[]): Promise<void> {
    await this.#order(() => (gates.length > 0 ? lab.open(gates) : lab.setPace(this.#learner.progress?.step.pace)));
  }

  /** From the first step, as if it had never begun. */
  async restart(): Promise<void> {
    const { lesson } = this.#learner;
    if (!lesson || this.#busy) return;
    await this.#takeDown(lesson);
    if (this.#model.lesson?.step === 1 && drives(this.#model)) await this.#begin(lesson);
    else this.open(lesson.id, 1);
  }

  /** The lesson's gates go with it. */
  async leave(): Promise<void> {
    const { lesson } = this.#learner;
    if (lesson) await this.#takeDown(lesson);
    this.#deps.left();
    this.#deps.page().update({ lesson: null, zoom: 'auto' });
  }

  /** The end was read: the list of lessons comes again. */
  close(): void {
    this.#ended = null;
    this.#deps.redraw();
  }

  #enter(id: string, labId: string): void {
    this.#learner.enter(id, labId);
    this.#drove = drives(this.#model);
    const { lesson, kept } = this.#learner;
    if (lesson && kept) void this.#rearm(lesson, kept);
  }

  /** Arms the gates and begins: what was in the journal before is not part of the lesson. */
  async #begin(lesson: Lesson): Promise<void> {
    const state = this.#model.lab;
    if (this.#busy || !state || this.#problem !== '' || !drives(this.#model)) return;
    this.#busy = true;
    await this.#order(async () => {
      const { since, ...begun } = await this.#gates.begin(lesson);
      this.#ended = null;
      this.#learner.keep({ lab: state.lab, app: '', url: '', ...begun, answers: noAnswers(since) });
      this.#deps.page().update({ lesson: { lesson: lesson.id, step: 1 }, cursor: null });
    });
    this.#busy = false;
  }

  /** The wheel came to this page in the middle of a lesson: the gates that stand are this page's from now on. */
  async #takeUp(lesson: Lesson): Promise<void> {
    this.#learner.armed(this.#gates.standing(lesson));
    const { kept } = this.#learner;
    if (kept) await this.#rearm(lesson, kept);
  }

  /** After a reload the gates are still there; after a restart of the lab they are not, and are set again. */
  async #rearm(lesson: Lesson, kept: Kept): Promise<void> {
    const lost = this.#gates.lost(lesson, kept);
    if (!drives(this.#model) || (lost.steps.length === 0 && !lost.quiet)) return;
    await this.#order(() => this.#gates.restore(lesson, lost));
  }

  /** The end of the lesson: what it left in the lab goes, and how it went is shown. */
  async #finish(lesson: Lesson): Promise<void> {
    const score = this.#learner.score(lesson);
    if (score) this.#ended = { lesson, ...score };
    await this.leave();
  }

  async #takeDown(lesson: Lesson): Promise<void> {
    const { kept } = this.#learner;
    await this.#order(() => this.#gates.takeDown(kept));
    this.#learner.forget(lesson);
    this.#said = null;
    this.#problem = '';
  }

  #turnTo(at: number): void {
    this.#said = null;
    this.#problem = '';
    this.#learner.turnTo(at);
    const pace = this.#learner.lesson?.steps[at]?.pace;
    const { lab: state } = this.#model;
    if (pace && state && drives(this.#model) && !state.paused && state.pace !== pace)
      void this.#order(() => lab.setPace(pace));
  }

  /** Looks at the record, and lets go what is behind the learner. */
  #look(): void {
    if (!this.#learner.look() || !drives(this.#model)) return;
    const { lesson, kept, progress, story } = this.#learner;
    if (!lesson || !kept) return;
    const held = this.#gates.held();
    for (const stranger of this.#gates.strangers(story, kept))
      void this.#order(() => this.#gates.sendOff(lesson, kept, stranger), false);
    void this.#order(() => this.#gates.follow(lesson, kept, held), false);
    if (progress) this.#break(progress, kept);
  }

  /** What the step breaks by itself, once. */
  #break(progress: Progress, { answers }: Kept): void {
    const orders = faultsDue(progress, answers, this.#learner.story);
    if (orders.length === 0) return;
    this.#learner.answer({ broken: [...answers.broken, progress.step.id] });
    for (const order of orders) void this.#order(() => lab.breakIt(order));
  }

  /** Gives an order to the lab; its refusal is shown. */
  async #order(order: () => Promise<unknown>, redraw = true): Promise<void> {
    try {
      if (redraw) this.#problem = '';
      await order();
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      this.#deps.redraw();
    }
    if (redraw) this.#deps.redraw();
  }
}
