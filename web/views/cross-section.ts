// The stage: the cross-section with what is held beside it. It asks the projections, lays out, and lets d3 draw.
import { easeCubicInOut, interpolate, select } from 'd3';
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { indexAfter } from '../../machines/fold.ts';
import type { Entry } from '../../machines/journal.ts';
import { entryAt } from '../../machines/projection.ts';
import { sourceOfPoint } from '../../machines/source-place.ts';
import { goesByItself } from '../beat.ts';
import { meaningOf } from '../glossary.ts';
import { cursorOf, emptyModel, focusOf, holdOf, type Model, shownOf } from '../model.ts';
import { loadText, textOf } from '../source/texts.ts';
import { aheadOf, foreseen } from '../stage/ahead.ts';
import { drawStage } from '../stage/draw.ts';
import { type CardActions, cardBox, heldCard, heldNow } from '../stage/held-card.ts';
import { layoutOf, type StageLayout } from '../stage/layout.ts';
import { ghostsOf, newSince, withComing } from '../stage/marks.ts';
import { lastStep, stageAt } from '../stage/model.ts';
import { counts, moves, travel } from '../stage/motion.ts';
import { focusAt, handleOf, heldPlace, type Scene } from '../stage/scene.ts';
import { stageTables } from '../stage/table.ts';
import { stepFocus } from '../stage/walk.ts';
import { type StageWord, stageWord } from '../stage/words.ts';

const CAMERA_MS = 420;

/** `<ws-stage>`: fires `seek` (detail: seq), `zoom` (detail: handle), `command` (`step`, `continue` or `pause`), `panel` (its id). */
export class CrossSection extends LitElement {
  static override properties = { model: { attribute: false } };
  declare model: Model;
  #watch: ResizeObserver | null = null;
  #size = { width: 0, height: 0 };
  /** As the observer said it last: asking the element would cost a layout a drawing. */
  #box: { readonly width: number; readonly height: number } = { width: 0, height: 0 };
  /** The picture is higher than its window. */
  #scrolls = false;
  #shown: { layout: StageLayout; zoom: string | null } | null = null;
  #camera = 0;
  /** The camera's motion has ended, or is cut off. */
  #arrived = () => {};
  #told: number | null = null;
  #table = false;
  /** The gate and file whose source was asked for last. */
  #asked = '';
  readonly #card: CardActions = {
    command: (command) => this.#fire('command', command),
    source: (seq) => {
      // In the past the panel follows the cursor, which may be at something else that happened while this was held.
      if (this.model.cursor !== null && seq !== undefined) this.#fire('seek', seq);
      this.#fire('panel', 'source');
    },
  };

  constructor() {
    super();
    this.model = emptyModel();
  }

  override createRenderRoot() {
    return this;
  }

  override firstUpdated(): void {
    const window = this.closest('.scene');
    // The picture, not what holds it: on a phone the card stands under it.
    const svg = this.querySelector('svg');
    this.#watch = new ResizeObserver((boxes) => {
      this.#box = boxes.find((box) => box.target === svg)?.contentRect ?? this.#box;
      // Here a layout has just been made, and to ask costs nothing.
      this.#scrolls = window !== null && window.scrollHeight > window.clientHeight + 1;
      this.#draw();
    });
    if (svg) this.#watch.observe(svg);
    if (window) this.#watch.observe(window);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch?.disconnect();
    this.#stopCamera();
  }

  override updated(): void {
    // A recorded run has no present to be behind of.
    this.classList.toggle('past', this.model.cursor !== null && !this.model.recorded);
    this.#draw();
    void this.#load();
  }

  /** The text beside what is held: asked for once at each gate. */
  async #load(): Promise<void> {
    const [held] = heldNow(this.model);
    const file = held && sourceOfPoint(held.point)?.file;
    if (!file || this.#asked === `${held.gate} ${file}`) return;
    this.#asked = `${held.gate} ${file}`;
    if (textOf(this.model, file) !== undefined) return;
    await loadText(this.model, file);
    this.requestUpdate();
  }

  override render() {
    const { language } = this.model;
    return html`<svg role="group" tabindex="0" aria-label=${stageWord(language, 'stage')}
      @keydown=${(e: KeyboardEvent) => stepFocus(e)}>
      <defs>
        <pattern id="hatched" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
          <rect class="hatch-ground" width="7" height="7"></rect><line class="hatch-line" x1="0" y1="0" x2="0" y2="7"></line>
        </pattern>
        <pattern id="closed" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
          <rect class="closed-ground" width="8" height="8"></rect><rect class="closed-stripe" width="4" height="8"></rect>
        </pattern>
      </defs></svg>${this.#past()}${heldCard(this.model, this.#card)}${this.#tables()}`;
  }

  #past(): TemplateResult | typeof nothing {
    const { cursor, entries, language, recorded } = this.model;
    if (cursor === null || recorded) return nothing;
    const head = entries.at(-1)?.seq ?? 0;
    return html`<p class="past-note">◷ ${stageWord(language, 'past', cursor, head)}</p>`;
  }

  #tables(): TemplateResult {
    const toggled = (e: Event) => {
      this.#table = e.target instanceof HTMLDetailsElement && e.target.open;
      this.requestUpdate();
    };
    return html`<details class="as-table" @toggle=${toggled}>
      <summary>▤ ${stageWord(this.model.language, 'table')}</summary>
      ${this.#table ? html`<div class="tables" tabindex="0">${this.#tabled()}</div>` : nothing}
    </details>`;
  }

  #tabled(): TemplateResult {
    const { view, ghosts, fresh } = sceneOf(this.model);
    return stageTables(this.model.language, view, ghosts, fresh);
  }

  #draw(): void {
    const svg = this.querySelector('svg');
    if (!svg) return;
    const width = Math.round(this.#box.width);
    const height = Math.round(this.#box.height);
    if (width === 0 || height === 0) return;
    const scene = sceneOf(this.model);
    const font = fontOf(width, this.model.folded);
    select<HTMLElement, unknown>(this)
      .style('--stage-text', `${font.text}px`)
      .style('--stage-small', `${font.small}px`);
    const layout = layoutOf(scene.view, { width, height, zoom: scene.zoom, ...font });
    const dispatch = {
      seek: (seq: number) => this.#fire('seek', seq),
      enter: (handle: string) => this.#fire('zoom', handle),
    };
    const draw = (at: StageLayout) => drawStage(svg, { ...scene, layout: at }, dispatch);
    const before = this.#shown;
    const resized = this.#size.width !== width || this.#size.height !== height;
    this.#size = { width, height };
    this.#shown = { layout, zoom: scene.zoom };
    if (resized || before?.zoom !== scene.zoom) this.#scroll(scene.zoom !== null);
    // Before the card is placed: near it has more to say, and more room.
    this.classList.toggle('near', scene.zoom !== null);
    this.#place({ ...scene, layout });
    this.#stopCamera();
    if (before && !resized && before.zoom !== scene.zoom && moves()) this.#move(before.layout, layout, draw);
    else draw(layout);
    this.#travel(svg, scene.focus.bead?.seq ?? null);
  }

  /** Where the picture is higher than its window: near, what happens is at the lower edge, by the kernel. */
  #scroll(near: boolean): void {
    const window = this.#scrolls ? this.closest('.scene') : null;
    if (window) window.scrollTop = near ? window.scrollHeight : 0;
  }

  /** Moves the camera: both ends are numbers, and the picture is drawn from what lies between them. */
  #move(from: StageLayout, to: StageLayout, draw: (at: StageLayout) => void): void {
    const between = interpolate(from, to);
    const began = performance.now();
    counts(
      new Promise<void>((arrived) => {
        this.#arrived = arrived;
        const frame = () => {
          const t = Math.min(1, (performance.now() - began) / CAMERA_MS);
          // d3 reuses one object for what is between.
          draw(t === 1 ? to : structuredClone(between(easeCubicInOut(t))));
          if (t < 1) this.#camera = requestAnimationFrame(frame);
          else arrived();
        };
        frame();
      }),
    );
  }

  #stopCamera(): void {
    cancelAnimationFrame(this.#camera);
    this.#arrived();
  }

  /** Once for each message that is new to the reader: it travels along its way. */
  #travel(svg: SVGSVGElement, bead: number | null): void {
    if (bead === this.#told) return;
    this.#told = bead;
    for (const old of svg.querySelectorAll('.moving')) old.remove();
    if (bead === null || !moves()) return;
    // What is still on its way comes as far as it stands.
    travel(svg.querySelectorAll<SVGPathElement>('.way path.travel'), (way) => (way.matches('.ahead') ? 0.5 : 1));
  }

  #place(scene: Scene): void {
    const card = this.querySelector<HTMLElement>('.held');
    if (!card || !scene.held) return;
    const { w } = cardBox(scene, 0);
    card.style.setProperty('--w', `${w}px`);
    const { x, y } = cardBox(scene, card.offsetHeight);
    card.style.setProperty('--x', `${x}px`);
    card.style.setProperty('--y', `${y}px`);
  }

  #fire(name: 'seek' | 'zoom' | 'command' | 'panel', detail: number | string): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Font sizes: nothing under 12 px, on a projector nothing under 16. */
function fontOf(width: number, projector: boolean): { text: number; small: number } {
  if (projector) return { text: 18, small: 16 };
  return width < 560 ? { text: 14, small: 12 } : { text: 15, small: 13 };
}

const NONE: Scene['ghosts'] = new Map();

/** What is to be drawn at the model's moment, but where it stands. */
function sceneOf(model: Model): Omit<Scene, 'layout'> {
  const { entries, cursor } = model;
  const at = cursorOf(model);
  const now = stageAt(entries, at);
  // While something is held, it is what is talked about: for a message, the one that is held.
  const [held] = heldNow(model);
  const gate = held && holdOf(model.entries, held.gate);
  const seq = (cursor === null && gate !== undefined && entryAt(entries, gate)?.cause) || shownOf(model);
  const ahead = held ? foreseen(now, aheadOf(entries, held.point, gate)) : null;
  const began = lastStep(entries, indexAfter(entries, at), held ? 'held' : cursor === null ? 'live' : 'past');
  const zoom = zoomOf(model);
  const at_ = heldPlace(held);
  const focus = focusAt(entries, seq);
  // What is held on the bus has not arrived, but where it goes is known.
  const goes = at_ && focus.bead && focus.bead.to.length === 0 ? { ...focus.bead, to: [at_.place] } : focus.bead;
  return {
    view: ahead ? withComing(now, ahead) : now,
    ghosts: ahead ? ghostsOf(now, ahead) : NONE,
    fresh: began === null ? NONE : newSince(stageAt(entries, began), now),
    ahead,
    focus: { ...focus, bead: goes },
    held: at_,
    paced: goesByItself(model),
    zoom: now.containers.some((c) => c.handle === zoom) ? zoom : null,
    host: model.host,
    say: (key: StageWord, ...values: string[]) => stageWord(model.language, key, ...values),
    meaning: (term: string) => meaningOf(model.language, term),
  };
}

/** The large container: as chosen; else that of what is held or looked at; else none. */
export function zoomOf(model: Model): string | null {
  if (model.zoom === 'platform') return null;
  if (model.zoom !== 'auto') return model.zoom;
  const held = heldNow(model)[0]?.point;
  // A message that goes by is seen from afar, whomever it is about; the camera comes close for the calls of a boot.
  if (held?.handle && (held.kind === 'step' || !goesByItself(model))) return held.handle;
  const entry = entryAt(model.entries, focusOf(model));
  if (model.cursor !== null) return handleOf(entry);
  // Between two calls of a boot nothing is held for a moment: the camera stays where the next one will be.
  const told = entry?.type === 'kernel' && entry.cause !== null ? entryAt(model.entries, entry.cause) : entry;
  return model.lab?.pace === 'beat' && told && isOfBoot(told) ? handleOf(told) : null;
}

function isOfBoot(e: Entry): boolean {
  return e.type === 'gate' ? e.point.machine === 'wshd-boot' : e.type === 'step' && e.of === 'boot';
}

customElements.define('ws-stage', CrossSection);
