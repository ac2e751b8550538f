// Where a long list stands is reckoned before it is drawn: a jump is drawn once, at its place, and nobody asks the element.
import type { ReactiveControllerHost } from 'lit';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ListWindow } from '../../web/list-window.ts';

const ROW = 30;
const HEIGHT = 300;

/** A list as the browser has one, that tells what was asked of it. */
function listOf() {
  const asked: string[] = [];
  let top = 0;
  const list = {
    get scrollTop() {
      asked.push('scrollTop');
      return top;
    },
    set scrollTop(value: number) {
      top = value;
    },
    clientHeight: HEIGHT,
    clientWidth: 400,
  };
  return { list: list as unknown as HTMLElement, asked, top: () => top };
}

describe('the window of a long list', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(readonly told: () => void) {}
        observe() {
          this.told();
        }
        unobserve() {}
        disconnect() {}
      },
    );
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  function shown() {
    const updates: number[] = [];
    const host = {
      addController() {},
      requestUpdate: () => void updates.push(1),
    } as unknown as ReactiveControllerHost & HTMLElement;
    const window = new ListWindow(host, () => ROW);
    const scrolled = listOf();
    const draw = (count: number, at: number, why: string, head = false) => {
      window.toward({ count, at, why, head });
      const range = window.range(count);
      window.aim(scrolled.list);
      return { ...range, top: scrolled.top() };
    };
    draw(1000, 999, 'head', true);
    scrolled.asked.length = 0;
    return { draw, asked: scrolled.asked, updates };
  }

  it('draws a jump at once where it will be scrolled to, with what led to it above', () => {
    const { draw, asked } = shown();
    const { from, to, top } = draw(1000, 500, 'at 500');
    expect(top).toBe(500 * ROW - HEIGHT / 3);
    expect(from * ROW).toBeLessThanOrEqual(top);
    expect(to * ROW).toBeGreaterThanOrEqual(top + HEIGHT);
    expect(asked).toEqual([]);
  });

  it('leaves the list where it is when the row can be seen', () => {
    const { draw } = shown();
    const { top } = draw(1000, 500, 'at 500');
    expect(draw(1000, 503, 'at 503').top).toBe(top);
  });

  it('follows the newest row to the end of a list that grows and of one that a filter made short', () => {
    const { draw, asked } = shown();
    expect(draw(1200, 1199, 'head', true).top).toBe(1200 * ROW - HEIGHT);
    expect(draw(40, 39, 'filter', true)).toMatchObject({ to: 40, top: 40 * ROW - HEIGHT });
    expect(draw(4, 3, 'finer filter', true)).toMatchObject({ from: 0, to: 4, top: 0 });
    expect(asked).toEqual([]);
  });

  it('draws what may be scrolled to next once it stands still', () => {
    const { draw, updates } = shown();
    const jump = draw(1000, 500, 'at 500');
    updates.length = 0;
    vi.advanceTimersByTime(1000);
    expect(updates).toHaveLength(1);
    const still = draw(1000, 500, 'at 500');
    expect(still.top).toBe(jump.top);
    expect(still.to - still.from).toBeGreaterThan(jump.to - jump.from);
    vi.advanceTimersByTime(1000);
    expect(updates).toHaveLength(1);
  });
});
