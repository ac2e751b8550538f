// The boot of a container as wshd does it (warden: wshd.c and its hooks). wshd drives itself in C: this machine follows it,
// and its states are generated from `wshd --steps`, so that picture and program cannot part.
import { setup } from 'xstate';
import steps from './gen/wshd-steps.json' with { type: 'json' };
import type { StepBody } from './journal.ts';

/** `<step>.done` for each step, as wshd reports it; `failed` at a step; `ended` when its control descriptor was closed. */
export type WshdBootEvent = { type: `${string}.done` } | { type: 'failed' } | { type: 'ended' };

/** A step of wshd's tables, as `wshd --steps` says it. */
export type WshdStep = (typeof steps.boot)[number];

export const BOOT_STEPS: readonly WshdStep[] = steps.boot;
export const JOB_STEPS: readonly WshdStep[] = steps.job;

/** What a `step` entry of a boot means to this machine. Undefined for one that only says where the boot is held. */
export function bootEvent(entry: StepBody): WshdBootEvent | undefined {
  if (entry.of !== 'boot' || entry.when !== 'after') return undefined;
  return (entry.result ?? 0) < 0 ? { type: 'failed' } : { type: `${entry.name}.done` };
}

/** The state `overlay` is true while that step is the next to be done, or is being done. */
export const wshdBoot = setup({ types: { events: {} as WshdBootEvent } }).createMachine({
  id: 'wshd-boot',
  initial: BOOT_STEPS[0]?.name ?? 'ready',
  states: {
    ...Object.fromEntries(BOOT_STEPS.map((step, i) => [step.name, stateOf(step, i)])),
    ready: { type: 'final', description: 'PID 1 serves its jobs.' },
    failed: { type: 'final', description: 'A step failed: starter and child are gone.' },
    ended: { type: 'final', description: 'Warden let go of the boot: starter and child are gone.' },
  },
});

/**
 * A step leads to the one behind it. One that a boot may leave out (no network, as in 2014, no bind) can also be passed by
 * the next one's `done`; an `each` step comes several times.
 */
function stateOf(step: WshdStep, at: number) {
  const on: Record<string, string> = {};
  for (let i = at; i < BOOT_STEPS.length; i++) {
    const passed = BOOT_STEPS[i];
    if (!passed) break;
    on[`${passed.name}.done`] = BOOT_STEPS[i + 1]?.name ?? 'ready';
    if (!passed.optional) break;
  }
  const again = at > 0 ? BOOT_STEPS[at - 1] : undefined;
  if (again?.each) on[`${again.name}.done`] = step.name;
  return {
    description: step.doc,
    meta: { side: step.side, ours: step.ours },
    on: { ...on, failed: 'failed', ended: 'ended' },
  };
}
