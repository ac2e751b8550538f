// What one verb of the command line is. The table of all is in server/cli.ts.

import { Refusal } from '../main/refusal.ts';

export interface Call {
  /** Words behind the verb that are not flags. */
  args: string[];
  /** `--data DIR`, absolute: which lab is meant. */
  data: string | undefined;
  /** `--json`: for programs instead of people. */
  json: boolean;
  /** The verb's own flags; one that may be repeated has all its values. */
  flags: Record<string, string[]>;
}

export interface Verb {
  name: string;
  /** What follows the name, for the help. */
  usage: string;
  says: string;
  /** Names of the flags that it takes beside `--data` and `--json`, with the word for their value; empty for a switch. */
  flags?: Record<string, string>;
  /** Takes everything behind it as it is (`start`, `shell`). */
  raw?: boolean;
  /** Returns what to print, or the exit status of what ran in the terminal. */
  run(call: Call): Promise<string | number>;
}

/** `K=V` as a pair. Throws a Refusal for anything else. */
export function split(pair: string): [string, string] {
  const at = pair.indexOf('=');
  if (at < 1) throw new Refusal(`${pair} is not K=V.`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}
