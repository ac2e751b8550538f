// Failures and their cards as pure functions: which there are at a moment, what an exit status means, what to do next.
import { describe, expect, it } from 'vitest';
import { firstFailing, linesBegun } from '../../machines/failing-line.ts';
import { failuresAt, lastFailureOf } from '../../machines/failure.ts';
import { adviceFor, exitMeaning } from '../../machines/failure-advice.ts';
import { failureCard } from '../../machines/failure-card.ts';
import type { Entry, EntryBody } from '../../machines/journal.ts';

function record(...bodies: EntryBody[]): Entry[] {
  return bodies.map((body, i) => ({
    ...{ seq: i + 1, at: 0, t: i, lt: i, proc: 'dea/0', cause: i === 0 ? null : i, run: null },
    ...body,
  }));
}

const moved = (actor: string, value: unknown, context: Record<string, unknown> = {}, event = 'x'): EntryBody => ({
  ...{ type: 'transition', actor, machine: actor.split(':')[0] ?? '', event, value, edges: [], context },
});
const gate = (phase: 'held' | 'opened'): EntryBody => ({
  ...{ type: 'gate', actor: 'staging-task:t', phase, gate: 'g1', by: 'b1' },
  point: {
    ...{ kind: 'effect', proc: 'dea/0', actor: 'staging-task:t', machine: 'staging-task', name: 'linkRunner' },
    enters: ['staging-task.failed'],
  },
});
const script = (line: number, command: string): EntryBody => ({
  ...{ type: 'script', actor: 'staging-task:t', handle: 'h', file: 'bin/compile', line, command },
});
const failed = (line: number, command: string, status: number, ends: object = {}): EntryBody => ({
  ...{ type: 'script', actor: 'staging-task:t', handle: 'h', file: 'bin/compile', line, command, status },
  ...ends,
});
const log = (stream: 'out' | 'err', text: string): EntryBody => ({
  ...{ type: 'log', actor: 'staging-task:t', source: 'STG', index: 't', stream, app: 'g', text },
});
const linked = (status: number): EntryBody => ({
  ...{ type: 'message', actor: 'dea:0', phase: 'received', transport: 'warden', from: 'warden:0', to: 'dea:0' },
  name: 'LinkResponse',
  payload: {
    exit_status: status,
    info: { events: [], memory_stat: { total_rss: '3000', total_cache: '500', hierarchical_memory_limit: '1048576' } },
  },
});

describe('failures in the record', () => {
  const story = record(
    moved('staging-task:t', { setup: 'workspace' }, { app: 'g', handle: null }, 'xstate.init'),
    moved('staging-task:t', { staging: 'linked' }, { handle: 'h' }),
    script(3, 'set -e'),
    log('out', 'fine so far'),
    script(4, 'cp missing target'),
    log('err', "cp: cannot stat 'missing'"),
    { ...{ type: 'kernel', actor: 'container:h', handle: 'h', pid: 1, ms: 1 }, diff: { 'disk.used': [null, 4096] } },
    linked(1),
    gate('held'),
    gate('opened'),
    moved('staging-task:t', 'failed', { error: { type: 'StagingError', message: 'Script exited with status 1' } }),
    moved('staging-task:t', 'done'),
  );

  it('are there as soon as they are held, with the container that can still be looked into', () => {
    expect(failuresAt(story, 8)).toEqual([]);
    expect(failuresAt(story, 9)).toMatchObject([{ seq: 9, kind: 'staging', app: 'g', held: 'g1', handle: 'h' }]);
  });

  it('stay one when the gate opens and the machine fails', () => {
    expect(failuresAt(story, 12)).toMatchObject([{ seq: 9, held: null }]);
    expect(lastFailureOf(story, 12, 'other')).toBeUndefined();
  });

  it('have a card: the last line that began, what was said, the status, what was used', () => {
    const failure = lastFailureOf(story, 9, 'g');
    const card = failure && failureCard(story, failure, 9);
    expect(card?.lines.map((l) => l.line)).toEqual([3, 4]);
    expect(card?.said?.text).toBe("cp: cannot stat 'missing'");
    expect(card).toMatchObject({ status: 1, oom: false, usage: { memory: 3500, memoryLimit: 1048576 } });
    expect(card?.disk).toEqual({ bytes: 4096, seq: 7 });
    expect(card && adviceFor(card).map((a) => a.type)).toEqual(['look', 'buildpack', 'hold-line']);
  });

  it('tell a start that failed from a crash, and an order that nobody could take', () => {
    const entries = record(
      moved('instance:a', { STARTING: 'checking' }, { app: 'g', index: 0 }, 'xstate.init'),
      moved('instance:a', { CRASHED: {} }, { exitStatus: -1, exitDescription: 'failed to accept connections' }),
      moved('instance:b', { RUNNING: 'serving' }, { app: 'g', index: 1 }, 'xstate.init'),
      moved('instance:b', { CRASHED: {} }, { exitStatus: 137, exitDescription: 'out of memory' }),
      moved('app:g', 'stopped', { problem: { type: 'StagingError', message: 'no available stagers' } }),
    );
    expect(failuresAt(entries, 5).map((f) => [f.kind, f.index])).toEqual([
      ['start', 0],
      ['crash', 1],
      ['order', null],
    ]);
    const cards = failuresAt(entries, 5).map((f) => failureCard(entries, f, 5));
    expect(cards.map((c) => adviceFor(c)[0]?.type)).toEqual(['port', 'memory', 'less']);
    expect(cards[1]?.oom).toBe(true);
  });

  it('advise no more memory for an instance that somebody killed', () => {
    const entries = record(
      moved('instance:a', { RUNNING: 'serving' }, { app: 'g', index: 0 }, 'xstate.init'),
      moved('instance:a', { CRASHED: {} }, { exitStatus: 137, exitDescription: 'app instance exited' }),
    );
    const failure = lastFailureOf(entries, 2, 'g');
    const card = failure && failureCard(entries, failure, 2);
    expect(card).toMatchObject({ status: 137, oom: false });
    expect(card && adviceFor(card).map((a) => a.type)).toEqual(['again']);
  });
});

describe('the first failing line', () => {
  const ends = { ends: true } as const;
  const begun = script(0, 'bin/compile');

  it('is the one on which the script ended, not the failures that it had lived through in a subshell', () => {
    const own = record(
      begun,
      script(3, 'x=$(grep y z)'),
      failed(3, 'grep y z', 1),
      script(4, 'cp missing target'),
      failed(4, 'cp missing target', 1, ends),
    );
    expect(firstFailing(own)).toMatchObject({ line: 4, status: 1, certain: true });
    expect(linesBegun(own).map((l) => l.line)).toEqual([3, 4]);
  });

  it('is the inner command where that took its caller along', () => {
    const own = record(
      begun,
      script(9, 'files=$(list)'),
      script(3, 'ls nowhere'),
      failed(3, 'ls nowhere', 2, ends),
      failed(9, 'files=$(list)', 2, ends),
    );
    expect(firstFailing(own)).toMatchObject({ line: 3, status: 2, certain: true });
  });

  it('is not certain where lines began after it: a handler of the script, or a script without set -e', () => {
    const handled = record(begun, script(4, 'false'), failed(4, 'false', 1, ends), script(2, 'rm -rf tmp'));
    expect(firstFailing(handled)).toMatchObject({ line: 4, certain: false });
    const careless = record(begun, failed(4, 'cp a b', 1), failed(5, 'cp c d', 1), script(6, 'exit 1'));
    expect(firstFailing(careless)).toMatchObject({ line: 4, command: 'cp a b', certain: false });
  });

  it('is of the script that ran last, and none where nothing is known to have failed', () => {
    const detect = script(0, 'bin/detect');
    expect(firstFailing(record(detect, failed(2, 'test -f x', 1), begun, script(5, 'exit 1')))).toBeNull();
  });
});

describe('an exit status in words', () => {
  it.each([
    [0, { type: 'done' }],
    [1, { type: 'failed', status: 1 }],
    [126, { type: 'not-executable' }],
    [127, { type: 'not-found' }],
    [137, { type: 'signal', signal: 9, name: 'SIGKILL' }],
    [143, { type: 'signal', signal: 15, name: 'SIGTERM' }],
    [255, { type: 'failed', status: 255 }],
    [-1, { type: 'unknown' }],
  ])('%i', (status, meaning) => {
    expect(exitMeaning(status)).toEqual(meaning);
  });
});
