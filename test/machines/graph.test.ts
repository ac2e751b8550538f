// The graph is read from the definition: what is in the machine is in the picture, under ids that never move.
import { describe, expect, it } from 'vitest';
import { and, assign, createActor, fromPromise, not, setup } from 'xstate';
import { activeStates, edgesTaken, graphHash, machineGraph, statesEntered } from '../../machines/graph.ts';

const kit = setup({
  types: { events: {} as { type: 'go' | 'stop' | 'poke' | 'other' } },
  actors: { work: fromPromise(async () => 1) },
  guards: { ready: () => true, busy: () => false },
  actions: { note: () => {} },
  delays: { pause: 5 },
});

/** A config with one state more than `base`, and the one edge that leads there. */
const KINDS = {
  event: [{ on: { go: 'b' } }, 'm.a:go:0→m.b'],
  wildcard: [{ on: { '*': 'b' } }, 'm.a:*:0→m.b'],
  always: [{ always: { target: 'b', guard: 'ready' } }, 'm.a:always:0→m.b'],
  'after a number': [{ after: { 2000: 'b' } }, 'm.a:after 2000:0→m.b'],
  'after a named delay': [{ after: { pause: 'b' } }, 'm.a:after pause:0→m.b'],
  'done of an invoke': [{ invoke: { src: 'work', onDone: 'b' } }, 'm.a:done work:0→m.b'],
  'error of an invoke': [{ invoke: { src: 'work', onError: 'b' } }, 'm.a:error work:0→m.b'],
  'done of a compound': [{ initial: 'x', states: { x: { type: 'final' } }, onDone: 'b' }, 'm.a:done:0→m.b'],
  'done of a parallel': [
    { type: 'parallel', states: { l: { initial: 'x', states: { x: { type: 'final' } } } }, onDone: 'b' },
    'm.a:done:0→m.b',
  ],
} as const;

describe('machineGraph', () => {
  const before = machineGraph(kit.createMachine({ id: 'm', initial: 'a', states: { a: {} } }));
  for (const [kind, [a, edge]] of Object.entries(KINDS)) {
    it(`draws a new state and its edge (${kind}) with no other change than the definition's`, () => {
      // The rows above are configs; the table's type is wider than what setup() infers for each.
      const machine = kit.createMachine({ id: 'm', initial: 'a', states: { a: a as object, b: {} } });
      const after = machineGraph(machine);
      expect(after.states.map((s) => s.id)).toContain('m.b');
      expect(after.edges.map((e) => e.id)).toContain(edge);
      expect(before.edges.map((e) => e.id)).not.toContain(edge);
      expect(graphHash(after)).not.toBe(graphHash(before));
    });
  }

  it('gives each kind of edge its kind and each state its type, parent, beginning and actors', () => {
    const graph = machineGraph(
      kit.createMachine({
        id: 'm',
        initial: 'a',
        states: {
          a: {
            description: 'waits',
            entry: ['note', assign({})],
            exit: 'note',
            invoke: [{ src: 'work', onDone: 'p', onError: { target: 'z', actions: 'note' } }],
            after: { pause: 'z' },
            always: { target: 'p', guard: and(['ready', not('busy')]) },
            on: { poke: { actions: 'note' }, stop: { target: 'a', reenter: true } },
          },
          p: {
            type: 'parallel',
            states: { l: { initial: 'one', states: { one: {}, old: { type: 'history' } } }, r: {} },
            on: { go: { target: ['p.l.one', 'p.r'] } },
          },
          z: { type: 'final' },
        },
      }),
    );
    expect(graph.states.map((s) => [s.id, s.parent, s.type, s.initial])).toEqual([
      ['m', null, 'compound', true],
      ['m.a', 'm', 'atomic', true],
      ['m.p', 'm', 'parallel', false],
      ['m.p.l', 'm.p', 'compound', true],
      ['m.p.l.one', 'm.p.l', 'atomic', true],
      ['m.p.l.old', 'm.p.l', 'history', false],
      ['m.p.r', 'm.p', 'atomic', true],
      ['m.z', 'm', 'final', false],
    ]);
    const a = graph.states.find((s) => s.id === 'm.a');
    expect(a).toMatchObject({ description: 'waits', invokes: ['work'], entry: ['note', 'assign'], exit: ['note'] });
    expect(graph.edges.map((e) => [e.id, e.kind])).toEqual([
      ['m:initial:0→m.a', 'initial'],
      ['m.a:poke:0→', 'event'],
      ['m.a:stop:0→m.a', 'event'],
      ['m.a:done work:0→m.p', 'done'],
      ['m.a:error work:0→m.z', 'error'],
      ['m.a:after pause:0→m.z', 'after'],
      ['m.a:always:0→m.p', 'always'],
      ['m.p:go:0→m.p.l.one,m.p.r', 'event'],
      ['m.p.l:initial:0→m.p.l.one', 'initial'],
    ]);
    expect(graph.edges.find((e) => e.kind === 'always')?.guard).toBe('(ready and not busy)');
    expect(graph.edges.find((e) => e.kind === 'error')?.actions).toEqual(['note']);
  });

  it('keeps two actors of one name, guarded alternatives and custom state ids apart', () => {
    const graph = machineGraph(
      kit.createMachine({
        id: 'm',
        initial: 'a',
        states: {
          a: {
            id: 'custom',
            invoke: [
              { src: 'work', id: 'first', onDone: 'b' },
              { src: 'work', id: 'second', onDone: 'b' },
            ],
            on: { go: [{ target: 'b', guard: 'ready' }, { target: 'b' }] },
          },
          b: { on: { stop: '#custom' } },
        },
      }),
    );
    const ids = graph.edges.map((e) => e.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([
      'm:initial:0→m.a',
      'm.a:go:0→m.b',
      'm.a:go:1→m.b',
      'm.a:done work#first:0→m.b',
      'm.a:done work#second:0→m.b',
      'm.b:stop:0→m.a',
    ]);
  });
});

const walk = kit.createMachine({
  id: 'w',
  initial: 'a',
  states: {
    a: { on: { go: [{ target: 'never', guard: 'busy' }, { target: 'b' }], poke: { target: 'a', reenter: true } } },
    b: { always: { target: 'p' } },
    p: {
      type: 'parallel',
      states: {
        l: { initial: 'one', states: { one: { type: 'final' } } },
        r: { initial: 'one', states: { one: { after: { pause: 'two' } }, two: { type: 'final' } } },
      },
      onDone: 'z',
    },
    never: {},
    z: { type: 'final' },
  },
});

describe('what a running machine does', () => {
  it('names, for each microstep, only edges that the graph draws, `always`, `after` and onDone included', async () => {
    const ids = new Set(machineGraph(walk).edges.map((e) => e.id));
    const taken: string[] = [];
    const actor = createActor(walk, {
      inspect: (e) => {
        if (e.type === '@xstate.microstep') taken.push(...edgesTaken(e._transitions));
      },
    });
    actor.start();
    actor.send({ type: 'go' });
    await new Promise<void>((resolve) => actor.subscribe({ complete: resolve }));
    expect(taken).toEqual(['w.a:go:1→w.b', 'w.b:always:0→w.p', 'w.p.r.one:after pause:0→w.p.r.two', 'w.p:done:0→w.z']);
    for (const id of taken) expect(ids.has(id)).toBe(true);
  });

  it('gives the same ids when the machine is provided with other actors', () => {
    const taken: string[] = [];
    const provided = walk.provide({ actors: { work: fromPromise(async () => 2) } });
    const actor = createActor(provided, {
      inspect: (e) => {
        if (e.type === '@xstate.microstep') taken.push(...edgesTaken(e._transitions));
      },
    }).start();
    actor.send({ type: 'go' });
    actor.stop();
    expect(taken).toEqual(['w.a:go:1→w.b', 'w.b:always:0→w.p']);
  });

  it('says which states were entered, and that all active ones were at the beginning', () => {
    const actor = createActor(walk).start();
    const first = actor.getSnapshot();
    actor.send({ type: 'go' });
    expect(statesEntered(undefined, first)).toEqual(['w', 'w.a']);
    expect(statesEntered(first, actor.getSnapshot())).toEqual(['w.p', 'w.p.l', 'w.p.l.one', 'w.p.r', 'w.p.r.one']);
    expect(activeStates(actor.getSnapshot())).toHaveLength(6);
    actor.stop();
  });
});
