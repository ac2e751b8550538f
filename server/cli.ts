// The command line: one table of verbs, one way to read words and flags, friendly answers to what it does not know.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Call, Verb } from './cli/verb.ts';
import { appVerbs } from './cli/verbs-app.ts';
import { labVerbs } from './cli/verbs-lab.ts';
import { programVerbs } from './cli/verbs-program.ts';
import { runVerbs } from './cli/verbs-run.ts';
import { Refusal } from './main/refusal.ts';

const VERBS: Verb[] = [...programVerbs, ...appVerbs, ...labVerbs, ...runVerbs];

async function main([name, ...words]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(help(words[0]));
    return 0;
  }
  const verb = VERBS.find((v) => v.name === name);
  if (!verb) {
    const near = nearest(
      name,
      VERBS.map((v) => v.name),
    );
    process.stderr.write(
      `There is no ${name}${near ? `; did you mean ${near}?` : ''} wardenscope --help lists what there is.\n`,
    );
    return 2;
  }
  if (!verb.raw && words.includes('--help')) {
    process.stdout.write(help(name));
    return 0;
  }
  const said = await verb.run(
    verb.raw ? { args: words, data: undefined, json: false, flags: {} } : callOf(verb, words),
  );
  if (typeof said === 'number') return said;
  if (said !== '') process.stdout.write(`${said}\n`);
  return 0;
}

interface Parsed {
  values: Record<string, string | boolean | (string | boolean)[] | undefined>;
  positionals: string[];
}

function callOf(verb: Verb, words: string[]): Call {
  const own = Object.entries(verb.flags ?? {}).map(
    ([flag, value]) =>
      [flag, value === '' ? ({ type: 'boolean' } as const) : ({ type: 'string', multiple: true } as const)] as const,
  );
  const common = [
    ['data', { type: 'string' } as const],
    ['json', { type: 'boolean' } as const],
  ] as const;
  try {
    const options = Object.fromEntries([...own, ...common]);
    const { values, positionals }: Parsed = parseArgs({ args: words, options, allowPositionals: true });
    const flags = Object.entries(values).map(
      ([flag, value]) => [flag, Array.isArray(value) ? value.map(String) : [String(value)]] as const,
    );
    const from = process.env.INIT_CWD ?? process.cwd();
    return {
      args: positionals,
      data: typeof values.data === 'string' ? resolve(from, values.data) : undefined,
      json: values.json === true,
      flags: Object.fromEntries(flags),
    };
  } catch (error) {
    throw new Refusal(
      `${error instanceof Error ? error.message.split('. ')[0] : error}; wardenscope ${verb.name} --help shows what it takes.`,
    );
  }
}

function help(name?: string): string {
  const verbs = VERBS.filter((v) => name === undefined || v.name === name);
  const rows = verbs.map((v) => [`  ${v.name} ${v.usage}`.trimEnd(), v.says, ...flagRows(v)] as const);
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  const lines = rows.flatMap(([left, says, ...flags]) => [
    `${left.padEnd(width)}${says}`,
    ...flags.map((f) => `${' '.repeat(width)}${f}`),
  ]);
  const end =
    '\n--data DIR names the lab where several run; --json prints for programs. Exit: 0 done, 1 not done, 2 not understood.\n';
  return `wardenscope VERB …: Cloud Foundry V2 from cf push to PID 1, live, held and step by step\n\n${lines.join('\n')}\n${name ? '' : end}`;
}

function flagRows({ flags = {} }: Verb): string[] {
  return Object.keys(flags).length === 0
    ? []
    : [
        Object.entries(flags)
          .map(([f, value]) => `--${f} ${value}`.trim())
          .join('  '),
      ];
}

/** The verb that differs in the fewest letters, when it is near enough to have been meant. */
function nearest(word: string, known: string[]): string | undefined {
  const ranked = known.map((name) => ({ name, d: distance(word, name) })).sort((a, b) => a.d - b.d);
  return ranked[0] && ranked[0].d <= Math.max(2, word.length / 3) ? ranked[0].name : undefined;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)),
      );
    row = next;
  }
  return row.at(-1) ?? 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Refusal ? error.message : error instanceof Error ? error.stack : error}\n`,
    );
    process.exitCode = 1;
  },
);
