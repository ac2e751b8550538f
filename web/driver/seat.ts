// Who drives, as this page knows it, and following the driver: what he looks at is shown here too until this page's own
// reader moves. It gives no order but `place`; the lab decides who may (server/debugger/seat.ts).
import { labApi } from '../lab-api.ts';
import { panelOfLesson } from '../lesson/place.ts';
import { emptyModel, type Model, type Store } from '../model.ts';
import { hashOf, placeOf } from '../place.ts';
import { keepName, readName } from './client.ts';

export interface Person {
  n: number;
  name: string;
  /** May take over by itself; otherwise it came by a link to watch. */
  may: boolean;
  asks: boolean;
}

export interface SeatView {
  you: number;
  driver: number | null;
  driverName: string;
  /** The driver's page is open. */
  here: boolean;
  people: Person[];
  place: string;
}

export interface Told {
  what: 'taken' | 'handed' | 'declined';
  by: string;
  n: number;
}

export interface SeatState extends SeatView {
  /** This page shows what the driver looks at. */
  follows: boolean;
  /** The lab's sentence on the last order that it refused because this page watches. */
  refused: string;
  told: Told | null;
  /** The dialog with everybody is open. */
  open: boolean;
}

/** Whether orders of this page are obeyed; true where nobody says otherwise. */
export function drives({ seat }: Pick<Model, 'seat'>): boolean {
  return seat === null || seat.driver === seat.you;
}

export interface Follower {
  seat(view: SeatView): void;
  told(news: Told): void;
  refused(sentence: string): void;
  /** After each drawing: says where the driver's page is, or notices that a follower has gone elsewhere. */
  drawn(): void;
}

/** @param own whether the page came with a moment of its own in its address, which is not to be lost */
export function createFollower(store: Store, own: boolean): Follower {
  let sent: string | undefined;
  let sending = false;
  /** The place that was taken over last; undefined before there was one. */
  let applied: string | undefined;

  const change = (part: Partial<SeatState>) => {
    const { seat } = store.model;
    if (seat) store.update({ seat: { ...seat, ...part } });
  };

  function apply(): void {
    const { seat } = store.model;
    if (!seat?.follows || drives(store.model)) return;
    store.update(shared(store.model, seat.place));
    applied = placeIn(store.model);
  }

  async function send(): Promise<void> {
    const place = placeIn(store.model);
    if (sending || sent === place) return;
    sending = true;
    sent = place;
    await labApi.place(place);
    sending = false;
    // Where he has gone meanwhile.
    if (drives(store.model)) void send();
  }

  return {
    seat(view) {
      const before = store.model.seat;
      const kept = before ?? { follows: !own, refused: '', told: null, open: false };
      const now = { ...view, follows: kept.follows, refused: kept.refused, told: kept.told, open: kept.open };
      // A new part begins without the words of the old one, and who watches again follows again.
      if (before && before.driver !== view.driver) Object.assign(now, { refused: '', follows: true });
      // The reader has moved since the page was drawn last: what the driver looks at must not take that back.
      else if (applied !== undefined && placeIn(store.model) !== applied) now.follows = false;
      store.update({ seat: now });
      const me = view.people.find((p) => p.n === view.you);
      if (me && me.name !== readName()) void labApi.rename(readName());
      if (view.driver !== view.you) sent = undefined;
      apply();
    },
    told: (told) => change({ told }),
    refused: (refused) => change({ refused }),
    drawn() {
      const { model } = store;
      if (!model.seat) return;
      if (model.seat.driver === model.seat.you) void send();
      else if (model.seat.follows && applied !== undefined && placeIn(model) !== applied) change({ follows: false });
      else if (model.seat.follows && applied === undefined) apply();
    },
  };
}

/** Opens or closes the dialog, or takes in what was told: only this page's own part of the seat, whatever the lab has said meanwhile. */
export const seated =
  (part: Partial<Pick<SeatState, 'open' | 'refused' | 'told'>>) =>
  ({ seat }: Model): Partial<Model> =>
    seat ? { seat: { ...seat, ...part } } : {};

/** Follows the driver again, from where he is now. */
export function followDriver(model: Model): Partial<Model> {
  if (!model.seat) return {};
  return { ...shared(model, model.seat.place), seat: { ...model.seat, follows: true } };
}

export function rename(name: string): void {
  keepName(name);
  void labApi.rename(name);
}

/** The driver's moment, camera and lesson. A lesson that begins comes to the front; which panel is open later is one's own. */
function shared(model: Model, place: string): Partial<Model> {
  const { cursor, actor, machine, zoom, host, lesson } = placeOf(place);
  const dock = lesson !== null && lesson.lesson !== model.lesson?.lesson ? { dock: panelOfLesson(lesson) } : {};
  return { cursor, actor, machine, zoom, host, lesson, ...dock };
}

/** What is shared with followers: the moment, where the camera is, and the step of a lesson; not which panels are open. */
function placeIn({ cursor, actor, machine, zoom, host, lesson }: Model): string {
  return hashOf({ ...emptyModel(), cursor, actor, machine, zoom, host, lesson });
}
