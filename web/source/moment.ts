// Which source the page's moment is about: that of the held gate, else of the entry at the cursor, else of the nearest
// thing that led there. Pure.
import type { Entry, GatePoint } from '../../machines/journal.ts';
import { causeChain, entryAt } from '../../machines/projection.ts';
import { type SourcePlace, sourceOf, sourceOfPoint } from '../../machines/source-place.ts';
import { focusOf, heldOf, type Model } from '../model.ts';

export interface SourceMoment {
  place: SourcePlace;
  /** held: it comes next. after: it was held behind. done: it happened. led: something that led here happened there. */
  how: 'held' | 'after' | 'done' | 'led';
  /** led: the entry whose source this is. */
  from?: Entry;
}

export function sourceMoment(model: Model): SourceMoment | undefined {
  const { cursor, entries } = model;
  if (cursor === null) {
    const [held] = heldOf(model);
    const place = held && sourceOfPoint(held.point);
    if (place) return { place, how: heldHow(held.point) };
  }
  const entry = entryAt(entries, focusOf(model));
  if (!entry) return undefined;
  const place = sourceOf(entry);
  if (place) return { place, how: howOf(entry) };
  const from = causeChain(entries, entry.seq).findLast((e) => sourceOf(e) !== undefined);
  const led = from && sourceOf(from);
  return led ? { place: led, how: 'led', from } : undefined;
}

function howOf(e: Entry): SourceMoment['how'] {
  if (e.type === 'gate') {
    if (e.phase === 'opened') return 'done';
    return heldHow(e.point);
  }
  return (e.type === 'step' && e.when === 'before') || (e.type === 'effect' && e.phase === 'start') ? 'held' : 'done';
}

/** An effect whose end is held has the next state before it, if that is known. */
function heldHow({ when, enters }: GatePoint): SourceMoment['how'] {
  return when === 'after' || (when === 'end' && (enters ?? []).length === 0) ? 'after' : 'held';
}
