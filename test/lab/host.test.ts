// The machine host: what it records, what causes what, and where it holds. In-process; the processes are tested elsewhere.

import { describe, expect, it } from 'vitest';
import { assign, setup } from 'xstate';
import { type Breakpoint, closedBy, type GateRules, OPEN } from '../../machines/gates.ts';
import type { Cause, EntryBody, GatePoint, Ref } from '../../machines/journal.ts';
import { effect, host, listen } from '../../server/lab/host.ts';
import type { Lab } from '../../server/lab/types.ts';

interface Written {
  body: EntryBody;
  cause: Cause;
  ref: Ref;
}

/** A lab whose gates the test closes and whose clock the test moves. */
function handLab(breakpoints: Breakpoint[] = []) {
  const entries: Written[] = [];
  const rules: GateRules = { ...OPEN, breakpoints };
  const held: { point: GatePoint; open: () => void }[] = [];
  const timers: { due: number; fn: () => void; dead: boolean }[] = [];
  let now = 0;
  const lab: Lab = {
    proc: 'test',
    rec: {
      proc: 'test',
      record: (body, cause) => {
        const ref = { proc: 'test', n: entries.length + 1 };
        entries.push({ body, cause, ref });
        return ref;
      },
      alias: () => undefined,
      secret: () => undefined,
    },
    gates: {
      closes: (p) => closedBy(rules, p) !== undefined,
      pass: (point, cause) =>
        closedBy(rules, point) === undefined
          ? Promise.resolve(cause)
          : new Promise((resolve) => held.push({ point, open: () => resolve(cause) })),
      rules: () => rules,
      drops: () => null,
      onRules: () => () => undefined,
    },
    clock: {
      now: () => now,
      after: (ms, _kind, _label, fn) => {
        const t = { due: now + ms, fn, dead: false };
        timers.push(t);
        return { due: t.due, cancel: () => (t.dead = true) };
      },
      every: () => ({ due: 0, cancel: () => undefined }),
      sleep: () => Promise.resolve(),
    },
    onSettle: () => undefined,
    close: () => Promise.resolve(),
  };
  const advance = (ms: number) => {
    now += ms;
    for (const t of timers.splice(0)) t.dead || (t.due <= now ? t.fn() : timers.push(t));
  };
  return { lab, entries, held, advance, rules };
}

const oven = setup({
  types: {
    context: {} as { loaves: number; input: string },
    events: {} as { type: 'bake' } | { type: 'burnt' },
    input: {} as { what: string },
  },
  actors: {
    heat: effect<string, number>({} as Lab, 'heat', () => Promise.reject(new Error('not provided: heat'))),
    watch: listen<undefined>({} as Lab, 'watch', () => undefined),
  },
  delays: { coolWait: 1000 },
}).createMachine({
  id: 'oven',
  context: ({ input }) => ({ loaves: 0, input: input.what }),
  initial: 'cold',
  states: {
    cold: { on: { bake: 'heating' } },
    heating: {
      invoke: {
        src: 'heat',
        input: ({ context }) => context.input,
        onDone: { target: 'warm', actions: assign({ loaves: ({ event }) => event.output }) },
        onError: 'cold',
      },
    },
    warm: { always: { target: 'hot', guard: ({ context }) => context.loaves > 2 } },
    hot: { after: { coolWait: 'done' } },
    done: { type: 'final' },
  },
});

const tick = () => new Promise((r) => setImmediate(r));
const show = (w: Written) =>
  w.body.type === 'transition'
    ? `${w.body.event.replace(/^xstate\.(done|error|after)\.(actor\.)?.*/, '$1')}>${JSON.stringify(w.body.value)}`
    : w.body.type === 'effect'
      ? `${w.body.name} ${w.body.phase}`
      : w.body.type;

describe('a hosted machine', () => {
  it('records every microstep with the entry that caused it, effects and delays included', async () => {
    const { lab, entries, advance } = handLab();
    const request = lab.rec.record({ type: 'note', actor: 'test', text: 'request' }, null);
    const heat = effect<string, number>(lab, 'heat', async ({ input }) => (input === 'bread' ? 3 : 0));
    const h = host(lab, oven.provide({ actors: { heat } }), { id: 'oven:1', input: { what: 'bread' }, cause: request });
    await h.send({ type: 'bake' }, { cause: request });
    await tick();
    advance(1000);
    await h.done;
    expect(entries.map(show)).toEqual([
      'note',
      'xstate.init>"cold"',
      'bake>"heating"',
      'heat start',
      'heat end',
      'done>"warm"',
      'done>"hot"',
      'after>"done"',
    ]);
    expect(entries.map((e) => e.cause?.n ?? null)).toEqual([null, 1, 1, 3, 4, 5, 6, 7]);
    const baked = entries[5]?.body;
    expect(baked?.type === 'transition' && baked.context).toEqual({ loaves: 3 });
  });

  it('holds before a state is entered, also when only an effect or an always edge leads there', async () => {
    const { lab, held, entries } = handLab([{ id: 'b1', state: 'oven.hot' }]);
    const heat = effect<string, number>(lab, 'heat', async () => 3);
    const h = host(lab, oven.provide({ actors: { heat } }), { id: 'oven:1', input: { what: 'bread' }, cause: null });
    await h.send({ type: 'bake' }, { cause: null });
    await tick();
    expect(held.map((g) => g.point.when)).toEqual(['end']);
    expect(held[0]?.point.enters).toContain('oven.hot');
    expect(h.snapshot().value).toBe('heating');
    held[0]?.open();
    await tick();
    expect(h.snapshot().value).toBe('hot');
    expect(entries.filter((e) => e.body.type === 'transition')).toHaveLength(4);
  });

  it('holds an `after` edge before the state behind it and goes on when it is opened', async () => {
    const { lab, held, advance } = handLab([{ id: 'b1', state: 'oven.done' }]);
    const heat = effect<string, number>(lab, 'heat', async () => 3);
    const h = host(lab, oven.provide({ actors: { heat } }), { id: 'oven:1', input: { what: 'bread' }, cause: null });
    await h.send({ type: 'bake' }, { cause: null });
    await tick();
    advance(1000);
    await tick();
    expect(h.snapshot().value).toBe('hot');
    held[0]?.open();
    await h.done;
    expect(h.snapshot().value).toBe('done');
  });

  it('looking ahead starts nothing: the effect behind a held event has not begun', async () => {
    const { lab, held, entries } = handLab([{ id: 'b1', state: 'oven.heating' }]);
    let begun = 0;
    const heat = effect<string, number>(lab, 'heat', async () => {
      begun += 1;
      return 3;
    });
    const h = host(lab, oven.provide({ actors: { heat } }), { id: 'oven:1', input: { what: 'bread' }, cause: null });
    void h.send({ type: 'bake' }, { cause: null });
    await tick();
    expect(held).toHaveLength(1);
    expect(begun).toBe(0);
    expect(entries).toHaveLength(1);
    held[0]?.open();
    await tick();
    expect(begun).toBe(1);
  });

  it('holds before a state is entered again, and names states by their path whatever their own ids are', async () => {
    const kneader = setup({ types: { events: {} as { type: 'again' | 'same' | 'rest' | 'fold' } } }).createMachine({
      id: 'kneader',
      initial: 'kneading',
      states: {
        kneading: {
          id: 'dough',
          initial: 'pressing',
          on: { again: { target: '#dough', reenter: true }, same: {}, rest: 'resting' },
          states: { pressing: { on: { fold: 'folding' } }, folding: { on: { fold: 'pressing' } } },
        },
        resting: {},
      },
    });
    const { lab, held } = handLab([{ id: 'b1', state: 'kneader.kneading' }]);
    const h = host(lab, kneader, { id: 'kneader:1', cause: null });
    await h.send({ type: 'fold' }, { cause: null });
    await h.send({ type: 'same' }, { cause: null });
    expect(held, 'a step inside it, or none at all, does not enter it').toEqual([]);
    expect(h.snapshot().value).toEqual({ kneading: 'folding' });
    void h.send({ type: 'again' }, { cause: null });
    await tick();
    expect(held.map((g) => g.point.enters)).toEqual([['kneader.kneading', 'kneader.kneading.pressing']]);
    expect(h.snapshot().value, 'not yet').toEqual({ kneading: 'folding' });
    held[0]?.open();
    await tick();
    expect(h.snapshot().value).toEqual({ kneading: 'pressing' });
    await h.send({ type: 'rest' }, { cause: null });
    expect(held).toHaveLength(1);
  });

  it('records a failed effect and follows the failure edge', async () => {
    const { lab, entries } = handLab();
    const heat = effect<string, number>(lab, 'heat', () => Promise.reject(new Error('no gas')));
    const h = host(lab, oven.provide({ actors: { heat } }), { id: 'oven:1', input: { what: 'bread' }, cause: null });
    await h.send({ type: 'bake' }, { cause: null });
    await tick();
    expect(h.snapshot().value).toBe('cold');
    expect(entries.map(show)).toContain('heat fail');
    expect(entries.at(-1)?.cause?.n).toBe(entries.findIndex((e) => show(e) === 'heat fail') + 1);
  });
});
