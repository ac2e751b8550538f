// What the commands of time do: on the live lab they open gates, in the past they move the cursor and open nothing.
// Moving never goes from the past into the present by itself: it stops at the present first, and then goes live.
import { breakHere } from '../../machines/break-here.ts';
import { type Direction, GRAINS, landFrom, presentOf, stopFrom, type Verb } from '../../machines/grain.ts';
import { breakFrom } from '../../machines/grain-breaks.ts';
import { type Answer, labApi } from '../lab-api.ts';
import { focusOf, heldOf, type Model } from '../model.ts';

export type TimeCommand =
  | 'pause'
  | 'continue'
  | 'continueBack'
  | 'step'
  | 'over'
  | 'overBack'
  | 'into'
  | 'intoBack'
  | 'out'
  | 'outBack'
  | 'runTo'
  | 'skip'
  | 'next'
  | 'previous'
  | 'forward'
  | 'back'
  | 'first'
  | 'grain';

export interface Traveller {
  model: Model;
  update(change: Partial<Model>): void;
  order(order: Promise<Answer<unknown>>): void;
  /** The next row of a list that is filtered, or undefined at its end. */
  row(by: Direction): number | undefined;
}

/** What each command of time does for this moment of the page. */
export function travel({ model, update, order, row }: Traveller): Record<TimeCommand, () => void> {
  const past = model.cursor !== null;
  const gate = chosenGate(model);
  const seek = (seq: number | null) => {
    if (seq !== null) update({ cursor: seq });
  };
  const forward = (found: number | null) => update({ cursor: found ?? towardsPresent(model) });
  const back = (found: number | null) => seek(found);
  // A recorded run plays on from wherever one looks.
  const goOn = () => (past && !model.recorded ? forward(breakpointFrom(model, 1)) : order(labApi.continue()));
  const land = (verb: Verb) => () => (past ? forward(landing(model, verb, 1)) : order(labApi[verb](gate)));
  const landBack = (verb: Verb) => () => back(landing(model, verb, -1));
  const nearby = (by: Direction) => (isFiltered(model) ? (row(by) ?? null) : stop(model, by));
  const next = () => {
    if (past) forward(nearby(1));
  };
  const step = () => (past ? next() : order(labApi.step(gate)));
  return {
    pause: () => (isStopped(model) ? goOn() : order(labApi.pause())),
    continue: goOn,
    continueBack: () => back(breakpointFrom(model, -1)),
    step,
    over: land('over'),
    overBack: landBack('over'),
    into: land('into'),
    intoBack: landBack('into'),
    out: land('out'),
    outBack: landBack('out'),
    runTo: () => runToHere(model, { update, order }),
    skip: () => order(labApi.skip({ to: 'next' })),
    next,
    previous: () => back(nearby(-1)),
    // A clicker has one button for forwards: on the record it moves, at a held gate of the live lab it steps.
    forward: () => (past || isHeld(model) ? step() : undefined),
    back: () => back(stop(model, -1)),
    first: () => seek(model.entries[0]?.seq ?? null),
    grain: () => update({ grain: GRAINS[(GRAINS.indexOf(model.grain) + 1) % GRAINS.length] ?? 'beat' }),
  };
}

/** Whether the lab stands until somebody lets it go on. What only waits for its beat goes on by itself: it can be paused. */
export function isStopped({ lab }: Model): boolean {
  return lab?.paused === true || (lab?.held.some((gate) => gate.by !== 'beat') ?? false);
}

function isHeld({ lab }: Model): boolean {
  return lab?.paused === true || (lab?.held.length ?? 0) > 0;
}

/**
 * The gate that a step names: the first of what is held (`heldOf`), where that is the reader's choice or not what the lab
 * would take by itself, the oldest. Else none is named: it may have been opened by the time the lab hears of it.
 */
export function chosenGate(model: Model): string | undefined {
  const [first] = heldOf(model);
  return first && (first.gate === model.gate || first.gate !== model.lab?.held[0]?.gate) ? first.gate : undefined;
}

/** What `run to here` would stop at: the thing at the cursor, when it comes again. */
export function runToAt({ entries, cursor }: Model) {
  return cursor === null ? undefined : breakHere(entries, cursor);
}

/** Whoever has searched the record walks along what was found. */
function isFiltered({ filter }: Model): boolean {
  return filter.text !== '' || filter.type !== '' || filter.run !== '' || filter.actor !== '';
}

function runToHere(model: Model, { update, order }: Pick<Traveller, 'update' | 'order'>): void {
  const at = runToAt(model);
  if (!at) return;
  update({ cursor: null });
  order(labApi.runTo(at));
}

function stop(model: Model, direction: Direction): number | null {
  const { entries, grain, filter } = model;
  return stopFrom(entries, focusOf(model), { grain, direction, background: filter.background });
}

function landing(model: Model, verb: Verb, direction: Direction): number | null {
  return landFrom(model.entries, focusOf(model), { verb, direction, grain: model.grain });
}

function breakpointFrom(model: Model, direction: Direction): number | null {
  return breakFrom(model.entries, focusOf(model), { breakpoints: model.lab?.breakpoints ?? [], direction });
}

/** The present's own entry while the cursor is before it; null, which is live, when it is there. */
function towardsPresent({ entries, cursor }: Model): number | null {
  const present = presentOf(entries);
  return present !== null && cursor !== null && cursor < present ? present : null;
}
