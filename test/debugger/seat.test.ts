// Who drives: the seat by itself, with its timers in the test's hands.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSeat, type Seat, SeatError, type SeatView, type Told } from '../../server/debugger/seat.ts';
import type { Role } from '../../server/main/token.ts';

let dir: string;
let seat: Seat;
let timers: Set<() => void>;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'people-seat-'));
  timers = new Set();
  seat = open();
});
afterEach(() => rmSync(dir, { recursive: true }));

const open = () =>
  createSeat({
    file: join(dir, 'driver.json'),
    after(_ms, fn) {
      timers.add(fn);
      return () => timers.delete(fn);
    },
  });
/** The grace is over. */
function later() {
  for (const fn of [...timers]) {
    timers.delete(fn);
    fn();
  }
}
function page(id: string, { name = '', role = 'drive' as Role } = {}) {
  const told: Told[] = [];
  let view: SeatView | undefined;
  const ear = {
    seat(v: SeatView) {
      view = v;
    },
    told: (news: Told) => void told.push(news),
  };
  const leave = seat.join({ id, name, role }, ear);
  return { id, told, leave, view: () => view!, drives: () => view!.driver === view!.you };
}

describe('the seat', () => {
  it('is the first page’s; others watch, and the command line is always obeyed', () => {
    const a = page('page-a', { name: 'Aiko' });
    const b = page('page-b');
    expect([a.drives(), b.drives()]).toEqual([true, false]);
    expect(b.view()).toMatchObject({ driverName: 'Aiko', here: true });
    expect(b.view().people.map((p) => p.n)).toEqual([1, 2]);
    expect([seat.commands('page-a', 'drive'), seat.commands('page-b', 'drive')]).toEqual([true, false]);
    expect(seat.commands(undefined, 'drive')).toBe(true);
    expect(seat.commands(undefined, 'watch')).toBe(false);
  });

  it('tells nobody the number by which a page proves itself', () => {
    page('secret-a');
    const b = page('secret-b');
    expect(JSON.stringify(b.view())).not.toContain('secret-a');
  });

  it('is handed over by its driver only, to somebody who is here', () => {
    const a = page('page-a');
    const b = page('page-b', { role: 'watch' });
    expect(() => seat.handOver('page-b', 2)).toThrow(SeatError);
    expect(() => seat.handOver('page-a', 7)).toThrow(/7/);
    seat.ask('page-b');
    expect(a.view().people.find((p) => p.n === 2)?.asks).toBe(true);
    seat.handOver('page-a', 2);
    expect(b.drives()).toBe(true);
    expect(b.told).toEqual([{ what: 'handed', by: '', n: 1 }]);
    expect(b.view().people.some((p) => p.asks)).toBe(false);
    expect(seat.commands('page-b', 'watch')).toBe(true);
    expect(seat.commands('page-a', 'drive')).toBe(false);
  });

  it('is taken from a living driver by one press, and he is told by whom; a watcher’s link cannot', () => {
    const a = page('page-a');
    page('page-b', { name: 'Ben' });
    page('page-c', { role: 'watch' });
    expect(() => seat.take('page-c')).toThrow(/ask to drive/);
    seat.take('page-b');
    expect(a.drives()).toBe(false);
    expect(a.told).toEqual([{ what: 'taken', by: 'Ben', n: 2 }]);
  });

  it('waits for a page that is loaded again', () => {
    const a = page('page-a');
    const b = page('page-b');
    const c = page('page-c');
    a.leave();
    expect(b.view()).toMatchObject({ driver: 1, here: false });
    expect(seat.commands('page-b', 'drive')).toBe(false);
    const again = page('page-a');
    later();
    expect([again.drives(), b.drives(), c.drives()]).toEqual([true, false, false]);
  });

  it('is free when its driver has gone: of several one has to press, who is alone has it', () => {
    const a = page('page-a');
    const b = page('page-b');
    const c = page('page-c');
    a.leave();
    later();
    expect([b.drives(), c.drives()]).toEqual([false, false]);
    seat.take('page-c');
    expect(c.drives()).toBe(true);
    c.leave();
    later();
    expect(b.drives()).toBe(true);
  });

  it('does not make somebody wait who is alone', () => {
    page('page-a').leave();
    const b = page('page-b');
    expect(b.drives()).toBe(false);
    expect(seat.commands('page-b', 'drive')).toBe(true);
    expect(b.drives()).toBe(true);
  });

  it('is never a watcher’s by being alone', () => {
    const b = page('page-b', { role: 'watch' });
    later();
    expect(b.drives()).toBe(false);
    expect(seat.commands('page-b', 'watch')).toBe(false);
  });

  it('outlives a restart of its process, whoever comes back first', () => {
    page('page-a');
    page('page-b');
    seat = open();
    const b = page('page-b');
    const c = page('page-c');
    const a = page('page-a');
    later();
    expect([a.drives(), b.drives(), c.drives()]).toEqual([true, false, false]);
  });

  it('shows everybody what the driver looks at, and nobody what another does', () => {
    const a = page('page-a');
    const b = page('page-b');
    seat.place('page-a', 'at=12');
    seat.place('page-b', 'at=99');
    expect([a.view().place, b.view().place]).toEqual(['at=12', 'at=12']);
    seat.take('page-b');
    expect(a.view().place).toBe('');
  });

  it('is not asked for any more when the driver has said no', () => {
    page('page-a');
    const b = page('page-b');
    seat.ask('page-b');
    seat.decline('page-a', 2);
    expect(b.told).toEqual([{ what: 'declined', by: '', n: 1 }]);
    expect(b.view().people.some((p) => p.asks)).toBe(false);
  });
});
