// A run as a file: written and read back whole; what cannot be read is told apart.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Entry, JOURNAL_VERSION } from '../../machines/journal.ts';
import { entriesOfRun, type RunFile, readRun, runFileName, runLines } from '../../machines/run-file.ts';
import { readRunFile } from '../../web/run/read.ts';

const shipped = readFileSync(
  fileURLToPath(new URL('../../lessons/runs/hello-node.wardenscope.json.gz', import.meta.url)),
);

const stamp = (seq: number, run: string | null) => ({ seq, at: seq, t: seq, lt: seq, proc: 'dea/0', cause: null, run });
const log = (seq: number, run: string | null): Entry => ({
  ...stamp(seq, run),
  ...{ type: 'log', actor: 'dea', source: 'STG', index: '', stream: 'out', text: `line ${seq}` },
});
const beat = (seq: number): Entry => ({
  ...stamp(seq, null),
  ...{ type: 'note', actor: 'dea', text: 'heartbeat', background: true },
});

const entries = [log(2, null), beat(3), log(5, 'push one'), beat(6), log(8, 'push two'), log(9, 'push one'), beat(11)];
const run: RunFile = {
  head: { wardenscope: 'run', version: JOURNAL_VERSION, made: 1_795_421_166_562, lab: 'abcdef', run: null, entries: 7 },
  machines: [{ hash: '0a', graph: { machine: 'app', states: [], edges: [] }, geometry: null }],
  sources: { 'wshd/boot.c': 'int main(void)\n{\n}\n' },
  entries,
};
const text = `${[...runLines(run)].join('\n')}\n`;
const kindOf = (answer: ReturnType<typeof readRun>) => (answer.ok ? 'read' : answer.problem);

describe('a run file', () => {
  it('is read back as it was written', () => {
    expect(readRun(text)).toEqual({ ok: true, run });
  });

  it('that ends too early is torn, wherever it was cut', () => {
    const lines = text.trimEnd().split('\n');
    for (let n = 1; n < lines.length; n++) {
      const whole = `${lines.slice(0, n).join('\n')}\n`;
      const seen = Math.max(0, n - 3);
      expect(kindOf(readRun(whole))).toEqual({ kind: 'torn', entries: seen });
      expect(kindOf(readRun(whole + (lines[n] ?? '').slice(0, 5)))).toEqual({ kind: 'torn', entries: seen });
    }
  });

  it('of a newer version is told apart, and so is what is no run at all', () => {
    const newer = text.replace(`"version":${JOURNAL_VERSION}`, `"version":${JOURNAL_VERSION + 1}`);
    expect(kindOf(readRun(newer))).toEqual({ kind: 'newer', version: JOURNAL_VERSION + 1 });
    for (const other of ['', 'hello', '{}', '[]', '{"wardenscope":"run"}', '<!doctype html>'])
      expect(kindOf(readRun(other))).toEqual({ kind: 'wrong', line: 1 });
  });

  it('that somebody has changed is wrong, and says at which line', () => {
    const lines = text.split('\n');
    const changed = (line: number, to: string) => lines.map((l, i) => (i === line - 1 ? to : l)).join('\n');
    expect(kindOf(readRun(changed(5, 'x')))).toEqual({ kind: 'wrong', line: 5 });
    expect(kindOf(readRun(changed(6, lines[3] ?? '')))).toEqual({ kind: 'wrong', line: 6 });
    expect(kindOf(readRun(changed(6, '{"seq":6}')))).toEqual({ kind: 'wrong', line: 6 });
    expect(kindOf(readRun(changed(11, '{"end":6}')))).toEqual({ kind: 'wrong', line: 11 });
  });

  it('of an older version is led up step by step', () => {
    const [from, to] = [JOURNAL_VERSION, JOURNAL_VERSION + 2];
    const said = (word: string) => (entry: unknown) => ({
      ...(entry as Entry),
      actor: `${(entry as Entry).actor}${word}`,
    });
    const read = readRun(text, { version: to, upgraders: { [from]: said(' one'), [from + 1]: said(' two') } });
    expect(read.ok && read.run.entries.map((e) => e.actor)).toEqual(entries.map(() => 'dea one two'));
    expect(kindOf(readRun(text, { version: to, upgraders: {} }))).toEqual({ kind: 'wrong', line: 4 });
  });

  it('of one run has what led up to it, what is its own and the periodic traffic of its time', () => {
    expect(entriesOfRun(entries, 'push one').map((e) => e.seq)).toEqual([2, 5, 6, 9]);
    expect(entriesOfRun(entries, null)).toEqual(entries);
    expect(entriesOfRun(entries, 'push three')).toEqual([]);
  });

  it('is named after its run and day, in letters that every system takes', () => {
    expect(runFileName({ ...run.head, run: 'push hello/node' })).toBe('push-hello-node-2026-11-23.wardenscope.json.gz');
    expect(runFileName(run.head)).toBe('lab-abcdef-2026-11-23.wardenscope.json.gz');
  });
});

describe('the bytes of a run file', () => {
  it('are taken packed and unpacked', async () => {
    expect(await readRunFile(new Blob([gzipSync(text)]))).toEqual({ ok: true, run });
    expect(await readRunFile(new Blob([text]))).toEqual({ ok: true, run });
  });

  it('that end too early are torn, with as much as could be unpacked', async () => {
    const read = await readRunFile(new Blob([shipped.subarray(0, shipped.length / 2)]));
    expect(read.ok).toBe(false);
    expect(!read.ok && read.problem).toMatchObject({ kind: 'torn' });
  });

  it('that are no gzip although they begin so are not taken for a run', async () => {
    const read = await readRunFile(new Blob([new Uint8Array([0x1f, 0x8b, 1, 2, 3])]));
    expect(read.ok).toBe(false);
  });
});

describe('the shipped run', () => {
  const read = readRun(gunzipSync(shipped).toString());
  const all = read.ok ? read.run : undefined;

  it('is a whole push of hello-node with the kernel recorded, in under a megabyte', () => {
    expect(shipped.length).toBeLessThan(1_000_000);
    expect(all?.head.run).toBe('push hello-node');
    const types = new Set(all?.entries.map((e) => e.type));
    for (const type of ['message', 'transition', 'effect', 'step', 'script', 'kernel', 'log'] as const)
      expect(types).toContain(type);
    const last = all?.entries.findLast((e) => e.type === 'transition' && e.machine === 'instance');
    expect(last?.type === 'transition' && JSON.stringify(last.value)).toContain('RUNNING');
  });

  it('brings the pictures of its machines and the sources it mentions along', () => {
    expect(all?.machines.map((m) => m.graph.machine)).toContain('staging-task');
    expect(all?.machines.every((m) => m.geometry !== null)).toBe(true);
    for (const e of all?.entries ?? []) if (e.type === 'step') expect(all?.sources).toHaveProperty([e.file]);
  });
});
