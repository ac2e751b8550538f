// `<ws-whatif>`: what can be broken now, each with what will come of it or why it cannot be done; and every fault of the
// record with its consequences. It gives orders to the lab; what followed is read from the record alone.
import { html, nothing, type TemplateResult } from 'lit';
import { drives } from '../driver/seat.ts';
import { type FaultsView, labApi } from '../lab-api.ts';
import { PanelView } from '../panel.ts';
import { followed, showNewest } from './followed.ts';
import { messageNames } from './names.ts';
import { type FaultWord, faultWord } from './words.ts';
import './faults.css';

/** How often the lab is asked what can be broken, milliseconds, while the panel is shown. */
const EVERY_MS = 2000;
const MIB = 1 << 20;

type What = 'app' | 'component' | 'freezing' | 'memory' | 'losing';
const WHATS: readonly What[] = ['app', 'component', 'freezing', 'memory', 'losing'];
/** What was chosen outlives the panel. */
const kept: { what: What; target: string; mebibytes: number; name: string } = {
  ...{ what: 'app', target: '', mebibytes: 0, name: 'dea.*.start' },
};

interface Choice {
  /** What is meant, for the lab; and as it is read. */
  id: string;
  text: string;
}

export class WhatIfPanel extends PanelView {
  static override properties = { ...PanelView.properties, view: { state: true } };
  declare view: FaultsView | undefined;
  #asking: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.view = undefined;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#asking = setInterval(() => this.#look(), EVERY_MS);
    void this.#look();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#asking);
  }

  override render() {
    return html`${this.model.recorded ? html`<p class="quiet">${this.#say('faultsRecorded')}</p>` : this.#orders()}${followed(this.model, this.page)}`;
  }

  #orders(): TemplateResult {
    return html`<section class="whatif-orders" aria-label=${this.#say('whatIf')}>
      <div class="whatif-kinds" role="radiogroup" aria-label=${this.#say('whatIf')}>
        ${WHATS.map((what) => html`<label><input type="radio" name="whatif" value=${what} .checked=${kept.what === what} @change=${() => this.#what(what)}>${this.#say(what)}</label>`)}</div>
      <form @submit=${(e: Event) => this.#submit(e)}>${this.#order()}</form>
      ${(this.view?.drops ?? []).filter((d) => d.seq === undefined).map((d) => this.#waiting(d))}</section>`;
  }

  #order(): TemplateResult {
    const choices = this.#choices();
    const target = choices.find((c) => c.id === kept.target) ?? choices[0];
    const why = this.#why(target);
    const container = this.view?.containers.find((c) => c.handle === target?.id);
    const memory = kept.what === 'memory' && container;
    return html`${kept.what === 'losing' ? this.#message() : this.#target(choices, target)}
      ${
        memory
          ? html`<label><input type="number" min="4" step="1" .value=${String(this.#mebibytes(container.memoryBytes))} aria-label=${this.#say('mebibytes')}
          @input=${(e: Event) => this.#sized(e)}> ${this.#say('mebibytes')}</label>`
          : nothing
      }
      <button class="primary danger" ?disabled=${why !== ''}>${this.#say(this.#verb(container?.frozen === true))}</button>
      <p class="quiet">${why || this.#hint(target, container?.frozen === true)}</p>`;
  }

  #target(choices: readonly Choice[], target: Choice | undefined): TemplateResult | typeof nothing {
    if (choices.length === 0) return nothing;
    return html`<label>${this.#say('target')}
      <select @change=${(e: Event) => this.#chosen(e)}>
        ${choices.map((c) => html`<option value=${c.id} ?selected=${c.id === target?.id}>${c.text}</option>`)}</select></label>`;
  }

  #message(): TemplateResult {
    return html`<label>${this.#say('message')}
      <input list="message-names" required spellcheck="false" autocomplete="off" .value=${kept.name} @input=${(e: Event) => this.#named(e)}></label>
      <datalist id="message-names">${messageNames(this.model.entries).map((name) => html`<option value=${name}></option>`)}</datalist>`;
  }

  #waiting({ id, name, transport }: FaultsView['drops'][number]): TemplateResult {
    return html`<p class="whatif-waits" role="status">${this.#say('waits', name ?? transport ?? '')}
      <button @click=${() => this.#do(labApi.cancelDrop(id))}>${this.#say('cancel')}</button></p>`;
  }

  #choices(): Choice[] {
    const { apps = [], components = [], containers = [] } = this.view ?? {};
    if (kept.what === 'component')
      return components.map(({ proc, pid }) => ({ id: proc, text: pid > 0 ? `${proc} · pid ${pid}` : proc }));
    if (kept.what === 'app') {
      const running = apps.filter((i) => i.state === 'RUNNING' || i.state === 'STARTING');
      return running.map((i) => ({ id: `${i.app} ${i.index}`, text: `${i.name} #${i.index} · ${i.state}` }));
    }
    const names = new Map(apps.map((i) => [i.handle, `${i.name} #${i.index} · `]));
    return containers.map(({ handle, frozen, memoryBytes }) => {
      const limit = kept.what === 'memory' && memoryBytes < 2 ** 50 ? ` · ${Math.round(memoryBytes / MIB)} MiB` : '';
      return { id: handle, text: `${names.get(handle) ?? ''}${handle}${limit}${frozen ? ' · ❄' : ''}` };
    });
  }

  /** Why it cannot be done now; empty when it can. */
  #why(target: Choice | undefined): string {
    if (!drives(this.model)) return this.#say('watch');
    if (kept.what === 'losing') return kept.name.trim() === '' ? this.#say('message') : '';
    if (!target) return this.#say(kept.what === 'app' || kept.what === 'component' ? 'noApp' : 'noContainer');
    if (kept.what === 'component' && this.view?.components.find((c) => c.proc === target.id)?.pid === 0)
      return this.#say('down');
    const memory = this.view?.containers.find((c) => c.handle === target.id)?.memoryBytes ?? 0;
    if (kept.what === 'memory' && memory >= 2 ** 50) return this.#say('noLimit');
    if (kept.what === 'memory' && this.#mebibytes(memory) * MIB === memory) return this.#say('same');
    return '';
  }

  #hint(target: Choice | undefined, frozen: boolean): string {
    const held = this.model.lab?.paused ? ` ${this.#say('pausedHint')}` : '';
    const proc = target?.id ?? '';
    const back = proc.startsWith('dea') ? 'backDea' : proc.startsWith('warden') ? 'backWarden' : 'backControl';
    const hints = {
      ...{ app: 'appHint', component: back, freezing: frozen ? 'thawHint' : 'freezeHint' },
      ...{ memory: 'memoryHint', losing: 'loseHint' },
    } as const satisfies Record<What, FaultWord>;
    return this.#say(hints[kept.what]) + held;
  }

  #verb(frozen: boolean): FaultWord {
    const verbs = {
      app: 'kill',
      component: 'kill',
      freezing: frozen ? 'thaw' : 'freeze',
      memory: 'set',
      losing: 'drop',
    } as const;
    return verbs[kept.what];
  }

  /** What was typed, else half of what it has. */
  #mebibytes(bytes: number): number {
    return kept.mebibytes > 0 ? kept.mebibytes : Math.max(8, Math.round(bytes / MIB / 2));
  }

  #submit(event: Event): void {
    event.preventDefault();
    const choices = this.#choices();
    const order = this.#orderTo(choices.find((c) => c.id === kept.target) ?? choices[0]);
    if (order) this.#do(labApi.fault(order));
  }

  #orderTo(target: Choice | undefined): Parameters<typeof labApi.fault>[0] | undefined {
    if (kept.what === 'losing') return { what: 'drop', name: kept.name.trim() };
    if (!target) return undefined;
    const container = this.view?.containers.find((c) => c.handle === target.id);
    if (kept.what === 'app') {
      const [app = '', index] = target.id.split(' ');
      return { what: 'kill-app', app, index: Number(index) };
    }
    if (kept.what === 'component') return { what: 'kill', proc: target.id };
    if (kept.what === 'freezing') return { what: container?.frozen ? 'thaw' : 'freeze', handle: target.id };
    return { what: 'memory', handle: target.id, bytes: this.#mebibytes(container?.memoryBytes ?? 0) * MIB };
  }

  /** The page goes live, so that what follows is seen to come; the newest fault is the one that is shown. */
  #do(order: Promise<Awaited<ReturnType<typeof labApi.fault>>>): void {
    showNewest();
    kept.mebibytes = 0;
    this.page.order(order);
    void order.then((answer) => {
      if (answer.ok) this.page.update({ cursor: null });
      return this.#look();
    });
  }

  #what(what: What): void {
    kept.what = what;
    this.requestUpdate();
  }

  #chosen(event: Event): void {
    if (event.target instanceof HTMLSelectElement) kept.target = event.target.value;
    kept.mebibytes = 0;
    this.requestUpdate();
  }

  #sized(event: Event): void {
    if (event.target instanceof HTMLInputElement) kept.mebibytes = Number(event.target.value);
    this.requestUpdate();
  }

  #named(event: Event): void {
    if (event.target instanceof HTMLInputElement) kept.name = event.target.value;
    this.requestUpdate();
  }

  async #look(): Promise<void> {
    if (this.model.recorded) return;
    const answer = await labApi.faults();
    // The lab is away for a moment (a killed control): the picture stays.
    if (answer.ok) this.view = answer.value;
  }

  #say(key: FaultWord, ...values: (string | number)[]): string {
    return faultWord(this.model.language, key, ...values);
  }
}

customElements.define('ws-whatif', WhatIfPanel);
