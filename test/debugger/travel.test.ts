// What the page's commands of time ask for: in the past nothing of the lab, whatever is held there.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { useSource } from '../../web/lab-api.ts';
import { emptyModel, type Model } from '../../web/model.ts';
import { chosenGate, type TimeCommand, travel } from '../../web/timeline/travel.ts';

/** Paths that the page has called. */
let called: string[] = [];

beforeEach(() => {
  called = [];
  useSource({
    follow: async () => () => undefined,
    call: async (_method, path) => {
      called.push(path);
      return { ok: false, status: 0, error: 'nobody is there' };
    },
  });
});
afterEach(() => useSource(null));

const message = (seq: number): Entry => ({
  ...{ seq, at: seq, t: seq, lt: seq, proc: 'control', cause: null, run: 'push a', actor: 'cc', type: 'message' },
  ...{ phase: 'received', transport: 'http', from: 'you', to: 'cc', name: `PUT /v2/apps/${seq}` },
});
const held = (gate: string) => ({
  ...{ gate, by: 'b-1' },
  point: { kind: 'delivery', proc: 'control', actor: 'cc', name: 'x' } as const,
});

/** Ten messages; two gates are held in the present. */
function model(change: Partial<Model> = {}): Model {
  const lab = { lab: 'abcdef', lt: 0, running: false, paused: true, held: [held('g1'), held('g2')], breakpoints: [] };
  const entries = Array.from({ length: 10 }, (_, i) => message(i + 1));
  return { ...emptyModel(), entries, lab: { ...lab, procs: [], head: 10 }, ...change };
}

/** Does it, and says what changed. */
function act(
  command: TimeCommand,
  of: Model,
  row: (by: number) => number | undefined = () => undefined,
): Partial<Model> {
  const changed: Partial<Model> = {};
  travel({ model: of, update: (change) => Object.assign(changed, change), order: () => undefined, row })[command]();
  return changed;
}

const MOVES: readonly TimeCommand[] = [
  ...(['step', 'next', 'previous', 'forward', 'back', 'continue', 'continueBack', 'pause', 'first'] as const),
  ...(['over', 'overBack', 'into', 'intoBack', 'out', 'outBack'] as const),
];

describe('time in the page', () => {
  it.each(MOVES)('%s in the past moves the cursor and asks the lab for nothing', (command) => {
    const { cursor } = act(command, model({ cursor: 5 }));
    expect(called).toEqual([]);
    if (command.endsWith('Back') || command === 'back' || command === 'previous' || command === 'first') {
      expect(cursor ?? 5).toBeLessThanOrEqual(5);
    } else expect(cursor).toBeGreaterThan(5);
  });

  it('stops at the present before it goes live, and opens a gate only after that', () => {
    expect(act('forward', model({ cursor: 9 }))).toEqual({ cursor: 10 });
    expect(act('forward', model({ cursor: 10 }))).toEqual({ cursor: null });
    expect(called).toEqual([]);
    expect(act('forward', model())).toEqual({});
    expect(called).toEqual(['/lab/step']);
  });

  it.each([
    ['step', '/lab/step'],
    ['over', '/lab/over'],
    ['into', '/lab/into'],
    ['out', '/lab/out'],
    ['continue', '/lab/continue'],
    ['pause', '/lab/continue'],
    ['skip', '/lab/skip'],
  ] as const)('%s on the live lab asks for %s', (command, path) => {
    act(command, model());
    expect(called).toEqual([path]);
  });

  it('pauses what only waits for its beat, and lets go on what a breakpoint holds', () => {
    const beat = model();
    if (beat.lab) beat.lab = { ...beat.lab, paused: false, held: [{ ...held('g1'), by: 'beat' }] };
    act('pause', beat);
    expect(called).toEqual(['/lab/pause']);
    if (beat.lab) beat.lab = { ...beat.lab, held: [...beat.lab.held, held('g2')] };
    act('pause', beat);
    expect(called).toEqual(['/lab/pause', '/lab/continue']);
  });

  it('does nothing forwards on a live lab that runs', () => {
    const running = model();
    if (running.lab) running.lab = { ...running.lab, paused: false, held: [] };
    expect([act('forward', running), act('next', running)]).toEqual([{}, {}]);
    expect(called).toEqual([]);
  });

  it('walks along what was found while the record is searched', () => {
    const searched = model({ cursor: 5, filter: { ...emptyModel().filter, text: 'PUT' } });
    expect(act('next', searched, (by) => 5 + 3 * by)).toEqual({ cursor: 8 });
    expect(act('previous', searched, (by) => 5 + 3 * by)).toEqual({ cursor: 2 });
  });

  it('steps at the gate that was chosen, as long as it is held', () => {
    expect(chosenGate(model({ gate: 'g2' }))).toBe('g2');
    expect(chosenGate(model({ gate: 'gone' }))).toBeUndefined();
    expect(chosenGate(model())).toBeUndefined();
  });

  it('runs until the thing at the cursor comes again, and goes live for that', () => {
    expect(act('runTo', model({ cursor: 5 }))).toEqual({ cursor: null });
    expect(called).toEqual(['/lab/run-to']);
  });
});
