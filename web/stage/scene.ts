// What the picture says about one moment beside where things stand: what is talked about, what is held, what is new, whose
// view it is.
import type { Entry, GatePoint } from '../../machines/journal.ts';
import { entryAt, type HeldView } from '../../machines/projection.ts';
import type { StageLayout } from './layout.ts';
import type { Mark, Marks } from './marks.ts';
import type { Bead, StageView } from './parts.ts';
import { beadAt } from './passing.ts';
import { pathOf, placeOfName } from './places.ts';
import type { StageWord } from './words.ts';

export interface Focus {
  /** The message that is talked about, or null. */
  bead: Bead | null;
  /** Places that stay at full contrast while something is held. */
  places: string[];
}

export interface Scene {
  /** What is, and dotted what will be added (`withComing`). */
  view: StageView;
  layout: StageLayout;
  focus: Focus;
  held: HeldPlace | null;
  /** It waits for its beat only and goes on by itself: nothing steps back behind it, and no gate is shown as closed. */
  paced: boolean;
  /** Ghosts of what will change, and what changed with the last step. */
  ghosts: Marks;
  fresh: Marks;
  /** The stage as it will be, for what a ghost says. */
  ahead: StageView | null;
  /** The handle of the large container. */
  zoom: string | null;
  /** The host's view: outer faces, host paths, host numbers. */
  host: boolean;
  say: (key: StageWord, ...values: string[]) => string;
  /** What a station's name means, for who points at it. */
  meaning: (term: string) => string;
}

export interface HeldPlace {
  point: GatePoint;
  place: string;
}

/** How a part is marked: what will change comes before what has changed. */
export function markOf({ ghosts, fresh }: Scene, key: string): Mark | '' {
  return ghosts.get(key) ?? fresh.get(key) ?? '';
}

/** The place at which something is held: the container for a step or a script line, else its receiver's. */
export function heldPlace(held: Pick<HeldView, 'point'> | undefined): HeldPlace | null {
  if (!held) return null;
  const { point } = held;
  const place = point.handle ? `container/${point.handle}` : placeOfName(point.actor, point.proc);
  return place === null ? null : { point, place };
}

/** What the entry is about. */
export function focusAt(entries: readonly Entry[], seq: number): Focus {
  const e = entryAt(entries, seq);
  if (!e) return { bead: null, places: [] };
  const bead = beadAt(entries, seq);
  if (bead) return { bead, places: [bead.from, ...bead.to] };
  if (e.type === 'message') return { bead: null, places: pathOf(e) ? [placeOfName(e.actor, e.proc) ?? ''] : [] };
  if ('handle' in e) return { bead: null, places: [`container/${e.handle}`] };
  const place = placeOfName(e.actor, e.proc);
  return { bead: null, places: place === null ? [] : [place] };
}

/** The container that an entry is about, or null. */
export function handleOf(e: Entry | undefined): string | null {
  if (!e) return null;
  if ('handle' in e) return e.handle;
  if (e.type === 'gate' && e.point.handle) return e.point.handle;
  return /^(container|wshd|wshd-boot):/.test(e.actor) ? e.actor.slice(e.actor.indexOf(':') + 1) : null;
}
