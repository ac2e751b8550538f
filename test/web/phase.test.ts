// Where a push is, in one sentence: read off the stage at every moment of a recorded push.
import { describe, expect, it } from 'vitest';
import { PHASES, phaseOf } from '../../web/phase.ts';
import { stageAt } from '../../web/stage/model.ts';
import { recordedPushes } from './recorded.ts';

const all = recordedPushes();
const phases = all.map((e) => phaseOf(stageAt(all, e.seq)));

describe('where a push is', () => {
  it('is nowhere before there is an app, and goes through every phase to its end, never back', () => {
    const first = all.findIndex((e) => e.type === 'transition' && e.machine === 'app');
    expect(new Set(phases.slice(0, first))).toEqual(new Set([null]));
    const ends = phases.indexOf('runs');
    expect(ends).toBeGreaterThan(0);
    const way = phases.slice(first, ends + 1).filter((phase, i, those) => phase !== those[i - 1]);
    expect(way).toEqual(PHASES);
  });

  it('says of a stopped app that was staged once nothing, and of a new one that its files are sent', () => {
    const view = stageAt(all, all.at(-1)?.seq ?? 0);
    const app = { guid: 'other', name: 'other', state: 'stopped', wanted: false };
    expect(phaseOf({ ...view, apps: [...view.apps, app] })).toBe('send');
    expect(phaseOf({ ...view, apps: [...view.apps, { ...app, wanted: true }] })).toBe(null);
  });

  it('is that of the newest app, whatever others do', () => {
    const view = stageAt(all, all.at(-1)?.seq ?? 0);
    expect(phaseOf(view)).toBe('runs');
    const app = { guid: 'other', name: 'other', state: 'staging.requesting', wanted: true };
    expect(phaseOf({ ...view, apps: [...view.apps, app] })).toBe('ask');
  });
});
