// The top line: what this is, the one large button, and the reader's own choices.
import { html, type TemplateResult } from 'lit';
import { pushOther } from '../apps/start.ts';
import { chip } from '../driver/chip.ts';
import { hasBegun, type Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import type { Preferences } from '../place.ts';
import { word } from '../words.ts';
import { menu } from './menu.ts';

export interface HeaderActions {
  push(): void;
  set(change: Partial<Preferences>): void;
  help(): void;
  page: PageActions;
}

const NEXT_THEME = { auto: 'light', light: 'dark', dark: 'auto' } as const;
const THEME_GLYPH = { auto: '◐', light: '☀', dark: '☾' } as const;

export function header(model: Model, actions: HeaderActions): TemplateResult {
  const { language, theme, lab, link } = model;
  const begun = hasBegun(model) || model.machine !== null;
  return html`<header>
    <h1>Wardenscope</h1>
    <p class="question">${begun ? word(language, 'question') : ''}</p>
    ${link === 'lost' ? html`<p class="lost" role="alert">${word(language, 'lost')}</p>` : ''}
    ${link === 'connecting' ? html`<p class="quiet">${word(language, 'connecting')}</p>` : ''}
    ${lab ? html`<p class="quiet lab">lab ${lab.lab}</p>` : ''}
    ${
      begun
        ? html`<button class="push" ?disabled=${model.recorded !== null} title=${model.recorded ? word(language, 'needsLab') : ''}
      @click=${actions.push}>${word(language, 'push')}</button>${pushOther(model, actions.page)}`
        : ''
    }
    <button class="lessons" aria-pressed=${model.dock === 'lesson'} @click=${() => actions.page.open('lesson')}>${word(language, 'lessons')}</button>
    ${chip(model, actions.page)}
    ${menu(model, actions.page)}
    <button class="choice" lang=${language === 'en' ? 'ja' : 'en'}
      @click=${() => actions.set({ language: language === 'en' ? 'ja' : 'en' })}><span>${word(language, 'language')}</span> <small>${language === 'en' ? 'JA' : 'EN'}</small></button>
    <button class="choice theme" aria-label=${`${word(language, 'theme')}: ${theme}`} title=${word(language, 'theme')}
      @click=${() => actions.set({ theme: NEXT_THEME[theme] })}>${THEME_GLYPH[theme]}</button>
    <button class="choice keys" aria-label=${word(language, 'help')} title=${word(language, 'help')} @click=${actions.help}>?</button>
  </header>`;
}
