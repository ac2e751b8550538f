// The panel of apps and the push dialog as pure functions: what the record says of an app at each moment, and what a form
// asks for.
import { describe, expect, it } from 'vitest';
import type { Entry, EntryBody } from '../../machines/journal.ts';
import { appsNow, linesOf, phaseOf } from '../../web/apps/apps-at.ts';
import { filesOfInput } from '../../web/apps/files.ts';
import { appNameOf, DEBUG_FORM, EMPTY_FORM, envOf, keptOf, orderOf, problemsOf } from '../../web/apps/form.ts';
import { chosenBuildpack } from '../../web/apps/retry.ts';

/** Entries with the stamps that the readers look at. */
function record(...bodies: EntryBody[]): Entry[] {
  return bodies.map((body, i) => ({
    ...{ seq: i + 1, at: 0, t: i, lt: i, proc: 'dea/0', cause: i === 0 ? null : i, run: null },
    ...body,
  }));
}

const moved = (actor: string, value: unknown, context: Record<string, unknown> = {}, event = 'x'): EntryBody => ({
  ...{ type: 'transition', actor, machine: actor.split(':')[0] ?? '', event, value, edges: [], context },
});
const answered = (name: string, entity: Record<string, unknown>): EntryBody => ({
  ...{ type: 'message', actor: 'cc', phase: 'sent', transport: 'http', from: 'cc', to: 'you', name },
  payload: { body: { metadata: { guid: 'g1' }, entity: { name: 'shop', memory: 128, instances: 2, ...entity } } },
});

const STORY = record(
  answered('201 POST /v2/apps', { state: 'STOPPED', buildpack: null }),
  moved('app:g1', 'stopped', {}, 'xstate.init'),
  moved('app:g1', { staging: 'requesting' }),
  moved('staging-task:t1', { setup: 'workspace' }, { app: 'g1' }, 'xstate.init'),
  moved('staging-task:t1', { staging: 'linked' }, { handle: 'h0' }),
  moved('staging-task:t1', 'done'),
  moved('app:g1', { started: 'steady' }),
  moved('instance:a', 'BORN', { app: 'g1', index: 0 }, 'xstate.init'),
  moved('instance:a', { STARTING: 'extracting' }, { handle: 'h1' }),
  moved('instance:a', { RUNNING: 'serving' }),
  moved('instance:b', { RUNNING: 'serving' }, { app: 'g1', index: 1, handle: 'h2' }, 'xstate.init'),
  moved('instance:b', { CRASHED: { report: 'reported', remains: 'kept' } }, { exitStatus: 137, handle: null }),
  moved('instance:c', { STARTING: 'preparing' }, { app: 'g1', index: 1 }, 'xstate.init'),
  { type: 'note', actor: 'main', text: 'dea/0 was started', data: { proc: 'dea/0' } },
  moved('app:g1', 'deleted'),
);

const at = (seq: number) => appsNow(STORY, seq)[0];
const phases = (seqs: readonly number[]) =>
  seqs.map((seq) => at(seq) && phaseOf(at(seq) as NonNullable<ReturnType<typeof at>>));

describe('the apps at a moment', () => {
  it('go from their record through staging to running instances, forwards and backwards alike', () => {
    const forwards = phases([2, 3, 7, 9, 10, 11, 12, 13]);
    expect(forwards).toEqual(['created', 'staging', 'starting', 'starting', 'partly', 'running', 'partly', 'partly']);
    expect(phases([13, 12, 11, 10, 9, 7, 3, 2])).toEqual([...forwards].reverse());
  });

  it('say what was asked for and what there is', () => {
    expect(at(11)).toMatchObject({ name: 'shop', asked: { memory: 128, instances: 2, buildpack: null } });
    expect(at(5)?.staging).toMatchObject({ handle: 'h0', proc: 'dea/0' });
    expect(at(6)?.staging).toBeNull();
    expect(at(12)?.instances.map((i) => [i.index, i.state, i.handle, i.exitStatus])).toEqual([
      [0, 'RUNNING', 'h1', null],
      [1, 'CRASHED', null, 137],
    ]);
  });

  it('show a crashed instance until another one takes its index', () => {
    expect(at(13)?.instances.map((i) => i.actor)).toEqual(['instance:a', 'instance:c']);
  });

  it('forget what ended with its DEA, and an app that was deleted', () => {
    expect(at(14)?.instances).toEqual([]);
    expect(at(15)).toBeUndefined();
  });

  it('have their own log lines up to the cursor', () => {
    const line = (app: string, text: string): EntryBody => ({
      ...{ type: 'log', actor: 'instance:a', source: 'App', index: '0', stream: 'out', app, text },
    });
    const entries = record(line('g1', 'one'), line('g2', 'other'), line('g1', 'two'));
    expect(linesOf(entries, 3, 'g1').map((l) => l.text)).toEqual(['one', 'two']);
    expect(linesOf(entries, 2, 'g1').map((l) => l.text)).toEqual(['one']);
    entries.push(...record(line('g1', 'three')).map((e) => ({ ...e, seq: 4 })));
    expect(linesOf(entries, 4, 'g1').map((l) => l.text)).toEqual(['one', 'two', 'three']);
  });
});

describe('the push form', () => {
  it.each([
    ['My Shop', 'my-shop'],
    ['shop.zip', 'shop'],
    ['--Ünï--', 'n'],
    ['日本', 'app'],
  ])('makes a host name of %s: %s', (file, name) => {
    expect(appNameOf(file)).toBe(name);
  });

  it('reads KEY=VALUE lines, leaves out comments and quotes, and names the first line that is none', () => {
    expect(envOf('A=1\n# no\n\nexport B="two words"\nC=x=y')).toEqual({
      env: { A: '1', B: 'two words', C: 'x=y' },
      bad: null,
    });
    expect(envOf('A=1\nnonsense').bad).toBe('nonsense');
  });

  it('tells each mistake beside its field', () => {
    const bad = { name: 'My App', memory: '1.5', instances: '0', env: 'VCAP_X=1', sample: null } as const;
    const more = { buildpack: 'other', address: 'no url', hold: 'line', line: 'compile' } as const;
    const problems = problemsOf({ ...EMPTY_FORM, ...bad, ...more }, 0);
    expect(Object.keys(problems).sort()).toEqual(['buildpack', 'env', 'files', 'hold', 'instances', 'memory', 'name']);
    expect(problemsOf(EMPTY_FORM, 0)).toEqual({});
  });

  it('asks for what was typed: detection takes back an earlier choice', () => {
    expect(orderOf(EMPTY_FORM)).toMatchObject({ app: 'hello-node', memory: 256, buildpack: null, restage: true });
    const own = { ...EMPTY_FORM, sample: null, buildpack: 'other', address: ' https://a/b ', hold: 'failure' } as const;
    expect(orderOf(own)).toMatchObject({ buildpack: 'https://a/b', hold: 'failure' });
    expect(orderOf(own)).not.toHaveProperty('app');
  });

  it('goes beat by beat, as every push of the page; what is held at a failure gets there at real speed', () => {
    expect(orderOf(EMPTY_FORM)).toMatchObject({ pace: 'beat' });
    const debug = { ...EMPTY_FORM, ...DEBUG_FORM, name: 'x' };
    expect(orderOf(debug)).toMatchObject({ pace: 'real', hold: 'failure' });
    expect(keptOf(debug, EMPTY_FORM, DEBUG_FORM)).toMatchObject({ name: 'x', pace: 'beat', hold: 'no' });
    expect(keptOf({ ...debug, hold: 'line' }, EMPTY_FORM, DEBUG_FORM)).toMatchObject({ hold: 'line' });
  });

  it('retries with what is chosen: a name, an address, or detection', () => {
    const chosen = (name: string, address = '') => chosenBuildpack((key) => ({ name, address })[key]);
    expect(chosen('auto', '/left/over')).toBeNull();
    expect(chosen('nodejs_buildpack', '/left/over')).toBe('nodejs_buildpack');
    expect(chosen('other', ' /srv/mine ')).toBe('/srv/mine');
  });

  it('takes the files of a chosen folder without the folder, and without what git keeps', () => {
    const file = (path: string) =>
      Object.assign(new File(['x'], path.split('/').at(-1) ?? ''), { webkitRelativePath: path });
    const chosen = filesOfInput([file('shop/a.js'), file('shop/lib/b.js'), file('shop/.git/config')]);
    expect(chosen).toMatchObject({ name: 'shop', size: 2, skipped: ['.git'] });
    expect(chosen.files.map((f) => f.path)).toEqual(['a.js', 'lib/b.js']);
  });
});
