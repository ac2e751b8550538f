// What the page knows and shows: the record, the cursor, the lab's state and a few choices. One owner; views get it whole.
import type { Grain } from '../machines/grain.ts';
import type { Entry, EntryType } from '../machines/journal.ts';
import { entryAt } from '../machines/projection.ts';
import type { Reading } from './beat.ts';
import type { SeatState } from './driver/seat.ts';
import type { LabState } from './lab-api.ts';
import type { LessonPlace } from './lesson/place.ts';
import type { PanelId } from './panels.ts';
import type { Recorded } from './run/door.ts';

export type Language = 'en' | 'ja';
export type Theme = 'auto' | 'light' | 'dark';

export interface Filter {
  text: string;
  type: EntryType | '';
  run: string;
  /** An actor's name, or `is dea` for all that belongs to a component (identity.ts); empty for all. */
  actor: string;
  /** Shows periodic traffic one by one instead of folded. */
  background: boolean;
}

export interface Model {
  entries: Entry[];
  /** The `seq` that is looked at; null follows the newest. */
  cursor: number | null;
  /** How far one step on the record goes. */
  grain: Grain;
  /** The held gate that a step opens; null for the oldest. */
  gate: string | null;
  lab: LabState | null;
  /** `performance.now()` when `lab` came, to let its time go on. */
  labAt: number;
  link: 'connecting' | 'live' | 'lost';
  /** Who drives this lab and who watches; null where nobody says. */
  seat: SeatState | null;
  /** The actor whose chart is shown; null follows the cursor. */
  actor: string | null;
  /** A machine whose chart is shown without an actor. */
  machine: string | null;
  filter: Filter;
  language: Language;
  theme: Theme;
  /** The container that the camera is at; `auto` follows what is held or looked at. */
  zoom: 'auto' | 'platform' | (string & {});
  /** The host's view of the stage. */
  host: boolean;
  /** Captions in English and in Japanese. */
  both: boolean;
  /** How long a beat stays to be read, in the pace `beat`. */
  reading: Reading;
  /** Only stage, caption and bar: for a projector. */
  folded: boolean;
  /** The dock stands beside the stage; folded, the stage has its room. */
  docked: boolean;
  /** The panels that are shown right of the stage, above and below, and under it. */
  dock: PanelId;
  under: PanelId;
  drawer: PanelId | null;
  /** The lesson that is open and its step; null for none. */
  lesson: LessonPlace | null;
  /** The app that the panel of apps shows in full, by its guid; null for the newest. */
  app: string | null;
  /** The failure whose card is shown, by its `seq`; null for none. */
  failure: number | null;
  /** The push that this page began last: its failure is shown by itself. `since`: the head of the record then. */
  pushed: { name: string; since: number } | null;
  help: boolean;
  /** The recorded run that is watched; null on a lab. */
  recorded: Recorded | null;
  /** The last word to the reader: an error, or what a push answered. */
  notice: string;
}

export function emptyModel(): Model {
  return {
    entries: [],
    cursor: null,
    grain: 'beat',
    gate: null,
    lab: null,
    labAt: 0,
    link: 'connecting',
    seat: null,
    actor: null,
    machine: null,
    filter: { text: '', type: '', run: '', actor: '', background: false },
    language: 'en',
    theme: 'auto',
    zoom: 'auto',
    host: false,
    both: false,
    reading: 'calm',
    folded: false,
    docked: true,
    dock: 'record',
    under: 'inspector',
    drawer: null,
    lesson: null,
    app: null,
    failure: null,
    pushed: null,
    help: false,
    recorded: null,
    notice: '',
  };
}

/** The `seq` that every projection is asked for. */
export function cursorOf(model: Model): number {
  return model.cursor ?? model.entries.at(-1)?.seq ?? 0;
}

/**
 * Whether a story has begun: before the first push there is one thing to do, and the page says so. What is held counts: a
 * push that goes beat by beat makes eight requests before the one that begins its run.
 */
export function hasBegun(model: Model): boolean {
  return model.cursor !== null || model.entries.some((e) => e.run !== null || e.type === 'gate');
}

/**
 * What is held in the present: the chosen gate first, then what somebody has stopped, then what only waits for its beat;
 * each oldest first. The stage's card shows the first, the caption speaks of it, and a step opens it.
 */
export function heldOf({ lab, gate }: Pick<Model, 'lab' | 'gate'>): LabState['held'] {
  const rank = (h: LabState['held'][number]) => (h.gate === gate ? 0 : h.by === 'beat' ? 2 : 1);
  return [...(lab?.held ?? [])].sort((a, b) => rank(a) - rank(b));
}

/** The entry that is talked about: at the cursor, else what somebody has stopped, else the newest that is not periodic traffic. */
export function focusOf(model: Model): number {
  if (model.cursor !== null) return model.cursor;
  const [first] = heldOf(model);
  const stopped = first && first.by !== 'beat' ? holdOf(model.entries, first.gate) : undefined;
  return stopped ?? model.entries.findLast((e) => !e.background)?.seq ?? cursorOf(model);
}

let known: { gate: string; seq: number } | undefined;

/** `seq` of a gate's `held` entry. Asked for at every drawing: the last answer is kept. */
export function holdOf(entries: readonly Entry[], gate: string): number | undefined {
  const before = known?.gate === gate ? entryAt(entries, known.seq) : undefined;
  if (before?.type === 'gate' && before.gate === gate) return before.seq;
  const seq = entries.findLast((e) => e.type === 'gate' && e.phase === 'held' && e.gate === gate)?.seq;
  known = seq === undefined ? undefined : { gate, seq };
  return seq;
}

/**
 * The entry that is shown as talked about. Before a story has begun that is none: what the lab says to itself while it
 * starts is there to be looked at, and is nothing that a newcomer has to understand first.
 */
export function shownOf(model: Model): number {
  return hasBegun(model) ? focusOf(model) : 0;
}

/** A change of the model, or how it follows from the model as it is then. */
export type Change = Partial<Model> | ((now: Model) => Partial<Model>);

/** What of a model has changed: at most its record, nothing but the moment that is looked at, or anything else. */
export type News = 'none' | 'moment' | 'any';

function newsOf(model: Model, change: Partial<Model>, before: News): News {
  const keys = Object.keys(change) as (keyof Model)[];
  if (before === 'any' || keys.length === 0) return before;
  const moved = keys.filter((key) =>
    key === 'lesson' ? !sameStep(model.lesson, change.lesson) : model[key] !== change[key],
  );
  // What is set anew to what it is counts as well: somebody has said something.
  return moved.includes('cursor') && moved.length === 1 ? 'moment' : 'any';
}

/** The address is read into a new object each time. */
const sameStep = (a?: LessonPlace | null, b?: LessonPlace | null) => a?.lesson === b?.lesson && a?.step === b?.step;

/** Changes the model and redraws once a frame, however often it changed. */
export class Store {
  model = emptyModel();
  readonly #draw: () => void;
  #asked = false;
  #news: News = 'none';

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  /** @param quiet what changes goes on as the record does: nothing has to be drawn out of turn for it */
  update(asked: Change, quiet = false): void {
    const change = typeof asked === 'function' ? asked(this.model) : asked;
    if (!quiet) this.#news = newsOf(this.model, change, this.#news);
    Object.assign(this.model, change);
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  /** What has changed since `changed` was asked last. */
  get news(): News {
    return this.#news;
  }

  /** The same, and forgets it. */
  changed(): News {
    const news = this.#news;
    this.#news = 'none';
    return news;
  }
}
