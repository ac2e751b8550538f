// A Warden frame, bytes and fields, lit both ways: a field lights its bytes, a byte lights its field. By pointer, by focus
// and by arrow keys. It draws what machines/frame-fields.ts has read.
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { type FieldPart, type Frame, flatParts, frameOf, partAt } from '../../machines/frame-fields.ts';
import type { Language } from '../model.ts';
import { knownField } from './known-fields.ts';
import { say } from './words.ts';

const LINE = 8;
/** Bytes that are shown before the reader asks for all. */
const SHOWN = 384;

/** `<ws-frame .hex .message .language>`: `message` is the entry's name, such as `CreateRequest`. */
export class FrameView extends LitElement {
  static override properties = { hex: {}, message: {}, language: {} };
  declare hex: string;
  declare message: string;
  declare language: Language;
  #of = '';
  #frame: Frame = frameOf('', '');
  /** Id of the field that is lit, and the byte that the keys are at. */
  #lit = '';
  #at = 0;
  #all = false;

  constructor() {
    super();
    this.hex = '';
    this.message = '';
    this.language = 'en';
  }

  override createRenderRoot(): HTMLElement {
    return this;
  }

  override willUpdate(): void {
    const of = `${this.message} ${this.hex}`;
    if (of === this.#of) return;
    this.#of = of;
    this.#frame = frameOf(this.hex, this.message);
    this.#lit = '';
    this.#at = 0;
    this.#all = false;
  }

  override render() {
    const { language } = this;
    const { parts, cut, bare } = this.#frame;
    const flat = flatParts(parts);
    const lit = flat.find((p) => p.id === this.#lit);
    return html`<p class="frame-note">${say(language, bare ? 'bare' : 'asSent')}${cut ? html` ${say(language, 'cut')}` : nothing}</p>
      <div class="frame-both" @pointerleave=${() => this.#light('')}>
        <div class="frame-fields" role="listbox" tabindex="0" aria-label=${say(language, 'fields')}
          aria-activedescendant=${lit ? this.#id(lit) : nothing} @keydown=${(e: KeyboardEvent) => this.#fieldKeys(e, flat)}
          @focus=${() => this.#light(this.#lit || (flat[0]?.id ?? ''))}>
          ${flat.map((part) => this.#field(part, part === lit))}
        </div>
        ${this.#bytes(lit)}
      </div>
      <p class="frame-says" aria-live="polite">${lit ? this.#says(lit) : say(language, 'hint')}</p>`;
  }

  #field(part: FieldPart, lit: boolean): TemplateResult {
    const depth = part.id.split('.').length - 1;
    const known = part.kind === 'field' ? knownField(part.name, this.language) : undefined;
    return html`<div role="option" id=${this.#id(part)} aria-selected=${lit} class=${`frame-field ${part.kind} ${lit ? 'lit' : ''}`}
      style="padding-left:${8 + depth * 16}px" @pointerenter=${() => this.#light(part.id)} @click=${() => this.#light(part.id)}>
      ${part.number === undefined ? nothing : html`<span class="number">${part.number}</span>`}
      <span class="key">${part.name}</span> <span class="value">${part.text}</span>
      ${known ? html`<span class="known">${known}</span>` : nothing}</div>`;
  }

  #bytes(lit: FieldPart | undefined): TemplateResult {
    const { bytes, parts } = this.#frame;
    const { language } = this;
    const end = this.#all ? bytes.length : Math.min(bytes.length, SHOWN);
    const lines = Array.from({ length: Math.ceil(end / LINE) }, (_, i) => i * LINE);
    const active = bytes.length === 0 ? undefined : `${this.#prefix}b${this.#at}`;
    return html`<div class="frame-bytes">
      <div class="frame-dump" role="listbox" tabindex="0" aria-label=${say(language, 'bytes')} aria-activedescendant=${active ?? nothing}
        @keydown=${this.#byteKeys} @pointerover=${this.#over} @click=${this.#clicked} @focus=${() => this.#light(partAt(parts, this.#at)?.id ?? '')}>
        ${lines.map((from) => this.#line(from, Math.min(end, from + LINE), lit))}
      </div>
      ${
        end < bytes.length
          ? html`<button class="small" @click=${() => {
              this.#all = true;
              this.requestUpdate();
            }}>${say(language, 'all', bytes.length)}</button>`
          : nothing
      }
    </div>`;
  }

  #line(from: number, to: number, lit: FieldPart | undefined): TemplateResult {
    const at = Array.from({ length: to - from }, (_, i) => from + i);
    return html`<div class="frame-line" role="presentation"><span class="offset" aria-hidden="true">${from.toString(16).padStart(4, '0')}</span>
      <span class="hex" role="presentation">${at.map((i) => this.#byte(i, lit))}</span>
      <span class="ascii" aria-hidden="true">${this.#ascii(at, lit)}</span></div>`;
  }

  /** A piece for as many bytes as are lit alike: mostly one for the whole line. */
  #ascii(at: readonly number[], lit: FieldPart | undefined): TemplateResult[] {
    const pieces: { is: string; text: string }[] = [];
    for (const i of at) {
      const is = litClass(lit, i);
      const last = pieces.at(-1);
      const text = printable(this.#frame.bytes[i] ?? 0);
      if (last?.is === is) last.text += text;
      else pieces.push({ is, text });
    }
    return pieces.map(({ is, text }) => html`<span class=${is}>${text}</span>`);
  }

  #byte(at: number, lit: FieldPart | undefined): TemplateResult {
    const { bytes, parts } = this.#frame;
    const hex = (bytes[at] ?? 0).toString(16).padStart(2, '0');
    const part = partAt(parts, at);
    return html`<span role="option" id=${`${this.#prefix}b${at}`} aria-selected=${at === this.#at} data-at=${at}
      class=${`byte ${litClass(lit, at)} ${at === this.#at ? 'at' : ''}`} aria-label=${say(this.language, 'byteSays', at, hex, part?.name ?? '?')}>${hex}</span>`;
  }

  #says(part: FieldPart): string {
    const { language } = this;
    if (part.kind === 'head') return say(language, 'headSays');
    if (part.kind === 'tail') return say(language, 'tailSays');
    if (part.kind === 'rest') return say(language, 'restSays');
    const { bytes } = this.#frame;
    const hex = (span: { start: number; end: number } | undefined) =>
      span ? [...bytes.subarray(span.start, span.end)].map((b) => b.toString(16).padStart(2, '0')).join(' ') : '';
    const length = part.length ? say(language, 'length', hex(part.length)) : '';
    const size = part.value.end - part.value.start;
    return say(language, 'fieldSays', part.number ?? '?', part.wire ?? '', hex(part.tag), length, size, part.type);
  }

  get #prefix(): string {
    return `frame-${this.message}-`;
  }

  #id(part: FieldPart): string {
    return `${this.#prefix}f${part.id}`;
  }

  #light(id: string): void {
    if (id === this.#lit) return;
    this.#lit = id;
    this.requestUpdate();
  }

  #moveTo(at: number): void {
    this.#at = Math.max(0, Math.min(this.#frame.bytes.length - 1, at));
    if (this.#at >= SHOWN) this.#all = true;
    this.#lit = partAt(this.#frame.parts, this.#at)?.id ?? '';
    this.requestUpdate();
  }

  /** One listener for all bytes. */
  readonly #over = (event: Event): void => {
    const at = byteOf(event);
    if (at !== undefined) this.#light(partAt(this.#frame.parts, at)?.id ?? '');
  };

  readonly #clicked = (event: Event): void => {
    const at = byteOf(event);
    if (at !== undefined) this.#moveTo(at);
  };

  #fieldKeys(event: KeyboardEvent, flat: FieldPart[]): void {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, Home: -flat.length, End: flat.length }[
      event.key
    ];
    if (by === undefined) return;
    taken(event);
    const at = flat.findIndex((p) => p.id === this.#lit);
    const part = flat[Math.max(0, Math.min(flat.length - 1, at + by))];
    if (!part) return;
    this.#at = part.start;
    this.#light(part.id);
  }

  #byteKeys = (event: KeyboardEvent): void => {
    const { length } = this.#frame.bytes;
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: LINE, ArrowUp: -LINE, Home: -length, End: length }[event.key];
    if (by === undefined) return;
    taken(event);
    this.#moveTo(this.#at + by);
  };
}

/** The page's own arrows move the cursor: here they move in the frame. */
function taken(event: Event): void {
  event.preventDefault();
  event.stopPropagation();
}

/** The byte that a pointer is at. */
function byteOf({ target }: Event): number | undefined {
  const byte = target instanceof Element ? target.closest<HTMLElement>('[data-at]') : null;
  return byte ? Number(byte.dataset.at) : undefined;
}

/** Of a lit field its tag, its length and its value are told apart. */
function litClass(lit: FieldPart | undefined, at: number): string {
  if (!lit || at < lit.start || at >= lit.end) return '';
  if (lit.tag && at >= lit.tag.start && at < lit.tag.end) return 'lit tag';
  if (lit.length && at >= lit.length.start && at < lit.length.end) return 'lit length';
  return 'lit';
}

function printable(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·';
}

customElements.define('ws-frame', FrameView);
