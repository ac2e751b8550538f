// What wshd will call after a step that has returned, as far as its own run tells: the next row of its table that this run
// has not left out, with those of its arguments that earlier steps have named. Pure; what is not certain stays open.
import wshd from './gen/wshd-steps.json' with { type: 'json' };
import type { Entry, StepBody } from './journal.ts';
import type { WshdStep } from './wshd-boot.ts';

/** A call that may come next. An argument, or the part of one, that nobody has named yet is `…`. */
export interface NextCall {
  step: WshdStep;
  args: string[];
}

export const UNKNOWN = '…';

/** The steps of one boot or job that have returned, oldest first: those that led to the entry at the end of a cause chain. */
export function stepsOf(chain: readonly Entry[]): StepBody[] {
  const last = chain.findLast((e) => e.type === 'step');
  if (last?.type !== 'step') return [];
  return chain.filter(
    (e): e is Extract<Entry, { type: 'step' }> =>
      e.type === 'step' && e.when === 'after' && e.of === last.of && e.handle === last.handle && e.job === last.job,
  );
}

/**
 * What follows the last step of `run`: one call where it is certain; several where the record does not say which of them
 * were left out; none behind the last step of the table, and after a step that failed.
 */
export function nextCalls(run: readonly StepBody[]): NextCall[] {
  const last = run.at(-1);
  if (!last || (last.result ?? 0) < 0) return [];
  const table = wshd[last.of];
  const at = table.findIndex((step) => step.name === last.name);
  const keys = named(run, table);
  const found: NextCall[] = [];
  const add = (step: WshdStep, turn = 0) => found.push({ step, args: argsOf(step, keys, turn) });
  const row = table[at];
  if (row?.each) {
    const turns = run.filter((e) => e.name === row.name).length;
    const values = keys.get(row.needs);
    if (values === undefined || turns < values.length) add(row, turns);
    if (values !== undefined && turns < values.length) return found;
  }
  const open = new Set<string>();
  for (const step of at < 0 ? [] : table.slice(at + 1)) {
    const done = isDone(step, run, table, keys);
    // Of several that need the same key the first one comes first.
    if (done === false || open.has(step.needs)) continue;
    add(step);
    if (done) break;
    if (step.in2014) open.add(step.needs);
  }
  return found;
}

/** Whether this run does the step: undefined where nothing tells. */
function isDone(step: WshdStep, run: readonly StepBody[], table: readonly WshdStep[], keys: Keys): boolean | undefined {
  const asked = step.needs === '' ? true : wasGiven(step.needs, run, table, keys);
  const allowed = step.in2014 ? true : isModern(run, table);
  if (asked === false || allowed === false) return false;
  return asked && allowed;
}

/** Whether wshd was given this key: a step that needs it was done, or was passed over, or another one has shown its value. */
function wasGiven(key: string, run: readonly StepBody[], table: readonly WshdStep[], keys: Keys): boolean | undefined {
  const values = keys.get(key);
  if (values) return values.length > 0;
  const asking = table.filter((step) => step.needs === key && step.in2014);
  if (asking.some((step) => has(run, step))) return true;
  return asking.some((step) => isPassed(step, run, table)) ? false : undefined;
}

/** Whether this run is not made as in 2014; `clone`, of which there is one in each boot, says so itself. */
function isModern(run: readonly StepBody[], table: readonly WshdStep[]): boolean | undefined {
  const clone = run.find((e) => e.name === 'clone');
  if (clone) return !clone.args.some((arg) => arg.startsWith('era=2014'));
  return table.some((step) => !step.in2014 && has(run, step)) ? true : undefined;
}

const has = (run: readonly StepBody[], { name }: WshdStep) => run.some((e) => e.name === name);

/** The run has gone by this step without doing it: known only of a record that has the run from its beginning. */
function isPassed(step: WshdStep, run: readonly StepBody[], table: readonly WshdStep[]): boolean {
  const position = (name: string | undefined) => table.findIndex((one) => one.name === name);
  return position(run[0]?.name) === 0 && !has(run, step) && position(step.name) < position(run.at(-1)?.name);
}

/** Values of the keys that wshd was given, as its steps have shown them. */
type Keys = ReadonlyMap<string, readonly string[]>;

const KEY = /\$([a-z_]+)/g;
const wordsOf = (step: WshdStep) => step.args.split(' ').filter(Boolean);
const keysIn = (word: string) => [...word.matchAll(KEY)].map((m) => m[1] ?? '');

/** An entry shows this many values of a key, and no more (server/warden/wshd/lines.ts). */
const SHOWN = 16;

function named(run: readonly StepBody[], table: readonly WshdStep[]): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  const many = table.filter((step) => step.each).map((step) => `$${step.needs}`);
  for (const entry of run) {
    const step = table.find((one) => one.name === entry.name);
    // One of several turns shows one value of its key, and a note may stand behind it.
    if (step && !step.each) learn(wordsOf(step), entry.args, many, keys);
  }
  return keys;
}

/**
 * Lays the words of a template over the arguments. Each word is one of them; one may be several: a key in `many`, or the
 * only key there is. Where that cannot be told apart nothing is learnt.
 */
function learn(
  words: readonly string[],
  args: readonly string[],
  many: readonly string[],
  keys: Map<string, string[]>,
) {
  const bare = words.filter((word) => /^\$[a-z_]+$/.test(word));
  const wide = words.indexOf(bare.find((word) => many.includes(word)) ?? (bare.length === 1 ? (bare[0] ?? '') : ''));
  const more = args.length - words.length;
  if (more < 0 || (more > 0 && wide < 0)) return;
  words.forEach((word, i) => {
    const from = i > wide ? i + more : i;
    if (i === wide) {
      const values = args.slice(from, from + more + 1).filter(Boolean);
      if (values.length < SHOWN) keys.set(word.slice(1), values);
      return;
    }
    const pattern = word.split(KEY).map((part, k) => (k % 2 === 1 ? '(.*)' : part.replace(/[^\w]/g, '\\$&')));
    const found = new RegExp(`^${pattern.join('')}$`).exec(args[from] ?? '');
    keysIn(word).forEach((name, k) => {
      const value = found?.[k + 1];
      if (value) keys.set(name, [value]);
    });
  });
}

/** As the entry will show them. */
function argsOf(step: WshdStep, keys: Keys, turn: number): string[] {
  return wordsOf(step).flatMap((word) => {
    const values = step.each ? undefined : keys.get(word.slice(1));
    if (values && word.startsWith('$')) return values.length > 0 ? [...values] : [''];
    return [word.replace(KEY, (_, name: string) => keys.get(name)?.[step.each ? turn : 0] || UNKNOWN)];
  });
}
