// The machine that follows a boot: its states are wshd's steps, and a recorded boot leads through it to the end.
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import type { StepBody } from '../../machines/journal.ts';
import { BOOT_STEPS, bootEvent, wshdBoot } from '../../machines/wshd-boot.ts';

const entry = (name: string, result = 0): StepBody => ({
  ...{ type: 'step', actor: 'wshd:h', of: 'boot', handle: 'h', name, when: 'after', call: '', args: [], result },
  ...{ file: '', line: 1, pid: 1, ns: 1 },
});

function follow(entries: StepBody[]) {
  const actor = createActor(wshdBoot).start();
  for (const e of entries) {
    const event = bootEvent(e);
    if (event) actor.send(event);
  }
  return actor.getSnapshot().value;
}

describe('the wshd boot machine', () => {
  it('goes from step to step to ready', () => {
    expect(follow(BOOT_STEPS.map((s) => entry(s.name)))).toBe('ready');
    expect(follow([entry('listen'), entry('open_cgroups')])).toBe('clone');
  });

  it('passes what a boot leaves out, and takes several binds', () => {
    expect(follow(BOOT_STEPS.filter((s) => !s.optional).map((s) => entry(s.name)))).toBe('ready');
    expect(follow(BOOT_STEPS.flatMap((s) => (s.each ? [entry(s.name), entry(s.name)] : [entry(s.name)])))).toBe(
      'ready',
    );
  });

  it('fails at any step', () => {
    for (const [i, s] of BOOT_STEPS.entries())
      expect(follow([...BOOT_STEPS.slice(0, i).map((b) => entry(b.name)), entry(s.name, -1)]), s.name).toBe('failed');
  });

  it('cannot skip a step that is always made', () => {
    expect(follow([entry('clone')])).toBe('listen');
    expect(follow([entry('listen'), entry('pivot_root')])).toBe('open_cgroups');
  });
});
