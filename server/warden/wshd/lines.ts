// The lines that wshd sends while it goes through a table of steps (wshd/steps.h): what they say, and how a step's
// arguments are shown. Knows no lab and no socket.
import table from '../../../machines/gen/wshd-steps.json' with { type: 'json' };
import { limitName } from './limits.ts';

export type StepsOf = 'boot' | 'job';

/** A step of wshd's tables. */
export type Step = (typeof table.boot)[number];

/** What is told of one step: `before` only where it is held there. */
export interface StepLine {
  step: string;
  when: 'before' | 'after';
  call: string;
  args: string[];
  /** Only after it; below 0 a negative errno. */
  result?: number;
  file: string;
  line: number;
  /** As wshd sees it: of the host for a boot, of the container for a job. */
  pid: number;
  ns: number;
  held: boolean;
}

export type Line = StepLine | { failed: string } | { ready: number };

export const stepsOf = (of: StepsOf): readonly Step[] => table[of];

/** wshd shows the beginning of long values and long lists: an entry is for reading. */
const VALUE_SHOWN = 512;
const VALUES_SHOWN = 16;

/**
 * Reads the bytes of one run as they come. `texts` are the `key=value` texts that wshd was given. Throws on a line that
 * is none of wshd's.
 */
export function lineReader(of: StepsOf, texts: string[], onLine: (line: Line) => void): (bytes: Buffer) => void {
  const keys = new Map<string, string[]>();
  for (const text of texts) {
    const at = text.indexOf('=');
    const values = keys.get(text.slice(0, at)) ?? [];
    values.push(text.slice(at + 1));
    keys.set(text.slice(0, at), values);
  }
  const turns = new Map<string, number>();
  let trying: { pid: number; since: bigint } | undefined;
  let rest = '';

  const step = (name: string, when: 'before' | 'after', numbers: number[], note: string): StepLine => {
    const known = stepsOf(of).find((s) => s.name === name);
    if (!known)
      throw new Error(`[wshd] could not read a step: ${name} is in no table (is the program older than this?)`);
    const [pid = 0, result = 0, ns = 0, held = 0] = numbers;
    const turn = turns.get(name) ?? 0;
    if (when === 'after') turns.set(name, turn + 1);
    const { call, file, line } = known;
    const args = [
      ...argsOf(known, keys, turn),
      ...(note ? [note.replace(/^limit (\d+)/, (_, n) => limitName(+n))] : []),
    ];
    return { step: name, when, call, args, file, line, pid, ns, held: held === 1, ...(when === 'after' && { result }) };
  };

  const read = (text: string): void => {
    const [word = '', pid = '', at = '0'] = text.split(' ');
    const stepped = /^(\w+)\/(before|after) (\d+ -?\d+ \d+ [01]) (.*)$/.exec(text);
    if (stepped) {
      const [, name = '', when, numbers = '', note = ''] = stepped;
      if (name === 'execve' && when === 'after') trying = undefined;
      onLine(step(name, when === 'before' ? 'before' : 'after', numbers.split(' ').map(Number), note));
    } else if (word === 'ready') onLine({ ready: Number(pid) });
    else if (word === 'failed') onLine({ failed: text.replace(/^failed \S+ \d+ /, '') });
    else if (word === 'execve/exec') trying = { pid: Number(pid), since: BigInt(at) };
    else if (word === 'over') {
      // Nothing followed the attempt, so it worked: a program that runs cannot say it.
      if (trying) onLine(step('execve', 'after', [trying.pid, 0, Number(BigInt(pid) - trying.since)], ''));
      trying = undefined;
    } else throw new Error(`[wshd] could not read a line: ${text}`);
  };

  return (bytes) => {
    const all = (rest + bytes.toString('utf8')).split('\n');
    rest = all.pop() ?? '';
    for (const line of all) read(line);
  };
}

/** A word of the template is one argument for each value of the keys in it, one in any case. */
function argsOf(step: Step, keys: Map<string, string[]>, turn: number): string[] {
  return step.args
    .split(' ')
    .filter(Boolean)
    .flatMap((word) => {
      const names = [...word.matchAll(/\$([a-z_]+)/g)].map((m) => m[1] ?? '');
      const own = (name: string) => step.each && name === step.needs;
      const most = Math.max(1, ...names.map((name) => (own(name) ? 1 : (keys.get(name)?.length ?? 0))));
      const value = (name: string, i: number) => keys.get(name)?.[own(name) ? turn : i]?.slice(0, VALUE_SHOWN) ?? '';
      return Array.from({ length: Math.min(most, VALUES_SHOWN) }, (_, i) =>
        word.replace(/\$([a-z_]+)/g, (_all, name) => value(name, i)),
      );
    });
}
