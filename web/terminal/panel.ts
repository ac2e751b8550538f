// `<ws-terminals>`: the drawer's terminals: which containers are alive and what for, a shell in any of them, several side
// by side as tabs. The terminals themselves outlive the panel (session.ts).
import { html, nothing, type TemplateResult } from 'lit';
import { type AliveContainer, aliveAt } from '../../machines/alive.ts';
import { drives } from '../driver/seat.ts';
import { PanelView } from '../panel.ts';
import { Session, type User } from './session.ts';
import { type TerminalWord, terminalWord } from './words.ts';
import './terminal.css';

/** All terminals of this page, open or ended, in the order of their tabs. */
const sessions: Session[] = [];
let current: Session | undefined;

export class TerminalsPanel extends PanelView {
  static override properties = { ...PanelView.properties, chosen: { state: true }, user: { state: true } };
  /** The handle in the list; empty takes what the stage is at, else the newest. */
  declare chosen: string;
  declare user: User;

  constructor() {
    super();
    this.chosen = '';
    this.user = 'vcap';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    for (const session of sessions) this.#attend(session);
  }

  override render() {
    const { recorded } = this.model;
    if (recorded) return html`<p class="empty">${this.#say('recorded')}</p>`;
    const alive = aliveAt(this.model.entries, Number.POSITIVE_INFINITY);
    return html`<div class="terminal-bar">${this.#chooser(alive)}${this.#tabs()}</div>
      ${current ? this.#status(current) : html`<p class="empty">${this.#say(alive.length === 0 ? 'none' : 'empty')}</p>`}
      <div class="terminal-room" role="tabpanel" id="terminal-room" aria-label=${current ? titleOf(current) : this.#say('terminals')} ?hidden=${!current}></div>`;
  }

  override updated(): void {
    const room = this.querySelector('.terminal-room');
    if (!room || room.firstElementChild === (current?.element ?? null)) return;
    room.replaceChildren(...(current ? [current.element] : []));
    current?.fit();
  }

  #chooser(alive: readonly AliveContainer[]): TemplateResult {
    const handle = this.#handle(alive);
    const booting = alive.find((c) => c.handle === handle)?.booting === true;
    const me = this.model.seat?.people.find((p) => p.n === this.model.seat?.you);
    const watcher = me?.may === false && !drives(this.model);
    return html`<form @submit=${(e: Event) => this.#open(e, handle)}>
      <label>${this.#say('container')}
        <select ?disabled=${alive.length === 0} @change=${(e: Event) => this.#choose(e)}>
          ${alive.map((c) => html`<option value=${c.handle} ?selected=${c.handle === handle}>${this.#purpose(c)} · ${c.handle}</option>`)}
        </select></label>
      <label>${this.#say('user')}
        <select @change=${(e: Event) => this.#userChosen(e)} ?disabled=${booting}>
          ${(['vcap', 'root'] as const).map((u) => html`<option ?selected=${(booting ? 'root' : this.user) === u}>${u}</option>`)}
        </select></label>
      <button class="primary" ?disabled=${handle === '' || watcher} title=${watcher ? this.#say('watcher') : ''}>${this.#say('open')}</button>
      ${watcher ? html`<small>${this.#say('watcher')}</small>` : nothing}</form>`;
  }

  #tabs(): TemplateResult | typeof nothing {
    if (sessions.length === 0) return nothing;
    return html`<div class="terminal-tabs" role="tablist" aria-label=${this.#say('terminals')} @keydown=${this.#keys}>
      ${sessions.map(
        (
          s,
        ) => html`<button role="tab" class=${`terminal-tab ${s.status.at}`} aria-selected=${s === current} aria-controls="terminal-room"
          tabindex=${s === current ? 0 : -1} @click=${() => this.#show(s)}>${titleOf(s)}</button>`,
      )}</div>`;
  }

  #status(session: Session): TemplateResult {
    const { status } = session;
    const ended = status.at === 'exited' || status.at === 'refused' || status.at === 'lost';
    return html`<p class=${`terminal-status ${status.at}`} role="status">${this.#says(session)}
      ${status.at === 'ready' ? html`<span class="quiet">${this.#say('leave')}</span>` : nothing}
      ${ended ? html`<button @click=${() => this.#again(session)}>${this.#say('again')}</button>` : nothing}
      <button class="terminal-close" @click=${() => this.#close(session)} aria-label=${this.#say('close', titleOf(session))}>✕</button></p>`;
  }

  #says({ status }: Session): string {
    if (status.at === 'opening') return this.#say('opening');
    if (status.at === 'exited') return this.#say('exited', status.status);
    if (status.at === 'refused') return this.#say('refused', status.why);
    if (status.at === 'lost') return this.#say('lost');
    return status.via === 'wshd' ? this.#say('inside') : this.#say('host', status.kinds.join(', '));
  }

  #purpose({ purpose, app, index, booting, handle }: AliveContainer): string {
    const what =
      purpose === 'instance'
        ? this.#say('instance', app, index ?? 0)
        : purpose
          ? this.#say('staging', app)
          : this.#say('unknown');
    if (!booting) return what;
    const held = this.model.lab?.held.some((h) => h.point.kind === 'step' && h.point.handle === handle);
    return `${what}, ${this.#say(held ? 'held' : 'booting')}`;
  }

  /** What was chosen if it is still alive, else where the stage is, else the newest. */
  #handle(alive: readonly AliveContainer[]): string {
    const there = (handle: string) => alive.some((c) => c.handle === handle);
    if (there(this.chosen)) return this.chosen;
    return there(this.model.zoom) ? this.model.zoom : (alive.at(-1)?.handle ?? '');
  }

  #choose(event: Event): void {
    if (event.target instanceof HTMLSelectElement) this.chosen = event.target.value;
  }

  #userChosen(event: Event): void {
    if (event.target instanceof HTMLSelectElement) this.user = event.target.value === 'root' ? 'root' : 'vcap';
  }

  #open(event: Event, handle: string): void {
    event.preventDefault();
    if (handle !== '') this.#start(sessionFor(handle, this.user));
  }

  #start(session: Session): void {
    sessions.push(session);
    this.#attend(session);
    this.#show(session);
    void this.updateComplete.then(() => session.open());
  }

  #again(session: Session): void {
    this.#close(session);
    this.#start(sessionFor(session.handle, session.user));
  }

  #attend(session: Session): void {
    session.onChange = () => this.requestUpdate();
    session.onLeave = () => this.querySelector<HTMLElement>('.terminal-tab[aria-selected=true]')?.focus();
  }

  #show(session: Session): void {
    current = session;
    this.requestUpdate();
    void this.updateComplete.then(() => session.focus());
  }

  #close(session: Session): void {
    const at = sessions.indexOf(session);
    session.close();
    sessions.splice(at, 1);
    if (current === session) current = sessions[Math.min(at, sessions.length - 1)];
    this.requestUpdate();
    void this.updateComplete.then(() =>
      this.querySelector<HTMLElement>('.terminal-tab[aria-selected=true], form .primary')?.focus(),
    );
  }

  #keys(event: KeyboardEvent): void {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === 'Delete' && current) this.#close(current);
    if (by === undefined || !current) return;
    event.preventDefault();
    event.stopPropagation();
    current = sessions[(sessions.indexOf(current) + by + sessions.length) % sessions.length];
    this.requestUpdate();
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.terminal-tab[aria-selected=true]')?.focus());
  }

  #say(key: TerminalWord, ...values: (string | number)[]): string {
    return terminalWord(this.model.language, key, ...values);
  }
}

const titleOf = ({ handle, user, n }: Session): string => `${user}@${handle}${n > 1 ? ` (${n})` : ''}`;

function sessionFor(handle: string, user: User): Session {
  const same = sessions.filter((s) => s.handle === handle && s.user === user);
  return new Session(handle, user, Math.max(0, ...same.map((s) => s.n)) + 1);
}

customElements.define('ws-terminals', TerminalsPanel);
