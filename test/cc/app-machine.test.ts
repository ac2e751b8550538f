// The app machine as a table: every state against every command, and what each effect's end leads to.
import { describe, expect, it } from 'vitest';
import { initialTransition, type SnapshotFrom, transition } from 'xstate';
import { type AppEvent, type AppInput, appMachine } from '../../machines/app.ts';
import { problemOf } from '../../machines/app-commands.ts';

type Snapshot = SnapshotFrom<typeof appMachine>;

function begin(at: AppInput['at']): Snapshot {
  return initialTransition(appMachine, { guid: 'g', at })[0];
}

/** The machine's own events: an effect of the state at `path` has ended or failed. */
function end(path: string, output?: unknown) {
  return { type: `xstate.done.actor.0.app.${path}`, output };
}
function fail(path: string, error: unknown) {
  return { type: `xstate.error.actor.0.app.${path}`, error };
}

function moved(from: Snapshot, ...events: { type: string }[]): Snapshot {
  // Effects' ends are not part of the machine's public events.
  // An actor that has ended takes no event; the pure function would.
  const step = (s: Snapshot, e: { type: string }) =>
    s.status === 'active' ? transition(appMachine, s, e as AppEvent)[0] : s;
  return events.reduce(step, from);
}

function nameOf(s: Snapshot): string {
  const flat = (v: unknown): string =>
    typeof v === 'string'
      ? v
      : Object.entries(v as object)
          .map(([k, inner]) => `${k}.${flat(inner)}`)
          .join('');
  return flat(s.value);
}

const ticket = { taskId: 't1', stager: 'd' };
const staged = { detectedBuildpack: 'Node.js', startedOn: 'd' };
const START: AppEvent = { type: 'start', needsStaging: true, instances: 2 };
const RUN: AppEvent = { type: 'start', needsStaging: false, instances: 2 };
const STOP: AppEvent = { type: 'stop' };
const UP: AppEvent = { type: 'scale', from: 1, to: 3, needsStaging: false };
const DOWN: AppEvent = { type: 'scale', from: 3, to: 1, needsStaging: false };
const SCALE_UNSTAGED: AppEvent = { type: 'scale', from: 1, to: 2, needsStaging: true };
const STAGE: AppEvent = { type: 'stage' };
const ROUTES: AppEvent = { type: 'routes.changed' };
const HM: AppEvent = { type: 'hm.start', index: 2 };
const DELETE: AppEvent = { type: 'delete' };

const STATES: Record<string, Snapshot> = {};
STATES.stopped = begin('stopped');
STATES.failed = begin('failed');
STATES['started.steady'] = begin('started');
STATES['staging.requesting'] = moved(STATES.stopped, START);
STATES['staging.waiting.quiet'] = moved(STATES['staging.requesting'], end('staging.requesting', ticket));
STATES['staging.waiting.stopping'] = moved(STATES['staging.waiting.quiet'], STOP);
STATES['staging.completing'] = moved(STATES['staging.waiting.quiet'], end('staging.waiting', staged));
STATES['staging.failing'] = moved(STATES['staging.waiting.quiet'], fail('staging.waiting', new Error('no')));
STATES.starting = moved(STATES.stopped, RUN);
STATES['started.adding'] = moved(STATES['started.steady'], UP);
STATES['started.removing'] = moved(STATES['started.steady'], DOWN);
STATES['started.rerouting'] = moved(STATES['started.steady'], ROUTES);
STATES.stopping = moved(STATES['started.steady'], STOP);
STATES.deleting = moved(STATES.stopped, DELETE);
STATES.deleted = moved(STATES.deleting, end('deleting'));

/** `later`: the command waits its turn; `-`: nothing happens. */
const MATRIX: Record<string, string[]> = {
  //                          START                 RUN         STOP        UP          SCALE_UNSTAGED       STAGE                ROUTES       HM           DELETE
  stopped: [
    'staging.requesting',
    'starting',
    'stopping',
    '-',
    'staging.requesting',
    'staging.requesting',
    '-',
    'started.adding',
    'deleting',
  ],
  failed: [
    'staging.requesting',
    'starting',
    'stopping',
    '-',
    'staging.requesting',
    'staging.requesting',
    '-',
    'started.adding',
    'deleting',
  ],
  'staging.requesting': ['later', 'later', 'later', '-', '-', 'later', '-', '-', 'deleting'],
  'staging.waiting.quiet': [
    'staging.requesting',
    'staging.requesting',
    'staging.waiting.stopping',
    '-',
    '-',
    'staging.requesting',
    '-',
    '-',
    'deleting',
  ],
  'staging.waiting.stopping': [
    'staging.requesting',
    'staging.requesting',
    '-',
    '-',
    '-',
    'staging.requesting',
    '-',
    '-',
    'deleting',
  ],
  'staging.completing': ['later', 'later', 'later', 'later', 'later', 'later', 'later', 'later', 'deleting'],
  'staging.failing': ['later', 'later', 'later', '-', '-', 'later', '-', '-', 'deleting'],
  starting: ['later', 'later', 'stopping', 'later', 'later', 'later', 'later', 'later', 'deleting'],
  'started.steady': [
    'staging.requesting',
    'starting',
    'stopping',
    'started.adding',
    'staging.requesting',
    '-',
    'started.rerouting',
    'started.adding',
    'deleting',
  ],
  'started.adding': ['later', 'later', 'stopping', 'later', 'later', 'later', 'later', 'later', 'deleting'],
  'started.removing': ['later', 'later', 'stopping', 'later', 'later', 'later', 'later', 'later', 'deleting'],
  'started.rerouting': ['later', 'later', 'stopping', 'later', 'later', 'later', 'later', 'later', 'deleting'],
  stopping: ['later', 'later', 'later', 'later', 'later', 'later', 'later', 'later', 'deleting'],
  deleting: ['-', '-', '-', '-', '-', '-', '-', '-', '-'],
  deleted: ['-', '-', '-', '-', '-', '-', '-', '-', '-'],
};
const COMMANDS = [START, RUN, STOP, UP, SCALE_UNSTAGED, STAGE, ROUTES, HM, DELETE];

describe('every state against every command', () => {
  it('is in the table', () => {
    expect(Object.keys(STATES).sort()).toEqual(Object.keys(MATRIX).sort());
    for (const [name, snapshot] of Object.entries(STATES)) expect(nameOf(snapshot)).toBe(name);
  });

  it.each(Object.entries(MATRIX))('%s', (name, row) => {
    const from = STATES[name];
    if (!from) throw new Error(`no such state: ${name}`);
    const outcome = COMMANDS.map((command) => {
      const to = moved(from, command);
      if (to.context.deferred.length > from.context.deferred.length) return 'later';
      return nameOf(to) === name && to.context.taskId === from.context.taskId ? '-' : nameOf(to);
    });
    expect(outcome).toEqual(row);
  });
});

describe('the ends of effects', () => {
  const from = (name: string) => STATES[name] ?? begin('stopped');

  it('lead on from a staging to the instances, or to a stopped app', () => {
    const completing = from('staging.completing');
    expect(nameOf(moved(completing, end('staging.completing', { wanted: true })))).toBe('started.steady');
    expect(nameOf(moved(completing, end('staging.completing', { wanted: false })))).toBe('stopped');
  });

  it('of a staging that failed record it, and leave a wanted app failed but one staged alone stopped', () => {
    const failing = from('staging.failing');
    expect(failing.context.problem).toEqual({ type: 'ServerError', message: 'no' });
    expect(nameOf(moved(failing, end('staging.failing')))).toBe('failed');
    const alone = moved(
      begin('stopped'),
      STAGE,
      end('staging.requesting', ticket),
      fail('staging.waiting', new Error('no')),
    );
    expect(nameOf(moved(alone, end('staging.failing')))).toBe('stopped');
  });

  it('take a command that failed back to stopped, with the reason', () => {
    const refused = moved(
      from('staging.requesting'),
      fail('staging.requesting', { type: 'StackNotFound', message: 'm' }),
    );
    expect(nameOf(refused)).toBe('stopped');
    expect(refused.context.problem).toMatchObject({ type: 'StackNotFound' });
    expect(moved(refused, RUN).context.problem).toBeNull();
    expect(nameOf(moved(from('starting'), fail('starting', new Error('x'))))).toBe('stopped');
  });

  it('are news to a failed app when its droplet comes after all, and to no other', () => {
    const stored: AppEvent = { type: 'droplet.stored' };
    for (const [name, snapshot] of Object.entries(STATES)) {
      expect(nameOf(moved(snapshot, stored)), name).toBe(name === 'failed' ? 'started.steady' : name);
    }
  });

  it('let a failed message to some instances not take the app down', () => {
    expect(nameOf(moved(from('started.adding'), fail('started.adding', new Error('x'))))).toBe('started.steady');
    expect(nameOf(moved(from('started.removing'), fail('started.removing', new Error('x'))))).toBe('started.steady');
    expect(nameOf(moved(from('started.rerouting'), fail('started.rerouting', new Error('x'))))).toBe('started.steady');
    expect(nameOf(moved(from('stopping'), fail('stopping', new Error('x'))))).toBe('stopped');
    expect(nameOf(moved(from('deleting'), fail('deleting', new Error('x'))))).toBe('deleted');
  });
});

describe('commands that came too early', () => {
  it('are carried out in their order', () => {
    const busy = moved(begin('started'), UP, ROUTES, DOWN);
    const one = moved(busy, end('started.adding'));
    expect(nameOf(one)).toBe('started.rerouting');
    const two = moved(one, end('started.rerouting'));
    expect(nameOf(two)).toBe('started.removing');
    expect(two.context.indices).toEqual([1, 2]);
    expect(moved(two, end('started.removing')).context.deferred).toEqual([]);
  });

  it('like a stop during the request are carried out while the stager works', () => {
    const asked = moved(begin('stopped'), START, STOP);
    expect(nameOf(moved(asked, end('staging.requesting', ticket)))).toBe('staging.waiting.stopping');
  });

  it('like a restart while starting begin again after the stop', () => {
    const again = moved(begin('stopped'), RUN, STOP, RUN);
    expect(nameOf(moved(again, end('stopping')))).toBe('starting');
  });
});

describe('the indices of an effect', () => {
  it.each([
    ['new ones', UP, [1, 2]],
    ['surplus ones', DOWN, [1, 2]],
    ['the one that is missing', HM, [2]],
  ] as const)('are the %s', (_, command, indices) => {
    expect(moved(begin('started'), command).context.indices).toEqual(indices);
  });

  it('are every desired one after a start, and the whole app at a stop', () => {
    expect(moved(begin('stopped'), RUN).context.indices).toEqual([0, 1]);
    expect(moved(begin('started'), UP, STOP).context.indices).toBeNull();
  });

  it('are counted along while staging, so that a scale meanwhile starts nothing twice', () => {
    const scaled = moved(begin('stopped'), START, SCALE_UNSTAGED, end('staging.requesting', ticket), UP);
    expect(scaled.context).toMatchObject({ instances: 3, deferred: [] });
    const completing = moved(scaled, end('staging.waiting', staged), DOWN);
    expect(completing.context.instances).toBe(3);
    expect(nameOf(moved(completing, end('staging.completing', { wanted: true })))).toBe('started.removing');
  });
});

describe('an effect that nobody provided', () => {
  it('fails with its name', () => {
    expect(problemOf(new Error('not provided: x'))).toEqual({ type: 'ServerError', message: 'not provided: x' });
  });
});
