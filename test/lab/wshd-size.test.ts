// The container core stays small enough to be read in one evening: its lines are counted. And what is said to it fits
// into the places that it has for it.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stepsOf } from '../../server/warden/wshd/lines.ts';

const wshd = join(import.meta.dirname, '../../wshd');
const sources = readdirSync(wshd).filter((name) => /\.[ch]$/.test(name));
const textOf = (name: string) => readFileSync(join(wshd, name), 'utf8');

/** Lines that are neither blank nor only a comment. */
const linesOf = (text: string) =>
  text
    .replace(/\/\*.*?\*\//gs, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/\/\/[^\n]*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '').length;

describe('the container core in C', () => {
  it('has fewer than 1000 lines in all', () => {
    const counted = Object.fromEntries(sources.map((name) => [name, linesOf(textOf(name))]));
    const sum = Object.values(counted).reduce((a, b) => a + b, 0);
    expect(sum).toBeGreaterThan(500);
    expect(sum, `C decides nothing that TypeScript can say: ${JSON.stringify(counted)}`).toBeLessThan(1000);
  });

  it('is not made small by long lines', () => {
    const long = sources.flatMap((name) =>
      textOf(name)
        .split('\n')
        .flatMap((line, i) => (line.length > 120 ? [`${name}:${i + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  it.each(['boot', 'job'] as const)('has room for all gates of the %s in one line', (of) => {
    const room = Number(/char closed\[(\d+)\]/.exec(textOf('steps.h'))?.[1]);
    const longest = ` ${stepsOf(of)
      .flatMap(({ name }) => [`${name}/before `, `${name}/after `])
      .join('')}`;
    expect(`closed${longest}`.length).toBeLessThan(room);
  });
});
