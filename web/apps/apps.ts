// The panel of apps: what each is doing, what can be done to it, its log, and the card of its failure. Everything that is
// shown comes from the record (apps-at.ts), so a recorded run looks the same; orders go to the lab.
import { html, nothing, type TemplateResult } from 'lit';
import { type Failure, failuresAt, lastFailureOf } from '../../machines/failure.ts';
import type { Advice } from '../../machines/failure-advice.ts';
import { type FailureCard, failureCard } from '../../machines/failure-card.ts';
import { type AppVerb, labApi } from '../lab-api.ts';
import { cursorOf } from '../model.ts';
import { PanelView } from '../panel.ts';
import { type AppNow, appsNow, type InstanceNow, linesOf, type Phase, phaseOf, stagingStage } from './apps-at.ts';
import './app-log.ts';
import { word } from '../words.ts';
import { failureCardView } from './failure.ts';
import { askReset } from './reset.ts';
import { chosenBuildpack, retryFields } from './retry.ts';
import { offText, openPush } from './start.ts';
import { say, type Word } from './words.ts';
import './apps.css';

/** A small form that is open below an app's buttons. */
type Asking = { app: string; what: 'scale' | 'retry' | 'delete' };

const STEPS = ['stepUpload', 'stepStaging', 'stepStart', 'stepRunning'] as const;
const GLYPHS: Record<Phase, string> = {
  created: '○',
  staging: '◐',
  starting: '◑',
  running: '●',
  partly: '◕',
  crashed: '✕',
  failed: '✕',
  stopping: '◔',
  stopped: '■',
  deleting: '◌',
};

export class AppsPanel extends PanelView {
  #asking: Asking | null = null;
  #buildpacks: string[] = [];
  /** The card that was made last: asked for at every redraw, it is read again only when the record has gone on. */
  #card: { seq: number; at: number; card: FailureCard } | null = null;

  #seen: number | null = null;

  override updated(): void {
    const { failure } = this.model;
    if (failure !== null && failure !== this.#seen) {
      const card = this.querySelector('.failure-card');
      if (!card) return;
      card.closest('.app')?.scrollIntoView({ block: 'start' });
    }
    this.#seen = failure;
  }

  override render() {
    const { model, page } = this;
    const { language } = model;
    const all = appsNow(model.entries, cursorOf(model));
    const off = offText(model);
    const chosen = all.find((app) => app.guid === model.app) ?? newest(all);
    return html`<div class="apps-panel">
      <h2 class="unseen">${word(language, 'panelApps')}</h2>
      <div class="apps-tools">
        <button class="go" ?disabled=${off !== ''} title=${off} @click=${() => openPush(model, page)}>${say(language, 'pushOther')}</button>
        <button ?disabled=${off !== ''} title=${off} @click=${() => askReset(model, page)}>${say(language, 'reset')}</button>
      </div>
      ${off ? html`<p class="off" role="note">${off}</p>` : nothing}
      ${all.length === 0 ? html`<p class="empty">${say(language, 'noApps')}</p>` : nothing}
      <ul class="app-list">${all.map((app) => html`<li>${this.#app(app, app === chosen, off)}</li>`)}</ul>
    </div>`;
  }

  #app(app: AppNow, chosen: boolean, off: string): TemplateResult {
    const { model, page } = this;
    const { language } = model;
    const phase = phaseOf(app);
    return html`<article class="app" data-phase=${phase} data-app=${app.name}>
      <header>
        <h3><button aria-expanded=${chosen} @click=${() => page.update({ app: app.guid, failure: null })}>${app.name}</button></h3>
        <span class="phase"><span aria-hidden="true">${GLYPHS[phase]}</span> ${say(language, phase)}</span>
        ${app.uris.map((uri) =>
          model.recorded
            ? html`<span class="phase">${uri}</span>`
            : html`<a href=${linkTo(uri)} target="_blank" rel="noopener">${linkTo(uri).replace(/^https?:\/\//, '')}</a>`,
        )}
      </header>
      ${chosen ? this.#whole(app, phase, off) : nothing}
    </article>`;
  }

  #whole(app: AppNow, phase: Phase, off: string): TemplateResult {
    const { model, page } = this;
    const { language } = model;
    const { memory, instances, buildpack, detected } = app.asked;
    const seq = cursorOf(model);
    const failure = lastFailureOf(model.entries, seq, app.guid);
    const lines = linesOf(model.entries, seq, app.guid);
    return html`
      ${this.#progress(app, phase, failure?.held != null)}
      ${this.#failure(app, failure, seq, off)}
      <p class="facts">${memory === null ? '' : say(language, 'memoryOf', memory)} · ${buildpack ?? (detected ? say(language, 'detected', detected) : say(language, 'auto'))}</p>
      ${this.#instances(app, instances)}
      ${this.#buttons(app, phase, off)}
      ${this.#asking?.app === app.guid ? this.#ask(app, this.#asking.what, off) : nothing}
      <h4>${say(language, 'logs')}</h4>
      <ws-app-log .lines=${lines} .count=${lines.length} .language=${language}
        @seek=${(e: CustomEvent<number>) => page.seek(e.detail)}></ws-app-log>`;
  }

  /** How far a push has come; nothing once the app does what it is to do. */
  #progress(app: AppNow, phase: Phase, held: boolean): TemplateResult | typeof nothing {
    const { language } = this.model;
    const at = { created: 0, staging: 1, failed: 1, starting: 2, partly: 2, crashed: 2 }[phase as string];
    if (at === undefined) return nothing;
    const broken = phase === 'failed' || phase === 'crashed' || held;
    const stage = held
      ? say(language, 'heldNow')
      : phase === 'staging' && app.staging
        ? say(language, STAGE[stagingStage(app.staging.value)])
        : '';
    return html`<ol class="progress" aria-label=${say(language, 'progress')}>
        ${STEPS.map((step, i) => {
          const state = i < at ? 'done' : i === at ? (broken ? 'broken' : 'now') : 'later';
          return html`<li class=${state} aria-current=${i === at ? 'step' : nothing}>${say(language, step)}</li>`;
        })}
      </ol>
      <p class="progress-says" role="status">${stage}</p>`;
  }

  #failure(app: AppNow, last: Failure | undefined, seq: number, off: string): TemplateResult | typeof nothing {
    const { model, page } = this;
    const { entries, language } = model;
    const shown =
      model.failure === null
        ? undefined
        : failuresAt(entries, seq).find((f) => f.seq === model.failure && f.app === app.guid);
    if (!shown) {
      if (!last) return nothing;
      const now = phaseOf(app) === 'failed' || phaseOf(app) === 'crashed' || last.held !== null;
      return html`<p class="failure-link ${now ? 'now' : ''}"><button @click=${() => page.update({ app: app.guid, failure: last.seq })}>
        <span aria-hidden="true">✕</span> ${say(language, 'showFailure')} <span class="number">${last.seq}</span></button></p>`;
    }
    return failureCardView(this.#cardOf(shown, seq), app.name, model, {
      page,
      off,
      close: () => page.update({ failure: null }),
      follow: (advice) => this.#follow(app, advice, shown.held),
    });
  }

  #cardOf(failure: Failure, at: number): FailureCard {
    const known = this.#card;
    if (known?.seq === failure.seq && known.at === at && known.card.failure === failure) return known.card;
    const card = failureCard(this.model.entries, failure, at);
    this.#card = { seq: failure.seq, at, card };
    return card;
  }

  #instances(app: AppNow, wanted: number | null): TemplateResult {
    const { language } = this.model;
    if (app.instances.length === 0) return html`<p class="empty">${say(language, 'noInstances')}</p>`;
    return html`<ul class="instances" aria-label=${say(language, 'instanceList', app.name)}>
      ${app.instances.map((i) => this.#instance(i, wanted))}
    </ul>`;
  }

  #instance(one: InstanceNow, wanted: number | null): TemplateResult {
    const { page } = this;
    const { handle } = one;
    return html`<li data-state=${one.state} class=${wanted !== null && one.index >= wanted ? 'surplus' : ''}>
      <span class="index">${one.index}</span>
      <button class="state" @click=${() => page.seek(one.seq)}>${one.state}</button>
      <span class="node">${one.proc}</span>
      ${handle ? html`<button class="handle" @click=${() => page.update({ zoom: handle })}>${handle}</button>` : nothing}
      ${one.state === 'CRASHED' ? html`<span class="why">${one.exitDescription ?? ''} (${one.exitStatus ?? '?'})</span>` : nothing}
    </li>`;
  }

  #buttons(app: AppNow, phase: Phase, off: string): TemplateResult {
    const { language } = this.model;
    const { guid } = app;
    const going = phase === 'stopping' || phase === 'deleting' || phase === 'created';
    const stopped = phase === 'stopped';
    const state = say(language, 'offState', say(language, phase));
    const button = (word: Word, does: () => void, not: boolean, says = '') => {
      const why = off || (not ? state : '');
      return html`<button ?disabled=${why !== ''} title=${why || says} @click=${does}>${say(language, word)}</button>`;
    };
    const ask = (what: Asking['what']) => () => this.#open(guid, what);
    return html`<div class="verbs" role="group" aria-label=${app.name}>
      ${stopped ? button('start', () => this.#do(guid, 'start'), false) : button('stop', () => this.#do(guid, 'stop'), going)}
      ${button('restart', () => this.#do(guid, 'restart'), going || stopped)}
      ${button('restage', () => this.#restage(guid, 'beat'), going)}
      ${button('scale', ask('scale'), going)}
      ${button('debug', () => this.#restage(guid, 'real', { hold: 'failure' }), going, say(language, 'debugSays'))}
      ${button('retry', ask('retry'), going)}
      ${button('delete', ask('delete'), phase === 'deleting')}
    </div>`;
  }

  #open(app: string, what: Asking['what']): void {
    this.#asking = this.#asking?.app === app && this.#asking.what === what ? null : { app, what };
    this.requestUpdate();
    if (what === 'retry' && this.#asking)
      void labApi.apps().then((answer) => {
        if (answer.ok) this.#buildpacks = answer.value.buildpacks;
        this.requestUpdate();
      });
    void this.updateComplete.then(() => this.querySelector<HTMLElement>('.asking :is(input, select, .keep)')?.focus());
  }

  #ask(app: AppNow, what: Asking['what'], off: string): TemplateResult {
    const { language } = this.model;
    const close = () => {
      this.#asking = null;
      this.requestUpdate();
    };
    const done = (event: Event, does: (form: FormData) => void) => {
      event.preventDefault();
      if (!(event.target instanceof HTMLFormElement)) return;
      does(new FormData(event.target));
      close();
    };
    const keep = html`<button type="button" class="keep" @click=${close}>${say(language, 'keep')}</button>`;
    const go = (word: Word) =>
      html`<button type="submit" class="go" ?disabled=${off !== ''} title=${off}>${say(language, word)}</button>`;
    const onEscape = (e: KeyboardEvent) => {
      if (e.key !== 'Escape') return;
      e.stopPropagation();
      close();
    };
    if (what === 'delete') {
      return html`<form class="asking" @keydown=${onEscape} @submit=${(e: Event) => done(e, () => this.#delete(app.guid))}>
        <p>${say(language, 'deleteAsk', app.name)}</p>${keep}${go('deleteDo')}</form>`;
    }
    if (what === 'retry') {
      return html`<form class="asking" @keydown=${onEscape} @submit=${(e: Event) => done(e, (form) => this.#retry(app.guid, form))}>
        ${retryFields(app.asked.buildpack, this.#buildpacks, language)}
        ${keep}${go('retryDo')}</form>`;
    }
    return html`<form class="asking" @keydown=${onEscape} @submit=${(e: Event) => done(e, (form) => this.#scale(app, form))}>
      <label>${say(language, 'instances')} <input name="instances" type="number" min="1" max="100" required .value=${String(app.asked.instances ?? 1)} /></label>
      <label>${say(language, 'memory')} <input name="memory" type="number" min="8" max="65536" required .value=${String(app.asked.memory ?? 256)} /></label>
      <p class="hint">${say(language, 'restarts')}</p>${keep}${go('apply')}</form>`;
  }

  #scale(app: AppNow, form: FormData): void {
    const [instances, memory] = [Number(form.get('instances')), Number(form.get('memory'))];
    const change = {
      ...(instances === app.asked.instances ? {} : { instances }),
      ...(memory === app.asked.memory ? {} : { memory }),
    };
    if (Object.keys(change).length > 0) this.#do(app.guid, 'scale', change);
  }

  #retry(guid: string, form: FormData): void {
    this.#restage(guid, 'beat', { buildpack: chosenBuildpack((key) => String(form.get(key) ?? '')) });
  }

  /** In the pace of a push; what is to be held somewhere goes there at real speed. A lab that is paused stays so. */
  #restage(guid: string, pace: 'beat' | 'real', body: Record<string, unknown> = {}): void {
    this.#do(guid, 'restage', { ...body, ...(this.model.lab?.paused ? {} : { pace }) });
  }

  #delete(guid: string): void {
    this.page.order(labApi.deleteApp(guid));
    this.page.update({ app: null, failure: null });
  }

  /** Sends the order. A staging or start that follows from it shows its failure by itself. */
  #do(guid: string, verb: AppVerb, body: Record<string, unknown> = {}): void {
    const { model, page } = this;
    const name = appsNow(model.entries, cursorOf(model)).find((app) => app.guid === guid)?.name ?? '';
    const pushed = { name, since: model.entries.at(-1)?.seq ?? 0 };
    page.update(verb === 'stop' ? { failure: null, app: guid } : { failure: null, app: guid, pushed });
    page.order(
      labApi.app(guid, verb, body).then((answer) => {
        if (answer.ok && !answer.value.done) page.update({ notice: say(model.language, 'lateOrder') });
        return answer;
      }),
    );
  }

  /** @param held the gate at which the failure waits: another staging begins when this one was let go */
  #follow(app: AppNow, advice: Advice, held: string | null): void {
    const { page } = this;
    if (held !== null && advice.type !== 'look') page.order(labApi.open(held));
    switch (advice.type) {
      case 'buildpack':
        this.#open(app.guid, 'retry');
        break;
      case 'debug':
        this.#restage(app.guid, 'real', { hold: 'failure' });
        break;
      case 'hold-line':
        this.#restage(app.guid, 'real', { hold: advice.at });
        break;
      case 'memory':
        this.#do(app.guid, 'scale', { memory: advice.mb });
        break;
      case 'look':
        page.update({ zoom: advice.handle });
        page.open('terminal');
        break;
      case 'less':
        this.#open(app.guid, 'scale');
        break;
      case 'again':
        this.#do(app.guid, 'restart');
        break;
      case 'port':
        break;
      default:
        advice satisfies never;
    }
  }
}

const STAGE = {
  container: 'atContainer',
  app: 'atApp',
  buildpack: 'atBuildpack',
  droplet: 'atDroplet',
  end: 'atEnd',
} as const satisfies Record<ReturnType<typeof stagingStage>, Word>;

function newest(apps: readonly AppNow[]): AppNow | undefined {
  return apps.reduce<AppNow | undefined>((best, app) => (best && best.seq > app.seq ? best : app), undefined);
}

function linkTo(uri: string): string {
  return `${location.protocol}//${uri}${location.port ? `:${location.port}` : ''}/`;
}

customElements.define('ws-apps', AppsPanel);
