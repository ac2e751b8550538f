import { describe, expect, it } from 'vitest';
import { breaks } from '../../machines/gates.ts';
import type { GatePoint } from '../../machines/journal.ts';
import { type Landing, landingsOf } from '../../server/debugger/landing.ts';

const points = {
  cc: { kind: 'effect', proc: 'control', actor: 'app:1', name: 'stage' },
  dea: { kind: 'delivery', proc: 'dea/0', actor: 'staging-task:1', name: 'staging.0.start' },
  warden: { kind: 'effect', proc: 'warden/0', actor: 'container:x', name: 'boot' },
  wshd: { kind: 'step', proc: 'warden/0', actor: 'wshd:x', name: 'pivot_root' },
  script: { kind: 'script', proc: 'dea/0', actor: 'staging-task:1', name: 'npm ci' },
  beat: { kind: 'delivery', proc: 'dea/0', actor: 'dea:0', name: 'dea.discover', background: true },
} satisfies Record<string, GatePoint>;

function stopsAt(how: Landing, from: GatePoint): string[] {
  const landings = landingsOf(how, from).map((fields, i) => ({ ...fields, id: `${i}` }));
  return Object.entries(points)
    .filter(([, point]) => landings.some((b) => breaks(b, point)))
    .map(([name]) => name);
}

describe('where a step lands', () => {
  it.each([
    ['over', 'dea', ['dea']],
    ['over', 'script', ['dea', 'script']],
    ['over', 'warden', ['warden']],
    ['into', 'cc', ['cc', 'dea', 'warden', 'wshd', 'script']],
    ['into', 'warden', ['warden', 'wshd', 'script']],
    ['into', 'script', ['dea', 'script']],
    ['out', 'wshd', ['cc', 'dea', 'warden']],
    ['out', 'dea', ['cc']],
    ['out', 'cc', ['cc']],
  ] as const)('%s from %s: %j', (how, from, expected) => {
    expect(stopsAt(how, points[from])).toEqual(expected);
  });

  it('never on background traffic', () => {
    for (const how of ['over', 'into', 'out'] as const) {
      for (const from of Object.values(points)) expect(stopsAt(how, from)).not.toContain('beat');
    }
  });
});
