// The paces of a lab against real processes: what a beat is, what opens it, and that the page is told.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, bench, type Proc, until } from '../lab/fixtures/harness.ts';

interface State {
  pace: string;
  paused: boolean;
  held: { gate: string; by: string; point: { name: string } }[];
}
const step = (name: string, when = 'before') => ({
  kind: 'step',
  machine: 'wshd-boot',
  proc: 'a',
  actor: 'wshd:x',
  name,
  when,
});
const effect = (name: string) => ({ kind: 'effect', proc: 'a', actor: 'instance:x', name, when: 'start' });

describe('the pace of a lab', () => {
  let b: Bench;
  let a: Proc;
  const state = () => b.api<State>('GET', '/state');
  const holding = (name: string) =>
    until(`${name} to be held`, async () => (await state()).held.find((h) => h.point.name === name));
  const past = (as: string) =>
    until(
      `${as} to be passed`,
      async () => (await a.ask<Record<string, { opened: boolean }>>({ do: 'held' }))[as]?.opened,
    );
  const openers = () => b.onDisk().flatMap((e) => (e.type === 'gate' && e.phase === 'opened' ? [e.by] : []));
  beforeEach(async () => {
    b = await bench();
    await b.spine();
    a = await b.worker('a');
  }, 60_000);
  afterEach(() => b?.close());

  it('is real after a start, and nothing closes', async () => {
    expect(await state()).toMatchObject({ pace: 'real', paused: false });
    await a.ask({ do: 'pass', point: step('clone'), as: 'flow' });
    await past('flow');
  });

  it('holds each beat until the page has shown it, and nothing that is none', async () => {
    await b.api('POST', '/pace', { pace: 'beat' });
    const after = [effect('compile'), step('clone', 'after'), step('pivot_root')];
    await a.ask({ do: 'pass', point: step('clone'), after, as: 'flow' });
    const first = await holding('clone');
    expect(first.by).toBe('beat');
    expect(await b.api('POST', '/motion-ended', { gate: first.gate })).toEqual({ opened: [first.gate] });
    const second = await holding('pivot_root');
    expect(await b.api('POST', '/motion-ended', { gate: first.gate }), 'said once more').toEqual({ opened: [] });
    await b.api('POST', '/motion-ended', { gate: second.gate });
    await past('flow');
    await until('the entries', () => openers().length === 2);
    expect(openers()).toEqual(['beat: the motion has ended', 'beat: the motion has ended']);
  });

  it('goes on by itself when no page says anything, and the record says so', async () => {
    await b.api('POST', '/pace', { pace: 'beat' });
    await a.ask({ do: 'pass', point: step('clone'), as: 'flow' });
    await holding('clone');
    await past('flow');
    await until('the entry', () => openers().length === 1);
    expect(openers()).toEqual(['beat: no report of a motion within 2 s']);
  });

  it('leaves what a breakpoint holds to a hand, and what is held by hand to the next pace', async () => {
    const { id } = await b.api<{ id: string }>('POST', '/breakpoints', { name: 'pivot_root' });
    await b.api('POST', '/pace', { pace: 'hand' });
    expect(await state()).toMatchObject({ pace: 'hand', paused: true });
    await a.ask({ do: 'pass', point: effect('compile'), after: [step('pivot_root')], as: 'flow' });
    expect((await holding('compile')).by).toBe('pause');
    await b.api('POST', '/pace', { pace: 'beat' });
    const held = await holding('pivot_root');
    expect(held.by).toBe(id);
    expect(await b.api('POST', '/motion-ended', { gate: held.gate })).toEqual({ opened: [] });
    await b.api('POST', '/pace', { pace: 'real' });
    expect((await state()).held).toHaveLength(1);
    await b.api('POST', '/open', { gate: held.gate });
    await past('flow');
  });

  it('tells the stream of every change of rules, pace and gates', async () => {
    const leave = new AbortController();
    const response = await fetch(`${b.url()}/stream`, { signal: leave.signal });
    const seen: State[] = [];
    const reading = (async () => {
      let text = '';
      for await (const chunk of response.body ?? []) {
        text += new TextDecoder().decode(chunk);
        const whole = [...text.matchAll(/^event: state\ndata: (.*)\n\n/gm)];
        seen.splice(0, seen.length, ...whole.map((m): State => JSON.parse(m[1] ?? '')));
      }
    })().catch(() => undefined);
    await until('the state at the beginning', () => seen[0]?.pace === 'real');
    await b.api('POST', '/pace', { pace: 'beat' });
    await until('the pace', () => seen.at(-1)?.pace === 'beat');
    await a.ask({ do: 'pass', point: step('clone'), as: 'flow' });
    const gate = (await until('the gate', () => seen.at(-1)?.held[0])).gate;
    await b.api('POST', '/motion-ended', { gate });
    await until('its end', () => seen.at(-1)?.held.length === 0);
    leave.abort();
    await reading;
  });
});
