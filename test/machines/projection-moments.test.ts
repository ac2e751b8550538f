// Every projection of a real record says the same at a moment, whether it comes from before, from later, or from nowhere.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { actorsAt, appsAt, bootsAt, containersAt, heldAt, messagesAt, runsAt } from '../../machines/projection.ts';
import { readRun } from '../../machines/run-file.ts';

const shipped = fileURLToPath(new URL('../../lessons/runs/hello-node.wardenscope.json.gz', import.meta.url));
const read = readRun(gunzipSync(readFileSync(shipped)).toString());
const once = read.ok ? read.run.entries : [];
// The record three times over, so that it is longer than a chunk between two checkpoints.
const last = once.at(-1)?.seq ?? 0;
const record = [0, 1, 2].flatMap((k) =>
  once.map((e) => ({ ...e, seq: e.seq + k * last, cause: e.cause === null ? null : e.cause + k * last })),
);

describe.each(Object.entries({ actorsAt, appsAt, bootsAt, containersAt, heldAt, messagesAt, runsAt }))(
  '%s',
  (_, project) => {
    it('is the same at each moment as folded from the beginning, forwards, backwards and while the record grows', () => {
      const moments = Array.from({ length: 24 }, (_, k) => Math.floor((record.length * (k + 1)) / 24) - 1);
      const plain = new Map(moments.map((i) => [i, structuredClone(project(record.slice(0, i + 1), 1e9))]));
      const growing: typeof record = [];
      for (const i of moments) {
        growing.push(...record.slice(growing.length, i + 1));
        expect(project(growing, 1e9)).toEqual(plain.get(i));
      }
      for (const i of [...moments].reverse()) expect(project(growing, record[i]?.seq ?? 0)).toEqual(plain.get(i));
      const anywhere = moments.map((_, k) => moments[(k * 7) % moments.length] ?? 0);
      for (const i of anywhere) expect(project(growing, record[i]?.seq ?? 0)).toEqual(plain.get(i));
    });
  },
);
