// The doctor: tries each ability of this machine for real and says what is off, why, and what to type. Everything it
// tries happens in namespaces of its own, so that nothing is left. It changes nothing and enforces nothing.
import { abilities } from './abilities.ts';

export interface Ability {
  name: string;
  /** `yes`, `no`, or `off` for what this version leaves out on purpose. */
  here: 'yes' | 'no' | 'off';
  /** What was seen. */
  seen: string;
  /** What it means for the lab. */
  means: string;
  /** What to type to turn it on; empty when there is nothing to do. */
  type: string;
}

export interface Patient {
  /** The data folder. */
  dir: string;
  /** Path of the wshd binary. */
  wshd: string;
}

/** Tries every ability, or those named, all at once. Never rejects: a trial that breaks is a `no` with its reason. */
export async function examine(patient: Patient, only?: readonly string[]): Promise<Ability[]> {
  const asked = abilities.filter(({ name }) => only?.includes(name) ?? true);
  return Promise.all(
    asked.map(async ({ name, means, type, probe }): Promise<Ability> => {
      try {
        const { here, seen, typeThis } = await probe(patient);
        return { name, here, seen, means, type: here === 'yes' ? '' : (typeThis ?? type) };
      } catch (error) {
        return { name, here: 'no', seen: firstLine(error), means, type };
      }
    }),
  );
}

/**
 * The table for a terminal: what is here, and below it what is not, with what that means and what to type. `width` in
 * columns; what is longer is continued on a line of its own.
 */
export function doctorTable(all: Ability[], width = 100): string {
  const first = Math.max(...all.map((a) => a.name.length)) + 2;
  const second = 5;
  const rows = [
    `${'ability'.padEnd(first)}${'here'.padEnd(second)}what was seen, what it means, what to type`,
    ...all.flatMap((a) => {
      const type = a.type === '' ? [] : [`type: ${a.type}`];
      const texts = a.here === 'yes' ? [`${a.seen}: ${a.means}`] : [a.seen, a.means, ...type];
      const lines = texts.flatMap((text) => wrap(text, width - first - second));
      return lines.map((line, k) =>
        `${(k === 0 ? a.name : '').padEnd(first)}${(k === 0 ? a.here : '').padEnd(second)}${line}`.trimEnd(),
      );
    }),
  ];
  return rows.join('\n');
}

/** Lines of at most `width` characters, broken between words; what to type can be copied from one line if it fits. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
