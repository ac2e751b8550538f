// Line gates of buildpack scripts, the DEA's side: reads what buildpacks/runner/gates.sh reports, records each line, and
// answers those that have to wait. The fifos lie in the task's workspace on this host, which the container sees read-only:
// no path inside a container is opened from here.
import { execFile } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import type { GateRules } from '../../machines/gates.ts';
import type { GatePoint } from '../../machines/journal.ts';
import type { Cause, Lab } from '../lab/types.ts';
import { lineSplitter } from './app-log.ts';

export interface ScriptGates {
  /** The latest line's entry: what the staging task's next step follows from. */
  readonly last: Cause;
  close(): void;
}

export interface ScriptGatesOptions {
  lab: Lab;
  /** Made here, with its fifos; must be visible in the container. */
  folder: string;
  /** `staging-task:…`. */
  actor: string;
  handle: string;
  app: string;
  /** What the first line follows from. */
  cause: Cause;
}

const SLOTS = 16;
const SEPARATOR = '\u001f';
const NEWLINE = '\u001e';

/** Opens the gates before the script starts. Every line waits its turn: one script runs one line at a time. */
export async function openScriptGates(options: ScriptGatesOptions): Promise<ScriptGates> {
  const { lab, folder, actor, handle, app } = options;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const answers = Array.from({ length: SLOTS }, (_, i) => `${folder}/answer.${i}`);
  await promisify(execFile)('mkfifo', ['-m', '666', `${folder}/up`, ...answers]);
  // Opened for both directions: neither end sees an end of file while the other one is away.
  const flags = constants.O_RDWR | constants.O_NONBLOCK;
  const slots = answers.map((file) => openSync(file, flags));
  const up = new Socket({ fd: openSync(`${folder}/up`, flags), readable: true, writable: false });
  let last = options.cause;
  let closed = false;

  const markClosed = (rules: GateRules) => {
    if (closed) return;
    if (mayClose(rules, { actor, handle, app })) writeFileSync(`${folder}/closed`, '');
    else rmSync(`${folder}/closed`, { force: true });
  };
  markClosed(lab.gates.rules());
  const unsubscribe = lab.gates.onRules(markClosed);

  const heard = async (text: string) => {
    const [slot = '-', file = '', line = '0', command = '', buildpack = ''] = text.split(SEPARATOR);
    const of = buildpack === '' ? {} : { buildpack };
    const said = { file, line: Number(line), command: command.replaceAll(NEWLINE, '\n'), ...of };
    const failed = /^=(\d+)(e?)$/.exec(slot);
    if (failed) {
      const ends = failed[2] === 'e' ? { ends: true as const } : {};
      last = lab.rec.record({ type: 'script', actor, handle, ...said, status: Number(failed[1]), ...ends }, last);
      return;
    }
    let cause = last;
    if (slot !== '-') {
      const point: GatePoint = {
        kind: 'script',
        proc: lab.proc,
        actor,
        handle,
        app,
        machine: 'staging-task',
        name: said.command,
        file,
        line: said.line,
        ...of,
      };
      if (lab.gates.closes(point)) cause = await lab.gates.pass(point, cause);
      if (closed) return;
    }
    last = lab.rec.record({ type: 'script', actor, handle, ...said }, cause);
    const fd = slots[Number(slot)];
    if (slot !== '-' && fd !== undefined) writeSync(fd, 'go\n');
  };
  const lines = lineSplitter((text) => void heard(text));
  up.on('data', (bytes) => lines.push(bytes));
  up.on('error', () => undefined);

  return {
    get last() {
      return last;
    },
    close: () => {
      if (closed) return;
      closed = true;
      unsubscribe();
      // Whoever still waits may go on: its container is about to end.
      for (const fd of slots) {
        writeSync(fd, 'go\n');
        closeSync(fd);
      }
      up.destroy();
    },
  };
}

/**
 * Whether some line of this task may have to wait: then the script asks at every line. Errs on the side of asking; what
 * really closes is decided at the line itself.
 */
export function mayClose(rules: GateRules, of: { actor: string; handle: string; app: string }): boolean {
  if (rules.disabled) return false;
  if (rules.paused) return true;
  return rules.breakpoints.some(
    (b) =>
      !b.disabled &&
      (b.kind === undefined || b.kind === 'script') &&
      b.state === undefined &&
      b.edge === undefined &&
      b.transport === undefined &&
      (b.actor === undefined || b.actor.includes('*') || b.actor === of.actor) &&
      (b.handle === undefined || b.handle.includes('*') || b.handle === of.handle) &&
      (b.app === undefined || b.app.includes('*') || b.app === of.app),
  );
}
