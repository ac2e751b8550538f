// What a push's run is told when a process died under it.
import { describe, expect, it } from 'vitest';
import { noAftermath, recoveredWords, takeAftermath, type Word } from '../../machines/aftermath.ts';
import type { Entry, EntryBody } from '../../machines/journal.ts';

type Row = EntryBody & { run?: string; proc?: string; cause?: number; t?: number };

function fold(rows: Row[]) {
  const all = noAftermath();
  for (const [i, { run = null, proc = 'control', cause = i || null, t = i, ...body }] of rows.entries()) {
    const entry: Entry = { seq: i + 1, at: 0, t, lt: 0, proc, cause, run, ...body } as Entry;
    takeAftermath(all, entry);
  }
  return all;
}
const texts = (rows: Row[]) => [...fold(rows).owed.values()].map((w) => `${w.run}: ${w.text}`);

const run = 'push a';
const app = (
  event: string,
  value: unknown,
  context: Record<string, unknown> = {},
  of: string | undefined = run,
): Row => ({
  ...{ type: 'transition', machine: 'app', actor: 'app:A', event, value, edges: ['x'], context },
  ...(of === undefined ? {} : { run: of }),
});
const instance = (value: unknown, context: Record<string, unknown> = {}): Row => ({
  ...{ type: 'transition', machine: 'instance', actor: 'instance:i', event: '', value, edges: [], context },
  proc: 'dea/0',
});
const main = (text: string, proc: string): Row => ({ type: 'note', actor: 'main', text, data: { proc }, proc: 'main' });
const died = (proc: string) => main(`${proc} died (SIGKILL) and is started again`, proc);
const started = (proc: string) => main(`${proc} was started`, proc);
const work = (proc: string): Row => ({ type: 'note', actor: proc, text: 'works', run, proc });
const begun = [app('start', { staging: 'requesting' }), work('dea/0')];
const runs = [instance('BORN', { app: 'A', index: 0 }), instance({ RUNNING: 'announcing' })];

describe('a death under a push', () => {
  it('is told in the run of the push that it concerns, and so is its end', () => {
    expect(texts([...begun, died('dea/0'), started('dea/0'), ...runs])).toEqual([
      'push a: dea/0 died (SIGKILL) while this push was under way',
      'push a: this push came through: instance 0 is RUNNING on dea/0; dea/0 died on its way',
    ]);
  });

  it('concerns the DEA that works for it and the Warden beside that, and nobody of another node', () => {
    expect(texts([...begun, died('dea/1'), died('warden/1')])).toEqual([]);
    expect(texts([...begun, died('warden/0')])).toHaveLength(1);
  });

  it('concerns a process whose last entries come in after the word of its death, and none that began later', () => {
    const late = (row: Row, t: number): Row => ({ ...row, t });
    const [begins] = begun;
    if (!begins) throw new Error('nothing has begun');
    expect(texts([begins, late(died('dea/1'), 5), late(work('dea/1'), 4)])).toHaveLength(1);
    expect(texts([begins, late(died('warden/1'), 5), late(work('dea/1'), 4)])).toHaveLength(1);
    expect(texts([begins, late(died('dea/1'), 5), late(work('dea/1'), 6)])).toEqual([]);
  });

  it('is the reason of a failure that came before the word of it, but not of one long ago', () => {
    const lost = app('x', 'failed', { problem: { message: 'lost the connection' } });
    expect(texts([...begun, lost, { ...died('warden/0'), t: 40 }])).toEqual([
      'push a: warden/0 died (SIGKILL) while this push was under way',
      'push a: this push FAILED: lost the connection; warden/0 died on its way',
    ]);
    expect(texts([...begun, lost, { ...died('warden/0'), t: 4000 }])).toEqual([]);
  });

  it('is nothing to a push that has come through, has failed or was stopped', () => {
    expect(texts([...begun, ...runs, died('dea/0')])).toEqual([]);
    expect(texts([...begun, app('x', 'failed'), { ...died('dea/0'), t: 4000 }])).toEqual([]);
    expect(texts([...begun, app('stop', 'stopping', {}, ''), died('dea/0')])).toEqual([]);
  });

  it('is known by the new start when the supervisor died as well', () => {
    expect(texts([...begun, started('dea/0'), ...runs])).toEqual([
      'push a: dea/0 was started while this push was under way',
      expect.stringContaining('dea/0 died on its way'),
    ]);
  });

  it('ends with the reason when the push fails, and a push that nobody died under says nothing more', () => {
    const late = { problem: { type: 'StagingError', message: 'the stager did not answer in time' } };
    const fails = [app('x', { staging: 'failing' }, late), app('x', 'failed')];
    expect(texts([...begun, died('dea/0'), ...fails]).at(-1)).toBe(
      'push a: this push FAILED: the stager did not answer in time; dea/0 died on its way',
    );
    expect(texts([...begun, ...fails])).toEqual([]);
  });

  it('is forgotten by the next push of the same app', () => {
    expect(texts([...begun, died('dea/0'), app('x', 'failed'), ...begun, ...runs])).toHaveLength(2);
  });
});

describe('the words', () => {
  const note = ({ text, data, cause, run: of }: Word): Row => ({
    ...{ type: 'note', actor: 'journal', text, data, cause, run: of },
    proc: 'journal',
  });

  it('are not owed any more once they are in the record, whoever reads it', () => {
    const rows = [...begun, died('dea/0')];
    const [word] = fold(rows).owed.values();
    expect(word && texts([...rows, note(word)])).toEqual([]);
  });

  it('of a recovery name the run of each app, and leave it under way: its droplet may still come', () => {
    const [word] = recoveredWords(fold(begun), ['A', 'unknown']);
    expect(word).toMatchObject({ run, cause: 2, data: { app: 'A', outcome: 'RECOVERED' } });
    expect(word && texts([...begun, note(word), ...runs])).toEqual([expect.stringMatching(/RUNNING.*control died/)]);
    // Too late: it has come already.
    expect(recoveredWords(fold([...begun, ...runs]), ['A'])).toEqual([]);
  });
});
