// Where a breakpoint can be set in a source file: the lines of wshd's steps, of a machine's states and actors, and every
// line of a script that does something. Pure.
import { definitionLines } from '../../machines/definition-lines.ts';
import type { Breakpoint } from '../../machines/gates.ts';
import wshd from '../../machines/gen/wshd-steps.json';
import type { SourcePlace } from '../../machines/source-place.ts';

export type Fields = Omit<Breakpoint, 'id'>;

/** What each line, from 1, stops at; lines without an entry stop at nothing. */
export function breakable(text: string, { file, script }: SourcePlace): Map<number, Fields> {
  if (script !== undefined) return ofScript(text, script);
  const machine = /^machines\/([\w-]+)\.ts$/.exec(file)?.[1];
  return machine === undefined ? ofWshd(file) : ofMachine(text, machine);
}

function ofScript(text: string, file: string): Map<number, Fields> {
  const found = new Map<number, Fields>();
  text.split('\n').forEach((line, i) => {
    if (/^\s*(#.*)?$/.test(line) || /^\s*([})]|fi|done|esac|else|then|do|;;)\s*$/.test(line)) return;
    found.set(i + 1, { kind: 'script', file, line: i + 1 });
  });
  return found;
}

function ofWshd(file: string): Map<number, Fields> {
  const found = new Map<number, Fields>();
  const note = (steps: typeof wshd.boot, fields: Fields) => {
    for (const step of steps) {
      if (step.file === file && !found.has(step.line))
        found.set(step.line, { kind: 'step', ...fields, name: step.name, when: 'before' });
    }
  };
  note(wshd.boot, {});
  // Several steps of a job are called as some of a boot are.
  note(wshd.job, { machine: 'wshd-job' });
  return found;
}

function ofMachine(text: string, machine: string): Map<number, Fields> {
  const found = new Map<number, Fields>();
  for (const [name, line] of definitionLines(text, machine)) {
    if (name.startsWith('invoke ')) found.set(line, { kind: 'effect', machine, name: name.slice('invoke '.length) });
    else if (name !== machine && !name.includes(':') && !found.has(line)) found.set(line, { machine, state: name });
  }
  return found;
}

/** Whether this breakpoint is set: the very fields, in whatever order. */
export function isSet(breakpoints: readonly Breakpoint[], fields: Fields): boolean {
  const wanted = textOf(fields);
  return breakpoints.some(({ id: _, disabled: __, ...b }) => textOf(b) === wanted);
}

function textOf(fields: Fields): string {
  return JSON.stringify(Object.entries(fields).sort());
}
