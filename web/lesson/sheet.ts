// The sheet of one lesson step: what it says, its question, its task and what to do. Draws only; course.ts decides.
import { html, nothing, type TemplateResult } from 'lit';
import type { Entry } from '../../machines/journal.ts';
import type { Call, Lesson, Look, Progress, Text, Try } from '../../machines/lesson.ts';
import { evidenceOf } from '../../machines/lesson-predicates.ts';
import type { ValueName } from '../../machines/lesson-values.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { drives } from '../driver/seat.ts';
import type { Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import type { Obstacle } from './obstacle.ts';
import { question } from './question.ts';
import { mark, needsWheel, onlyLooks, type Said, saidView } from './said.ts';
import { line, type Say, say, type Texts } from './say.ts';
import { lessonWord } from './words.ts';

export interface SheetState {
  model: Model;
  lesson: Lesson | undefined;
  progress: Progress | undefined;
  values: Partial<Record<ValueName, string>>;
  story: readonly Entry[];
  problem: string;
  hints: number;
  url: string;
  said: Said | null;
  /** What the learner is trying at this moment. */
  doing: Try | null;
  busy: boolean;
  /** An earlier push comes to its end before the lesson begins. */
  settling: boolean;
  obstacle: Obstacle | null;
}

export interface SheetActions {
  go(by: 1 | -1): void;
  goTo(at: number): void;
  choose(option: number): void;
  hint(): void;
  act(one: Try): void;
  point(look: Look): void;
  /** Opens these gates, or lets a paused lab go on. */
  unblock(gates: string[]): void;
  now(): void;
  /** Looks at one entry of the record. */
  seek(seq: number): void;
  /** Shows who drives. */
  seat(): void;
  restart(): void;
  close(): void;
}

/** Lines of the staging log that are shown. */
const LOG_LINES = 7;

export function sheet(state: SheetState, actions: SheetActions): TemplateResult {
  const { lesson, progress, model } = state;
  const word: Say = (key, values) => lessonWord(model.language, key, values);
  if (!lesson || !progress) return empty(state, actions, word);
  const { step, at, canGoOn, last, told } = progress;
  const all = lesson.steps.length;
  const left = Math.ceil((lesson.minutes * (all - at)) / all);
  // What was to be done is done: no more hints.
  const hinted = canGoOn && (step.task !== undefined || step.until !== undefined);
  const count = word('step', { n: at + 1, all });
  return html`<article class="lesson" aria-label=${lesson.title[model.language]}>
    <header class="lesson-head">
      <h2>${lesson.title[model.language]}</h2>
      <p class="lesson-count"><progress max=${all} value=${at + 1} aria-label=${count}></progress>
        <span>${count}</span> <span>${left > 1 ? word('left', { n: left }) : word('lastMinute')}</span></p>
    </header>
    <div class="lesson-body">
      ${obstacle(state, actions, word)}
      <div class="lesson-text" aria-live="polite">${told ? say(state, progress.arrived && step.after.en !== '' ? step.after : step.text) : coming(state, word)}</div>
      ${newWords(state)}
      ${told && step.look === 'log' ? stagingLog(state, word) : nothing}
      ${told ? step.points.map((p) => pointing(state, p.look, p.text, actions)) : nothing}
      ${told ? tries(state, step.tries.filter(onlyLooks), actions) : nothing}
      ${told && step.predict && progress.predict ? question(state, step.predict, progress.predict, actions, word) : nothing}
      ${told && step.predict && progress.predict?.chosen != null && progress.predict.decided ? evidence(state, step.predict.decides, actions, word) : nothing}
      ${told ? bets(state, actions, word) : nothing}
      ${state.said?.kind === 'frame' ? came(state, word) : nothing}
      ${progress.task?.done && step.task ? html`${task(state, true, step.task.done, word)}${evidence(state, step.task.goal, actions, word)}` : nothing}
      ${told ? turns(state, actions, word) : nothing}
      ${progress.task?.notYet ? task(state, false, progress.task.notYet, word) : nothing}
      ${state.said?.kind === 'frame' ? nothing : came(state, word)}
      ${told && step.tries.length > 0 && !progress.arrived && !step.hold ? html`<p class="lesson-wait" role="status">${line(state, step.coming)}</p>` : nothing}
      ${told ? openBets(state, word) : nothing}
      ${hinted ? nothing : step.hints.slice(0, state.hints).map((h) => html`<div class="lesson-hint">${say(state, h)}</div>`)}
      ${told && !hinted && state.hints < step.hints.length ? html`<button class="quiet" @click=${actions.hint}>${word(state.hints === 0 ? 'hint' : 'moreHint')}</button>` : nothing}
      ${problem(state, word)}
    </div>
    <footer class="lesson-foot">
      <div>
        <button ?disabled=${at === 0} @click=${() => actions.go(-1)}><span aria-hidden="true">←</span> ${word('back')}</button>
        <button class="lesson-next" ?disabled=${!canGoOn} @click=${() => actions.go(1)}>${word(last ? 'finish' : 'next')} <span aria-hidden="true">→</span></button>
      </div>
      <div>
        ${canGoOn ? nothing : html`<button class="quiet" @click=${() => actions.go(1)}>${word('skipStep')}</button>`}
        <button class="quiet" @click=${actions.restart}>${word('restart')}</button>
        <button class="quiet" @click=${actions.close}>${word('close')}</button>
      </div>
    </footer>
  </article>`;
}

function empty(state: SheetState, actions: SheetActions, word: Say): TemplateResult {
  const { model, lesson, problem: wrong, settling } = state;
  const begins = settling ? 'settles' : 'begins';
  const why = !model.lab || model.link === 'connecting' ? 'loading' : lesson ? begins : 'noLesson';
  return html`<article class="lesson">
    <div class="lesson-body">
      ${
        drives(model)
          ? nothing
          : html`<p>${word('notDriver')}</p><button class="quiet" @click=${actions.seat}>${word('whoDrives')}</button>`
      }
      ${wrong === '' ? html`<p role="status">${word(why)}</p>` : problem(state, word)}</div>
    <footer class="lesson-foot"><div>
      ${wrong === '' ? nothing : html`<button @click=${actions.restart}>${word('tryAgain')}</button>`}
      <button @click=${actions.close}>${word('close')}</button></div></footer>
  </article>`;
}

/** The way into the lessons, when none is open. */
export function contents(
  model: Model,
  lessons: readonly Lesson[],
  begin: (id: string) => void,
  page: PageActions,
): TemplateResult {
  const { language } = model;
  return html`<article class="lesson"><div class="lesson-body">
    <h2>${lessonWord(language, 'lessons')}</h2>
    <p>${lessonWord(language, 'alongside')}</p>
    ${lessons.map(
      (
        l,
        i,
      ) => html`<button class="lesson-try" @click=${() => begin(l.id)}><span><b>${i + 1}. ${l.title[language]}</b><br>
        ${lessonWord(language, 'aboutMinutes', { n: l.minutes, all: l.steps.length })}</span></button>`,
    )}
    <button class="quiet" @click=${() => page.open('article')}>${lessonWord(language, 'article')}</button>
  </div></article>`;
}

function obstacle({ obstacle: o }: SheetState, actions: SheetActions, word: Say) {
  if (!o) return nothing;
  const does = {
    now: actions.now,
    seat: actions.seat,
    restart: actions.restart,
    unblock: () => actions.unblock(o.gates),
    goTo: () => actions.goTo(o.at),
  }[o.way.does];
  return html`<div class="lesson-obstacle" role="status"><p>${word(o.word, o.values)}</p>
    <button @click=${does}>${word(o.way.word, o.way.values)}</button></div>`;
}

/** Words that come here for the first time. */
function newWords(state: SheetState) {
  const all = state.progress?.step.words ?? [];
  if (all.length === 0) return nothing;
  return html`<dl class="lesson-words">${all.map((w) => html`<div><dt>${w.name}</dt> <dd>${line(state, w.text)}</dd></div>`)}</dl>`;
}

/** The entry that something rests on, in the record's own words, and the way to it. */
function evidence({ model, story }: SheetState, of: Call, actions: SheetActions, word: Say) {
  const entry = evidenceOf(story, of);
  if (!entry) return nothing;
  const shown = model.cursor === entry.seq;
  return html`<div class="lesson-evidence"><p><b>${word('entry', { n: entry.seq })}</b> ${sentenceOf(entry)[model.language]}</p>
    <button class="quiet" aria-pressed=${shown} @click=${() => (shown ? actions.now() : actions.seek(entry.seq))}>${word(shown ? 'toNow' : 'seeEntry')}</button></div>`;
}

/** What the learner waits for, while it is not there. */
function coming(state: SheetState, word: Say) {
  const { step } = state.progress ?? {};
  return step
    ? html`<p class="lesson-soon">${word('soon')}</p><div class="lesson-coming">${say(state, step.coming)}</div>`
    : nothing;
}

function bets(state: SheetState, actions: SheetActions, word: Say) {
  const { progress } = state;
  const settled = progress?.bets.filter((b) => b.step === progress.step || b.verdict.decided) ?? [];
  return html`${settled
    // A bet is settled once, where the app has answered; afterwards it is history.
    .filter((b) => b.step === progress?.step || progress?.step.until?.name === b.question.decides.name)
    .map((b) => question(state, b.question, b.verdict, actions, word, true))}`;
}

/** Bets that are still open, as a reminder. */
function openBets(state: SheetState, word: Say) {
  const { progress } = state;
  const open = progress?.bets.filter((b) => b.step !== progress.step && !b.verdict.decided) ?? [];
  return open.map(
    (b) =>
      html`<p class="lesson-bet">${
        b.verdict.chosen === null
          ? word('noBet')
          : `${word('bet')}: ${line(state, b.question.options[b.verdict.chosen]?.text)} (${word('betOpen')})`
      }</p>`,
  );
}

/** What the learner is asked to do. */
function turns(state: SheetState, actions: SheetActions, word: Say) {
  const { progress } = state;
  // What has been done need not be asked for again, but for what can be done as often as one likes.
  const open = (progress?.step.tries ?? []).filter((t) => !(progress?.arrived && ['push', 'open'].includes(t.action)));
  const all = open.filter((t) => !onlyLooks(t));
  return html`${all.length > 0 ? html`<p class="lesson-turn">${word('yourTurn')}</p>` : nothing}${tries(state, all, actions)}`;
}

function tries(state: SheetState, all: readonly Try[], actions: SheetActions) {
  const watches = !drives(state.model);
  const word: Say = (key, values) => lessonWord(state.model.language, key, values);
  return all.map((one) => {
    const goes = isDoing(state, one);
    return html`<button class="lesson-try" aria-busy=${goes} ?disabled=${goes || (watches && needsWheel(one))}
      @click=${() => actions.act(one)}>${mark(one)}<span>${line(state, one.text)}
      ${goes ? html`<em role="status">${word(one.action === 'push' ? 'pushing' : 'doing')}</em>` : nothing}</span></button>`;
  });
}

/** A push goes on from the lab's taking it to its first entry: at a calm pace that is some seconds. */
function isDoing({ doing, progress, url }: SheetState, one: Try): boolean {
  return doing === one || (one.action === 'push' && url !== '' && progress?.arrived === false);
}

/** What came of the last try. */
function came({ said, model, url }: SheetState, word: Say) {
  return said ? saidView(said, { language: model.language, url, word }) : nothing;
}

function task(state: SheetState, done: boolean, text: Text | null, word: Say): TemplateResult {
  return html`<div class="lesson-reply ${done ? 'right' : 'locked'}" role="status">
    ${done ? html`<strong>✓ ${word('goal')}</strong>` : nothing}${say(state, text)}</div>`;
}

/** The newest lines of the staging log, and of the scripts that write it. */
function stagingLog({ story }: SheetState, word: Say): TemplateResult {
  const lines = story.flatMap((e) => {
    if (e.type === 'log') return e.source === 'STG' ? [short(e.text)] : [];
    return e.type === 'script' && e.status === undefined
      ? [`${e.file.split('/').slice(-2).join('/')}:${e.line}  ${short(e.command)}`]
      : [];
  });
  const shown = lines.slice(-LOG_LINES).join('\n');
  return html`<div class="lesson-answer"><p>${word('log')}</p><pre tabindex="0">${shown || word('noLog')}</pre></div>`;
}

/** The first line, as far as it has room on one or two of ours. */
function short(text: string): string {
  const [first = ''] = text.trim().split('\n');
  return first.length > 72 || first !== text.trim() ? `${first.slice(0, 71)}…` : first;
}

export function pointing(state: Texts, look: Look, text: Text, actions: Pick<SheetActions, 'point'>): TemplateResult {
  return html`<button class="lesson-point" @click=${() => actions.point(look)}>
    <i aria-hidden="true">➜</i><span>${line(state, text)}</span></button>`;
}

function problem({ problem: text }: SheetState, word: Say): TemplateResult | typeof nothing {
  return text === '' ? nothing : html`<p class="lesson-problem" role="alert">${word('failed')} ${text}</p>`;
}
