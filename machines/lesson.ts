// A lesson as data, and how far somebody is in it: a pure function of (lesson, entries, answers). Reading the Markdown is
// lesson-text.ts, the named predicates and values are lesson-predicates.ts; nothing here talks to a lab.
import type { Breakpoint } from './gates.ts';
import { breaks } from './gates.ts';
import type { Entry } from './journal.ts';
import { holds } from './lesson-predicates.ts';
import { indexAfter } from './projection.ts';

/** The same sentence in both languages. Names in {} are values from the journal. */
export interface Text {
  en: string;
  ja: string;
}

/** A predicate by its name, with the words behind it. */
export interface Call {
  name: string;
  args: string[];
  /** Where it stands in its file. */
  line?: number;
}

export interface Option {
  /** True in the record exactly when this option was right. */
  when: Call;
  text: Text;
  reply: Text;
}

/** A question that is locked in before `decides` becomes true. Three options, in the order of the keys 1–3. */
export interface Question {
  decides: Call;
  text: Text;
  options: Option[];
}

export interface Task {
  goal: Call;
  /** The first whose predicate is true says why the goal is not reached yet. */
  notYet: { when: Call; text: Text }[];
  /** Said when the goal is reached. */
  done: Text;
}

export interface Try {
  action: Action;
  args: string[];
  text: Text;
}

/** `bytes NAME`: the first Warden frame of that name, byte by byte. `show PANEL`: a panel of the page. `count`: lines of C. */
export const ACTIONS = ['push', 'open', 'visit', 'key', 'skip', 'fault', 'bytes', 'show', 'count'] as const;
export type Action = (typeof ACTIONS)[number];

/** Panels that a text may open beside itself. */
export const SHOWN_PANELS = ['source', 'chart', 'timeline', 'terminal', 'whatif'] as const;
export type ShownPanel = (typeof SHOWN_PANELS)[number];

/** What a step can point at. Where each is on the page: web/lesson/looks.ts, which has to name every one. */
export const LOOKS = [
  'platform',
  'sky',
  'street',
  'memory',
  'wish',
  'held',
  'hatch',
  'container',
  'walls',
  'ours',
  'floor',
  'token',
  'call',
  'door',
  'gauges',
  'log',
] as const;
export type Look = (typeof LOOKS)[number];

export interface Step {
  id: string;
  /** Line of its heading in the file. */
  line: number;
  text: Text;
  /** Said instead of `text` once `until` has come; empty when `text` stays true. */
  after: Text;
  /** Words that come here for the first time, each in half a sentence. */
  words: { name: string; text: Text }[];
  /** What the learner waits for, as long as neither `hold` nor `until` has come. */
  coming: Text;
  /** The gate at which the flow waits for this step; armed when the lesson begins, and gone after its first hold. */
  hold?: Omit<Breakpoint, 'id'>;
  until?: Call;
  /** What it points at when it begins; `points` are further things to look at, one by one. */
  look?: Look;
  points: { look: Look; text: Text }[];
  /** What is covered up until the prediction is decided, because it shows the answer; a step before it may cover it too. */
  cover?: Look;
  /** The question is about the held moment itself: the gate stays closed after the answer, until the reader goes on. */
  stay: boolean;
  /** How the flow goes on from this step; beat by beat unless said. */
  pace: 'beat' | 'real';
  predict?: Question;
  bet?: Question;
  task?: Task;
  tries: Try[];
  /** From a question to the command. */
  hints: Text[];
  /** Sentences that sum the lesson up at its end. */
  sums: Text[];
  /** What the lesson breaks itself. */
  faults: Call[];
}

export interface Lesson {
  id: string;
  title: Text;
  /** Sample app under lessons/apps. */
  app: string;
  goal: Call;
  /** How long it takes, minutes. */
  minutes: number;
  /** What reaches the goal from the start, in order: actions of a step's `try`. */
  solution: Try[];
  steps: Step[];
}

/** What a learner has said and done, kept by the reader. */
export interface Answers {
  /** Newest `seq` when the lesson began: what was before is not part of it. */
  since: number;
  /** Index of the step that is read. */
  at: number;
  /** By step id: the option chosen and the newest `seq` at that moment. */
  chosen: Record<string, { option: number; seq: number }>;
  bets: Record<string, { option: number; seq: number }>;
  /** By step id: how many hints were asked for. */
  hints: Record<string, number>;
  /** Steps whose faults have been injected. */
  broken: string[];
}

export function noAnswers(since: number): Answers {
  return { since, at: 0, chosen: {}, bets: {}, hints: {}, broken: [] };
}

/**
 * open: asked. locked: answered, and not decided yet. late: answered after it was decided, and so not scored. unknown: it
 * has happened, and the record cannot tell what was true (no kernel recording).
 */
export interface Verdict {
  state: 'open' | 'locked' | 'right' | 'wrong' | 'late' | 'unknown';
  decided: boolean;
  chosen: number | null;
  /** The options that the record makes true, once it is decided. */
  truth: number[];
}

export interface Progress {
  step: Step;
  at: number;
  /** The flow has come to this step's gate (true where it has none). */
  reached: boolean;
  /** What `until` waits for is true. */
  arrived: boolean;
  /** What the step says is true by now: a step that asks for something to be done speaks at once, others when it is so. */
  told: boolean;
  /** Index of the step that the flow has come to, when it is further than the learner can have led it; else null. */
  ahead: number | null;
  predict: Verdict | null;
  /** Every bet that was made or can be made now, by the step that asks it. */
  bets: { step: Step; question: Question; verdict: Verdict }[];
  task: { done: boolean; notYet: Text | null } | null;
  /** What has taken away that which the lesson is about, before it was at its end; else null. */
  lost: (typeof LOSSES)[number] | null;
  /** Nothing of this step is left to wait for. */
  canGoOn: boolean;
  last: boolean;
}

const LOSSES = ['lab-reset', 'app-deleted'] as const;

/**
 * The entries that belong to the lesson: since it began, without the periodic ones and without pushes that are not the
 * learner's (one that was under way before, or a second one).
 */
export function storyOf(entries: readonly Entry[], answers: Answers): Entry[] {
  const since = entries.slice(indexAfter(entries, answers.since)).filter((e) => !e.background);
  // By its beginning, not by its name: an app that was deleted is pushed again under the same one.
  const mine = since.find((e) => isPush(e.begins ?? null));
  return since.filter((e) => !isPush(e.run) || (mine !== undefined && e.run === mine.run && e.seq >= mine.seq));
}

const isPush = (run: string | null): boolean => run?.startsWith('push ') === true;

/** Where the learner stands. `entries` in `seq` order, up to the moment that counts. */
export function progressOf(lesson: Lesson, entries: readonly Entry[], answers: Answers): Progress | undefined {
  const at = Math.min(Math.max(answers.at, 0), lesson.steps.length - 1);
  const step = lesson.steps[at];
  if (!step) return undefined;
  const story = storyOf(entries, answers);
  const reached = step.hold === undefined || wasHeld(story, step.hold);
  const arrived = step.until === undefined || holds(story, step.until);
  const predict = step.predict ? verdictOf(story, step.predict, answers.chosen[step.id], step.stay) : null;
  const bets = lesson.steps.slice(0, at + 1).flatMap((s) => {
    const question = s.bet;
    return question ? [{ step: s, question, verdict: verdictOf(story, question, answers.bets[s.id]) }] : [];
  });
  const task = step.task ? taskOf(story, step.task) : null;
  const betOpen = step.bet !== undefined && answers.bets[step.id] === undefined;
  const canGoOn = reached && arrived && (predict?.decided ?? true) && !betOpen && (task?.done ?? true);
  const told = (reached && arrived) || (reached && step.tries.length > 0);
  const where = { step, at, reached, arrived, told, ahead: aheadOf(lesson, story, at) };
  const last = at === lesson.steps.length - 1;
  const lost = last ? null : (LOSSES.find((name) => holds(story, { name, args: [] })) ?? null);
  return { ...where, predict, bets, task, lost, canGoOn, last };
}

/**
 * A question against the record: what was chosen, and what came true.
 * @param stay it is about the moment at which it is asked: the record knows already, and decides as soon as it is answered
 */
export function verdictOf(
  story: readonly Entry[],
  question: Question,
  answer: { option: number; seq: number } | undefined,
  stay = false,
): Verdict {
  const chosen = answer?.option ?? null;
  const decided = holds(story, question.decides) && (!stay || answer !== undefined);
  if (!decided) return { state: answer ? 'locked' : 'open', decided, chosen, truth: [] };
  const then = storyUntil(story, question.decides);
  const truth = question.options.flatMap((o, i) => (holds(then, o.when) ? [i] : []));
  if (truth.length === 0) return { state: 'unknown', decided, chosen, truth };
  if (!answer) return { state: 'open', decided, chosen, truth };
  const before = story.slice(0, indexAfter(story, answer.seq));
  if (!stay && holds(before, question.decides)) return { state: 'late', decided, chosen, truth };
  return { state: truth.includes(answer.option) ? 'right' : 'wrong', decided, chosen, truth };
}

/** The story up to the entry that made this true: what comes later does not change an answer. What is true stays true. */
export function storyUntil(story: readonly Entry[], decides: Call): readonly Entry[] {
  let [low, high] = [0, story.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(story.slice(0, middle), decides)) high = middle;
    else low = middle + 1;
  }
  return story.slice(0, low);
}

/** How many questions were answered right, of those that were answered before the record did, and that it could decide. */
export function scoreOf(lesson: Lesson, entries: readonly Entry[], answers: Answers): { right: number; asked: number } {
  const story = storyOf(entries, answers);
  const verdicts = lesson.steps.flatMap((s) => [
    ...(s.predict ? [verdictOf(story, s.predict, answers.chosen[s.id], s.stay)] : []),
    ...(s.bet ? [verdictOf(story, s.bet, answers.bets[s.id])] : []),
  ]);
  const right = verdicts.filter((v) => v.state === 'right').length;
  return { right, asked: right + verdicts.filter((v) => v.state === 'wrong').length };
}

function taskOf(story: readonly Entry[], task: Task): { done: boolean; notYet: Text | null } {
  const done = holds(story, task.goal);
  return { done, notYet: done ? null : (task.notYet.find((n) => holds(story, n.when))?.text ?? null) };
}

/** At a gate beyond the next one of the lesson: somebody else has opened those between. */
function aheadOf(lesson: Lesson, story: readonly Entry[], at: number): number | null {
  const held = lesson.steps.flatMap((s, i) => (s.hold && wasHeld(story, s.hold) ? [i] : [])).at(-1) ?? -1;
  const next = lesson.steps.findIndex((s, i) => i > at && s.hold);
  return next >= 0 && held > next ? held : null;
}

/** Whether the flow has come to this gate of a step. */
export function wasHeld(story: readonly Entry[], hold: Omit<Breakpoint, 'id'>): boolean {
  return story.some((e) => e.type === 'gate' && e.phase === 'held' && breaks({ ...hold, id: 'lesson' }, e.point));
}
