// What the page always says about driver and watchers: a chip in the header, and one line where somebody has to answer.
// The dialog behind the chip (people.ts) is loaded when it is first opened.
import { html, nothing, type TemplateResult } from 'lit';
import { labApi } from '../lab-api.ts';
import type { Language, Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { drives, followDriver, type SeatState, seated } from './seat.ts';
import { nameOf, seatWord } from './words.ts';
import './driver.css';

type Shown = TemplateResult | typeof nothing;

/** For the header: who drives, and how many look on. */
export function chip(model: Model, page: PageActions): Shown {
  const { seat, language } = model;
  if (!seat) return nothing;
  const mine = drives(model);
  const others = seat.people.filter((p) => p.n !== seat.driver).length;
  const state = mine ? 'youDrive' : seat.here ? 'watching' : 'nobodyDrives';
  const how = seat.follows ? 'following' : 'byYourself';
  const count = mine ? (others > 0 ? seatWord(language, 'watchers', others) : '') : seatWord(language, how);
  return html`<button class=${`choice seat-chip ${mine ? 'drives' : ''}`} aria-haspopup="dialog" title=${seatWord(language, 'people')}
      @click=${() => openPeople(page)}>
      <span class="seat-mark" aria-hidden="true">${mine ? '◉' : '○'}</span>
      <span class="seat-state">${seatWord(language, state)}</span>
      ${count ? html`<span class="seat-count">${count}</span>` : nothing}</button>`;
}

/** Under the header: what the reader has to know or answer now; nothing most of the time. Also the dialog, while it is open. */
export function seatLine(model: Model, page: PageActions): Shown {
  const { seat } = model;
  if (!seat) return nothing;
  const line = drives(model) ? driverLine(model, seat, page) : watcherLine(model, seat, page);
  return html`${line}${seat.open ? html`<ws-people .model=${model} .page=${page}></ws-people>` : nothing}`;
}

async function openPeople(page: PageActions): Promise<void> {
  await import('./people.ts');
  page.update(seated({ open: true }));
}

function driverLine({ language }: Model, seat: SeatState, page: PageActions): Shown {
  const asking = seat.people.find((p) => p.asks);
  if (asking) {
    return html`<p class="seat-line" role="status">${seatWord(language, 'asks', nameOf(language, asking))}
      <button class="primary" @click=${() => page.order(labApi.handOver(asking.n))}>${seatWord(language, 'handOver')}</button>
      <button @click=${() => page.order(labApi.decline(asking.n))}>${seatWord(language, 'notNow')}</button></p>`;
  }
  if (seat.told?.what !== 'handed') return nothing;
  return html`<p class="seat-line" role="status">${told(language, seat)} ${close(language, page)}</p>`;
}

function watcherLine(model: Model, seat: SeatState, page: PageActions): Shown {
  const { language } = model;
  const me = seat.people.find((p) => p.n === seat.you);
  const driver = seat.driver === null ? seatWord(language, 'somebody') : nameOf(language, driverOf(seat));
  const taken = seat.told?.what === 'taken';
  const says = seat.refused
    ? seatWord(language, 'refused', driver)
    : seat.told && seat.told.what !== 'handed'
      ? told(language, seat)
      : !seat.here
        ? seatWord(language, me?.may ? 'gone' : 'goneAsk')
        : '';
  if (!says && seat.follows) return nothing;
  return html`<p class="seat-line" role="status">${says}
    ${says && me ? wish(language, me, taken) : nothing}
    ${seat.follows ? nothing : html`<button @click=${() => page.update(followDriver)}>${seatWord(language, 'follow')}</button>`}
    ${says && (seat.refused || seat.told) ? close(language, page) : nothing}</p>`;

  function wish(at: Language, person: { may: boolean; asks: boolean }, was: boolean) {
    return html`${person.may ? html`<button class="primary" @click=${() => page.order(labApi.takeOver())}>${seatWord(at, was ? 'takeBack' : 'takeOver')}</button>` : nothing}
      ${!seat.here ? nothing : person.asks ? seatWord(at, 'asked') : html`<button @click=${() => page.order(labApi.askToDrive())}>${seatWord(at, 'askToDrive')}</button>`}`;
  }
}

function told(language: Language, { told: news }: SeatState): string {
  return news ? seatWord(language, news.what, nameOf(language, { n: news.n, name: news.by })) : '';
}

function driverOf(seat: SeatState): { n: number; name: string } {
  return { n: seat.driver ?? 0, name: seat.driverName };
}

function close(language: Language, page: PageActions) {
  return html`<button aria-label=${seatWord(language, 'close')}
    @click=${() => page.update(seated({ refused: '', told: null }))}>✕</button>`;
}
