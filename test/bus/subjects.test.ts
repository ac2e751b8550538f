// Which subjects a pattern reaches. The contract suite checks the same against a real server, in fewer cases.
import { describe, expect, it } from 'vitest';
import { isPattern, isSubject, reaches, SubjectTable } from '../../server/bus/subjects.ts';

describe('a pattern', () => {
  it.each([
    ['a', 'a', true],
    ['a', 'A', false],
    ['a', 'a.b', false],
    ['a.b', 'a', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.*', 'a', false],
    ['*.b', 'a.b', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a.b', true],
    ['*', 'a', true],
    ['a*', 'ab', false],
    ['a.*.c.>', 'a.b.c.d.e', true],
  ])('%s reaches %s: %s', (pattern, subject, expected) => {
    expect(reaches(pattern, subject)).toBe(expected);
    const table = new SubjectTable<{ pattern: string }>();
    const sub = { pattern };
    table.add(sub);
    expect(table.for(subject)).toEqual(expected ? [sub] : []);
    table.delete(sub);
    expect(table.for(subject)).toEqual([]);
  });

  it('has no empty token, and > only at its end', () => {
    for (const good of ['a', 'a.b', '*', '>', 'a.*.>', 'a>b']) expect(isPattern(good)).toBe(true);
    for (const bad of ['', '.', 'a.', '.a', 'a..b', '>.a', 'a.>.b', 'a b']) expect(isPattern(bad)).toBe(false);
  });

  it('is a subject only without wildcards', () => {
    expect(['a.b', 'a*', '*', 'a.>', 'a.*.b'].map(isSubject)).toEqual([true, true, false, false, false]);
  });
});
