// The lesson engine without a lab: what the reader of the Markdown refuses, and how far a learner is by the record alone.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Breakpoint } from '../../machines/gates.ts';
import type { Entry, EntryBody, GatePoint } from '../../machines/journal.ts';
import { type Answers, noAnswers, progressOf, scoreOf, storyOf, verdictOf } from '../../machines/lesson.ts';
import { alongAt } from '../../machines/lesson-along.ts';
import { checkLesson } from '../../machines/lesson-check.ts';
import { faultOrder, faultsDue } from '../../machines/lesson-faults.ts';
import { gatesAhead, gatesOf, gatesToOpen, leftBehind, standing } from '../../machines/lesson-gates.ts';
import { parseLesson } from '../../machines/lesson-text.ts';
import { filled, valuesOf } from '../../machines/lesson-values.ts';

const FILE = join(import.meta.dirname, '../../lessons/01-a-push/01-in-five-minutes/README.md');
const source = readFileSync(FILE, 'utf8');
const known = { apps: ['hello-node'], warden: ['CreateRequest', 'NetInRequest'] };
const { lesson } = parseLesson(source);

function record(bodies: EntryBody[], first = 1): Entry[] {
  const stamp = { at: 0, t: 0, lt: 0, proc: 'test', cause: null, run: null };
  return bodies.map((body, i) => ({ ...stamp, seq: first + i, ...body }));
}

const said = (name: string, from: string, to: string): EntryBody => ({
  ...{ type: 'message', phase: 'sent', transport: 'nats', actor: from },
  ...{ from, to, name },
});

describe('lesson 1', () => {
  it('has 19 steps, three predictions, one bet and one task', () => {
    const { steps } = lesson;
    expect(steps).toHaveLength(19);
    expect(steps.filter((s) => s.predict)).toHaveLength(3);
    expect(steps.filter((s) => s.bet)).toHaveLength(1);
    expect(steps.filter((s) => s.task)).toHaveLength(1);
  });

  it('is without mistakes', () => {
    expect(checkLesson(source, known).mistakes).toEqual([]);
  });

  it.each([
    ['ja: DEAのマシンでは2つ', 'jp: DEAのマシンでは2つ', 'two-processes has no Japanese'],
    ['name=umount_old', 'name=umount_new', 'no step umount_new'],
    ['name=uploadDroplet', 'name=uploadDropped', 'no effect uploadDropped'],
    ['state=instance.RUNNING', 'state=instance.WALKING', 'no state instance.WALKING'],
    ['name=CreateRequest', 'name=MakeRequest', 'no message MakeRequest'],
    ['::until pushed', '::until shoved', 'no predicate shoved'],
    ['{put_old}', '{put_older}', 'no value {put_older}'],
    ['## walls', '## floor', 'a second step floor'],
    ['まずDropletを作ります', 'まずドロップレットを作ります', 'Droplet in Latin'],
    ['答えは後半で。', '答えは後半で。これはとても長い長い長い長い長い長い長い長い長い長い文です。', 'at most 60'],
    [':::hint', ':::hunt', 'no directive hunt'],
    ['::look held', '::look hold', 'nothing to look at is called hold'],
    ['kind=delivery transport=http', 'kind=delivery machine=app', 'app knows no event PUT /v2/apps/:guid'],
    ['"PUT /v2/apps/:guid"', 'PUT', 'PUT is no request'],
    ['::until pushed', '::until script-ran compiled', 'script-ran needs one of detect, compile, release'],
    ['file=bin/compile', 'file=bin/compiled', 'a gate at a script needs kind=script and file=, one of bin/detect'],
    ['kind=script file', 'kind=effect machine=app file', 'a gate at a script needs kind=script'],
    ['::pace real', '::pace fast', 'no pace fast'],
    ['::look hatch', '::cover floor', 'covers something up and asks nothing'],
    ['::look hatch', '::fault meteor', 'no fault meteor'],
    ['::look hatch', '::fault memory lots', 'the fault memory does not take "lots"'],
    [':::try fault kill-app', ':::try fault kill-ap', 'no fault kill-ap'],
    [':::try visit /json', ':::try visit json', 'visit needs a path'],
    ['coming en: The DEA', 'coning en: The DEA', 'two-processes: coming has no English'],
    ['goal: returned', 'goal: always', 'the start reaches the goal'],
    [':::task returned', ':::task always', 'done before it begins'],
    ['solution: push, visit', 'solution: pull, visit', 'no action pull in the solution'],
    ['minutes: 5', 'minutes: few', 'minutes is how long'],
  ])('with %s written as %s is refused', (right, wrong, why) => {
    expect(source).toContain(right);
    const texts = checkLesson(source.replaceAll(right, wrong), known).mistakes.map((m) => m.text);
    expect(texts.join('\n')).toContain(why);
  });
});

describe('a predicate', () => {
  it.each([
    [
      ':::predict step-reached pivot_root',
      'pivot_root',
      'pivot_rot',
      'step-reached needs a step of wshd, not "pivot_rot"',
    ],
    ['::until step-done guard', 'guard', 'gard', 'step-done needs a step of wshd, not "gard"'],
    ['- first-order stage', 'stage', 'stag', 'first-order needs one of stage, start, create, not "stag"'],
    ['- started-by hm', 'hm', 'hmm', 'started-by needs one of cc, hm, self, not "hmm"'],
    ['- floor-was nothing', 'nothing', 'noting', 'floor-was needs one of host, container, nothing, not "noting"'],
    ['- containers-made 2', '2', 'two', 'containers-made needs a number from 1 on, not "two"'],
    ['- app-told /ps', '/ps', 'ps', 'app-told needs a path, not "ps"'],
    ['::until port-given', 'given', 'given 2', 'port-given takes no words, not "2"'],
  ])('written as in "%s" with %s as %s is refused at its line', (right, word, misspelt, why) => {
    const at = source.split('\n').indexOf(right);
    expect(at).toBeGreaterThan(0);
    const lines = source.split('\n').with(at, right.replace(new RegExp(`${word}$`), misspelt));
    const { mistakes } = checkLesson(lines.join('\n'), known);
    expect(mistakes).toEqual([{ line: at + 1, text: expect.stringContaining(why) }]);
  });
});

describe('a prediction', () => {
  const question = lesson.steps.find((s) => s.id === 'first-order')?.predict;
  if (!question) throw new Error('lesson 1 has no prediction at first-order');
  const before = record([said('staging.stop', 'cc', 'nats')], 5);
  const after = record([said('staging.stop', 'cc', 'nats'), said('staging.1-ab.start', 'cc', 'nats')], 5);

  it('is open, then locked, and decided by the record alone', () => {
    expect(verdictOf(before, question, undefined).state).toBe('open');
    expect(verdictOf(before, question, { option: 0, seq: 5 }).state).toBe('locked');
    expect(verdictOf(after, question, { option: 0, seq: 5 })).toEqual({
      ...{ state: 'wrong', decided: true },
      ...{ chosen: 0, truth: [1] },
    });
    expect(verdictOf(after, question, { option: 1, seq: 5 }).state).toBe('right');
  });

  it('is scored when it was answered in time; what came to pass before is no question', () => {
    const score = (option: number, seq: number) =>
      scoreOf(lesson, after, { ...noAnswers(0), chosen: { 'first-order': { option, seq } } });
    expect(score(1, 5)).toEqual({ right: 1, asked: 1 });
    expect(score(0, 5)).toEqual({ right: 0, asked: 1 });
    const last = after.at(-1)?.seq ?? 0;
    expect(score(1, last)).toEqual({ right: 0, asked: 0 });
    expect(scoreOf(lesson, after, noAnswers(0))).toEqual({ right: 0, asked: 0 });
  });

  it('is decided as things stood at its event, whatever comes later', () => {
    const later = [...after, ...record([said('POST /v2/apps', 'you', 'cc')], 7)];
    const who = {
      ...question,
      options: question.options.map((o, i) => (i === 2 ? { ...o, when: { name: 'pushed', args: [] } } : o)),
    };
    expect(verdictOf(later, who, { option: 1, seq: 5 }).truth).toEqual([1]);
  });

  it('that comes after its event is not scored', () => {
    expect(verdictOf(after, question, { option: 1, seq: 6 }).state).toBe('late');
  });

  it('keeps its gate closed until it is locked in, and gates of others for ever', () => {
    const at = lesson.steps.findIndex((s) => s.id === 'first-order');
    const point = {
      kind: 'delivery',
      proc: 'control',
      actor: 'cc',
      transport: 'http',
      name: 'PUT /v2/apps/:guid',
    } as const;
    const held = [
      { gate: 'g1', by: 'mine', point },
      { gate: 'g2', by: 'yours', point },
    ];
    const answers = { ...noAnswers(0), at };
    expect(gatesToOpen(lesson, answers, held, ['mine'])).toEqual([]);
    const locked = { ...answers, chosen: { 'first-order': { option: 2, seq: 5 } } };
    expect(gatesToOpen(lesson, locked, held, ['mine'])).toEqual(['g1']);
  });
});

describe('a step', () => {
  const at = lesson.steps.findIndex((s) => s.id === 'first-order');
  const heldAt = (point: Pick<GatePoint, 'kind' | 'machine' | 'name' | 'when' | 'transport'>): EntryBody => ({
    ...{ type: 'gate', phase: 'held', gate: point.name, by: 'mine', actor: 'x:1' },
    point: { proc: 'control', actor: 'x:1', ...point },
  });
  const start = heldAt({ kind: 'delivery', transport: 'http', name: 'PUT /v2/apps/:guid' });
  const answer = heldAt({ kind: 'effect', machine: 'staging-task', name: 'answerSetup', when: 'start' });

  it('that tells what has happened says nothing before it is so', () => {
    const before = progressOf(lesson, [], { ...noAnswers(0), at });
    expect(before).toMatchObject({ reached: false, told: false, canGoOn: false });
    const after = progressOf(lesson, record([start]), { ...noAnswers(0), at });
    expect(after).toMatchObject({ reached: true, told: true, canGoOn: false, ahead: null });
  });

  it('that asks for something to be done speaks at once', () => {
    expect(progressOf(lesson, [], noAnswers(0))).toMatchObject({ told: true, canGoOn: false });
  });

  it('knows when the flow has been led past the next gate by somebody else', () => {
    const gone = record([start, answer]);
    const answers = { ...noAnswers(0), at };
    expect(progressOf(lesson, gone, answers)?.ahead).toBe(lesson.steps.findIndex((s) => s.id === 'first-reply'));
  });

  it('whose gate has not closed yet is armed again after a restart of the lab, and no other', () => {
    const answers = { ...noAnswers(0), at };
    const ahead = gatesAhead(lesson, record([start]), answers);
    expect(ahead).not.toContain('first-order');
    expect(ahead).toContain('two-processes');
    expect(gatesAhead(lesson, [], { ...answers, at: lesson.steps.length - 1 })).toEqual([]);
  });
});

describe('a question that the record cannot answer', () => {
  it('is said to be unknown, and stops nobody', () => {
    const step = lesson.steps.find((s) => s.id === 'floor');
    const pivot: EntryBody = {
      ...{ type: 'step', of: 'boot', handle: 'h', name: 'pivot_root', when: 'after', call: 'pivot_root' },
      ...{ args: ['.', 'mnt'], result: 0, file: 'boot.c', line: 1, pid: 5, actor: 'wshd:h' },
    } as EntryBody;
    if (!step?.predict) throw new Error('lesson 1 has no prediction at floor');
    const verdict = verdictOf(record([pivot]), step.predict, { option: 0, seq: 0 });
    expect(verdict).toMatchObject({ state: 'unknown', decided: true, truth: [] });
  });
});

describe('what a lesson in a page that is gone has left closed', () => {
  const gates = gatesOf(lesson).map(({ gate }, i) => ({ ...gate, id: `b-${i}` }));
  const pivot: GatePoint = {
    ...{ kind: 'step', proc: 'warden/0', actor: 'wshd:h', machine: 'wshd-boot', name: 'pivot_root', when: 'before' },
  };

  it('is known by what it asks for; a breakpoint of somebody else stays, and what it holds', () => {
    const own: Breakpoint = { kind: 'step', name: 'pivot_root', when: 'before', id: 'b-own' };
    const held = [
      { gate: 'left', by: 'b-gone', point: pivot },
      { gate: 'own', by: 'b-own', point: pivot },
      { gate: 'pace', by: 'beat', point: pivot },
    ];
    const left = leftBehind([lesson], [...gates, own], held);
    expect(left).toEqual({ breakpoints: gates.map((g) => g.id), gates: ['left'] });
  });
});

describe('the wheel in the middle of a lesson', () => {
  const gates = gatesOf(lesson);
  const create: GatePoint = {
    ...{ kind: 'delivery', proc: 'warden/0', actor: 'warden:0', transport: 'warden', name: 'CreateRequest' },
  };

  it('finds the gates of the page before: those that stand, and the one that holds somebody', () => {
    const set = gates.filter((g) => g.step !== 'two-processes').map(({ gate }, i) => ({ ...gate, id: `b-${i}` }));
    const found = standing(lesson, set, [{ by: 'b-gone', point: create }]);
    expect(Object.keys(found).sort()).toEqual(gates.map((g) => g.step).sort());
    expect(found['two-processes']).toBe('b-gone');
  });

  it('leaves what others hold alone', () => {
    const own: Breakpoint = { kind: 'delivery', transport: 'warden', name: 'CreateRequest', id: 'b-own' };
    expect(standing(lesson, [own], [{ by: 'b-own', point: create }])).toEqual({});
    expect(standing(lesson, [], [{ by: 'beat', point: create }])).toEqual({});
  });
});

describe('who reads along', () => {
  const made = (seq: number) =>
    record([{ ...said('POST /v2/apps', 'you', 'cc'), type: 'message', phase: 'received' } as EntryBody], seq);
  const other = (seq: number) => record([said('a', 'you', 'cc')], seq);

  it('has a new beginning at the first step, and the whole of the newest push at every other', () => {
    expect(alongAt(undefined, 0, [])).toEqual(noAnswers(0));
    expect(alongAt(undefined, 0, [...made(3), ...other(8)]).since).toBe(8);
    expect(alongAt(undefined, 2, [...made(3), ...made(7), ...other(8)])).toMatchObject({ at: 2, since: 6 });
  });

  it('keeps the answers from step to step, until the lesson starts over', () => {
    const chosen = { 'first-order': { option: 1, seq: 5 } };
    const kept = { ...noAnswers(4), at: 2, chosen };
    expect(alongAt(kept, 3, [...made(7)])).toEqual({ ...kept, at: 3, since: 4 });
    expect(alongAt(kept, 0, [...made(7)]).chosen).toEqual({});
  });
});

describe('a lesson whose ground is gone', () => {
  const app = (actor: string, value: string): EntryBody => ({
    ...{ type: 'transition', machine: 'app', actor, event: 'x', value, edges: [], context: {} },
  });
  const lostIn = (entries: Entry[]) => progressOf(lesson, entries, { ...noAnswers(0), at: 3 })?.lost;

  it('says so when its app is deleted, and not when another one is', () => {
    expect(lostIn(record([app('app:1', 'stopped')]))).toBeNull();
    expect(lostIn(record([app('app:0', 'deleting'), app('app:1', 'stopped')]))).toBeNull();
    expect(lostIn(record([app('app:1', 'stopped'), app('app:1', 'deleting')]))).toBe('app-deleted');
  });

  it('says so when the lab is emptied; at its end nothing can be lost', () => {
    expect(lostIn(record([{ type: 'note', actor: 'main', text: 'something else' }]))).toBeNull();
    const entries = record([{ type: 'note', actor: 'you', text: 'the lab is reset' }]).map((e) => ({
      ...e,
      run: 'reset',
    }));
    expect(lostIn(entries)).toBe('lab-reset');
    const end = { ...noAnswers(0), at: lesson.steps.length - 1 };
    expect(progressOf(lesson, entries, end)?.lost).toBeNull();
  });
});

describe('the story of a lesson', () => {
  const of = (run: string | null, seq: number, begins = false): Entry[] =>
    record([said('a', 'you', 'cc')], seq).map((e) => ({ ...e, run, ...(begins && run && { begins: run }) }));

  it('has no push that is not the learner’s: one that was under way, or a second one', () => {
    const entries = [
      ...[...of('push old', 1, true), ...of('push old', 2), ...of('push mine', 3, true), ...of(null, 4)],
      ...[...of('push third', 5, true), ...of('push mine', 6)],
    ];
    expect(storyOf(entries, noAnswers(1)).map((e) => e.seq)).toEqual([3, 4, 6]);
  });

  it('has the learner’s push also when an app of the same name was pushed and deleted before', () => {
    const entries = [...of('push a', 1, true), ...of('push a', 2), ...of('push a', 3), ...of('push a', 4, true)];
    expect(storyOf([...entries, ...of('push a', 5)], noAnswers(2)).map((e) => e.seq)).toEqual([4, 5]);
  });
});

describe('a fault of a step', () => {
  const short = parseLesson(readFileSync(join(import.meta.dirname, 'a-fault.md'), 'utf8')).lesson;
  const made = (name: string): EntryBody => ({
    ...{ type: 'message', phase: 'received', transport: 'http', actor: 'cc', from: 'you', to: 'cc' },
    ...{ name: 'POST /v2/apps', payload: { body: { name } } },
  });
  const due = (entries: Entry[], answers: Partial<Answers>) => {
    const all = { ...noAnswers(0), at: 1, ...answers };
    const progress = progressOf(short, entries, all);
    return progress && faultsDue(progress, all, storyOf(entries, all));
  };

  it('comes once, when the learner is there and the record knows whom it hits', () => {
    expect(checkLesson(readFileSync(join(import.meta.dirname, 'a-fault.md'), 'utf8'), known).mistakes).toEqual([]);
    const entries = record([made('hello-node-2')]);
    expect(due(entries, { at: 0 })).toEqual([]);
    expect(due([], {})).toEqual([]);
    expect(due(entries, {})).toEqual([{ what: 'kill-app', app: 'hello-node-2' }]);
    expect(due(entries, { broken: ['the-end'] })).toEqual([]);
  });
});

describe('a fault', () => {
  const moved = (context: Record<string, unknown>): EntryBody => ({
    ...{ type: 'transition', machine: 'instance', actor: 'instance:1', event: 'x', value: 'RUNNING', edges: [] },
    context,
  });

  it('hits what the record names, and nothing before there is something', () => {
    const story = record([moved({ handle: '17abc' })]).map((e) => ({ ...e, proc: 'dea/1' }));
    expect(faultOrder({ name: 'freeze', args: [] }, [])).toBeUndefined();
    expect(faultOrder({ name: 'freeze', args: [] }, story)).toEqual({ what: 'freeze', handle: '17abc' });
    expect(faultOrder({ name: 'memory', args: ['16'] }, story)).toEqual({
      ...{ what: 'memory', handle: '17abc' },
      bytes: 16 * 2 ** 20,
    });
    // After it came back it is in another container.
    const again = [...story, ...record([moved({ handle: '17abd' })], 2)];
    expect(faultOrder({ name: 'freeze', args: [] }, again)).toEqual({ what: 'freeze', handle: '17abd' });
    expect(faultOrder({ name: 'kill', args: ['warden'] }, story)).toEqual({ what: 'kill', proc: 'warden/1' });
    expect(faultOrder({ name: 'kill', args: ['control'] }, [])).toEqual({ what: 'kill', proc: 'control' });
    expect(faultOrder({ name: 'drop', args: ['dea.*.start'] }, [])).toEqual({ what: 'drop', name: 'dea.*.start' });
  });
});

it('what was before the lesson is not part of it', () => {
  const entries = record([{ ...said('POST /v2/apps', 'you', 'cc'), type: 'message', transport: 'http' } as EntryBody]);
  expect(progressOf(lesson, entries, noAnswers(0))?.canGoOn).toBe(true);
  expect(progressOf(lesson, entries, noAnswers(1))?.canGoOn).toBe(false);
});

it('a value that the record does not have yet is an ellipsis, never a guess', () => {
  expect(filled('{dea} and {pid}', valuesOf(record([said('staging.1-ab.start', 'cc', 'nats')])))).toBe('1-ab and …');
});
