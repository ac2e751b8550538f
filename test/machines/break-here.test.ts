// What "break here" asks for, entry by entry of a recorded push: it must be something that the very same gate would match.
import { describe, expect, it } from 'vitest';
import { breakHere, hitsAt } from '../../machines/break-here.ts';
import { breaks } from '../../machines/gates.ts';
import type { Entry } from '../../machines/journal.ts';
import { recordedPushes } from '../web/recorded.ts';

const entries = recordedPushes();
const find = (fits: (e: Entry) => boolean) => entries.find(fits)?.seq ?? 0;

describe('break here', { timeout: 60_000 }, () => {
  it('stops a message at its receiver, whichever end was chosen', () => {
    const sent = find((e) => e.type === 'message' && e.name === 'CreateRequest' && e.phase === 'sent');
    const received = find((e) => e.type === 'message' && e.name === 'CreateRequest' && e.phase === 'received');
    const wanted = { kind: 'delivery', transport: 'warden', name: 'CreateRequest', actor: 'warden:0' };
    expect(breakHere(entries, sent)).toEqual(wanted);
    expect(breakHere(entries, received)).toEqual(wanted);
  });

  it('stops a broadcast at whoever receives it', () => {
    const stop = find((e) => e.type === 'message' && e.name === 'staging.stop' && e.phase === 'sent');
    expect(breakHere(entries, stop)).toEqual({ kind: 'delivery', transport: 'nats', name: 'staging.stop' });
  });

  it('stops an answer that passes no gate at the request that it answers', () => {
    const answer = find((e) => e.type === 'message' && e.name === 'CreateResponse');
    expect(breakHere(entries, answer)).toMatchObject({ name: 'CreateRequest', actor: 'warden:0' });
    const toYou = find((e) => e.type === 'message' && e.name === '201 PUT /v2/apps/:guid');
    expect(breakHere(entries, toYou)).toMatchObject({ name: 'PUT /v2/apps/:guid', actor: 'cc' });
  });

  it('stops before a step, a state and a script line, and at the step of a sample', () => {
    const step = find((e) => e.type === 'step' && e.name === 'pivot_root');
    expect(breakHere(entries, step)).toEqual({ kind: 'step', name: 'pivot_root', when: 'before' });
    const sample = find((e) => e.type === 'kernel' && e.cause === step);
    expect(breakHere(entries, sample)).toEqual(breakHere(entries, step));
    const running = find(
      (e) => e.type === 'transition' && e.machine === 'instance' && JSON.stringify(e.value).includes('RUNNING'),
    );
    expect(breakHere(entries, running)).toMatchObject({
      machine: 'instance',
      state: expect.stringMatching(/^instance\.RUNNING/),
    });
    const line = find((e) => e.type === 'script' && e.line > 3);
    expect(breakHere(entries, line)).toMatchObject({
      kind: 'script',
      file: expect.stringContaining('bin/'),
      line: expect.any(Number),
    });
    expect(
      breakHere(
        entries,
        find((e) => e.type === 'log'),
      ),
    ).toBeUndefined();
  });

  it('asks for something that closes the very gate at which the same message was held', () => {
    let seen = 0;
    for (const e of entries) {
      if (e.type !== 'gate' || e.phase !== 'held') continue;
      const wanted = breakHere(entries, e.seq);
      expect([e.seq, wanted && breaks({ id: 'x', ...wanted }, e.point)]).toEqual([e.seq, true]);
      seen += 1;
    }
    for (const e of entries) {
      if (e.type !== 'message' || e.phase !== 'received') continue;
      const opened = entries.find((one) => one.seq === e.cause);
      if (opened?.type !== 'gate') continue;
      const wanted = breakHere(entries, e.seq);
      expect([e.seq, wanted && breaks({ id: 'x', ...wanted }, opened.point)]).toEqual([e.seq, true]);
      seen += 1;
    }
    expect(seen).toBeGreaterThan(60);
  });

  it('counts how often a breakpoint has stopped somebody', () => {
    const head = entries.at(-1)?.seq ?? 0;
    expect(hitsAt(entries, head).get('beat')).toBe(
      entries.filter((e) => e.type === 'gate' && e.phase === 'held').length,
    );
    expect(hitsAt(entries, 1).size).toBe(0);
  });
});
