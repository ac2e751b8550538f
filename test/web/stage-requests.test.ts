// What the stage shows of an app that runs: a request that comes to it through the router, its name, its processes, its memory.
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { ofLimit } from '../../web/stage/draw-gauges.ts';
import { chooseProcesses } from '../../web/stage/draw-processes.ts';
import { layoutOf } from '../../web/stage/layout.ts';
import { stageAt } from '../../web/stage/model.ts';
import { beadAt } from '../../web/stage/passing.ts';
import { waysOf } from '../../web/stage/ways.ts';
import { recordedPushes } from './recorded.ts';

const recorded = recordedPushes();
const head = recorded.at(-1)?.seq ?? 0;
const running = stageAt(recorded, head).containers.find((c) => c.doors.length > 0);

/** One request through the router to the container that runs at the end of the record, as server/router/story.ts tells it. */
function asked(through: Record<string, string>): Entry[] {
  const last = recorded.at(-1);
  if (!last) throw new Error('nothing was recorded');
  const said = (i: number, phase: 'sent' | 'received', from: string, to: string, name: string): Entry => ({
    ...{ seq: head + i, at: last.at + i, t: last.t + i, lt: last.lt + i, proc: 'control', run: 'request' },
    ...{ cause: i === 1 ? null : head + i - 1, type: 'message', transport: 'proxy', actor: 'router' },
    ...{ phase, from, to, name, payload: { host: 'hello-node.localhost', ...through } },
  });
  return [
    ...recorded,
    said(1, 'received', 'you', 'router', 'GET /json'),
    said(2, 'sent', 'router', 'app:a', 'GET /json'),
    said(3, 'received', 'app:a', 'router', '200 GET /json'),
    said(4, 'sent', 'router', 'you', '200 GET /json'),
  ];
}

describe('a request to an app', () => {
  const port = running?.doors[0]?.host;
  const entries = asked({ endpoint: `10.254.0.1:${port}`, dea: `${running?.node}-297a` });

  it('goes from the router to the door of its container, and lies nowhere on its way', () => {
    const view = stageAt(entries, head + 4);
    const path = `http:router-door/${running?.node}.${port}`;
    expect(view.paths.find((p) => p.path === path)?.passed).toBe(2);
    expect(view.paths.flatMap((p) => p.flying)).toEqual([]);
    for (const zoom of [null, running?.handle ?? '']) {
      const layout = layoutOf(view, { width: 1040, height: 640, zoom, text: 15, small: 13 });
      const bead = beadAt(entries, head + 2);
      const [way] = bead ? waysOf(layout, bead) : [];
      const box = layout.containers[running?.handle ?? ''];
      const [x, y] = way?.at(-1) ?? [0, 0];
      expect(x).toBe(box?.x);
      expect(y > (box?.y ?? 0) && y < (box?.y ?? 0) + (box?.h ?? 0)).toBe(true);
    }
  });

  it('is not drawn to the Cloud Controller where the record does not say whose door it is', () => {
    const { paths } = stageAt(asked({}), head + 4);
    const before = stageAt(recorded, head).paths.map((p) => p.path);
    expect(paths.map((p) => p.path).filter((path) => !before.includes(path))).toEqual(['http:you-router']);
  });
});

describe('an app', () => {
  it('has its name from the answer to who made it on', () => {
    const made = recorded.find((e) => e.type === 'message' && e.name === '201 POST /v2/apps');
    expect(stageAt(recorded, made?.seq ?? 0).apps.at(-1)).toMatchObject({ name: 'hello-node', state: 'stopped' });
  });
});

describe('the processes that there is room for', () => {
  const process = (host: number, name: string) => ({ host, inside: host, name, parent: 1 });
  const all = [process(4, 'bash'), process(5, 'node'), process(6, 'tee'), process(7, 'tee')];
  const wshd = process(3, 'wshd');
  const names = (room: number) => chooseProcesses({ wshd, processes: all }, room).shown.map((p) => p.name);

  it('are PID 1 and the app, before the shells and pipes around it, in the order of their numbers', () => {
    expect(names(2)).toEqual(['wshd', 'node']);
    expect(names(3)).toEqual(['wshd', 'bash', 'node']);
    expect(names(9)).toEqual(['wshd', 'bash', 'node', 'tee', 'tee']);
    expect(names(0)).toEqual([]);
  });

  it('leave the others to be named', () => {
    const { hidden } = chooseProcesses({ wshd, processes: all }, 2);
    expect(hidden.map((p) => p.name)).toEqual(['bash', 'tee', 'tee']);
  });
});

describe('memory of a limit', () => {
  const MIB = 2 ** 20;

  it('is written with both units where they differ, so that 0.7 MiB of 1 GiB is not read as 70 %', () => {
    expect(ofLimit(0.7 * MIB, 1024 * MIB)).toBe('0.7 MiB / 1 GiB');
    expect(ofLimit(102 * MIB, 256 * MIB)).toBe('102 / 256 MiB');
    expect(ofLimit(null, 256 * MIB)).toContain('?');
  });
});
