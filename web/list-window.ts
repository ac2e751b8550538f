// The part of a long list that is drawn, and where it is scrolled to: rows of one height, only those in sight, the chosen
// one brought into sight when it changes. A reader who scrolls away is left where he is.
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Rows drawn above and below what can be seen; and at first, where the list has just jumped or follows the newest row. */
const SPARE = 8;
const SCANT = 2;
/** The list has been still for so long, milliseconds: it may be scrolled next. */
const STILL_MS = 200;

export class ListWindow implements ReactiveController {
  readonly #host: ReactiveControllerHost & HTMLElement;
  readonly #row: () => number;
  readonly #inset: () => number;
  #list: HTMLElement | null = null;
  #watch: ResizeObserver | null = null;
  #settle: ResizeObserver | null = null;
  /** Where it is drawn, and where the element really is: they differ only between a drawing and its scrolling. */
  #top = 0;
  #real = 0;
  #height = 0;
  #width = 0;
  #aimed = { why: '', at: -1 };
  #away = false;
  /** The room has changed, and it is drawn for that. */
  #resized = false;
  #spare = SPARE;
  #filling: ReturnType<typeof setTimeout> | undefined;

  /** @param row height of a row, pixels @param inset height of what stands still above the rows */
  constructor(host: ReactiveControllerHost & HTMLElement, row: () => number, inset: () => number = () => 0) {
    this.#host = host;
    this.#row = row;
    this.#inset = inset;
    host.addController(this);
  }

  /** Rows to draw: from, and up to but not including `to`. */
  range(count: number): { from: number; to: number } {
    const row = this.#row();
    return {
      from: Math.max(0, Math.floor(this.#top / row) - this.#spare),
      to: Math.min(count, Math.ceil((this.#top + this.#height) / row) + this.#spare),
    };
  }

  /** Rows that fit, for a page up or down. */
  get page(): number {
    return Math.max(1, Math.floor(this.#height / this.#row()) - 1);
  }

  /** Width of what can be seen, pixels; 0 until it was there. */
  get width(): number {
    return this.#width;
  }

  /** For `@scroll` of the element that scrolls. */
  readonly scrolled = (event: Event): void => {
    const list = event.currentTarget;
    // Nothing new where this class has scrolled to itself.
    if (!(list instanceof HTMLElement) || Math.abs(list.scrollTop - this.#real) < 1) return;
    this.#away = list.scrollTop + list.clientHeight < list.scrollHeight - this.#row();
    this.#real = list.scrollTop;
    this.#top = this.#real;
    this.#fill();
  };

  /**
   * To be called before each drawing: decides where the list will stand, so that it is drawn there at once. All of it is
   * reckoned; to ask the element would cost a layout of the page.
   * @param count of all rows @param at the chosen row, -1 for none
   * @param why another one brings the row into sight even if the reader had scrolled away
   * @param head whether the newest row is followed
   */
  toward({ count, at, why, head }: { count: number; at: number; why: string; head: boolean }): void {
    const row = this.#row();
    const before = this.#aimed;
    this.#aimed = { why, at };
    if (why !== before.why) this.#away = false;
    const end = Math.max(0, count * row - this.#height);
    // A list that became shorter is scrolled by the browser itself.
    const here = Math.min(this.#real, end);
    const y = at * row;
    const moved = why !== before.why || at !== before.at;
    const seen = y >= here && y + row <= here + this.#height;
    if (at < 0 || this.#away || !(head || (moved && !seen))) {
      this.#top = here;
      return;
    }
    // The newest row is the last one seen; a jump puts its row in the upper third, with what led to it above.
    const top = head ? y + row - this.#height : y - this.#height / 3;
    this.#top = Math.min(end, Math.max(0, top));
    if (moved) this.#spare = SCANT;
  }

  /**
   * To be called after each drawing. Scrolls right behind the layout that is made anyway: to set the place before it would
   * cost one more. @param list the element that scrolls
   */
  aim(list: HTMLElement | null): void {
    this.#watching(list);
    clearTimeout(this.#filling);
    const resized = this.#resized;
    this.#resized = false;
    if (this.#spare < SPARE) this.#filling = setTimeout(() => this.#fill(), STILL_MS);
    if (!list || Math.abs(this.#real - this.#top) < 1) return;
    this.#real = this.#top;
    if (resized) {
      // Drawn for an observer that is being told: another one of this element would not be told any more.
      list.scrollTop = this.#top;
      return;
    }
    // An observer is told of what it has not seen yet after the next layout and before that is painted.
    this.#settle ??= new ResizeObserver(() => {
      if (this.#list) this.#list.scrollTop = this.#real;
    });
    this.#settle.unobserve(list);
    this.#settle.observe(list);
  }

  #fill(): void {
    this.#spare = SPARE;
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    clearTimeout(this.#filling);
    this.#watch?.disconnect();
    this.#settle?.disconnect();
    this.#list = null;
  }

  /** When the room changes, what was the last row to be seen must still be seen. */
  #watching(list: HTMLElement | null): void {
    if (list === this.#list) return;
    this.#watch?.disconnect();
    this.#list = list;
    if (!list) return;
    const measure = () => {
      const [height, width] = [(this.#list?.clientHeight ?? 0) - this.#inset(), this.#list?.clientWidth ?? 0];
      if (height <= 0 || (height === this.#height && width === this.#width)) return;
      [this.#height, this.#width] = [height, width];
      this.#aimed = { why: this.#aimed.why, at: -1 };
      this.#resized = true;
      this.#host.requestUpdate();
    };
    this.#real = list.scrollTop;
    measure();
    this.#watch ??= new ResizeObserver(measure);
    this.#watch.observe(list);
  }
}
