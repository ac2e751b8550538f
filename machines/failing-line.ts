// Which line of a buildpack's script failed first, as far as the record can tell. The script's shell says it of each
// command that failed where `set -e` would count it: not of what if, while, && or || only tested.
import type { Entry, ScriptBody } from './journal.ts';

export type ScriptLine = Pick<ScriptBody, 'file' | 'line' | 'command'> & { seq: number };

export interface FailingLine extends ScriptLine {
  /** What its command ended with. */
  status: number;
  /** The script ended on it. Otherwise it went on, and this line need not be why it failed. */
  certain: boolean;
}

type Script = Entry & ScriptBody;

/** The lines that began, without what was said of their end. */
export function linesBegun(own: readonly Entry[]): ScriptLine[] {
  return own.filter((e): e is Script => e.type === 'script' && e.line > 0 && e.status === undefined).map(lineOf);
}

/**
 * The first failing line of the script that ran last. With `set -e` that is the one on which it ended: where an inner
 * command failed and took its caller along, the inner one. Without it, the first that failed at all. Null where none did.
 */
export function firstFailing(own: readonly Entry[]): FailingLine | null {
  const script = ofLastScript(own);
  const end = script.findLastIndex((e) => e.ends === true);
  if (end < 0) {
    const first = script.find((e) => e.status !== undefined);
    return first ? failing(first, false) : null;
  }
  let at = end;
  while (script[at - 1]?.status !== undefined) at--;
  const first = script[at];
  return first
    ? failing(
        first,
        script.slice(end).every((e) => e.status !== undefined),
      )
    : null;
}

/** The runner says a line 0 of each script that it starts. */
function ofLastScript(own: readonly Entry[]): Script[] {
  const all = own.filter((e): e is Script => e.type === 'script');
  return all.slice(all.findLastIndex((e) => e.line === 0) + 1);
}

function failing(e: Script, certain: boolean): FailingLine {
  return { ...lineOf(e), status: e.status ?? 0, certain };
}

function lineOf({ file, line, command, seq }: Script): ScriptLine {
  return { file, line, command, seq };
}
