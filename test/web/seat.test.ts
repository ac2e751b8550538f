// Who drives, in the page's own model: what a view has drawn may be older than what the lab has said since.
import { describe, expect, it, vi } from 'vitest';
import { drives, type SeatState, seated } from '../../web/driver/seat.ts';
import { Store } from '../../web/model.ts';

describe('the seat in the model', () => {
  it('stays as the lab has said it when a dialog that was drawn before is closed', () => {
    vi.stubGlobal('requestAnimationFrame', () => 0);
    const store = new Store(() => {});
    const watching: SeatState = {
      ...{ you: 2, driver: 1, driverName: 'teacher', here: true, people: [], place: '' },
      ...{ follows: true, refused: '', told: null, open: true },
    };
    store.update({ seat: watching });
    expect(drives(store.model)).toBe(false);
    // The wheel comes; the dialog, drawn with the seat of before, is closed before it is drawn again.
    store.update(({ seat }) => (seat ? { seat: { ...seat, driver: 2 } } : {}));
    store.update(seated({ open: false }));
    expect(store.model.seat).toMatchObject({ you: 2, driver: 2, open: false });
    expect(drives(store.model)).toBe(true);
    vi.unstubAllGlobals();
  });

  it('is none where the lab has said nothing of seats', () => {
    expect(seated({ open: true })({ ...new Store(() => {}).model, seat: null })).toEqual({});
  });
});
