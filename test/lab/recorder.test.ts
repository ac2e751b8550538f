import { describe, expect, it } from 'vitest';
import type { EntryBody, NoteBody } from '../../machines/journal.ts';
import { createOutbox } from '../../server/lab/recorder.ts';
import { createSecrets } from '../../server/lab/secrets.ts';
import { until } from './fixtures/harness.ts';

const note = (text: string, data?: unknown): NoteBody => ({ type: 'note', actor: 'test', text, data });
const gate: EntryBody = {
  type: 'gate',
  phase: 'held',
  gate: 'g1',
  by: 'b1',
  actor: 'test',
  point: { kind: 'effect', proc: 'p', actor: 'test', name: 'compile' },
};

function outbox(keep?: number) {
  const secrets = createSecrets();
  return createOutbox({ proc: 'p', now: () => 42, secrets, wake: () => {}, onSecret: () => {}, keep });
}

function texts(box: ReturnType<typeof outbox>): { n: number; cause: number | null; body: EntryBody }[] {
  return box.take().flatMap((o) => ('text' in o ? [JSON.parse(o.text)] : []));
}

describe('the recorder of a process', () => {
  it('numbers entries from 1 without gaps and refers to causes of its own process by number', () => {
    const box = outbox();
    const first = box.record(note('a'), null);
    box.record(note('b'), first);
    box.record(note('c'), { proc: 'somebody else', n: 1 });
    expect(texts(box).map((e) => [e.n, e.cause])).toEqual([
      [1, null],
      [2, 1],
      [3, null],
    ]);
  });

  it('keeps entries until they are acknowledged and hands them out again after a reconnect', () => {
    const box = outbox();
    for (const text of ['a', 'b', 'c']) box.record(note(text), null);
    expect(texts(box).map((e) => e.n)).toEqual([1, 2, 3]);
    box.acknowledge(1);
    box.rewind(2);
    expect(texts(box).map((e) => e.n)).toEqual([3]);
    expect(texts(box)).toEqual([]);
  });

  it('says how many entries were dropped, keeps gate entries, and leaves no gap in the numbers', () => {
    const box = outbox(3);
    for (let i = 0; i < 10; i += 1) box.record(note(`n${i}`), null);
    const ref = box.record(gate, null);
    const later = box.record(note('lost too'), ref);
    box.rewind(0);
    const all = texts(box);
    expect(all.map((e) => e.n)).toEqual([1, 2, 3]);
    box.acknowledge(3);
    const rest = texts(box);
    expect(rest.map((e) => e.n)).toEqual([4, 5]);
    expect(rest[0]?.body).toMatchObject({ type: 'note', data: { dropped: 8 } });
    expect(rest[1]?.body).toMatchObject({ type: 'gate' });
    // What was lost is stood for by the note, so that later causes still lead somewhere.
    expect(later.n).toBe(4);
    expect(box.record(note('again'), null).n).toBe(6);
  });

  it('masks a secret with as many stars, also escaped, in URLs and inside hex, before anything leaves', () => {
    const box = outbox();
    const secret = 'pa"ss w0rd';
    const hex = Buffer.from(`\u0001${secret}\u0002`).toString('hex');
    box.record({ ...note(`the ${secret}.`), data: { hex, url: encodeURIComponent(secret) } }, null);
    box.secret(secret);
    const [entry] = texts(box);
    expect(entry?.body).toMatchObject({
      text: 'the **********.',
      data: { hex: `01${'2a'.repeat(10)}02`, url: '*'.repeat(encodeURIComponent(secret).length) },
    });
  });

  it('keeps only hash, size and head of a body over 4 KiB, and masks before it hashes', () => {
    const [a, b] = ['secret-one', 'secret-two'].map((secret) => {
      const box = outbox();
      box.secret(secret);
      box.record(note('big', { blob: `${secret}${'x'.repeat(5000)}` }), null);
      const body = texts(box)[0]?.body;
      return body?.type === 'note' ? body.data : undefined;
    });
    expect(a).toMatchObject({ bytes: 5021, head: expect.stringMatching(/^\{"blob":"\*{10}x+$/) });
    expect(a).toEqual(b);
  });

  it('records values that JSON cannot say', () => {
    const box = outbox();
    const loop: Record<string, unknown> = { big: 3n };
    loop.self = loop;
    box.record(note('odd', loop), null);
    expect(texts(box)[0]?.body).toMatchObject({ data: { big: '3n', self: '[again]' } });
  });

  it('keeps 1000 lines of a log source a second, and says how many it left out, even when no line follows', async () => {
    const box = outbox();
    const line: EntryBody = { type: 'log', actor: 'app:1', source: 'App', index: '0', stream: 'out', text: 'x' };
    for (let i = 0; i < 2500; i += 1) box.record(line, null);
    box.record({ ...line, index: '1' }, null);
    const all = texts(box);
    expect(all.length).toBe(1001);
    expect(all.at(-1)?.body).toMatchObject({ index: '1' });
    const [late] = await until('the line that says so', () => {
      const more = texts(box);
      return more.length > 0 && more;
    });
    expect(late?.body).toMatchObject({
      type: 'log',
      index: '0',
      text: expect.stringMatching(/^… 1500 lines left out/),
    });
  });
});
