// What `npm run lessons:check` finds wrong with a lesson without running it: words that are missing in a language, names
// that do not exist, captions that are too long. Pure; whether the lesson can be done is shown by test/lessons.
import { AT_REST, isBuilt, parseArticle, type Scene, TRIED } from './article.ts';
import { machineGraph } from './graph.ts';
import { MACHINES } from './index.ts';
import { type Call, type Lesson, SHOWN_PANELS, type Step, type Text, type Try } from './lesson.ts';
import { isStep, mistakeIn } from './lesson-arguments.ts';
import { FAULTS } from './lesson-faults.ts';
import { holds } from './lesson-predicates.ts';
import { type Mistake, parseLesson } from './lesson-text.ts';
import { VALUE_NAMES } from './lesson-values.ts';

export { holds };

/** Names that only the server knows. */
export interface Known {
  /** Folders under lessons/apps. */
  apps: readonly string[];
  /** Warden's messages, as its protocol file has them. */
  warden: readonly string[];
}

/** A caption in Japanese has room for so many characters. */
const JA_MAX = 60;
/** Words that stay in Latin letters in Japanese text. */
const LATIN: [RegExp, string][] = [
  [/ドロップレット/, 'Droplet'],
  [/ステージング/, 'Staging'],
  [/ビルドパック/, 'Buildpack'],
  [/ネームスペース|名前空間/, 'Namespace'],
  [/ワーデン/, 'Warden'],
  [/クラウドコントローラ/, 'Cloud Controller'],
  [/ヘルスマネージャ/, 'Health Manager'],
];

/** Everything that is wrong with one lesson, by line. */
export function checkLesson(source: string, known: Known): { lesson: Lesson; mistakes: Mistake[] } {
  const { lesson, mistakes } = parseLesson(source);
  const wrong = (line: number, text: string): void => void mistakes.push({ line, text });
  if (!/^[a-z][a-z0-9-]*$/.test(lesson.id)) wrong(1, `not an id: ${lesson.id}`);
  if (!known.apps.includes(lesson.app)) wrong(1, `no app ${lesson.app} under lessons/apps`);
  checkText(lesson.title, 1, 'title', wrong);
  checkCall(lesson.goal, 1, wrong);
  if (!(lesson.minutes > 0)) wrong(1, 'minutes is how long it takes');
  if (holds([], lesson.goal)) wrong(1, `the start reaches the goal ${lesson.goal.name} already`);
  if (lesson.solution.length === 0) wrong(1, 'no solution');
  for (const one of lesson.solution) checkTry(one, 1, known, wrong);
  const seen = new Set<string>();
  for (const [i, step] of lesson.steps.entries()) {
    if (seen.has(step.id)) wrong(step.line, `a second step ${step.id}`);
    seen.add(step.id);
    checkStep(step, known, wrong);
    // What shows the answer may be on the stage a step before the question.
    const asks = [step, lesson.steps[i + 1]].some((s) => s?.predict && s.cover === step.cover);
    if (step.cover && !asks) wrong(step.line, `${step.id} covers something up and asks nothing`);
  }
  if (lesson.steps.length === 0) wrong(1, 'a lesson without steps');
  if (!lesson.steps.some((s) => s.hints.length > 0)) wrong(1, 'no hint anywhere');
  return { lesson, mistakes };
}

/** Everything that is wrong with the scenes of an article of so many paragraphs. */
export function checkArticle(
  source: string,
  paragraphs: number,
  known: Known,
): { scenes: Scene[]; mistakes: Mistake[] } {
  const { scenes, mistakes } = parseArticle(source);
  const wrong: Wrong = (line, text) => void mistakes.push({ line, text });
  if (scenes.length !== paragraphs) wrong(1, `${scenes.length} scenes for ${paragraphs} paragraphs`);
  scenes.forEach((scene, i) => {
    const { line, paragraph, moment } = scene;
    if (paragraph !== i + 1) wrong(line, `scene ${i + 1} says it is about paragraph ${paragraph}`);
    checkText(scene.title, line, 'title', wrong);
    checkText(scene.text, line, 'the scene', wrong);
    checkText(scene.shows, line, 'shows', wrong);
    if (moment && moment.name !== AT_REST) {
      checkCall(moment, line, wrong);
      if (holds([], moment)) wrong(line, `the moment ${moment.name} is true before anything has happened`);
    }
    if (moment && scene.points.length === 0) wrong(line, 'a moment without anything to look at');
    for (const point of scene.points) checkText(point.text, line, 'look', wrong);
    for (const one of scene.tries) {
      checkText(one.text, line, 'try', wrong);
      checkTry(one, line, known, wrong);
    }
    for (const { when, text, source } of scene.verdicts) {
      checkText(text, line, 'a verdict', wrong);
      if (source.en !== '' || source.ja !== '') checkText(source, line, 'the source of a verdict', wrong);
      if (when?.name === TRIED) {
        if (scene.tries.length === 0) wrong(line, 'a verdict waits for a try, and there is none');
      } else if (when) {
        checkCall(when, line, wrong);
        if (holds([], when)) wrong(line, `the verdict on ${when.name} is known before anything has happened`);
      }
    }
    for (const { date, text } of scene.dates) {
      checkText(text, line, date, wrong);
      if (!/^\d{4}-\d{2}(-\d{2})?$/.test(date)) wrong(line, `not a date: ${date}`);
    }
    if (scene.verdicts.length > 0 && !scene.by) wrong(line, 'a verdict on a claim that nobody makes');
    if (!isBuilt(scene)) wrong(line, 'nothing to see in this scene');
  });
  return { scenes, mistakes };
}

type Wrong = (line: number, text: string) => void;

function checkStep(step: Step, known: Known, wrong: Wrong): void {
  const { line } = step;
  if (!/^[a-z][a-z-]*$/.test(step.id)) wrong(line, `the id of a step has small letters and - only: ${step.id}`);
  checkText(step.text, line, step.id, wrong);
  if (step.until) checkCall(step.until, line, wrong);
  if (step.until || step.hold) checkText(step.coming, line, `${step.id}: coming`, wrong);
  for (const point of step.points) checkText(point.text, line, 'look', wrong);
  for (const [what, question] of [
    ['predict', step.predict],
    ['bet', step.bet],
  ] as const) {
    if (!question) continue;
    checkText(question.text, line, what, wrong);
    checkCall(question.decides, line, wrong);
    for (const option of question.options) {
      checkCall(option.when, line, wrong);
      checkText(option.text, line, `an option of ${what}`, wrong);
      checkText(option.reply, line, `the reply to an option of ${what}`, wrong);
    }
  }
  if (step.task) {
    checkCall(step.task.goal, line, wrong);
    if (holds([], step.task.goal)) wrong(line, `the task of ${step.id} is done before it begins`);
    checkText(step.task.done, line, 'done', wrong);
    for (const { when, text } of step.task.notYet) {
      checkCall(when, line, wrong);
      checkText(text, line, 'not yet', wrong);
    }
    if (step.hints.length === 0) wrong(line, `the task of ${step.id} has no hint`);
    if (step.task.notYet.length === 0) wrong(line, `the task of ${step.id} never says why not yet`);
  }
  for (const hint of step.hints) checkText(hint, line, 'a hint', wrong);
  for (const one of step.tries) {
    checkText(one.text, line, 'try', wrong);
    checkTry(one, line, known, wrong);
  }
  for (const fault of step.faults) checkFault(fault, fault.line ?? line, wrong);
  if (step.after.en !== '' || step.after.ja !== '') {
    checkText(step.after, line, 'after', wrong);
    if (!step.until) wrong(line, `${step.id} says "after" and waits for nothing`);
  }
  for (const { name, text } of step.words) checkText(text, line, `the word ${name}`, wrong);
  for (const sum of step.sums) checkText(sum, line, 'sum', wrong);
  if (step.stay && !(step.hold && step.predict)) wrong(line, `${step.id} stays at no gate or asks nothing there`);
  if (step.hold) checkHold(step, known, wrong);
}

/** An action has what it needs: a path, a key, a fault. */
function checkTry({ action, args }: Try, line: number, known: Known, wrong: Wrong): void {
  if (action === 'fault') checkFault({ name: args[0] ?? '', args: args.slice(1) }, line, wrong);
  if (action === 'visit' && !args[0]?.startsWith('/')) wrong(line, 'visit needs a path');
  if (action === 'bytes' && !known.warden.includes(args[0] ?? ''))
    wrong(line, `Warden has no message ${args[0] ?? ''}`);
  if (action === 'show' && !SHOWN_PANELS.some((p) => p === args[0])) wrong(line, `no panel ${args[0] ?? ''} to show`);
  if (action === 'key' && args[0] !== 'h') wrong(line, `no lesson presses the key ${args[0]}`);
}

function checkFault({ name, args }: Call, line: number, wrong: Wrong): void {
  const fault = Object.hasOwn(FAULTS, name) ? FAULTS[name] : undefined;
  if (!fault) wrong(line, `no fault ${name} in this lab; there are ${Object.keys(FAULTS).join(', ')}`);
  else if (!fault.takes(args)) wrong(line, `the fault ${name} does not take "${args.join(' ')}"`);
}

function checkText(text: Text, line: number, what: string, wrong: Wrong): void {
  if (text.en === '') wrong(line, `${what} has no English`);
  if (text.ja === '') wrong(line, `${what} has no Japanese`);
  if (text.ja.length > JA_MAX) wrong(line, `${what} has ${text.ja.length} characters in Japanese, at most ${JA_MAX}`);
  for (const [katakana, latin] of LATIN) if (katakana.test(text.ja)) wrong(line, `${what}: write ${latin} in Latin`);
  for (const words of [text.en, text.ja]) {
    for (const [, name = ''] of words.matchAll(/\{(\w+)\}/g)) {
      if (!VALUE_NAMES.some((v) => v === name)) wrong(line, `no value {${name}}; there are ${VALUE_NAMES.join(', ')}`);
    }
  }
}

function checkCall({ name, args, line: own }: Call, line: number, wrong: Wrong): void {
  const mistake = mistakeIn(name, args);
  if (mistake) wrong(own ?? line, mistake);
}

/** What every buildpack has. */
const SCRIPTS = ['bin/detect', 'bin/compile', 'bin/release'];

/** Everything that a gate names has to exist: else it would never close, and the lesson would wait for ever. */
function checkHold(step: Step, known: Known, wrong: Wrong): void {
  const { line, hold } = step;
  const { kind, machine, name, state, edge, transport, file } = hold ?? {};
  if (kind === undefined || !['delivery', 'effect', 'step', 'script'].includes(kind))
    wrong(line, 'a gate needs kind=delivery|effect|step|script');
  if ((kind === 'script' || file !== undefined) && !(kind === 'script' && SCRIPTS.includes(file ?? '')))
    wrong(line, `a gate at a script needs kind=script and file=, one of ${SCRIPTS.join(', ')}`);
  const definition = Object.entries(MACHINES).find(([id]) => id === machine)?.[1];
  if (machine !== undefined && !definition) wrong(line, `no machine ${machine}`);
  if (definition) {
    const graph = machineGraph(definition);
    if (
      kind === 'effect' &&
      (name !== undefined || !(state ?? edge)) &&
      !graph.states.some((s) => s.invokes.includes(name ?? ''))
    )
      wrong(line, `${machine} has no effect ${name}`);
    // An event of a machine; a message that is delivered has a transport.
    if (kind === 'delivery' && name !== undefined && !graph.edges.some((e) => e.event === name))
      wrong(line, `${machine} knows no event ${name}`);
    if (state !== undefined && !graph.states.some((s) => s.id === state)) wrong(line, `no state ${state}`);
    if (edge !== undefined && !graph.edges.some((e) => e.id === edge)) wrong(line, `no edge ${edge}`);
  } else if (kind === 'effect' || state !== undefined || edge !== undefined) wrong(line, 'this gate needs machine=');
  if (transport === 'http' && !/^(GET|PUT|POST|DELETE) \//.test(name ?? '')) wrong(line, `${name} is no request`);
  if (kind === 'step' && !isStep(name ?? '')) wrong(line, `wshd has no step ${name}`);
  if (transport === 'warden' && !known.warden.includes(name ?? '')) wrong(line, `Warden has no message ${name}`);
}
