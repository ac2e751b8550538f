// Reads a lesson from its Markdown: front matter, one heading for each step, its sentence in English and Japanese, and its
// directives. Says every mistake with its line; decides nothing about what the names mean (lessons:check does).
import type { Breakpoint } from './gates.ts';
import {
  ACTIONS,
  type Call,
  type Lesson,
  LOOKS,
  type Look,
  type Option,
  type Question,
  type Step,
  type Text,
} from './lesson.ts';

export interface Mistake {
  line: number;
  text: string;
}

export interface Line {
  line: number;
  text: string;
}

const FIELDS = ['kind', 'machine', 'name', 'when', 'transport', 'state', 'edge', 'actor', 'file'];

/**
 * A lesson and what is wrong with it. Grammar:
 * `## step-id`, `en: …`, `ja: …`, `coming en: …`, `after en: …`; `::hold field=value…`, `::until predicate`, `::look what`,
 * `::cover what`, `::stay`, `::fault what target`; and blocks `:::predict`, `:::bet`, `:::task`, `:::look`, `:::try`, `:::hint`,
 * `:::word name`, `:::sum`, closed by `:::`.
 */
export function parseLesson(source: string): { lesson: Lesson; mistakes: Mistake[] } {
  const mistakes: Mistake[] = [];
  const lines = source.split('\n').map((text, i): Line => ({ line: i + 1, text: text.trim() }));
  const wrong = (line: number, text: string): void => void mistakes.push({ line, text });
  const { fields, rest } = frontMatter(lines, wrong);
  const steps: Step[] = [];
  for (let i = 0; i < rest.length; i++) {
    const { line, text } = rest[i] ?? { line: 0, text: '' };
    const step = steps.at(-1);
    if (text === '' || text.startsWith('<!--') || text.startsWith('# ')) continue;
    if (text.startsWith('## ')) {
      steps.push({ ...emptyStep(), id: text.slice(3).trim(), line });
    } else if (!step) wrong(line, 'a step begins with its heading: ## its-id');
    else if (/^(en|ja): /.test(text)) say(step.text, text, line, wrong);
    else if (text.startsWith('coming ')) say(step.coming, text.slice(7), line, wrong);
    else if (text.startsWith('after ')) say(step.after, text.slice(6), line, wrong);
    else if (text.startsWith(':::')) {
      const end = rest.findIndex((l, at) => at > i && l.text === ':::');
      if (end < 0) wrong(line, `${text} is not closed by :::`);
      const body = rest.slice(i + 1, end < 0 ? undefined : end);
      block(step, words(text.slice(3)), line, body, wrong);
      i = end < 0 ? rest.length : end;
    } else if (text.startsWith('::')) leaf(step, words(text.slice(2)), line, wrong);
    else wrong(line, `neither a sentence (en:, ja:) nor a directive: ${text}`);
  }
  const lesson = {
    id: fields.id ?? '',
    app: fields.app ?? '',
    title: { en: fields.en ?? '', ja: fields.ja ?? '' },
    goal: call(words(fields.goal ?? '')),
    minutes: Number(fields.minutes),
    solution: (fields.solution ?? '').split(',').flatMap((text) => solving(words(text), wrong)),
    steps,
  };
  return { lesson, mistakes };
}

const nothingSaid = (): Text => ({ en: '', ja: '' });

function emptyStep(): Omit<Step, 'id' | 'line'> {
  return {
    ...{ text: nothingSaid(), after: nothingSaid(), coming: nothingSaid(), words: [], points: [], stay: false },
    ...{ pace: 'beat', tries: [], hints: [], sums: [], faults: [] },
  };
}

function solving([name = '', ...args]: string[], wrong: Wrong): Lesson['solution'] {
  const action = ACTIONS.find((a) => a === name);
  if (action) return [{ action, args, text: nothingSaid() }];
  if (name !== '') wrong(1, `no action ${name} in the solution; there are ${ACTIONS.join(', ')}`);
  return [];
}

export type Wrong = (line: number, text: string) => void;

function frontMatter(lines: Line[], wrong: Wrong): { fields: Record<string, string>; rest: Line[] } {
  const end = lines.findIndex((l, i) => i > 0 && l.text === '---');
  if (lines[0]?.text !== '---' || end < 0) {
    wrong(1, 'a lesson begins with its front matter between two lines ---');
    return { fields: {}, rest: lines };
  }
  const fields: Record<string, string> = {};
  for (const { line, text } of lines.slice(1, end)) {
    const at = text.indexOf(': ');
    if (at < 0) wrong(line, `not a field of the front matter: ${text}`);
    else fields[text.slice(0, at)] = text.slice(at + 2);
  }
  for (const name of ['id', 'app', 'en', 'ja', 'goal', 'minutes', 'solution'])
    if (!fields[name]) wrong(1, `the front matter has no ${name}`);
  return { fields, rest: lines.slice(end + 1) };
}

/** One-line directives. */
function leaf(step: Step, [name = '', ...args]: string[], line: number, wrong: Wrong): void {
  if (name === 'hold') step.hold = hold(args, line, wrong);
  else if (name === 'until') step.until = call(args, line);
  else if (name === 'fault') step.faults.push(call(args, line));
  else if (name === 'stay') step.stay = true;
  else if (name === 'look') {
    const look = lookOf(args, line, wrong);
    if (look) step.look = look;
  } else if (name === 'cover') {
    const cover = lookOf(args, line, wrong);
    if (cover) step.cover = cover;
  } else if (name === 'pace') {
    if (args[0] === 'real' || args[0] === 'beat') step.pace = args[0];
    else wrong(line, `no pace ${args[0] ?? ''}; there are real, beat`);
  } else wrong(line, `no directive ${name}`);
}

export function lookOf([name = '']: string[], line: number, wrong: Wrong): Look | undefined {
  const look = LOOKS.find((l) => l === name);
  if (!look) wrong(line, `nothing to look at is called ${name}; there are ${LOOKS.join(', ')}`);
  return look;
}

function hold(args: string[], line: number, wrong: Wrong): Omit<Breakpoint, 'id'> {
  const fields: Record<string, string> = {};
  for (const arg of args) {
    const at = arg.indexOf('=');
    const name = arg.slice(0, at);
    if (FIELDS.includes(name)) fields[name] = arg.slice(at + 1);
    else wrong(line, `a gate has no ${at < 0 ? arg : name}; there are ${FIELDS.join(', ')}`);
  }
  return fields;
}

/** Directives with lines of their own. */
function block(step: Step, [name = '', ...args]: string[], line: number, body: Line[], wrong: Wrong): void {
  const { text, reply, options } = blockText(body, wrong);
  if (name === 'hint') step.hints.push(text);
  else if (name === 'sum') step.sums.push(text);
  else if (name === 'word') step.words.push({ name: args.join(' '), text });
  else if (name === 'look') {
    const look = lookOf(args, line, wrong);
    if (look) step.points.push({ look, text });
  } else if (name === 'predict' || name === 'bet') {
    const question: Question = { decides: call(args, line), text, options };
    if (options.length < 2 || options.length > 3)
      wrong(line, `${name} has ${options.length} options, not two or three`);
    step[name] = question;
  } else if (name === 'task') {
    const notYet = options.map((o) => ({ when: o.when, text: o.text }));
    step.task = { goal: call(args, line), notYet, done: reply };
    // The task's own words are the step's.
    if (text.en !== '' || text.ja !== '') wrong(line, 'what a task asks for is the sentence of its step');
  } else if (name === 'try') {
    const action = ACTIONS.find((a) => a === args[0]);
    if (action) step.tries.push({ action, args: args.slice(1), text });
    else wrong(line, `no action ${args[0] ?? ''}; there are ${ACTIONS.join(', ')}`);
  } else wrong(line, `no directive ${name}`);
}

/** `en:`/`ja:` of the block or of the option above them; `reply en:`/`reply ja:` likewise; `- predicate` begins an option. */
export function blockText(body: Line[], wrong: Wrong): { text: Text; reply: Text; source: Text; options: Option[] } {
  const all = { text: nothingSaid(), reply: nothingSaid(), source: nothingSaid(), options: [] as Option[] };
  for (const { line, text } of body) {
    const of = all.options.at(-1) ?? all;
    if (text === '') continue;
    if (text.startsWith('- ')) {
      const when = call(words(text.slice(2)), line);
      all.options.push({ when, text: nothingSaid(), reply: nothingSaid() });
    } else if (text.startsWith('reply ')) say(of.reply, text.slice(6), line, wrong);
    else if (text.startsWith('done ')) say(all.reply, text.slice(5), line, wrong);
    else if (text.startsWith('source ')) say(all.source, text.slice(7), line, wrong);
    else say(of.text, text, line, wrong);
  }
  return all;
}

export function say(of: Text, text: string, line: number, wrong: Wrong): void {
  const [, language, words = ''] = /^(en|ja): (.+)$/.exec(text) ?? [];
  if (language !== 'en' && language !== 'ja') wrong(line, `not a sentence in en: or ja: ${text}`);
  else if (of[language] !== '') wrong(line, `a second ${language}: of the same thing`);
  else of[language] = words;
}

/** Words between spaces; a part in double quotes keeps its spaces. */
export function words(text: string): string[] {
  return (text.match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

export function call([name = '', ...args]: string[], line = 1): Call {
  return { name, args, line };
}
