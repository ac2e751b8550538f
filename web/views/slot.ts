// One place of the page where panels stand: its tabs, and the panel that is open, loaded when it is first asked for.
import { html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { emptyModel, type Language, type Model } from '../model.ts';
import type { PageActions, PanelView } from '../panel.ts';
import { PANELS, type Panel, type PanelId, panelOf, type Slot } from '../panels.ts';
import { loadAgain } from '../rest.ts';
import { word } from '../words.ts';
import '../style/slots.css';

/** `<ws-slot place="dock">`: `open` is the id of the panel to show, or null. */
export class SlotView extends LitElement {
  static override properties = {
    model: { attribute: false },
    page: { attribute: false },
    open: { attribute: false },
    place: {},
  };
  declare model: Model;
  declare page: PageActions | undefined;
  declare open: PanelId | null;
  declare place: Slot;
  #shown: { id: PanelId; element: HTMLElement } | undefined;
  #loading = new Set<PanelId>();
  /** Could not be loaded; asked for again when its tab is. */
  #lost: PanelId | null = null;

  constructor() {
    super();
    this.model = emptyModel();
    this.page = undefined;
    this.open = null;
    this.place = 'dock';
  }

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override render() {
    const mine = PANELS.filter((p) => p.place === this.place);
    const { open, place } = this;
    return html`<div class="slot-head">
        ${place === 'dock' ? this.#foldDock() : ''}
        <div class="slot-tabs" role="tablist" aria-label=${word(this.model.language, place)} @keydown=${this.#keys}>
          ${mine.map((p) => this.#tab(p, p.id === open))}
        </div>
        ${place === 'drawer' && open !== null ? this.#fold() : ''}
      </div>
      <div class="slot-panel" role="tabpanel" id=${`panel-${place}`} ?hidden=${open === null}
        aria-label=${open ? word(this.model.language, panelOf(open)?.title ?? 'stage') : ''}></div>`;
  }

  override updated(_: PropertyValues): void {
    const panel = this.open === null ? undefined : panelOf(this.open);
    const room = this.querySelector('.slot-panel');
    if (!panel || !room) {
      this.#shown?.element.remove();
      this.#shown = undefined;
      return;
    }
    if (this.#shown?.id !== panel.id) {
      if (!customElements.get(panel.tag)) {
        void this.#load(panel);
        return;
      }
      const element = document.createElement(panel.tag);
      room.replaceChildren(element);
      this.#shown = { id: panel.id, element };
    }
    const element = this.#shown.element as PanelView;
    element.model = this.model;
    if (this.page) element.page = this.page;
  }

  #tab(panel: Panel, open: boolean) {
    // The open panel's tab, or the first, is the one that Tab reaches; arrows go on from there.
    const first = this.open === null && PANELS.find((p) => p.place === this.place) === panel;
    return html`<button role="tab" id=${`tab-${panel.id}`} aria-selected=${open} aria-controls=${`panel-${this.place}`}
      tabindex=${open || first ? 0 : -1}
      @click=${() => this.#choose(panel.id)}>${word(this.model.language, panel.title)}</button>`;
  }

  #fold() {
    return html`<button class="slot-fold" aria-label=${word(this.model.language, 'close')}
      @click=${() => this.page?.update({ drawer: null })}>✕</button>`;
  }

  /** At the dock's edge to the stage, which gets its room. */
  #foldDock() {
    const says = `${word(this.model.language, 'dockFold')} (d)`;
    return html`<button class="dock-fold" aria-expanded="true" aria-label=${says} title=${says}
      @click=${() => this.page?.run('dock')}><span aria-hidden="true">»</span></button>`;
  }

  #choose(id: PanelId): void {
    this.#lost = null;
    if (this.place === 'drawer' && this.open === id) this.page?.update({ drawer: null });
    else this.page?.open(id);
  }

  #keys(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined || !(event.currentTarget instanceof Element)) return;
    const tabs = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=tab]')];
    const at = tabs.findIndex((tab) => document.activeElement === tab);
    tabs[(at + by + tabs.length) % tabs.length]?.focus();
    event.preventDefault();
    event.stopPropagation();
  }

  async #load(panel: Panel): Promise<void> {
    if (this.#loading.has(panel.id) || this.#lost === panel.id) return;
    this.#loading.add(panel.id);
    try {
      await panel.load();
      await customElements.whenDefined(panel.tag);
      this.requestUpdate();
    } catch (error) {
      this.#lost = panel.id;
      if (loadAgain()) return;
      // A page whose server has gone cannot load a panel it has never shown.
      console.warn(error);
      this.page?.update({ notice: word(this.model.language, 'panelLost') });
    } finally {
      this.#loading.delete(panel.id);
    }
  }
}

/** What is left of the dock when it is folded: its edge, which brings it back. */
export function unfold(language: Language, page: PageActions): TemplateResult {
  const says = `${word(language, 'dockShow')} (d)`;
  return html`<button class="dock-fold folded" aria-expanded="false" aria-label=${says} title=${says}
    @click=${() => page.run('dock')}><span aria-hidden="true">«</span> ${word(language, 'dock')}</button>`;
}

customElements.define('ws-slot', SlotView);
