// What the cross-section shows at one moment, from the record alone. Going back costs a checkpoint and a few hundred
// entries (machines/fold.ts); where things stand in the picture is decided in layout.ts.
import { folding } from '../../machines/fold.ts';
import type { Entry } from '../../machines/journal.ts';
import { partOf } from './container-part.ts';
import { type StageState, stageFold } from './fold.ts';
import type { StageView } from './parts.ts';
import { pathsAt } from './passing.ts';

export { pathOf, placeOfName } from './places.ts';

/** A checkpoint is a few small maps, an entry of the kernel's a copy of its facts: going back shall stay within one frame. */
const EVERY = 250;
const stateAt = folding(stageFold, EVERY);
const views = new WeakMap<StageState, StageView>();

/** The stage right after the entry `seq`. The same view for the same moment: nobody may change it. */
export function stageAt(entries: readonly Entry[], seq: number): StageView {
  const state = stateAt(entries, seq);
  const known = views.get(state);
  if (known) return known;
  const view = viewOf(state);
  views.set(state, view);
  return view;
}

/** Takes what has come since the stage was drawn, so that its next drawing has little to take. */
export const readStage = stateAt.readOn;

function viewOf(state: StageState): StageView {
  const { nodes, containers, apps, routes, host, now } = state;
  return {
    nodes: [...nodes.values()].sort((a, b) => a.node - b.node),
    containers: [...containers.values()].map((c) => partOf(host, c)),
    paths: pathsAt(state, now),
    apps: [...apps.values()],
    routes: [...new Set(routes.values())],
  };
}

/** How the moment is looked at: where something is held, a step is from gate to gate; else it is one entry of the record. */
export type Looked = 'held' | 'live' | 'past';

/** `seq` of the entry before which the last step began, or null when nobody steps. `index`: how many entries count. */
export function lastStep(entries: readonly Entry[], index: number, looked: Looked): number | null {
  if (looked === 'past') return entries[ownEntry(entries, index) - 1]?.seq ?? null;
  const from = Math.max(0, index - (looked === 'held' ? WHILE_HELD : GOING_ON));
  for (let i = index - 1; i >= from; i--) {
    const e = entries[i];
    if (e?.type === 'gate' && e.phase === 'opened' && !e.background) return e.seq;
  }
  return null;
}

/** What the kernel was seen to do belongs to the call before it. */
function ownEntry(entries: readonly Entry[], index: number): number {
  let i = index - 1;
  while (i > 0 && (entries[i]?.type === 'kernel' || entries[i]?.background)) i--;
  return i;
}

/** Entries that one step may lead to; and after how many nobody remembers the last one. */
const WHILE_HELD = 400;
const GOING_ON = 60;
