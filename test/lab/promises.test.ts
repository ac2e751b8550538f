// Every effect of every machine says what it promises: ARCHITECTURE.md has each in its table, once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MACHINES } from '../../machines/index.ts';

const text = readFileSync(join(import.meta.dirname, '../../ARCHITECTURE.md'), 'utf8');
const [, section = ''] = /## What each effect promises\n(.*?)\n## /s.exec(text) ?? [];
/** `machine effect` of each row. */
const promised = [...section.matchAll(/^\| (\S+) \| (.+?) \| (.+) \|$/gm)]
  .filter(([, of]) => of !== 'Of')
  .flatMap(([, of, effects = '']) => effects.split(', ').map((effect) => `${of} ${effect}`));

describe('the table of promises', () => {
  it.each(Object.entries(MACHINES))('has every effect of %s exactly once', (name, machine) => {
    const effects = Object.keys(machine.implementations.actors).map((effect) => `${name} ${effect}`);
    expect(promised.filter((one) => one.startsWith(`${name} `)).sort()).toEqual(effects.sort());
  });

  it('has no effect of a machine that is not there', () => {
    expect(promised.length).toBeGreaterThan(50);
    expect(promised.filter((one) => !((one.split(' ')[0] ?? '') in MACHINES))).toEqual([]);
  });
});
