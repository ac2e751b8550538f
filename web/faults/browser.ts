// `<ws-browser>`: a small browser in the drawer. It asks an app through the router, as a visitor does, and shows status,
// headers and body, which instance answered, and where the request's entries are. What an app sends never runs here.
import { html, nothing, type TemplateResult } from 'lit';
import { appsAt } from '../../machines/projection.ts';
import { type AppAnswer, labApi } from '../lab-api.ts';
import { PanelView } from '../panel.ts';
import { shownSafely } from './safely.ts';
import { type FaultWord, faultWord } from './words.ts';
import './faults.css';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

/** What was typed and answered outlives the panel. */
const kept: { address: string; method: Method; body: string; answer: AppAnswer | undefined; said: string } = {
  ...{ address: '', method: 'GET', body: '', answer: undefined, said: '' },
};

/** Whether the panel is to ask as soon as it is drawn. */
let asks = false;

/** For who opens the panel in order to see an answer: it asks this host for its first page, once. */
export function askAtOnce(host: string): void {
  asks = true;
  kept.address = `${host}/`;
  document.querySelector<BrowserPanel>('ws-browser')?.requestUpdate();
}

export class BrowserPanel extends PanelView {
  static override properties = { ...PanelView.properties, asking: { state: true }, raw: { state: true } };
  declare asking: boolean;
  /** A page is shown as its text. */
  declare raw: boolean;

  constructor() {
    super();
    this.asking = false;
    this.raw = false;
  }

  override render() {
    if (this.model.recorded) return html`<p class="empty">${this.#say('askRecorded')}</p>`;
    const hosts = appsAt(this.model.entries, Number.POSITIVE_INFINITY).flatMap((app) => app.uris);
    const { answer, said } = kept;
    if (kept.address === '' && hosts[0]) kept.address = `${hosts[0]}/`;
    const sends = kept.method !== 'GET' && kept.method !== 'HEAD' && kept.method !== 'DELETE';
    return html`<form class="address" @submit=${(e: Event) => this.#ask(e)}>
        <select aria-label=${this.#say('method')} @change=${(e: Event) => this.#method(e)}>
          ${METHODS.map((m) => html`<option ?selected=${m === kept.method}>${m}</option>`)}</select>
        <span class="address-field"><span class="scheme" aria-hidden="true">http://</span>
          <input aria-label=${this.#say('address')} list="app-hosts" required spellcheck="false" autocapitalize="off" autocomplete="off"
            placeholder="hello-node.localhost/" .value=${kept.address} @input=${(e: Event) => this.#typed(e)}></span>
        <datalist id="app-hosts">${hosts.map((host) => html`<option value=${`${host}/`}></option>`)}</datalist>
        <button class="primary" ?disabled=${this.asking}>${this.#say('ask')}</button>
        ${sends ? html`<textarea aria-label=${this.#say('body')} rows="2" .value=${kept.body} @input=${(e: Event) => this.#bodyTyped(e)}></textarea>` : nothing}
      </form>
      ${
        this.asking || said
          ? html`<p class=${this.asking ? 'quiet' : 'failed'} role="status">${this.asking ? this.#say('asking') : said}</p>`
          : nothing
      }
      ${answer ? this.#answer(answer) : this.asking || said ? nothing : html`<p class="empty">${this.#say('askEmpty')}</p>`}`;
  }

  override updated(): void {
    if (!asks || kept.address === '') return;
    asks = false;
    this.querySelector('form')?.requestSubmit();
  }

  #answer(answer: AppAnswer): TemplateResult {
    const { status, headers, host, path, ms, seq } = answer;
    const list = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((v) => [name, v ?? '']));
    return html`<div class="answer">
      <p class="answer-line" role="status"><strong class=${status >= 400 ? 'failed' : ''}>${status}</strong>
        <code>${host}${path}</code><span>${this.#say('milliseconds', ms < 10 ? ms.toFixed(1) : Math.round(ms))}</span>
        <span>${this.#who(answer)}</span>
        ${seq === null ? nothing : html`<button class="link" @click=${() => this.page.seek(seq)}>${this.#say('entries')} <span class="number">${seq}</span></button>`}</p>
      <details><summary>${this.#say('headers', list.length)}</summary>
        <dl>${list.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl></details>
      ${this.#body(answer)}</div>`;
  }

  #who({ answerer }: AppAnswer): string {
    if (!answerer) return this.#say('nobody');
    const { name, index, node, address } = answerer;
    return index === null || node === null
      ? this.#say('answeredBy', address)
      : this.#say('answered', name, index, node);
  }

  #body(answer: AppAnswer): TemplateResult {
    const { body, encoding, cut, headers } = answer;
    if (body === '') return html`<p class="quiet">${this.#say('empty')}</p>`;
    if (encoding === 'base64') {
      return html`<p class="quiet">${this.#say('binary', Math.floor((body.length * 3) / 4))}</p><pre tabindex="0">${body.slice(0, 2000)}</pre>`;
    }
    const page = /^text\/html\b/i.test(String(headers['content-type'] ?? ''));
    const toggle = (raw: boolean, key: FaultWord) =>
      html`<button aria-pressed=${this.raw === raw} @click=${() => this.#raw(raw)}>${this.#say(key)}</button>`;
    return html`<p class="body-line">${page ? html`<span role="group" class="switch">${toggle(false, 'page')}${toggle(true, 'text')}</span>` : nothing}
        ${page && !this.raw ? html`<span class="quiet">${this.#say('safe')}</span>` : nothing}
        ${cut ? html`<span class="quiet">${this.#say('cut')}</span>` : nothing}</p>
      ${
        page && !this.raw
          ? html`<iframe sandbox="" title=${`${answer.host}${answer.path}`} .srcdoc=${shownSafely(body)}></iframe>`
          : html`<pre tabindex="0">${body}</pre>`
      }`;
  }

  #raw(raw: boolean): void {
    this.raw = raw;
  }

  #method(event: Event): void {
    const chosen = event.target instanceof HTMLSelectElement ? event.target.value : '';
    kept.method = METHODS.find((m) => m === chosen) ?? 'GET';
    this.requestUpdate();
  }

  #typed(event: Event): void {
    if (event.target instanceof HTMLInputElement) kept.address = event.target.value;
  }

  #bodyTyped(event: Event): void {
    if (event.target instanceof HTMLTextAreaElement) kept.body = event.target.value;
  }

  async #ask(event: Event): Promise<void> {
    event.preventDefault();
    const place = /^(?:https?:\/\/)?([^/:?#\s]+)(?::\d+)?(\/\S*)?$/.exec(kept.address.trim());
    kept.answer = undefined;
    kept.said = '';
    if (!place?.[1]) {
      kept.said = this.#say('badAddress');
      this.requestUpdate();
      return;
    }
    this.asking = true;
    const { method, body } = kept;
    const answer = await labApi.ask(place[1], place[2] ?? '/', {
      method,
      ...(body === '' || method === 'GET' ? {} : { body }),
    });
    this.asking = false;
    if (answer.ok) kept.answer = answer.value;
    else kept.said = answer.error;
    this.requestUpdate();
  }

  #say(key: FaultWord, ...values: (string | number)[]): string {
    return faultWord(this.model.language, key, ...values);
  }
}

customElements.define('ws-browser', BrowserPanel);
