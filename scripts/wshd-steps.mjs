// Writes machines/gen/wshd-steps.json from what the built wshd says about itself, and from the line of three slashes
// above each step in its source. Run after a change of its tables. `--print` only prints it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const OURS = 1;
const MODERN = 2;
const EACH = 4;

const SIDES = ['parent', 'child', 'job'];

/** One line of `wshd --steps`: its fields are in the order of struct step. */
function shown(said) {
  const [name, call, args, needs, side, flags, source, number] = said.split('\t');
  const file = `wshd/${source}`;
  const line = Number(number);
  const above = readFileSync(`${root}${file}`, 'utf8').split('\n')[line - 2];
  if (!above.startsWith('/// ')) throw new Error(`[wshd] could not describe ${name}: no /// above ${file}:${line}`);
  return {
    name,
    side: SIDES[side],
    call,
    args: args.replaceAll(' | ', '|'),
    needs,
    ours: (flags & OURS) !== 0,
    in2014: (flags & MODERN) === 0,
    optional: needs !== '' || (flags & MODERN) !== 0,
    each: (flags & EACH) !== 0,
    file,
    line,
    doc: above.slice(4),
  };
}

const said = execFileSync(`${root}${process.env.WSHD_BUILD ?? 'dist/wshd'}/wshd`, ['--steps'], { encoding: 'utf8' });
const all = said.trimEnd().split('\n').map(shown);
const tables = { boot: all.filter(({ side }) => side !== 'job'), job: all.filter(({ side }) => side === 'job') };
const text = `${JSON.stringify(tables, null, 2)}\n`;
if (process.argv[2] === '--print') process.stdout.write(text);
else writeFileSync(`${root}machines/gen/wshd-steps.json`, text);
