import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { JOURNAL_VERSION } from '../../machines/journal.ts';
import type { Stored } from '../../server/journal/segments.ts';
import { openStore, type StoreOptions } from '../../server/journal/store.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spine-store-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const open = (more: Partial<StoreOptions> = {}) => openStore({ dir, lab: 'testab', ...more });
const files = () => readdirSync(dir).sort();

function stored(seq: number, more: Partial<Entry> = {}): Stored {
  const stamp = { seq, at: seq, t: seq, lt: seq, proc: 'a', cause: seq > 1 ? seq - 1 : null, run: null };
  const entry = { ...stamp, type: 'note', actor: 'a', text: `entry ${seq}`, ...more } as Entry;
  return { entry, src: { life: 'l1', n: seq } };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the journal on disk', () => {
  it('gives back what it was given, from anywhere, also after a restart', () => {
    const store = open({ segmentBytes: 20_000 });
    for (const seq of range(1, 1000)) store.append([stored(seq)]);
    store.close();
    expect(files().length).toBeGreaterThan(3);
    const again = open({ segmentBytes: 20_000 });
    expect(again.head).toBe(1000);
    expect(again.lt).toBe(1000);
    for (const after of [0, 1, 255, 256, 257, 511, 998, 999]) {
      expect(again.read(after, 10).map((e) => e.seq)).toEqual(range(after + 1, Math.min(1000, after + 10)));
    }
    expect(again.read(1000, 10)).toEqual([]);
    again.append([stored(1001)]);
    expect(again.read(999, 10).map((e) => e.seq)).toEqual([1000, 1001]);
    expect(again.read(0, 5000).map((e) => e.seq)).toEqual(range(1, 1001));
    again.close();
  });

  it('drops a torn last line, and a line whose end only was written', () => {
    const store = open();
    store.append(range(1, 3).map((seq) => stored(seq)));
    store.close();
    const file = join(dir, files()[0] ?? '');
    const whole = readFileSync(file, 'utf8');
    for (const torn of ['{"seq":4,"te', 'ext":"4"}\n{"seq":5,"text":"5"}\n', '\n']) {
      writeFileSync(file, whole + torn);
      const again = open();
      expect(again.head).toBe(3);
      expect(readFileSync(file, 'utf8')).toBe(whole);
      again.close();
    }
  });

  it('takes background out of full segments that are older than a day, but keeps what led to the rest', () => {
    const store = open({ segmentBytes: 1000 });
    for (const seq of range(1, 40)) {
      // 1–9 background in a row, 10 foreground caused by 8; and so on.
      const last = seq % 10 === 0;
      store.append([stored(seq, { background: !last, cause: last ? seq - 2 : null })]);
    }
    store.close();
    const old = files().slice(0, -1);
    for (const name of old) utimesSync(join(dir, name), 1000, 1000);
    const again = open({ segmentBytes: 1000 });
    const read = again.read(0, 100).map((e) => e.seq);
    const lastFirst = Number(files().at(-1)?.slice(0, 12));
    expect(read.filter((seq) => seq < lastFirst)).toEqual(
      range(1, lastFirst - 1).filter((s) => s % 10 === 0 || s % 10 === 8),
    );
    again.append([stored(41)]);
    expect(again.read(39, 5).map((e) => e.seq)).toEqual([40, 41]);
    again.close();
  });

  it('refuses a file of a newer version in one sentence, and upgrades one of an older version', () => {
    writeFileSync(
      join(dir, '000000000001.jsonl'),
      `${JSON.stringify({ journal: JOURNAL_VERSION + 1, lab: 'x', first: 1, lives: {}, lt: 0 })}\n`,
    );
    expect(() => open()).toThrow(/could not read .*version 2 and this Wardenscope knows 1/);
    writeFileSync(
      join(dir, '000000000001.jsonl'),
      `${JSON.stringify({ journal: JOURNAL_VERSION - 1, lab: 'x', first: 1, lives: {}, lt: 0 })}\n`,
    );
    appendFileSync(
      join(dir, '000000000001.jsonl'),
      `${JSON.stringify({ ...stored(1).entry, text: undefined, words: 'old' })}\n`,
    );
    expect(() => open()).toThrow('nothing leads from version 0 to 1');
    const upgrade = (line: unknown) => {
      const { words, ...rest } = line as { words: string };
      return { ...rest, text: words };
    };
    const store = open({ upgraders: { [JOURNAL_VERSION - 1]: upgrade } });
    expect(store.read(0, 10)).toMatchObject([{ seq: 1, text: 'old' }]);
    store.append([stored(2)]);
    expect(files(), 'new entries never go into a file of an older version').toHaveLength(2);
    expect(store.read(0, 10).map((e) => e.seq)).toEqual([1, 2]);
    store.close();
  });
});
