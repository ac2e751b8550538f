// One driver, many watchers: who of the pages that look at this lab gives the orders (DESIGN 6). It knows pages by a number
// that each has chosen for itself and that is shown to nobody; it speaks no HTTP (driver.ts).
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Role } from '../main/token.ts';

/** Real milliseconds for a page that is being loaded again: its seat is kept so long. */
export const GRACE_MS = 5000;

/** So many pages are known by number, open or closed. */
const REMEMBERED = 200;

/** One that is here, as everybody may see it. */
export interface PersonView {
  /** The name by which orders speak of it; never its secret id. */
  n: number;
  /** What its reader calls himself, or empty. */
  name: string;
  /** May take over by itself. */
  may: boolean;
  /** Has asked to drive. */
  asks: boolean;
}

/** What one page is told. */
export interface SeatView {
  you: number;
  /** Who drives, even while he is away; null before the first. */
  driver: number | null;
  /** What he calls himself, or empty. */
  driverName: string;
  /** The driver's page is open. */
  here: boolean;
  /** Everybody whose page is open, the driver too. */
  people: PersonView[];
  /** What the driver looks at, as his page's hash. */
  place: string;
}

/** What is told to one page only. */
export interface Told {
  what: 'taken' | 'handed' | 'declined';
  /** Name (or empty) and number of whoever did it; 0 for the command line. */
  by: string;
  n: number;
}

export interface SeatEar {
  seat(view: SeatView): void;
  told(news: Told): void;
}

/** Refused, in a sentence for the reader. */
export class SeatError extends Error {}

export interface Seat {
  /** A page has opened its stream. Returns what to call when it is closed. */
  join(who: { id: string; name: string; role: Role }, ear: SeatEar): () => void;
  /** Whether this page (undefined: no page, the command line) may give orders; a free seat may be taken by asking. */
  commands(id: string | undefined, role: Role): boolean;
  take(id: string): void;
  ask(id: string): void;
  /** @param from undefined for the command line */
  handOver(from: string | undefined, to: number): void;
  decline(from: string | undefined, whom: number): void;
  rename(id: string, name: string): void;
  /** What the driver looks at now; of anybody else it is not heard. */
  place(id: string, hash: string): void;
  /** Who drives, for a sentence. */
  driverName(): string;
}

export interface SeatDeps {
  /** `DIR/driver.json`: whose seat it was, over a restart of this process. */
  file: string;
  /** A real timer; returns how to cancel it. */
  after(ms: number, fn: () => void): () => void;
  graceMs?: number;
}

interface Person {
  id: string;
  n: number;
  name: string;
  role: Role;
  asks: boolean;
  ears: Set<SeatEar>;
}

export function createSeat({ file, after, graceMs = GRACE_MS }: SeatDeps): Seat {
  const people = new Map<string, Person>();
  let counted = 0;
  let driver: { id: string; n: number; name: string } | null = kept(file);
  /** The driver's page is closed, and may come back until this is over. */
  let waiting: (() => void) | undefined;
  let place = '';
  if (driver) wait();

  const here = () => [...people.values()].filter((p) => p.ears.size > 0);
  const isHere = (id: string) => (people.get(id)?.ears.size ?? 0) > 0;
  const nameOf = (p: { name: string; n: number }) => p.name || (p.n > 0 ? `Viewer ${p.n}` : 'Somebody who is away');

  /** A page that comes back is known by its number; one of long ago is not waited for. */
  function forget(): void {
    for (const p of people.values()) if (p.ears.size === 0 && p.id !== driver?.id) people.delete(p.id);
  }

  function wait(): void {
    waiting?.();
    waiting = after(graceMs, () => {
      waiting = undefined;
      settle();
      tell();
    });
  }

  /** A seat that is free goes to the one who is alone; among several somebody has to press. */
  function settle(): void {
    if (waiting || (driver && isHere(driver.id))) return;
    const able = here().filter((p) => p.role === 'drive');
    if (able.length === 1 && able[0]) sit(able[0]);
  }

  function sit(person: Person): void {
    waiting?.();
    waiting = undefined;
    if (driver?.id !== person.id) place = '';
    driver = { id: person.id, n: person.n, name: person.name };
    person.asks = false;
    write(file, person.id);
  }

  function tell(): void {
    const list = here().map(({ n, name, role, asks }) => ({ n, name, may: role === 'drive', asks }));
    for (const person of here()) {
      const seat: SeatView = {
        you: person.n,
        driver: driver?.n ?? null,
        driverName: driver?.name ?? '',
        here: driver !== null && isHere(driver.id),
        people: list,
        place,
      };
      for (const ear of person.ears) ear.seat(seat);
    }
  }

  function say(id: string | undefined, news: Told): void {
    for (const ear of people.get(id ?? '')?.ears ?? []) ear.told(news);
  }

  function known(id: string): Person {
    const person = people.get(id);
    if (!person) throw new SeatError('This page is not connected to the lab; load it again.');
    return person;
  }

  function numbered(n: number): Person {
    const person = here().find((p) => p.n === n);
    if (!person) throw new SeatError(`Nobody with number ${n} is here any more.`);
    return person;
  }

  function mustDrive(id: string | undefined): { by: string; n: number } {
    if (id === undefined) return { by: '', n: 0 };
    if (driver?.id !== id) throw new SeatError(`${driver ? nameOf(driver) : 'Nobody'} drives this lab, not you.`);
    return { by: driver.name, n: driver.n };
  }

  return {
    join({ id, name, role }, ear) {
      const person = people.get(id) ?? { id, n: counted + 1, name, role, asks: false, ears: new Set() };
      counted = Math.max(counted, person.n);
      // A page that comes back with the driver's own link may drive from then on.
      Object.assign(person, { name: name || person.name, role });
      people.set(id, person);
      if (people.size > REMEMBERED) forget();
      person.ears.add(ear);
      if (driver?.id === id) {
        waiting?.();
        waiting = undefined;
        driver = { id, n: person.n, name: person.name };
      }
      settle();
      tell();
      return () => {
        if (!person.ears.delete(ear) || person.ears.size > 0) return;
        person.asks = false;
        if (driver?.id === id) wait();
        tell();
      };
    },
    commands(id, role) {
      if (id === undefined) return role === 'drive';
      if (driver?.id === id) return true;
      if (role !== 'drive' || (driver && isHere(driver.id))) return false;
      const others = here().filter((p) => p.id !== id);
      if (others.length > 0) return false;
      const person = people.get(id);
      if (person) sit(person);
      tell();
      return true;
    },
    take(id) {
      const person = known(id);
      if (driver?.id === id) return;
      if (person.role !== 'drive') throw new SeatError('You came by a link to watch; ask to drive instead.');
      const before = driver?.id;
      sit(person);
      say(before, { what: 'taken', by: person.name, n: person.n });
      tell();
    },
    ask(id) {
      const person = known(id);
      if (driver?.id === id) return;
      person.asks = true;
      tell();
    },
    handOver(from, to) {
      const { by, n } = mustDrive(from);
      const person = numbered(to);
      if (driver?.id === person.id) return;
      const before = driver?.id;
      sit(person);
      say(person.id, { what: 'handed', by, n });
      // Who handed over knows; whom the command line has put off does not.
      if (from === undefined) say(before, { what: 'taken', by: person.name, n: person.n });
      tell();
    },
    decline(from, whom) {
      const { by, n } = mustDrive(from);
      const person = numbered(whom);
      person.asks = false;
      say(person.id, { what: 'declined', by, n });
      tell();
    },
    rename(id, name) {
      const person = known(id);
      if (person.name === name) return;
      person.name = name;
      if (driver?.id === id) driver = { ...driver, name };
      tell();
    },
    place(id, hash) {
      if (driver?.id !== id || place === hash) return;
      place = hash;
      tell();
    },
    driverName: () => (driver ? nameOf(driver) : ''),
  };
}

/** The driver of a former life of this process: his page comes back by itself. */
function kept(file: string): { id: string; n: number; name: string } | null {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const id = typeof found === 'object' && found !== null && 'driver' in found ? found.driver : undefined;
    return typeof id === 'string' && id !== '' ? { id, n: 0, name: '' } : null;
  } catch {
    return null;
  }
}

/** A seat that cannot be written down is kept as long as this process lives. */
function write(file: string, driver: string): void {
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify({ driver })}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch {
    // A full disk, or a folder that is just being removed.
  }
}
