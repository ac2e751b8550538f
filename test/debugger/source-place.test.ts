// The source behind an entry: found in the very files of this repository, so that a machine that is written in another
// way turns this red.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { definitionLines } from '../../machines/definition-lines.ts';
import { machineGraph } from '../../machines/graph.ts';
import { MACHINES } from '../../machines/index.ts';
import type { Entry, EntryBody, GatePoint } from '../../machines/journal.ts';
import { lineIn, sourceFilesOf, sourceOf, sourceOfPoint } from '../../machines/source-place.ts';

const root = join(import.meta.dirname, '../..');
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');
/** wshd-boot is generated from wshd's table: its source is the C file that each step names. */
const written = Object.entries(MACHINES).filter(([name]) => name !== 'wshd-boot');

function entry(seq: number, body: EntryBody): Entry {
  return { ...{ seq, at: 0, t: 0, lt: 0, proc: 'p', cause: null, run: null }, ...body };
}
const pivot = entry(1, {
  ...{ type: 'step', of: 'boot', actor: 'wshd:h', handle: 'h', name: 'pivot_root', when: 'after', call: 'pivot_root' },
  ...{ args: [], file: 'wshd/boot.c', line: 271, pid: 1 },
});
const script = (buildpack: string | undefined, line = 4) =>
  entry(2, {
    ...{ type: 'script', actor: 'staging-task:1', handle: 'h', file: 'bin/compile', line, command: 'x' },
    ...(buildpack === undefined ? {} : { buildpack }),
  });
const requesting = entry(3, {
  ...{ type: 'transition', actor: 'app:1', machine: 'app', event: 'start', value: { staging: 'requesting' } },
  ...{ edges: ['app.stopped:start:0→app.staging'], context: {} },
});

describe.each(written)('the definition of %s', (name, machine) => {
  const text = textOf(`machines/${name}.ts`);
  const lines = definitionLines(text, name);
  const at = (line: number | undefined) => text.split('\n')[(line ?? 0) - 1] ?? '';
  const graph = machineGraph(machine);

  it('has a line for each state, with its key on it', () => {
    for (const { id, key, parent } of graph.states) {
      expect(at(lines.get(id)), id).toMatch(parent === null ? /createMachine/ : new RegExp(`^\\s+${key}: `));
    }
  });

  it('has a line for each actor that a state runs', () => {
    for (const src of graph.states.flatMap((s) => s.invokes)) {
      expect(at(lines.get(`invoke ${src}`)), src).toContain(`src: '${src}'`);
    }
  });
});

describe('the source behind an entry', () => {
  it('is the C of a step, at its line', () => {
    expect(sourceOf(pivot)).toMatchObject({ file: 'wshd/boot.c', line: 271 });
  });

  it('is the state that was entered, or the actor that works there', () => {
    const place = sourceOf(requesting);
    expect(place?.file).toBe('machines/app.ts');
    const text = textOf('machines/app.ts');
    expect(text.split('\n')[(lineIn(text, place!) ?? 0) - 1]).toContain('requesting: {');
    const effect: EntryBody = {
      ...{ type: 'effect', actor: 'app:1', machine: 'app', name: 'requestStaging', phase: 'start' },
    };
    expect(text.split('\n')[(lineIn(text, sourceOf(entry(4, effect))!) ?? 0) - 1]).toContain("src: 'requestStaging'");
  });

  it('is the line of the buildpack, wherever the buildpack came from', () => {
    const bundled = '/var/vcap/packages/dea_next/buildpacks/nodejs';
    expect(sourceOf(script(bundled))).toMatchObject({ file: 'server/dea/buildpacks/nodejs/bin/compile', line: 4 });
    expect(textOf('server/dea/buildpacks/nodejs/bin/compile').split('\n').length).toBeGreaterThan(4);
    const admin = '/var/vcap/data/dea_next/admin_buildpacks/mine';
    expect(sourceOf(script(admin))).toMatchObject({ file: 'admin_buildpacks/mine/bin/compile', script: 'bin/compile' });
    const custom = '/var/vcap/data/dea_next/staging/1/buildpack/own';
    expect(sourceOf(script(custom))).toMatchObject({ file: 'staging/1/buildpack/own/bin/compile' });
    expect(sourceOf(script(undefined))).toBeUndefined();
    expect(sourceOf(script('/tmp/buildpacks/cloned'))).toBeUndefined();
  });

  it('of a held gate is what comes next: the deepest state that would be entered, the edge, the actor, the line', () => {
    const text = textOf('machines/app.ts');
    const lineAt = (point: Partial<GatePoint>) => {
      const place = sourceOfPoint({ kind: 'delivery', proc: 'control', actor: 'app:1', name: 'x', ...point });
      return place && text.split('\n')[(lineIn(text, place) ?? 0) - 1];
    };
    expect(lineAt({ machine: 'app', enters: ['app.staging', 'app.staging.requesting'] })).toContain('requesting: {');
    expect(lineAt({ machine: 'app', edges: ['app.stopped:start:0→'] })).toContain('start:');
    expect(lineAt({ machine: 'app', kind: 'effect', name: 'requestStaging' })).toContain("src: 'requestStaging'");
    expect(
      lineAt({ machine: 'app', kind: 'effect', name: 'x', when: 'end', enters: ['app.staging.waiting'] }),
    ).toContain('waiting: {');
    expect(lineAt({})).toBeUndefined();
    const step: GatePoint = { kind: 'step', proc: 'p', actor: 'a', name: 'n', file: 'wshd/job.c', line: 3 };
    expect(sourceOfPoint(step)).toMatchObject({ file: 'wshd/job.c', line: 3 });
  });

  it('lists the files of a run once each', () => {
    expect(sourceFilesOf([pivot, requesting, pivot, script(undefined)])).toEqual(['wshd/boot.c', 'machines/app.ts']);
  });
});
