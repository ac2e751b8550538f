// *Debug my staging*: which gates are to close for one app's next staging or start, and taking them back. What a hold
// means is the debugger's.
import type { Breakpoint } from '../../machines/gates.ts';
import type { Debugger } from './debugger.ts';

/** `failure`, or a line of a buildpack's script such as `bin/compile:12`. */
export const HOLD = /^(failure|[^\s:]+:[1-9]\d{0,5})$/;

/**
 * failure: before the failed task's container goes, and before a crashed instance's does. SCRIPT:LINE: before that line
 * of a buildpack runs. All of them for this app only, and once.
 */
export function holdsOf(hold: string, app: string): Omit<Breakpoint, 'id'>[] {
  if (hold === 'failure') {
    return [
      { machine: 'staging-task', state: 'staging-task.failed', app, once: true },
      { machine: 'instance', state: 'instance.CRASHED', app, once: true },
    ];
  }
  const at = hold.lastIndexOf(':');
  const file = hold.slice(0, at);
  return [
    {
      ...{ kind: 'script', file: file.startsWith('*') ? file : `*${file}` },
      ...{ line: Number(hold.slice(at + 1)), app, once: true },
    },
  ];
}

/** Sets them and returns how to take back those that have not been reached. */
export async function setHolds(
  dbg: Pick<Debugger, 'addBreakpoint' | 'removeBreakpoint'>,
  hold: string | undefined,
  app: string,
): Promise<() => Promise<void>> {
  const set: string[] = [];
  for (const at of hold === undefined ? [] : holdsOf(hold, app)) set.push((await dbg.addBreakpoint(at)).id);
  return async () => {
    for (const id of set) await dbg.removeBreakpoint(id);
  };
}
