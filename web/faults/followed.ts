// The faults of the record and what each has led to: the sentence, then the entries, each a way to that moment. All of it
// is read from the record; it gives no order.
import { html, nothing, type TemplateResult } from 'lit';
import { aliveAt } from '../../machines/alive.ts';
import { type Consequences, endsOf, type FaultEntry, faultsAt, toldOf } from '../../machines/consequences.ts';
import { sentenceOf } from '../../machines/sentences.ts';
import { cursorOf, type Model } from '../model.ts';
import type { PageActions } from '../panel.ts';
import { type FaultWord, faultWord } from './words.ts';

/** Entries of one fault that are listed; the record has the others. */
const LISTED = 60;
/** The fault that was chosen; null is the newest. It outlives the panel. */
let chosen: number | null = null;

/** From now on the newest fault is the one that is open. */
export function showNewest(): void {
  chosen = null;
}

/** Every fault, newest first; the one that is open with what followed. What is later than the moment looked at is faint. */
export function followed(model: Model, page: PageActions): TemplateResult {
  const { language } = model;
  const list = faultsAt(model.entries, Number.POSITIVE_INFINITY).reverse();
  const open = list.find(({ fault }) => fault.seq === chosen) ?? list[0];
  if (!open) return html`<p class="empty">${faultWord(language, 'noFault')}</p>`;
  const choose = (event: Event) => {
    if (event.target instanceof HTMLSelectElement) chosen = Number(event.target.value);
    page.update({});
  };
  return html`<section class="whatif-record" aria-label=${faultWord(language, 'followed')}>
    ${
      list.length > 1
        ? html`<label>${faultWord(language, 'fault')} <select @change=${choose}>
        ${list.map(({ fault }) => html`<option value=${fault.seq} ?selected=${fault === open.fault}>${titleOf(model, fault)} (${fault.seq})</option>`)}</select></label>`
        : nothing
    }
    ${consequences(model, page, open)}</section>`;
}

function consequences(model: Model, page: PageActions, open: Consequences): TemplateResult {
  const { language, cursor, entries } = model;
  const { fault, all } = open;
  const told = toldOf(entries, open);
  const now = cursorOf(model);
  const row = (
    seq: number,
    text: string,
    kind: string,
  ) => html`<li><button class=${`whatif-row ${kind} ${seq > now ? 'later' : ''}`} aria-current=${cursor === seq}
    @click=${() => page.seek(seq)}><span class="number">${seq}</span><span>${text}</span></button></li>`;
  const inner = all.length - Math.min(told.length, LISTED);
  return html`<p class="whatif-says" role="status">${sentence(model, open)}</p>
    <ol>${row(fault.seq, sentenceOf(fault)[language], 'fault')}
      ${told.slice(0, LISTED).map((e) => row(e.seq, sentenceOf(e)[language], e.type))}</ol>
    ${inner > 0 ? html`<p class="quiet">${faultWord(language, 'more', inner)}</p>` : nothing}`;
}

function sentence(model: Model, open: Consequences): string {
  const { fault, all } = open;
  const { language } = model;
  const title = titleOf(model, fault);
  if (all.length === 0) return `${title}: ${faultWord(language, 'nothingYet')}`;
  if (fault.what === 'drop' && all.length === 1) return faultWord(language, 'nothingLost');
  const states = endsOf(open)
    .slice(-2)
    .map(({ machine, state }) =>
      faultWord(language, 'ended', faultWord(language, machine === 'app' ? 'theApp' : 'theInstance'), state),
    );
  return [faultWord(language, 'led', title, all.length), ...states].join(' ');
}

const TITLES: Record<string, FaultWord> = {
  ...{ 'kill-job': 'sayKillJob', kill: 'sayKill', freeze: 'sayFreeze', thaw: 'sayThaw' },
  ...{ memory: 'sayMemory', drop: 'sayDrop' },
};

function titleOf({ language, entries }: Model, { what, target, seq }: FaultEntry): string {
  const key = TITLES[what];
  // Faults of containers name a handle; who reads it knows the app.
  const container = aliveAt(entries, seq - 1).find((c) => target.split(' ')[0] === c.handle);
  const name = container?.app
    ? `${container.app} ${container.index === null ? '' : `#${container.index}`}`.trim()
    : target;
  return key ? faultWord(language, key, name) : `${what} ${target}`;
}
