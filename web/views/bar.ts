// The debugger bar: the caption, what is held, the scrubber, and the commands of time. It shows and asks; what a command
// does is in web/timeline/travel.ts.
import { html, type TemplateResult } from 'lit';
import { GRAINS } from '../../machines/grain.ts';
import type { Entry } from '../../machines/journal.ts';
import { causeChain, entryAt, heldAt } from '../../machines/projection.ts';
import { pointText, sentenceOf } from '../../machines/sentences.ts';
import { goesByItself, READINGS } from '../beat.ts';
import { clockText } from '../clock-text.ts';
import { labApi, type Pace } from '../lab-api.ts';
import { cursorOf, focusOf, hasBegun, heldOf, type Model } from '../model.ts';
import { PanelView } from '../panel.ts';
import { widthOf } from '../stage/svg.ts';
import { scrubber } from '../timeline/scrubber.ts';
import { isStopped, runToAt, type TimeCommand } from '../timeline/travel.ts';
import { say, type TimeWord } from '../timeline/words.ts';
import { word } from '../words.ts';
import './spoken.ts';
import './bar.css';
import './bar-commands.css';

/** A longer sentence is written smaller, so that it is one line too: a bar that changes its height lays out the whole page. */
const LINE_EM = 42;

const PACES: readonly { pace: Pace; says: TimeWord }[] = [
  { pace: 'real', says: 'real' },
  { pace: 'beat', says: 'beatPace' },
  { pace: 'hand', says: 'hand' },
];

/** `<ws-bar>`: everything that it asks for goes through `page`. */
export class BarView extends PanelView {
  #timer: ReturnType<typeof setInterval> | undefined;
  #watch: ResizeObserver | undefined;
  #width = 800;
  /** The lab time that was shown last of the present. */
  #shown: { lab: string; lt: number } | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.#showTime(), 100);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
    this.#watch?.disconnect();
    this.#watch = undefined;
  }

  override updated(): void {
    this.#showTime();
    const line = this.querySelector('.scrubber');
    if (this.#watch || !line) return;
    this.#watch = new ResizeObserver(([box]) => {
      this.#width = box?.contentRect.width ?? this.#width;
      this.requestUpdate();
    });
    this.#watch.observe(line);
  }

  override render() {
    const { model, page } = this;
    const { language, lab, cursor } = model;
    const held = lab?.held ?? [];
    // What waits for its beat only is not called stopped: time moves on with the next one.
    const still = lab !== null && !lab.running && !model.recorded && !goesByItself(model);
    const time = still ? `${word(language, 'labTime')} ${word(language, 'standsStill')}` : word(language, 'labTime');
    return html`<section class=${cursor === null || model.recorded ? '' : 'past'} aria-label=${word(language, 'debugger')}>
      <div class="says">
        <div class="captions">${this.#caption()}<ws-spoken .model=${model}></ws-spoken></div>
        <span class="clock ${still ? 'still' : ''}"><span class="label">${time}</span><time></time></span>
      </div>
      ${held.filter((h) => h.by !== 'beat').length > 1 ? this.#waiting() : ''}
      <div class="moment">
        ${scrubber(model, { width: this.#width, seek: (seq) => page.seek(seq) })}
        <span class="position">${this.#position()}</span>
        <button class="live" ?disabled=${cursor === null} @click=${() => page.update({ cursor: null })}>${say(language, model.recorded ? 'toTheEnd' : 'live')}</button>
      </div>
      <div class="controls ${held.length > 0 && cursor === null && !goesByItself(model) ? 'stopped' : ''}">${this.#controls()}</div>
    </section>`;
  }

  #caption(): TemplateResult {
    const { language, both } = this.model;
    const entry = this.#told();
    const sentence = entry && sentenceOf(entry);
    const other = language === 'ja' ? 'en' : 'ja';
    const long = widthOf(sentence?.[language] ?? '', 1, 'sans') > LINE_EM ? 'long' : '';
    return html`<p class="caption ${long}">${sentence ? sentence[language] : word(language, 'ready')}</p>
      ${both ? html`<p class="caption second" lang=${other}>${sentence ? sentence[other] : word(other, 'ready')}</p>` : ''}`;
  }

  /** The entry of the caption: what just happened. That the pace holds the next beat is no news. */
  #told(): Entry | undefined {
    const { model } = this;
    if (!hasBegun(model)) return undefined;
    const entry = entryAt(model.entries, focusOf(model));
    const paced = model.cursor === null && entry?.type === 'gate' && entry.phase === 'held' && entry.by === 'beat';
    if (!paced) return entry;
    let told = entry.cause === null ? undefined : entryAt(model.entries, entry.cause);
    // That a machine stays where it is leads on to what has told it so.
    while (told?.type === 'transition' && told.edges.length === 0 && told.cause !== null)
      told = entryAt(model.entries, told.cause);
    return told ?? entry;
  }

  /** Everything that is held, when it is more than what the stage itself shows; one of them is what a step opens. */
  #waiting(): TemplateResult {
    const { model, page } = this;
    const { language } = model;
    const held = model.lab?.held ?? [];
    const chosen = heldOf(model)[0]?.gate;
    const recorded = new Map(heldAt(model.entries, Number.POSITIVE_INFINITY).map((h) => [h.gate, h]));
    return html`<ul class="waiting" aria-label=${say(language, 'held', held.length)}>
      ${held.map(({ gate, point }, i) => {
        const known = recorded.get(gate);
        const before = known ? causeChain(model.entries, known.seq).at(-2) : undefined;
        const where = [point.actor, point.file && `${point.file}:${point.line ?? '?'}`].filter(Boolean).join(' · ');
        return html`<li>
          <label><input type="radio" name="gate" .checked=${gate === chosen} @change=${() => page.update({ gate })} />
            <i class="bar" aria-hidden="true"></i>
            <span class="what">${pointText(point)[language]}</span></label>
          <span class="where">${where}${i === 0 ? ` · ${say(language, 'oldest')}` : ''}</span>
          ${before ? html`<span class="before">${sentenceOf(before)[language]}</span>` : ''}
          <button @click=${() => page.order(labApi.open(gate))}>${say(language, 'open')}</button>
        </li>`;
      })}
    </ul>`;
  }

  #controls(): TemplateResult {
    const { model } = this;
    const { language, lab, cursor } = model;
    const past = cursor !== null;
    const empty = model.entries.length === 0;
    const nowhere = !past && (lab?.held.length ?? 0) === 0;
    const goes = isStopped(model) || (past && !lab);
    return html`
      <div class="group" role="group" aria-label=${say(language, 'stepping')}>
        ${this.#button('previous', { glyph: '◀', says: 'back', off: empty })}
        ${this.#button('step', { glyph: '→', says: 'step', off: !lab && !past })}
        ${goes ? this.#button('continue', { glyph: '▶', says: 'continue', off: false }) : this.#button('pause', { glyph: '❚❚', says: 'pause', off: !lab })}
      </div>
      <div class="group levels" role="group" aria-label=${say(language, 'levels')}>
        ${this.#button('over', { glyph: '↷', says: 'over', title: 'overTitle', off: nowhere })}
        ${this.#button('into', { glyph: '↓', says: 'into', title: 'intoTitle', off: nowhere })}
        ${this.#button('out', { glyph: '↑', says: 'out', title: 'outTitle', off: nowhere })}
      </div>
      ${this.#more()}
      <span class="choices">${this.#grain()}${lab?.pace ? this.#pace(lab.pace) : ''}${lab?.pace === 'beat' && !model.recorded ? this.#reading() : ''}</span>`;
  }

  #button(
    command: TimeCommand,
    { glyph, says, title, off }: { glyph: string; says: TimeWord; title?: TimeWord; off: boolean },
  ): TemplateResult {
    const { language } = this.model;
    return html`<button class="command ${command}" ?disabled=${off} title=${title ? say(language, title) : ''}
      @click=${() => this.page.run(command)}><span aria-hidden="true">${glyph}</span> ${say(language, says)}</button>`;
  }

  /** What is wanted now and then: the same verbs backwards, and what only a live lab can do. */
  #more(): TemplateResult {
    const { model } = this;
    const { language, lab } = model;
    const nowhere = model.cursor === null && (lab?.held.length ?? 0) === 0;
    const commands: { command: TimeCommand; says: TimeWord; key: string; off?: boolean; narrow?: true }[] = [
      // On a phone there is no room for these beside the others.
      { command: 'over', says: 'overTitle', key: 'o', off: nowhere, narrow: true },
      { command: 'into', says: 'intoTitle', key: 'i', off: nowhere, narrow: true },
      { command: 'out', says: 'outTitle', key: 'u', off: nowhere, narrow: true },
      { command: 'continueBack', says: 'continueBack', key: 'C' },
      { command: 'overBack', says: 'overBack', key: 'O' },
      { command: 'intoBack', says: 'intoBack', key: 'I' },
      { command: 'outBack', says: 'outBack', key: 'U' },
      { command: 'first', says: 'first', key: 'Home' },
      { command: 'runTo', says: 'runTo', key: 'r', off: !lab || !runToAt(model) },
      { command: 'skip', says: 'skip', key: 'n', off: !lab },
    ];
    const run = (event: Event, command: TimeCommand) => {
      const menu = event.currentTarget instanceof Element ? event.currentTarget.closest('details') : null;
      if (menu) menu.open = false;
      this.page.run(command);
    };
    return html`<details class="more" @keydown=${closeOnEscape}>
      <summary>${say(language, 'more')} <span aria-hidden="true">▴</span></summary>
      <ul>${commands.map(
        ({
          command,
          says,
          key,
          off = model.entries.length === 0,
          narrow,
        }) => html`<li class=${narrow ? 'narrow' : ''}><button ?disabled=${off}
          @click=${(e: Event) => run(e, command)}>${say(language, says)} <kbd>${key}</kbd></button></li>`,
      )}</ul>
    </details>`;
  }

  #grain(): TemplateResult {
    const { language, grain } = this.model;
    const chosen = (value: string) => GRAINS.find((g) => g === value) ?? grain;
    return html`<label class="choice"><span>${say(language, 'grain')}</span>
      <select class="grain" @change=${(e: Event) => this.page.update({ grain: chosen(optionOf(e)) })}>
        ${GRAINS.map((g) => html`<option value=${g} ?selected=${g === grain}>${say(language, g)}</option>`)}
      </select></label>`;
  }

  #pace(pace: Pace): TemplateResult {
    const { language } = this.model;
    const chosen = (value: string) => PACES.find((p) => p.pace === value)?.pace ?? pace;
    return html`<label class="choice"><span>${say(language, 'pace')}</span>
      <select class="pace" @change=${(e: Event) => this.page.order(labApi.pace(chosen(optionOf(e))))}>
        ${PACES.map((p) => html`<option value=${p.pace} ?selected=${p.pace === pace}>${say(language, p.says)}</option>`)}
      </select></label>`;
  }

  /** How long a beat stays to be read: the reader's own choice. */
  #reading(): TemplateResult {
    const { language, reading } = this.model;
    const chosen = (value: string) => READINGS.find((r) => r === value) ?? reading;
    return html`<label class="choice"><span>${say(language, 'reading')}</span>
      <select class="reading" @change=${(e: Event) => this.page.prefer({ reading: chosen(optionOf(e)) })}>
        ${READINGS.map((r) => html`<option value=${r} ?selected=${r === reading}>${say(language, r)}</option>`)}
      </select></label>`;
  }

  #position(): string {
    const { language, cursor, entries, lab } = this.model;
    const head = Math.max(entries.at(-1)?.seq ?? 0, lab?.head ?? 0);
    return word(language, cursor === null ? 'atHead' : 'lookingAt', cursorOf(this.model), head);
  }

  /** Outside lit, so that a clock that runs does not redraw the bar ten times a second. */
  #showTime(): void {
    const time = this.querySelector('time');
    const { lab, cursor } = this.model;
    const now = labTime(this.model);
    // The present never goes back: what was held meanwhile is known only with the lab's next word.
    const present = cursor === null && lab !== null;
    this.#shown = present && this.#shown?.lab === lab.lab ? { lab: lab.lab, lt: Math.max(now, this.#shown.lt) } : null;
    if (present && !this.#shown) this.#shown = { lab: lab.lab, lt: now };
    const text = clockText(this.#shown?.lt ?? now);
    if (time && time.textContent !== text) time.textContent = text;
  }
}

/** Milliseconds after which a lab that goes beat by beat is believed to be running, if nothing was heard of it. */
const BETWEEN_BEATS = 600;

/** Lab time of the moment that is looked at. */
function labTime(model: Model): number {
  const { lab, labAt, cursor, entries } = model;
  if (cursor !== null || !lab) return entryAt(entries, cursorOf(model))?.lt ?? entries.at(-1)?.lt ?? 0;
  if (!lab.running) return lab.lt;
  // In the pace of beats it stands still most of the time, which the page hears a moment later.
  const known = lab.pace === 'beat' ? BETWEEN_BEATS : 0;
  return lab.lt + Math.max(0, performance.now() - labAt - known);
}

function optionOf(event: Event): string {
  return event.target instanceof HTMLSelectElement ? event.target.value : '';
}

function closeOnEscape(event: KeyboardEvent): void {
  const menu = event.currentTarget;
  if (event.key !== 'Escape' || !(menu instanceof HTMLDetailsElement) || !menu.open) return;
  menu.open = false;
  menu.querySelector('summary')?.focus();
  event.stopPropagation();
}

customElements.define('ws-bar', BarView);
