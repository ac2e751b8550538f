// The menu behind ⋯ in the header: a popover, so that Esc and a click elsewhere close it without our help.
import { html, nothing, type TemplateResult } from 'lit';
import { MENU } from '../menu.ts';
import type { Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { word } from '../words.ts';
import '../style/header.css';

export function menu(model: Model, page: PageActions): TemplateResult | typeof nothing {
  const { language } = model;
  if (MENU.length === 0) return nothing;
  return html`<button class="choice menu-button" popovertarget="page-menu" aria-haspopup="menu"
      aria-label=${word(language, 'menu')} title=${word(language, 'menu')}>⋯</button>
    <div id="page-menu" popover role="menu" aria-label=${word(language, 'menu')} @keydown=${walk} @toggle=${enter}>
      ${MENU.map((item, i) => {
        const why = item.off?.(model) ?? '';
        return html`${i > 0 && MENU[i - 1]?.group !== item.group ? html`<hr />` : ''}
          <button role="menuitem" tabindex="-1" aria-disabled=${why !== ''} title=${why}
            @click=${(e: Event) => {
              if (why !== '') return;
              closest(e)?.hidePopover();
              item.run(page, model);
            }}>${word(language, item.title)}${why ? html`<small>${why}</small>` : ''}</button>`;
      })}
    </div>`;
}

function closest(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>('[popover]') : null;
}

function enter(event: ToggleEvent): void {
  if (event.newState === 'open') closest(event)?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
}

function walk(event: KeyboardEvent): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key !== 'Escape' && by === undefined) return;
  // Not for the page's own keys.
  event.stopPropagation();
  if (by === undefined) return;
  event.preventDefault();
  const items = [...(closest(event)?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
  const at = items.findIndex((item) => document.activeElement === item);
  items[(at + by + items.length) % items.length]?.focus();
}
