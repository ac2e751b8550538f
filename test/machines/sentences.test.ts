// Every entry says itself in one sentence, short enough for a caption in both languages.
import { describe, expect, it } from 'vitest';
import type { Entry, EntryBody } from '../../machines/journal.ts';
import { duration, EN_MAX, eventText, JA_MAX, sentenceOf, stateText } from '../../machines/sentences.ts';

const LONG = 'a-name-so-long-that-nobody-would-ever-choose-it-for-anything-in-this-world-0123456789';

function entry(body: EntryBody): Entry {
  return { ...body, seq: 1, at: 0, t: 0, lt: 0, proc: 'dea/0', cause: null, run: null };
}

/** One body of every kind and phase, with `name` wherever a name can stand. */
function every(name: string): EntryBody[] {
  const actor = `container:${name}`;
  const wire = { type: 'message', actor, transport: 'warden', from: `dea/${name}`, to: `${name}/0`, name } as const;
  const effect = { type: 'effect', actor, machine: 'container', name, error: name, ms: 12.345 } as const;
  const call = { actor, handle: name, name, call: name, args: [name, name], file: `/x/${name}`, line: 12, pid: 1 };
  const point = { proc: 'dea/0', actor, name, file: `/x/${name}`, line: 7 };
  const gate = { type: 'gate', actor, gate: '1', by: 'pause' } as const;
  return [
    { ...wire, phase: 'sent' },
    { ...wire, phase: 'received' },
    { ...wire, phase: 'dropped' },
    { type: 'transition', actor, machine: name, event: 'xstate.init', value: { [name]: name }, edges: [], context: {} },
    { type: 'transition', actor, machine: name, event: name, value: name, edges: [name], context: {} },
    { type: 'transition', actor, machine: name, event: '', value: name, edges: [name], context: {} },
    { type: 'transition', actor, machine: name, event: name, value: name, edges: [], context: {} },
    { ...effect, phase: 'start' },
    { ...effect, phase: 'end' },
    { ...effect, phase: 'fail' },
    { type: 'step', of: 'boot', when: 'before', ...call },
    { type: 'step', of: 'job', when: 'after', result: 0, ns: 1, job: 3, ...call },
    { type: 'step', of: 'boot', when: 'after', result: -22, ns: 1, ...call },
    { type: 'script', actor, handle: name, file: `/x/${name}`, line: 12, command: name },
    { type: 'kernel', actor, handle: name, pid: 1, diff: { [name]: [1, 2], b: [1, 2] }, ms: 1 },
    { type: 'kernel', actor, handle: name, pid: 1, diff: {}, ms: 1 },
    { type: 'log', actor, source: name, index: '0', stream: 'out', text: name },
    { ...gate, phase: 'held', point: { ...point, kind: 'delivery' } },
    { ...gate, phase: 'held', point: { ...point, kind: 'effect', when: 'end' } },
    { ...gate, phase: 'opened', point: { ...point, kind: 'step', when: 'after' } },
    { ...gate, phase: 'opened', point: { ...point, kind: 'script' } },
    { type: 'fault', actor, what: name, target: name },
    { type: 'note', actor, text: name },
  ];
}

describe('sentenceOf', () => {
  for (const body of [...every('hello'), ...every(LONG)]) {
    const label = `${body.type} ${'phase' in body ? body.phase : ''} ${JSON.stringify(body).includes(LONG) ? 'long' : ''}`;
    it(`says a ${label} in one line within the limits`, () => {
      const { en, ja } = sentenceOf(entry(body));
      expect([...en].length).toBeLessThanOrEqual(EN_MAX);
      expect([...ja].length).toBeLessThanOrEqual(JA_MAX);
      for (const text of [en, ja]) expect(text).not.toMatch(/undefined|null|NaN|\n/);
      // What is cut are the names inside, never the sentence: it ends as a sentence does.
      if (body.type !== 'log' && body.type !== 'note') expect(ja).toMatch(/(ます|ました|です|ません)。$/);
      if (body.type !== 'log') expect(en).toMatch(/\.$/);
    });
  }

  it('names components as their readers know them and keeps wire names as they are on the wire', () => {
    const body = {
      type: 'message',
      actor: 'cc',
      transport: 'nats',
      from: 'cc',
      to: 'dea/0',
      name: 'staging.0.start',
    } as const;
    expect(sentenceOf(entry({ ...body, phase: 'sent' }))).toEqual({
      en: 'Cloud Controller sent staging.0.start to DEA 0 over NATS.',
      ja: 'Cloud Controller が DEA 0 に staging.0.start を送りました。',
    });
  });

  it('says of a held script line its place and its command', () => {
    const point = { kind: 'script', proc: 'dea/0', actor: 'staging-task:1db3ba46834b42a6', name: 'cp -a a b' } as const;
    const held = { type: 'gate', phase: 'held', gate: 'g', by: 'b1', actor: point.actor } as const;
    expect(sentenceOf(entry({ ...held, point: { ...point, file: 'bin/compile', line: 12 } }))).toEqual({
      en: 'staging-task 1db3ba46 is held before line 12 of compile, cp -a a b: a breakpoint is here.',
      ja: 'staging-task 1db3ba46 を compile の 12 行目 cp -a a b の手前で止めました。',
    });
  });

  it('says the call of a held step and not its name alone, and does not call a beat a stop', () => {
    const point = { kind: 'step', proc: 'warden/0', actor: 'wshd:h1', handle: 'h1', name: 'umount_old' } as const;
    const held = {
      type: 'gate',
      phase: 'held',
      gate: 'g',
      actor: point.actor,
      point: { ...point, when: 'before' },
    } as const;
    expect(sentenceOf(entry({ ...held, by: 'b1' })).en).toBe(
      'wshd of h1 is held before umount2 (umount_old): a breakpoint is here.',
    );
    expect(sentenceOf(entry({ ...held, by: 'beat' }))).toEqual({
      en: 'Next at wshd of h1: umount2 (umount_old).',
      ja: '次は wshd h1 の umount2 (umount_old) です。',
    });
  });

  it('says of an effect that has ended which state its machine is about to enter', () => {
    const point = {
      kind: 'effect',
      proc: 'dea/0',
      actor: 'instance:1db3ba46',
      name: 'checkHealth',
      when: 'end',
    } as const;
    const held = { type: 'gate', phase: 'held', gate: 'g', by: 'b1', actor: point.actor } as const;
    const enters = ['instance.RUNNING', 'instance.RUNNING.announcing'];
    expect(sentenceOf(entry({ ...held, point: { ...point, enters } })).en).toBe(
      'instance 1db3ba46 is held before state RUNNING.announcing: a breakpoint is here.',
    );
    expect(sentenceOf(entry({ ...held, point })).en).toContain('held before the end of checkHealth');
  });

  it('does not stumble over a kind that a newer version wrote', () => {
    const strange = { ...entry({ type: 'note', actor: 'x', text: 'x' }), type: 'telepathy' } as unknown as Entry;
    expect(sentenceOf(strange).en).toContain('unknown kind');
  });
});

describe('the words inside', () => {
  it('write nested and parallel state values as paths', () => {
    expect(stateText('idle')).toBe('idle');
    expect(stateText({ starting: { fetching: 'droplet' } })).toBe('starting.fetching.droplet');
    expect(stateText({ l: 'one', r: {} })).toBe('l.one + r');
  });

  it('turn inner event names into words', () => {
    expect(eventText('xstate.done.actor.compile')).toBe('the end of compile');
    expect(eventText('xstate.error.actor.0.staging-task.compiling')).toBe('the failure of compiling');
    expect(eventText('xstate.done.state.staging-task.setup')).toBe('the end of setup');
    expect(eventText('xstate.after.crashDelay.app.crashed')).toBe('the time crashDelay');
    expect(eventText('stop')).toBe('stop');
  });

  it('give times three figures and the unit that fits', () => {
    expect([0.0123, 4, 12.3456, 999.4, 4567, 120_000].map(duration)).toEqual([
      '12 µs',
      '4 ms',
      '12.3 ms',
      '999 ms',
      '4.57 s',
      '120 s',
    ]);
  });
});
