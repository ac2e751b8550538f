// The scenes of the article: one for each paragraph, and the moment of a record at which each is shown.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { isBuilt, momentOf, parseArticle } from '../../machines/article.ts';
import { netLines } from '../../machines/count-lines.ts';
import type { Entry } from '../../machines/journal.ts';
import { checkArticle } from '../../machines/lesson-check.ts';
import { evidenceOf, holds } from '../../machines/lesson-predicates.ts';
import { valuesOf } from '../../machines/lesson-values.ts';

const source = readFileSync(join(import.meta.dirname, '../../lessons/scenes/article.md'), 'utf8');
const { scenes } = parseArticle(source);
const known = { apps: ['hello-node'], warden: ['CreateRequest'] };
const scene = (paragraph: number) => {
  const found = scenes.find((s) => s.paragraph === paragraph);
  if (!found) throw new Error(`no scene ${paragraph}`);
  return found;
};

describe('the scenes of the article', () => {
  it('are 19, in the order of its paragraphs, without mistakes; all of them can be seen', () => {
    expect(checkArticle(source, 19, known).mistakes).toEqual([]);
    expect(scenes.map((s) => s.paragraph)).toEqual(Array.from({ length: 19 }, (_, i) => i + 1));
    expect(scenes.filter((s) => !isBuilt(s))).toEqual([]);
  });

  it('say whose word each paragraph is, and from the fourth on what its claim comes to', () => {
    expect(scenes.filter((s) => !s.by)).toEqual([]);
    expect(scenes.filter((s) => s.verdicts.length === 0).map((s) => s.paragraph)).toEqual([1, 2, 3]);
  });

  it.each([
    ['## 4', '## 5', 'scene 4 says it is about paragraph 5'],
    ['::moment running', '::moment runing', 'no predicate runing'],
    ['::moment running', '::moment always', 'is true before anything has happened'],
    [':::look street', ':::look strete', 'nothing to look at is called strete'],
    ['title ja: 登場するもの\n', '', 'title has no Japanese'],
    ['by team', 'by teem', '"teem" is none of team, speaker, editor'],
    [':::verdict holds thrown-away', ':::verdict true thrown-away', '"true" is none of holds, partly'],
    [':::verdict holds thrown-away', ':::verdict holds throwna-way', 'no predicate throwna-way'],
    [':::verdict holds thrown-away', ':::verdict holds always', 'known before anything has happened'],
    [':::verdict holds warden-asked', ':::verdict holds warden-asked twice', 'warden-asked takes no words'],
    [':::try bytes CreateRequest', ':::try bytes MakeRequest', 'Warden has no message MakeRequest'],
    [':::try show source', ':::try show sauce', 'no panel sauce to show'],
    [':::date 2011-11-14', ':::date November', 'not a date: November'],
    ['::moment script-ran compile\n', '', 'nothing to see in this scene'],
  ])('with %s written as %s are refused', (right, wrong, why) => {
    expect(source).toContain(right);
    const texts = checkArticle(source.replace(right, wrong), 19, known).mistakes.map((m) => m.text);
    expect(texts.join('\n')).toContain(why);
  });
});

describe('the moment of a scene', () => {
  const stamp = { at: 0, t: 0, lt: 0, proc: 'dea/0', cause: null };
  const script = (seq: number, begins: string | undefined, file: string): Entry => ({
    ...{ ...stamp, seq, run: null, ...(begins && { begins }), type: 'script', actor: 'staging-task:1' },
    ...{ handle: 'h', file, line: 1, command: ':' },
  });

  it('is the lab as it stands for a scene at rest', () => {
    expect(momentOf(scene(2), [])).toEqual({ seq: null, handle: undefined, story: [] });
  });

  it('is that of the newest push that has come so far, else of an older one, else none', () => {
    const older = script(5, 'push a', 'bin/detect');
    expect(momentOf(scene(1), [])).toBeUndefined();
    expect(momentOf(scene(1), [script(4, 'push a', 'bin/compile')])).toBeUndefined();
    expect(momentOf(scene(1), [older, script(8, 'push b', 'bin/compile')])?.seq).toBe(5);
    expect(momentOf(scene(1), [older, script(8, 'push b', 'bin/detect'), script(9, undefined, 'x')])?.seq).toBe(8);
  });
});

describe('a verdict of a scene', () => {
  // The run that is shipped: a push of hello-node, from its first request until it runs.
  const file = join(import.meta.dirname, '../../lessons/runs/hello-node.wardenscope.json.gz');
  const entries = gunzipSync(readFileSync(file))
    .toString()
    .split('\n')
    .flatMap((line): Entry[] => (line.includes('"seq"') ? [JSON.parse(line)] : []));
  const verdicts = scenes.flatMap(({ paragraph, verdicts: all }) => all.map((v) => ({ paragraph, ...v })));
  const storyOf = (paragraph: number) => momentOf(scene(paragraph), entries)?.story ?? [];

  it('that a push alone decides is decided by the shipped run, and shows the entry that decides it', () => {
    const decided = verdicts.filter((v) => v.when && holds(storyOf(v.paragraph), v.when));
    expect(decided.map((v) => `${v.paragraph} ${v.when?.name}`)).toEqual([
      ...['5 containers-begun', '7 warden-asked', '9 step-done', '10 step-done'],
      ...['16 memory-limited', '17 script-ran'],
    ]);
    for (const v of decided) expect(v.when && evidenceOf(storyOf(v.paragraph), v.when)?.seq).toBeGreaterThan(0);
  });

  it('has its moment in the shipped run, and its values', () => {
    const without = scenes.filter((s) => s.moment && !momentOf(s, entries)).map((s) => s.paragraph);
    expect(without).toEqual([]);
    const { starter, pid, calls, limits } = valuesOf(storyOf(7));
    expect([starter, pid].every((n) => Number(n) > 1)).toBe(true);
    expect(starter).not.toBe(pid);
    expect(Number(calls)).toBeGreaterThan(20);
    expect(limits).toBe('1');
  });

  it('on what was tried waits for the very thing', () => {
    const story = storyOf(14);
    const handle = valuesOf(story).app_handle ?? '';
    const limit = (of: string): Entry => ({
      ...{ seq: 9e5, at: 0, t: 0, lt: 0, proc: 'warden/0', cause: null, run: 'fault memory 1', actor: 'warden:0' },
      ...{ type: 'message', phase: 'received', transport: 'warden', from: 'you', to: 'warden:0' },
      ...{ name: 'LimitMemoryRequest', payload: { handle: of, limit_in_bytes: '1' } },
    });
    const later = { name: 'memory-limited-later', args: [] };
    expect(holds(story, later)).toBe(false);
    expect(holds([...story, limit('another')], later)).toBe(false);
    expect(evidenceOf([...story, limit(handle)], later)?.seq).toBe(9e5);
    // The reader's own order is none of the DEA's.
    expect(valuesOf([...story, limit(handle)]).limits).toBe('1');
  });
});

it('lines of C are counted without blank ones and comments, and what looks like a comment in a string is none', () => {
  const c = ['/* one', '   two */', '', 'int a; // three', '  ', 'char *s = "/* no";', "char q = '\"'; /* x */", '}'];
  expect(netLines(c.join('\n'))).toBe(4);
});
