// The gates of a lesson in the lab, from its beginning to its end: set, set again where they were lost, opened behind the
// learner, taken away. It knows only which it has opened; who calls it decides when, and catches the lab's own sentence.
import type { Entry } from '../../machines/journal.ts';
import type { Lesson } from '../../machines/lesson.ts';
import { gatesAhead, standing, strangers } from '../../machines/lesson-gates.ts';
import type { Held } from '../lab-api.ts';
import type { Model } from '../model.ts';
import type { Kept } from './keep.ts';
import * as lab from './lab.ts';
import { LESSONS } from './lessons.ts';
import { pushUnderWay, settled } from './settle.ts';

/** What a lesson begins with: since when the record counts for it, its gates, whether it has turned recording on. */
export interface Begun {
  since: number;
  gates: Kept['gates'];
  recording: boolean;
}

/** What of a lesson is not in the lab any more. */
export interface Lost {
  /** Steps whose gates are gone. */
  steps: string[];
  /** The lab does not record the kernel any more. */
  quiet: boolean;
}

export interface GatesDeps {
  /** What the page knows at this moment. */
  model: () => Model;
  /** These gates were set, and are the lesson's from now on. */
  armed: (gates: Kept['gates']) => void;
  /** Something that is shown has changed. */
  redraw: () => void;
}

/** What a lesson orders the lab to do about its gates. */
export class LessonGates {
  readonly #deps: GatesDeps;
  readonly #opening = new Set<string>();
  #settling = false;

  constructor(deps: GatesDeps) {
    this.#deps = deps;
  }

  /** Gates that this page has opened, which its knowledge of the lab may still show as closed. */
  get opening(): ReadonlySet<string> {
    return this.#opening;
  }

  /** An earlier push comes to its end before the lesson begins. */
  get settling(): boolean {
    return this.#settling;
  }

  /** Makes the lab ready for a lesson from its first step on. */
  async begin(lesson: Lesson): Promise<Begun> {
    const { model } = this.#deps;
    await lab.tidy(LESSONS);
    if (pushUnderWay(model())) await this.#settle();
    const now = await lab.now();
    const since = Math.max(model().entries.at(-1)?.seq ?? 0, now.head);
    await lab.setPace(lesson.steps[0]?.pace);
    const all = lesson.steps.map((s) => s.id);
    const gates = await lab.arm(lesson, all);
    const recording = now.kernelRecording === false;
    if (recording) await lab.record(true);
    return { since, gates, recording };
  }

  async #settle(): Promise<void> {
    this.#settling = true;
    this.#deps.redraw();
    try {
      await lab.setPace('real');
      await settled(this.#deps.model);
    } finally {
      this.#settling = false;
    }
  }

  /** The lesson's gates that stand in the lab, by step, whichever page has set them. */
  standing(lesson: Lesson): Kept['gates'] {
    const { lab: state } = this.#deps.model();
    return state ? standing(lesson, state.breakpoints, state.held) : {};
  }

  /** What has to be set again for the steps that are still to come. */
  lost(lesson: Lesson, kept: Kept): Lost {
    const { lab: state, entries } = this.#deps.model();
    const there = new Set(state?.breakpoints.map((b) => b.id));
    const ahead = gatesAhead(lesson, entries, kept.answers);
    const lost = ahead.filter((step) => !there.has(kept.gates[step] ?? ''));
    // A gate that holds somebody right now has done its work as a breakpoint.
    const holding = new Set(state?.held.map((h) => h.by));
    const steps = lost.filter((step) => !holding.has(kept.gates[step] ?? ''));
    // A lab that was cleared meanwhile does not record any more.
    const quiet = kept.recording === true && state?.kernelRecording === false;
    return { steps, quiet };
  }

  /** Sets again what was lost. */
  async restore(lesson: Lesson, { steps, quiet }: Lost): Promise<void> {
    if (quiet) await lab.record(true);
    this.#deps.armed(await lab.arm(lesson, steps));
  }

  /** What the lab holds and this page has not opened. */
  held(): Held[] {
    return (this.#deps.model().lab?.held ?? []).filter((h) => !this.#opening.has(h.gate));
  }

  /** Of what is held, the pushes that are not the learner's. */
  strangers(story: readonly Entry[], kept: Kept): Held[] {
    const held = this.held().filter((h) => this.#admitted(h.gate));
    return strangers(story, held, Object.values(kept.gates));
  }

  /** The record has this gate: the lab's state may be ahead of the record by a moment. */
  #admitted(gate: string): boolean {
    const { entries } = this.#deps.model();
    return entries.findLast((e) => e.type === 'gate' && e.phase === 'held' && e.gate === gate) !== undefined;
  }

  /** A stranger goes on, and the gate that it has run into is set again. */
  async sendOff(lesson: Lesson, kept: Kept, { gate, by }: Held): Promise<void> {
    this.#opening.add(gate);
    const step = Object.keys(kept.gates).find((id) => kept.gates[id] === by) ?? '';
    this.#deps.armed(await lab.arm(lesson, [step]));
    await lab.open([gate]);
  }

  /** Of what is held, lets go what is behind the learner. */
  follow(lesson: Lesson, kept: Kept, held: readonly Held[]): Promise<void> {
    return lab.follow(lesson, kept.answers, held, Object.values(kept.gates), (gate) => this.#opening.add(gate));
  }

  /** Takes away what the lesson has left in the lab: its gates, whom they hold goes on, and its recording. */
  async takeDown(kept: Kept | undefined): Promise<void> {
    for (const gate of await lab.disarm(Object.values(kept?.gates ?? {}))) this.#opening.add(gate);
    if (kept?.recording === true) await lab.record(false);
  }
}
