// Where a push is, in one plain sentence: what a newcomer reads while the captions name every call. Pure; from the stage.
import type { StageView } from './stage/parts.ts';

export const PHASES = ['send', 'ask', 'make', 'build', 'store', 'second', 'check', 'runs'] as const;
export type Phase = (typeof PHASES)[number];

const OF_TASK: readonly (readonly [begins: RegExp, phase: Phase])[] = [
  [/^(setup|answering)/, 'make'],
  [/^staging\.(unpacking|spawning|linked)/, 'build'],
  [/^(staging|collecting|uploading|completing)/, 'store'],
];
const OF_INSTANCE: readonly (readonly [begins: RegExp, phase: Phase])[] = [
  [/^STARTING\.(spawning|checking)/, 'check'],
  [/^(BORN|STARTING)/, 'second'],
  [/^RUNNING/, 'runs'],
];

/** Where the newest app's push is; null where there is none, or where it stands in none of these: stopped, failed, ended. */
export function phaseOf({ apps, nodes }: StageView): Phase | null {
  const app = apps.at(-1);
  if (!app) return null;
  if (app.state === 'stopped') return app.wanted ? null : 'send';
  const states = (machine: string) =>
    nodes
      .flatMap((n) => n.work.filter((w) => w.actor.startsWith(`${machine}:`) && w.app === app.guid))
      .map((w) => w.state);
  // The next one has begun while the one before is still being cleared away.
  const found = [
    ...states('instance').map((state) => named(OF_INSTANCE, state)),
    ...states('staging-task').map((state) => named(OF_TASK, state)),
  ].filter((phase) => phase !== null);
  const first = found.find((phase) => phase !== 'runs') ?? found[0];
  return first ?? (app.state.startsWith('staging') ? 'ask' : null);
}

function named(table: typeof OF_TASK, state: string): Phase | null {
  return table.find(([begins]) => begins.test(state))?.[1] ?? null;
}
