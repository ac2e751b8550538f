// `<ws-people>`: the dialog behind the header's chip: who is here, handing over and taking over, one's own name, and the
// link with its QR code for watchers. Loaded when it is first opened; the QR code with the first link.
import { html, nothing, type PropertyValues } from 'lit';
import { labApi, type ShareView } from '../lab-api.ts';
import { PanelView } from '../panel.ts';
import { readName } from './client.ts';
import { drives, followDriver, type Person, rename, type SeatState, seated } from './seat.ts';
import { nameOf, type SeatWord, seatWord } from './words.ts';

/** Modules of quiet around a QR code, as its standard asks. */
const QUIET = 4;

export class PeopleView extends PanelView {
  static override properties = {
    ...PanelView.properties,
    share: { state: true },
    code: { state: true },
    copied: { state: true },
  };
  declare share: ShareView | undefined;
  /** The QR code as an SVG path, and its size in modules. */
  declare code: { path: string; size: number } | undefined;
  declare copied: string;

  constructor() {
    super();
    this.share = undefined;
    this.code = undefined;
    this.copied = '';
  }

  override firstUpdated(_: PropertyValues): void {
    const dialog = this.querySelector('dialog');
    dialog?.showModal();
    dialog?.addEventListener('close', () => this.#close());
    // Keys of this dialog are not the page's.
    dialog?.addEventListener('keydown', (event) => event.stopPropagation());
    void this.#look();
  }

  /** A button that has done its work is gone, and the keys with it: they stay in the dialog. */
  override updated(): void {
    if (document.activeElement === document.body) this.querySelector('dialog')?.focus();
  }

  override render() {
    const { seat } = this.model;
    if (!seat) return nothing;
    return html`<dialog class="people" tabindex="-1" aria-labelledby="people-title">
      <h2 id="people-title">${this.#say('people')}</h2>
      <button class="people-close" aria-label=${this.#say('close')} @click=${() => this.querySelector('dialog')?.close()}>✕</button>
      <p class="quiet">${this.#say('manners')}</p>
      <ul>${seat.people.map((person) => this.#person(seat, person))}</ul>
      ${this.#mine(seat)}
      <label>${this.#say('name')}
        <input maxlength="40" autocomplete="nickname" .value=${readName()} placeholder=${this.#say('viewer', seat.you)}
          @change=${(e: Event) => e.target instanceof HTMLInputElement && rename(e.target.value.trim())}></label>
      ${this.#links()}
    </dialog>`;
  }

  #person(seat: SeatState, person: Person) {
    const driving = person.n === seat.driver;
    const name = nameOf(this.model.language, person);
    const role = [this.#say(driving ? 'drives' : 'looks'), person.may ? '' : this.#say('byLink')]
      .filter(Boolean)
      .join(', ');
    return html`<li class=${driving ? 'drives' : ''}>
      <span class="seat-mark" aria-hidden="true">${driving ? '◉' : '○'}</span>
      <span class="people-name">${name}${person.n === seat.you ? ` (${this.#say('you')})` : ''}</span>
      <span class="quiet">${role}</span>
      ${
        drives(this.model) && !driving
          ? html`<button aria-label=${this.#say('handOverTo', name)} @click=${() => this.page.order(labApi.handOver(person.n))}>${this.#say('handOver')}</button>`
          : nothing
      }</li>`;
  }

  /** What a watcher can do about it. */
  #mine(seat: SeatState) {
    const me = seat.people.find((p) => p.n === seat.you);
    if (drives(this.model) || !me) return nothing;
    return html`<p class="people-mine">
      ${me.may ? html`<button class="primary" @click=${() => this.page.order(labApi.takeOver())}>${this.#say('takeOver')}</button>` : nothing}
      ${me.asks ? this.#say('asked') : html`<button ?disabled=${!seat.here} @click=${() => this.page.order(labApi.askToDrive())}>${this.#say('askToDrive')}</button>`}
      ${seat.follows ? nothing : html`<button @click=${() => this.page.update(followDriver)}>${this.#say('follow')}</button>`}</p>`;
  }

  #links() {
    const { share, code } = this;
    if (!share) return nothing;
    const link = share.watch.find((url) => url.includes(location.hostname)) ?? share.watch[0];
    if (!share.wide || !link) return html`<h3>${this.#say('share')}</h3><p class="quiet">${this.#say('loopback')}</p>`;
    const side = (code?.size ?? 0) + 2 * QUIET;
    const others = share.watch.filter((url) => url !== link);
    const more = (key: SeatWord, urls: readonly string[]) =>
      urls.length === 0
        ? nothing
        : html`<details><summary>${this.#say(key)}</summary>${urls.map((url) => this.#link(url))}</details>`;
    return html`<h3>${this.#say('share')}</h3>
      <p class="quiet">${this.#say('shareHint')}</p>
      ${this.#link(link)}
      ${
        code
          ? html`<svg class="qr" role="img" aria-label=${this.#say('qr')} viewBox=${`${-QUIET} ${-QUIET} ${side} ${side}`}>
          <rect x=${-QUIET} y=${-QUIET} width=${side} height=${side} fill="#fff"></rect><path d=${code.path} fill="#000"></path></svg>`
          : nothing
      }
      ${more('otherLinks', others)} ${more('shareDrive', share.drive)}`;
  }

  #link(url: string) {
    return html`<p class="people-link"><input readonly .value=${url} aria-label=${url.replace(/\?.*/, '')}
        @focus=${(e: Event) => e.target instanceof HTMLInputElement && e.target.select()}>
      <button @click=${(e: Event) => this.#copy(url, e)}>${this.#say(this.copied === url ? 'copied' : 'copy')}</button></p>`;
  }

  /** The clipboard is there only over https and on this machine; elsewhere the link is marked to be copied by key. */
  async #copy(url: string, event: Event): Promise<void> {
    const field = event.target instanceof Element ? event.target.previousElementSibling : null;
    try {
      await navigator.clipboard.writeText(url);
      this.copied = url;
    } catch {
      if (field instanceof HTMLInputElement) field.focus();
    }
  }

  async #look(): Promise<void> {
    const answer = await labApi.share();
    if (!answer.ok) return;
    this.share = answer.value;
    const link = this.share.watch.find((url) => url.includes(location.hostname)) ?? this.share.watch[0];
    if (!link) return;
    const { encode } = await import('uqr');
    const { data, size } = encode(link, { border: 0, ecc: 'M' });
    const path = data.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('');
    this.code = { path, size };
  }

  #close(): void {
    this.page.update(seated({ open: false }));
  }

  #say(key: SeatWord, ...values: (string | number)[]): string {
    return seatWord(this.model.language, key, ...values);
  }
}

customElements.define('ws-people', PeopleView);
