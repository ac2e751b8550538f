// Lesson 1 played to its end on a real lab, as its reader does it, without a browser: its gates, its answers, its task.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { type Answers, noAnswers, type Progress, progressOf } from '../../machines/lesson.ts';
import { gatesOf, gatesToOpen } from '../../machines/lesson-gates.ts';
import { holds } from '../../machines/lesson-predicates.ts';
import { parseLesson } from '../../machines/lesson-text.ts';
import { valuesOf } from '../../machines/lesson-values.ts';
import { cf, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const FILE = join(import.meta.dirname, '../../lessons/01-a-push/01-in-five-minutes/README.md');
const { lesson } = parseLesson(readFileSync(FILE, 'utf8'));
const root = process.getuid?.() === 0;
if (!root) console.log('skipped: test/lessons/a-push-in-five-minutes.test.ts needs root for real containers');

let lab: RunningLab;
let d: Debug;
let answers: Answers;
const mine: string[] = [];
let entries: Entry[] = [];

beforeAll(async () => {
  if (!root) return;
  lab = await startLab();
  d = debug(lab.url);
}, 120_000);
afterAll(() => lab?.stop(), 120_000);

/** One look of the reader: the newest entries, and the lesson's gates that are behind the learner. */
async function look(): Promise<Progress> {
  const page = await lab.api('GET', `/lab/journal?after=${entries.at(-1)?.seq ?? 0}&limit=10000`);
  entries = [...entries, ...page.json<{ entries: Entry[] }>().entries];
  const { held } = await d.state();
  for (const gate of gatesToOpen(lesson, answers, held, mine)) await lab.api('POST', '/lab/open', { gate });
  const progress = progressOf(lesson, entries, answers);
  if (!progress) throw new Error('the lesson has no steps');
  return progress;
}

const waitFor = (what: string, fits: (p: Progress) => boolean) =>
  until(
    `${lesson.steps[answers.at]?.id}: ${what}`,
    async () => {
      const progress = await look();
      return fits(progress) && progress;
    },
    90_000,
  );

it.skipIf(!root)(
  'the start does not satisfy the goal; pushes, answers and gates lead to each step; /exit and waiting solve the task',
  async () => {
    for (const { gate } of gatesOf(lesson)) mine.push(await d.breakAt(gate));
    answers = noAnswers((await d.state()).head);
    await look();
    expect(holds([], lesson.goal)).toBe(false);
    const seen: string[] = [];
    for (const [at, step] of lesson.steps.entries()) {
      answers = { ...answers, at };
      if (step.tries.some((t) => t.action === 'push')) {
        expect((await look()).canGoOn, 'nothing was pushed yet').toBe(false);
        const pushed = await lab.api('POST', '/lab/push', { app: lesson.app });
        expect(pushed.status, pushed.text).toBe(202);
      }
      const reached = await waitFor('its gate', (p) => p.reached);
      if (step.predict) {
        expect(reached.predict?.truth, `${step.id}: undecided before it is answered`).toEqual([]);
        answers = {
          ...answers,
          chosen: { ...answers.chosen, [step.id]: { option: 0, seq: entries.at(-1)?.seq ?? 0 } },
        };
        const decided = await waitFor('its decision', (p) => (p.predict?.truth.length ?? 0) > 0);
        expect(decided.predict?.truth, `${step.id}: one option is true`).toHaveLength(1);
        expect(decided.predict?.state).toBe(decided.predict?.truth[0] === 0 ? 'right' : 'wrong');
      }
      if (step.bet) {
        answers = { ...answers, bets: { ...answers.bets, [step.id]: { option: 1, seq: entries.at(-1)?.seq ?? 0 } } };
        expect((await look()).bets[0]?.verdict.state).toBe('locked');
      }
      if (step.tries.some((t) => t.action === 'open')) await openHere();
      const client = await cf(lab.url);
      if (step.id === 'ask-it') {
        await until('the app to answer', async () => (await client.visit('hello-node', '/json')).status === 200);
      }
      if (step.task) {
        expect((await look()).task).toMatchObject({ done: false });
        expect((await client.visit('hello-node', '/exit')).status).toBe(200);
        await waitFor('the crash', (p) => p.task?.notYet?.en.startsWith('CRASHED') === true || p.task?.done === true);
        await until(
          'the task to be done',
          async () => {
            if ((await look()).task?.done) return true;
            await d.skip({ ms: 2000 });
            return false;
          },
          90_000,
        );
      }
      await waitFor('everything of it', (p) => p.canGoOn);
      seen.push(step.id);
    }
    expect(seen).toEqual(lesson.steps.map((s) => s.id));
    const end = await look();
    expect(end.bets[0]?.verdict).toMatchObject({ state: 'right', chosen: 1, truth: [1] });
    expect(Object.keys(valuesOf(entries)).sort()).toEqual([
      ...['app', 'app_handle', 'calls', 'dea', 'gone', 'gone_names', 'handle', 'limits', 'pid', 'port', 'put_old'],
      ...['sha1', 'starter'],
    ]);
    expect((await d.state()).breakpoints, 'the lesson leaves no gate behind').toEqual([]);
  },
  240_000,
);

async function openHere(): Promise<void> {
  const held = await d.held('a gate of the lesson', (h) => mine.includes(h.by));
  await d.open(held.gate);
}
