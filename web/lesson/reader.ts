// The lesson reader: one step at a time beside the stage. It shows what the lesson says and what the record decides, points
// at what it speaks of, and tells the lab only about its own gates. Progress is machines/lesson.ts; what is kept is keep.ts.
import type { Entry } from '../../machines/journal.ts';
import {
  type Answers,
  type Lesson,
  type Look,
  noAnswers,
  type Progress,
  progressOf,
  scoreOf,
  storyOf,
  type Try,
} from '../../machines/lesson.ts';
import { alongAt } from '../../machines/lesson-along.ts';
import { faultsDue } from '../../machines/lesson-faults.ts';
import { gatesAhead, standing, strangers } from '../../machines/lesson-gates.ts';
import { newestHandle, valuesOf } from '../../machines/lesson-values.ts';
import { drives, seated } from '../driver/seat.ts';
import { commandAt } from '../keys.ts';
import { PanelView } from '../panel.ts';
import { act } from './act.ts';
import { type Ended, ending } from './ending.ts';
import { forget, type Kept, keep, readKept } from './keep.ts';
import * as lab from './lab.ts';
import { LESSONS } from './lessons.ts';
import { obstacleOf } from './obstacle.ts';
import { ARTICLE } from './place.ts';
import { createPointer } from './pointer.ts';
import { reveal } from './reveal.ts';
import type { Said } from './said.ts';
import { pushUnderWay, settled } from './settle.ts';
import { contents, sheet } from './sheet.ts';
import './lesson.css';

/** The record is looked at so often at most, milliseconds: entries come by the thousand. */
const LOOK_EVERY = 150;

/** `<ws-lesson>`, the panel `lesson`: `model.lesson` says which lesson and step. */
export class LessonReader extends PanelView {
  #lesson: Lesson | undefined;
  #kept: Kept | undefined;
  #progress: Progress | undefined;
  #values: ReturnType<typeof valuesOf> = {};
  #story: Entry[] = [];
  #looked = 0;
  #again: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  /** An earlier push comes to its end before the lesson begins. */
  #settling = false;
  /** This page drove the lab when it was looked at last. */
  #drove = false;
  /** Gates that this page has opened, which its knowledge of the lab may still show as closed. */
  #opening = new Set<string>();
  #problem = '';
  /** What came of what was tried last. */
  #said: Said | null = null;
  /** How the lesson that was finished last went. */
  #ended: Ended | null = null;
  /** What is to be scrolled into view once it is drawn. */
  #reveal: string | null = null;
  /** The step that was drawn last, and what it had replied. */
  #shown: string | undefined;
  #replied = '';
  #pointer = createPointer(() => this.page);
  #onKey = (event: KeyboardEvent) => this.#key(event);

  override connectedCallback(): void {
    super.connectedCallback();
    // Before the page's own keys: while a lesson is open, its digits and arrows are the lesson's.
    addEventListener('keydown', this.#onKey, { capture: true });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener('keydown', this.#onKey, { capture: true });
    clearTimeout(this.#again);
    this.#pointer.leave();
  }

  override willUpdate(): void {
    const { lab: state, lesson: place, link } = this.model;
    if (!place || place.lesson === ARTICLE) {
      this.#lesson = undefined;
      this.#pointer.leave();
      return;
    }
    // Before the record is whole nobody can say what is new.
    if (!state || link === 'connecting') return;
    if (this.#lesson?.id !== place.lesson) {
      this.#lesson = LESSONS.find((l) => l.id === place.lesson);
      this.#kept = this.#lesson && readKept(this.#lesson.id, state.lab);
      this.#progress = undefined;
      this.#looked = 0;
      this.#drove = drives(this.model);
      if (this.#lesson && this.#kept) void this.#rearm(this.#lesson, this.#kept);
    }
    if (!this.#lesson) return;
    const drove = this.#drove;
    this.#drove = drives(this.model);
    if (!this.#kept && !this.#drove) this.#readAlong(place.step - 1);
    if (!this.#kept) void this.#begin(this.#lesson);
    else if (this.#drove && !drove && !this.#busy) void this.#takeUp(this.#lesson, this.#kept);
    else if (this.#kept.answers.at !== place.step - 1) this.#turnTo(this.#within(place.step - 1));
    this.#look();
  }

  override render() {
    const { model } = this;
    if (!model.lesson || model.lesson.lesson === ARTICLE)
      return this.#ended && !model.lesson
        ? ending(model, this.#ended, this.page, () => this.#close())
        : contents(model, LESSONS, (id) => this.#place(id, 1), this.page);
    const [progress, kept] = [this.#progress, this.#kept];
    const mine = Object.values(kept?.gates ?? {});
    return sheet(
      {
        ...{ model, lesson: this.#lesson, progress, values: this.#values, problem: this.#problem },
        ...{ hints: this.#hintsShown(), url: kept?.url ?? '', said: this.#said },
        ...{ busy: this.#busy, settling: this.#settling },
        story: this.#story,
        obstacle: progress ? obstacleOf(model, progress, mine, this.#opening) : null,
      },
      {
        go: (by) => this.#go(by),
        goTo: (at) => this.#place(model.lesson?.lesson ?? '', at + 1),
        choose: (option) => this.#choose(option),
        hint: () => this.#hint(),
        act: (one) => void this.#order(() => this.#act(one)),
        point: (look) => this.#point(look),
        unblock: (gates) =>
          void this.#order(() => (gates.length > 0 ? lab.open(gates) : lab.setPace(progress?.step.pace))),
        seat: () => this.page.update(seated({ open: true })),
        now: () => this.page.update({ cursor: null }),
        seek: (seq) => this.page.seek(seq),
        restart: () => void this.#restart(),
        close: () => void this.#leave(),
      },
    );
  }

  override updated(): void {
    if (this.#lesson && this.#progress) this.#point();
    const step = this.#progress?.step.id;
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
    if (this.#reveal === null) return;
    reveal(this, this.#reveal);
    this.#reveal = null;
  }

  /** What the step answers to what the learner has said and done. */
  #reply(): string {
    const { step, predict, bets, task } = this.#progress ?? {};
    const bet = bets?.find((b) => b.step === step)?.verdict.chosen;
    return JSON.stringify([predict?.chosen, predict?.state, bet, task?.done, task?.notYet?.en]);
  }

  #point(look?: Look): void {
    if (look) this.#pointer.at(look);
    const [progress, model] = [this.#progress, this.model];
    if (!progress) return;
    const held = model.lab?.held.find((h) => h.point.handle)?.point.handle;
    const told = progress.told && model.cursor === null;
    const { step, predict } = progress;
    const cover = predict?.decided ? undefined : step.cover;
    const live = model.cursor === null;
    this.#pointer.follow({
      id: step.id,
      still: model.seat?.follows === true && !drives(model),
      look: step.look,
      told,
      cover: live ? cover : undefined,
      handle: held ?? newestHandle(this.#story),
    });
  }

  /** Arms the gates and begins: what was in the journal before is not part of the lesson. */
  async #begin(lesson: Lesson): Promise<void> {
    const state = this.model.lab;
    if (this.#busy || !state || this.#problem !== '' || !drives(this.model)) return;
    this.#busy = true;
    await this.#order(async () => {
      await lab.tidy(LESSONS);
      if (pushUnderWay(this.model)) {
        this.#settling = true;
        this.requestUpdate();
        await lab.setPace('real');
        await settled(() => this.model).finally(() => {
          this.#settling = false;
        });
      }
      const now = await lab.now();
      const since = Math.max(this.model.entries.at(-1)?.seq ?? 0, now.head);
      await lab.setPace(lesson.steps[0]?.pace);
      const all = lesson.steps.map((s) => s.id);
      const gates = await lab.arm(lesson, all);
      const recording = now.kernelRecording === false;
      if (recording) await lab.record(true);
      this.#ended = null;
      this.#keep({ lab: state.lab, gates, app: '', url: '', recording, answers: noAnswers(since) });
      this.page.update({ lesson: { lesson: lesson.id, step: 1 }, cursor: null });
    });
    this.#busy = false;
  }

  /** Another page drives: this one reads along from where that one is, answers for itself, and gives no order. */
  #readAlong(at: number): void {
    const { lab: state, entries } = this.model;
    if (!state) return;
    this.#problem = '';
    const answers = alongAt(undefined, this.#within(at), entries);
    this.#keep({ lab: state.lab, gates: {}, app: '', url: '', answers });
  }

  /** The wheel came to this page in the middle of a lesson: the gates that stand are this page's from now on. */
  async #takeUp(lesson: Lesson, kept: Kept): Promise<void> {
    const { lab: state } = this.model;
    const gates = state ? standing(lesson, state.breakpoints, state.held) : {};
    this.#keep({ ...kept, gates: { ...kept.gates, ...gates } });
    if (this.#kept) await this.#rearm(lesson, this.#kept);
  }

  /** After a reload the gates are still there; after a restart of the lab they are not, and are set again. */
  async #rearm(lesson: Lesson, kept: Kept): Promise<void> {
    const there = new Set(this.model.lab?.breakpoints.map((b) => b.id));
    const ahead = gatesAhead(lesson, this.model.entries, kept.answers);
    const lost = ahead.filter((step) => !there.has(kept.gates[step] ?? ''));
    // A gate that holds somebody right now has done its work as a breakpoint.
    const holding = new Set(this.model.lab?.held.map((h) => h.by));
    const missing = lost.filter((step) => !holding.has(kept.gates[step] ?? ''));
    // A lab that was cleared meanwhile does not record any more.
    const quiet = kept.recording === true && this.model.lab?.kernelRecording === false;
    if (!drives(this.model) || (missing.length === 0 && !quiet)) return;
    await this.#order(async () => {
      if (quiet) await lab.record(true);
      const gates = await lab.arm(lesson, missing);
      if (this.#kept) this.#keep({ ...this.#kept, gates: { ...this.#kept.gates, ...gates } });
    });
  }

  async #restart(): Promise<void> {
    const lesson = this.#lesson;
    if (!lesson || this.#busy) return;
    await this.#takeDown(lesson);
    if (this.model.lesson?.step === 1 && drives(this.model)) await this.#begin(lesson);
    else this.#place(lesson.id, 1);
  }

  /** The lesson's gates go with it. */
  async #leave(): Promise<void> {
    if (this.#lesson) await this.#takeDown(this.#lesson);
    this.#pointer.leave();
    this.page.update({ lesson: null, zoom: 'auto' });
  }

  #close(): void {
    this.#ended = null;
    this.requestUpdate();
  }

  /** The end of the lesson: what it left in the lab goes, and how it went is shown. */
  async #finish(lesson: Lesson): Promise<void> {
    const answers = this.#kept?.answers;
    if (answers) this.#ended = { lesson, ...scoreOf(lesson, this.model.entries, answers) };
    await this.#leave();
  }

  async #takeDown(lesson: Lesson): Promise<void> {
    const gates = Object.values(this.#kept?.gates ?? {});
    const recording = this.#kept?.recording === true;
    await this.#order(async () => {
      for (const gate of await lab.disarm(gates)) this.#opening.add(gate);
      if (recording) await lab.record(false);
    });
    forget(lesson.id);
    this.#kept = undefined;
    this.#progress = undefined;
    this.#said = null;
    this.#problem = '';
  }

  /** Looks at the record, and lets go what is behind the learner. */
  #look(): void {
    const [lesson, kept] = [this.#lesson, this.#kept];
    if (!lesson || !kept) return;
    const wait = this.#looked + LOOK_EVERY - performance.now();
    if (wait > 0) {
      this.#again ??= setTimeout(() => {
        this.#again = undefined;
        this.requestUpdate();
      }, wait);
      return;
    }
    this.#looked = performance.now();
    const progress = progressOf(lesson, this.model.entries, kept.answers);
    this.#story = storyOf(this.model.entries, kept.answers);
    this.#progress = progress;
    this.#values = { ...valuesOf(this.#story), ...(kept.app === '' ? {} : { app: kept.app }) };
    if (!drives(this.model)) return;
    const held = (this.model.lab?.held ?? []).filter((h) => !this.#opening.has(h.gate));
    const mine = Object.values(kept.gates);
    this.#sendOff(lesson, kept);
    void this.#order(() => lab.follow(lesson, kept.answers, held, mine, (gate) => this.#opening.add(gate)), false);
    if (progress) this.#break(progress, kept);
  }

  /** A push that is not the learner's has run into a gate of the lesson: it goes on, and the gate is set again. */
  #sendOff(lesson: Lesson, kept: Kept): void {
    const held = (this.model.lab?.held ?? []).filter((h) => !this.#opening.has(h.gate) && this.#admitted(h.gate));
    for (const { gate, by } of strangers(this.#story, held, Object.values(kept.gates))) {
      this.#opening.add(gate);
      const step = Object.keys(kept.gates).find((id) => kept.gates[id] === by) ?? '';
      void this.#order(async () => {
        const again = await lab.arm(lesson, [step]);
        if (this.#kept) this.#keep({ ...this.#kept, gates: { ...this.#kept.gates, ...again } });
        await lab.open([gate]);
      }, false);
    }
  }

  /** The record has this gate: the lab's state may be ahead of the record by a moment. */
  #admitted(gate: string): boolean {
    return this.model.entries.findLast((e) => e.type === 'gate' && e.phase === 'held' && e.gate === gate) !== undefined;
  }

  /** What the step breaks by itself, once. */
  #break(progress: Progress, kept: Kept): void {
    const orders = faultsDue(progress, kept.answers, this.#story);
    if (orders.length === 0) return;
    this.#answer({ broken: [...kept.answers.broken, progress.step.id] });
    for (const order of orders) void this.#order(() => lab.breakIt(order));
  }

  #go(by: 1 | -1): void {
    const [lesson, at] = [this.#lesson, this.#kept?.answers.at];
    if (!lesson || at === undefined) return;
    if (by === 1 && at === lesson.steps.length - 1) void this.#finish(lesson);
    else this.#place(lesson.id, this.#within(at + by) + 1);
  }

  #turnTo(at: number): void {
    this.#said = null;
    this.#problem = '';
    this.#answer(drives(this.model) ? { at } : alongAt(this.#kept?.answers, at, this.model.entries));
    const pace = this.#lesson?.steps[at]?.pace;
    const { lab: state } = this.model;
    if (pace && state && drives(this.model) && !state.paused && state.pace !== pace)
      void this.#order(() => lab.setPace(pace));
  }

  /** Locks in an answer: a prediction, else the bet of this step. */
  #choose(option: number): void {
    const [progress, answers] = [this.#progress, this.#kept?.answers];
    if (!progress?.told || !answers) return;
    const { step, predict } = progress;
    const said = { option, seq: this.model.entries.at(-1)?.seq ?? 0 };
    const { chosen, bets } = answers;
    if (predict?.decided) return;
    if (step.predict?.options[option] && !chosen[step.id]) this.#answer({ chosen: { ...chosen, [step.id]: said } });
    else if (step.bet?.options[option] && !bets[step.id]) this.#answer({ bets: { ...bets, [step.id]: said } });
  }

  #hint(): void {
    const [step, answers] = [this.#progress?.step, this.#kept?.answers];
    this.#reveal = '.lesson-hint';
    if (step && answers) this.#answer({ hints: { ...answers.hints, [step.id]: this.#hintsShown() + 1 } });
  }

  #hintsShown(): number {
    return this.#kept?.answers.hints[this.#progress?.step.id ?? ''] ?? 0;
  }

  async #act(one: Try): Promise<void> {
    const [lesson, kept] = [this.#lesson, this.#kept];
    if (!lesson || !kept) return;
    await act(one, {
      ...{ app: this.#values.app ?? lesson.app, story: this.#story, mine: Object.values(kept.gates) },
      ...{ page: this.page, sample: lesson.app },
      pushed: (app, url) => this.#kept && this.#keep({ ...this.#kept, app, url }),
      say: (said) => {
        this.#said = said;
        if (said) this.#reveal = '.lesson-said';
        this.requestUpdate();
      },
    });
  }

  #answer(change: Partial<Answers>): void {
    if (this.#kept) this.#keep({ ...this.#kept, answers: { ...this.#kept.answers, ...change } });
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    // Who reads along keeps nothing: the next visit is another lesson.
    if (this.#lesson && drives(this.model)) keep(this.#lesson.id, kept);
    this.#looked = 0;
    this.requestUpdate();
  }

  async #order(order: () => Promise<unknown>, redraw = true): Promise<void> {
    try {
      if (redraw) this.#problem = '';
      await order();
    } catch (error) {
      this.#problem = error instanceof Error ? error.message : String(error);
      this.requestUpdate();
    }
    if (redraw) this.requestUpdate();
  }

  #place(lesson: string, step: number): void {
    this.page.update({ lesson: { lesson, step } });
  }

  #within(at: number): number {
    return Math.min(Math.max(at, 0), (this.#lesson?.steps.length ?? 1) - 1);
  }

  #key(event: KeyboardEvent): void {
    const command = commandAt('lesson', event);
    if (!this.#lesson || !command) return;
    const there = event.target instanceof Element ? event.target : null;
    if (there?.closest('input, select, textarea, .xterm, [role=tablist], [role=listbox], [role=dialog]')) return;
    if (command === 'answer') this.#choose(Number(event.key) - 1);
    else if (command === 'back') this.#go(-1);
    else if (this.#progress?.canGoOn) this.#go(1);
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}

customElements.define('ws-lesson', LessonReader);
