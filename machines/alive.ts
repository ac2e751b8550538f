// Which containers are alive at a moment, and what each is for: a view of the record, for whoever wants to go into one or
// to break one. It asks no lab.
import { folding } from './fold.ts';
import type { Entry, TransitionBody } from './journal.ts';
import { appsAt, causeChain } from './projection.ts';

export interface AliveContainer {
  handle: string;
  /** Its machine's top state: `creating` while it boots, `active`, `stopped` … */
  state: string;
  /** Somebody has asked for it, and Create has not answered yet. */
  booting: boolean;
  purpose: 'staging' | 'instance' | '';
  /** The app's name; empty where nobody has said what it is for. */
  app: string;
  /** Of an instance. */
  index: number | null;
}

interface Work {
  purpose: 'staging' | 'instance';
  app: string;
  index: number | null;
}

interface State {
  /** By the container's id. */
  containers: Map<string, { handle: string; state: string; began: number }>;
  /** Instances and staging tasks by actor. */
  work: Map<string, Work>;
  /** Actor by the handle that it was given. */
  owners: Map<string, string>;
}

const stateAt = folding<State>({
  init: () => ({ containers: new Map(), work: new Map(), owners: new Map() }),
  clone: (s) => ({ containers: new Map(s.containers), work: new Map(s.work), owners: new Map(s.owners) }),
  take(state, e) {
    if (e.type !== 'transition') return;
    if (e.machine === 'container') changed(state, e);
    if (e.machine === 'instance' || e.machine === 'staging-task') worked(state, e);
  },
});

/** Oldest first. */
export function aliveAt(entries: readonly Entry[], seq: number): AliveContainer[] {
  const { containers, work, owners } = stateAt(entries, seq);
  const names = new Map(appsAt(entries, seq).map((app) => [app.guid, app.name]));
  return [...containers.values()].map(({ handle, state, began }) => {
    const actor = owners.get(handle) ?? askedFor(entries, began);
    const known = actor === undefined ? undefined : work.get(actor);
    const { purpose = '' as const, index = null } = known ?? {};
    const booting = state === 'born' || state === 'creating';
    return { handle, state, booting, purpose, app: known ? (names.get(known.app) ?? known.app) : '', index };
  });
}

function changed({ containers }: State, e: TransitionBody & { seq: number }): void {
  const id = idOf(e.actor);
  const state = typeof e.value === 'object' && e.value !== null ? (Object.keys(e.value)[0] ?? '') : String(e.value);
  if (state === 'destroyed' || state === 'failed') {
    containers.delete(id);
    return;
  }
  const began = e.event === 'xstate.init' ? e.seq : (containers.get(id)?.began ?? e.seq);
  const handle = typeof e.context.handle === 'string' ? e.context.handle : (containers.get(id)?.handle ?? id);
  containers.set(id, { handle, state, began });
}

function worked({ work, owners }: State, e: TransitionBody): void {
  const { app, index, handle } = e.context;
  const known = work.get(e.actor);
  const purpose = e.machine === 'instance' ? 'instance' : 'staging';
  work.set(e.actor, {
    purpose,
    app: typeof app === 'string' ? app : (known?.app ?? ''),
    index: typeof index === 'number' ? index : (known?.index ?? null),
  });
  if (typeof handle === 'string') owners.set(handle, e.actor);
}

/** Until Create has answered, only the cause of the container's beginning says who has asked for it. */
function askedFor(entries: readonly Entry[], began: number): string | undefined {
  return causeChain(entries, began).findLast((e) => /^(instance|staging-task):/.test(e.actor))?.actor;
}

const idOf = (actor: string): string => actor.slice(actor.indexOf(':') + 1);
