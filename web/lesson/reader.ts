// The lesson reader: one step at a time beside the stage. It draws, points at what the step speaks of, and takes keys and
// clicks. Where the learner stands is learner.ts, what is done in the lab is course.ts, how a step looks is sheet.ts.
import type { Look } from '../../machines/lesson.ts';
import { newestHandle } from '../../machines/lesson-values.ts';
import { drives, seated } from '../driver/seat.ts';
import { commandAt } from '../keys.ts';
import { PanelView } from '../panel.ts';
import { Course } from './course.ts';
import { ending } from './ending.ts';
import { Learner } from './learner.ts';
import { LESSONS } from './lessons.ts';
import { ARTICLE, type LessonPlace } from './place.ts';
import { createPointer } from './pointer.ts';
import { reveal } from './reveal.ts';
import type { Said } from './said.ts';
import { contents, sheet } from './sheet.ts';
import { lessonWord } from './words.ts';
import './lesson.css';

/** `<ws-lesson>`, the panel `lesson`: `model.lesson` says which lesson and step. */
export class LessonReader extends PanelView {
  #pointer = createPointer(() => this.page);
  #learner = new Learner({ model: () => this.model, redraw: () => this.requestUpdate() });
  #course = new Course({
    learner: this.#learner,
    model: () => this.model,
    page: () => this.page,
    redraw: () => this.requestUpdate(),
    left: () => this.#pointer.leave(),
  });
  /** What is to be scrolled into view once it is drawn. */
  #reveal: string | null = null;
  /** The step that was drawn last, what it had replied, and what had come of what was tried. */
  #shown: string | undefined;
  #replied = '';
  #said: Said | null = null;
  #onKey = (event: KeyboardEvent) => this.#key(event);

  override connectedCallback(): void {
    super.connectedCallback();
    // Before the page's own keys: while a lesson is open, its digits and arrows are the lesson's.
    addEventListener('keydown', this.#onKey, { capture: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.#onKey, { capture: true });
    this.#learner.stop();
    this.#pointer.leave();
  }

  override willUpdate(): void {
    const place = this.#place();
    if (!place) this.#pointer.leave();
    this.#course.follow(place);
  }

  override render() {
    const { model } = this;
    const [course, learner] = [this.#course, this.#learner];
    const { ended, ...state } = course.state;
    if (!this.#place())
      return ended && !model.lesson
        ? ending(model, ended, this.page, () => course.close())
        : contents(model, LESSONS, (id) => course.open(id, 1), this.page);
    const { lesson, progress, values, story, hints, kept } = learner;
    return sheet(
      { ...state, model, lesson, progress, values, story, hints, url: kept?.url ?? '' },
      {
        go: (by) => course.go(by),
        goTo: (at) => course.open(model.lesson?.lesson ?? '', at + 1),
        choose: (option) => learner.choose(option),
        hint: () => {
          this.#reveal = '.lesson-hint';
          learner.hint();
        },
        act: (one) => void course.act(one),
        point: (look) => this.#point(look),
        unblock: (gates) => void course.unblock(gates),
        seat: () => this.page.update(seated({ open: true })),
        now: () => this.page.update({ cursor: null }),
        seek: (seq) => this.page.seek(seq),
        restart: () => void course.restart(),
        close: () => void course.leave(),
      },
    );
  }

  override updated(): void {
    const { lesson, progress } = this.#learner;
    const { said } = this.#course.state;
    if (lesson && progress) this.#point();
    const step = progress?.step.id;
    if (step !== this.#shown) {
      // On a phone the panel stands below the stage: who opens a lesson is taken to it.
      const first = this.#shown === undefined && matchMedia('(max-width: 760px)').matches;
      if (first) this.scrollIntoView({ block: 'start' });
      this.#shown = step;
      this.querySelector('.lesson-body')?.scrollTo({ top: 0 });
      this.#replied = this.#reply();
    }
    if (this.#replied !== this.#reply()) {
      this.#replied = this.#reply();
      reveal(this, '.lesson-reply');
    }
    if (said !== this.#said) {
      this.#said = said;
      if (said) this.#reveal = '.lesson-said';
    }
    if (this.#reveal === null) return;
    reveal(this, this.#reveal);
    this.#reveal = null;
  }

  /** What the step answers to what the learner has said and done. */
  #reply(): string {
    const { step, predict, bets, task } = this.#learner.progress ?? {};
    const bet = bets?.find((b) => b.step === step)?.verdict.chosen;
    return JSON.stringify([predict?.chosen, predict?.state, bet, task?.done, task?.notYet?.en]);
  }

  #point(look?: Look): void {
    if (look) this.#pointer.at(look);
    const { model } = this;
    const { progress, story } = this.#learner;
    if (!progress) return;
    const held = model.lab?.held.find((h) => h.point.handle)?.point.handle;
    const told = progress.told && model.cursor === null;
    const { step, predict } = progress;
    const hides = model.cursor === null && !predict?.decided && step.cover;
    const words = lessonWord(model.language, 'covered');
    this.#pointer.follow({
      id: step.id,
      still: model.seat?.follows === true && !drives(model),
      look: step.look,
      told,
      cover: hides ? { look: hides, words } : undefined,
      handle: held ?? newestHandle(story),
    });
  }

  /** Where the page is in a lesson; null when none is open. */
  #place(): LessonPlace | null {
    const { lesson } = this.model;
    return lesson?.lesson === ARTICLE ? null : lesson;
  }

  #key(event: KeyboardEvent): void {
    const command = commandAt('lesson', event);
    const { lesson, progress } = this.#learner;
    if (!lesson || !command) return;
    const there = event.target instanceof Element ? event.target : null;
    if (there?.closest('input, select, textarea, .xterm, [role=tablist], [role=listbox], [role=dialog]')) return;
    if (command === 'answer') this.#learner.choose(Number(event.key) - 1);
    else if (command === 'back') this.#course.go(-1);
    else if (progress?.canGoOn) this.#course.go(1);
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

customElements.define('ws-lesson', LessonReader);
