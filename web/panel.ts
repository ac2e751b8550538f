// What every panel of the page is: an element that gets the whole model and one set of actions, and owns nothing itself.
import { LitElement } from 'lit';
import type { Breakpoint } from '../machines/gates.ts';
import type { Command } from './keys.ts';
import type { Answer } from './lab-api.ts';
import { type Change, emptyModel, type Model } from './model.ts';
import type { PanelId } from './panels.ts';
import type { Preferences } from './place.ts';

/** What a panel may ask of the page. There is no other way out of a panel. */
export interface PageActions {
  /** Moves the one cursor; every view and the URL follow. */
  seek(seq: number): void;
  /** Changes the model; what rests on what is there now is a function, because a panel may be drawn from an older model. */
  update(change: Change): void;
  /** Changes what the reader likes, and keeps it. */
  prefer(change: Partial<Preferences>): void;
  /** Gives an order to the lab; a refusal becomes the notice, and the lab is asked for its state. */
  order(order: Promise<Answer<unknown>>): void;
  run(command: Command): void;
  /** Sets this breakpoint, or takes it away if it is set. */
  toggleBreakpoint(at: Omit<Breakpoint, 'id'>): void;
  /** Shows a panel where it belongs. */
  open(panel: PanelId): void;
}

const nothingDone: PageActions = {
  seek() {},
  update() {},
  prefer() {},
  order() {},
  run() {},
  toggleBreakpoint() {},
  open() {},
};

/** The base of all panels: light DOM, `model` and `page` as properties. */
export class PanelView extends LitElement {
  static override properties = { model: { attribute: false }, page: { attribute: false } };
  declare model: Model;
  declare page: PageActions;

  constructor() {
    super();
    this.model = emptyModel();
    this.page = nothingDone;
  }

  override createRenderRoot(): HTMLElement {
    return this;
  }
}
