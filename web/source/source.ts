// The source beside a held thing, at its very line: C of wshd, a machine's definition, a line of a buildpack. The panel
// follows the moment by itself; a click on a line number stops there. Which source it is: moment.ts.
import { html, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { sentenceOf } from '../../machines/sentences.ts';
import { lineIn } from '../../machines/source-place.ts';
import { PanelView } from '../panel.ts';
import { say } from '../timeline/words.ts';
import { breakable, type Fields, isSet } from './gutter.ts';
import { highlight, type Piece } from './highlight.ts';
import { type SourceMoment, sourceMoment } from './moment.ts';
import { loadText } from './texts.ts';
import './source.css';

type Text = { text: string; lines: Piece[][] } | { error: string };

const HOW = { held: 'heldHere', after: 'heldAfter', done: 'happened', led: 'ledHere' } as const;

/** Texts of the lab that is shown; those of a recorded run are its own. */
const LIVE = {};
const texts = new WeakMap<object, Map<string, Text>>();

/** `<ws-source>`: a panel of the drawer. */
export class SourceView extends PanelView {
  /** What was scrolled to last. */
  #aimed = '';
  #asked = '';

  override render(): TemplateResult {
    const { model } = this;
    const moment = sourceMoment(model);
    if (!moment) return html`<p class="empty source-empty">${say(model.language, 'noSource')}</p>`;
    const { place } = moment;
    const known = this.#texts().get(place.file);
    const line = known && 'text' in known ? lineIn(known.text, place) : undefined;
    return html`<div class="source-head">
        <code class="file">${place.file}${line === undefined ? '' : `:${line}`}</code>
        <span class="how ${moment.how}">${moment.how === 'held' || moment.how === 'after' ? html`<i class="bar" aria-hidden="true"></i>` : nothing}
          ${say(model.language, HOW[moment.how])}</span>
        ${this.#origin(moment)}
      </div>
      ${known ? this.#body(known, moment, line) : html`<p class="empty">${say(model.language, 'loading')}</p>`}`;
  }

  override updated(_: PropertyValues): void {
    const moment = sourceMoment(this.model);
    if (!moment) return;
    void this.#load(moment.place.file);
    const lit = this.querySelector<HTMLElement>('.line.lit');
    const aim = `${moment.place.file}:${lit?.dataset.line}`;
    const room = this.querySelector<HTMLElement>('.source-lines');
    if (!lit || !room || aim === this.#aimed) return;
    this.#aimed = aim;
    room.scrollTop = lit.offsetTop - room.clientHeight / 3;
  }

  #texts(): Map<string, Text> {
    const of = this.model.recorded ?? LIVE;
    const known = texts.get(of) ?? new Map<string, Text>();
    texts.set(of, known);
    return known;
  }

  async #load(file: string): Promise<void> {
    const known = this.#texts();
    const before = known.get(file);
    // What was refused is asked again when the panel has been elsewhere: a buildpack may have come back.
    if ((before && 'text' in before) || this.#asked === file) return;
    this.#asked = file;
    const answer = await loadText(this.model, file);
    if (answer.ok) known.set(file, { text: answer.value.text, lines: highlight(answer.value.text, file) });
    else known.set(file, { error: answer.error });
    this.requestUpdate();
  }

  #origin({ from }: SourceMoment): TemplateResult | typeof nothing {
    if (!from) return nothing;
    return html`<button class="origin" @click=${() => this.page.seek(from.seq)}>
      <span class="number">${from.seq}</span> ${sentenceOf(from)[this.model.language]}</button>`;
  }

  #body(known: Text, moment: SourceMoment, line: number | undefined): TemplateResult {
    if ('error' in known) return html`<p class="empty">${known.error}</p>`;
    const { language, lab } = this.model;
    const stops = breakable(known.text, moment.place);
    const set = [...stops].filter(([, fields]) => isSet(lab?.breakpoints ?? [], fields)).map(([at]) => at);
    const can = lab !== null && !this.model.recorded;
    const depends = [known, line, moment.how, set.join(), language, can];
    return html`<div class="source-lines" role="group" aria-label=${moment.place.file} tabindex="0" @keydown=${keys}>
      ${guard(depends, () =>
        known.lines.map((pieces, i) => {
          const at = i + 1;
          const classes = ['line', at === line ? `lit ${moment.how}` : '', set.includes(at) ? 'broken' : ''];
          return html`<div class=${classes.filter(Boolean).join(' ')} data-line=${at} aria-current=${at === line ? 'true' : nothing}>
            ${this.#number(at, can ? stops.get(at) : undefined, set.includes(at), at === line)}<code>${pieces.map(piece)}</code></div>`;
        }),
      )}
    </div>`;
  }

  #number(at: number, fields: Fields | undefined, set: boolean, lit: boolean): TemplateResult {
    if (!fields) return html`<span class="gutter">${at}</span>`;
    const label = say(this.model.language, 'breakHere', at);
    return html`<button class="gutter" aria-pressed=${set} aria-label=${label} title=${label} tabindex=${lit ? 0 : -1}
      @click=${() => this.page.toggleBreakpoint(fields)}>${set ? html`<i class="bar" aria-hidden="true"></i>` : ''}${at}</button>`;
  }
}

function piece({ text, kind }: Piece): TemplateResult | string {
  return kind === '' ? text : html`<span class=${kind}>${text}</span>`;
}

/** Up and down go from one line that can be stopped at to the next, while such a number has the focus. */
function keys(event: KeyboardEvent): void {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const { target, currentTarget } = event;
  if (by === undefined || !(currentTarget instanceof Element)) return;
  const all = [...currentTarget.querySelectorAll<HTMLElement>('button.gutter')];
  const at = target instanceof HTMLElement ? all.indexOf(target) : -1;
  if (at < 0) return;
  all[at + by]?.focus();
  event.preventDefault();
  event.stopPropagation();
}

customElements.define('ws-source', SourceView);
