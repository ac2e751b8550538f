// A statechart, drawn by D3 from a machine's definition and its geometry. It lights what the record says and asks for
// breakpoints; it decides nothing and keeps nothing but the camera.
import { type Selection, select, type ZoomBehavior, zoom, zoomIdentity, zoomTransform } from 'd3';
import { LitElement, type PropertyValues } from 'lit';
import type { Chart } from '../charts.ts';
import { type CommandAt, commandAt } from '../keys.ts';
import type { Box } from '../layout/chart-layout.ts';
import { drawEdges } from './edges.ts';
import type { Lights } from './lights.ts';
import { drawStates } from './states.ts';

export type ChartSelection = Selection<SVGGElement, unknown, null, undefined>;

/** Text of a chart is 12 px at scale 1: below that the camera follows what is active instead of showing everything. */
const READABLE = 1;
/** From here on down texts are left out that would be too small: boxes and names of what is active remain. */
const FAR = 0.92;
const PAN = 60;
const WAYS: Readonly<Record<string, readonly [dx: number, dy: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** `<ws-chart>`: fires `break` (detail: { state } or { edge }). */
export class ChartView extends LitElement {
  static override properties = { chart: { attribute: false }, lights: { attribute: false }, label: {} };
  declare chart: Chart | null;
  declare lights: Lights | null;
  declare label: string;
  #zoom: ZoomBehavior<SVGSVGElement, unknown> | null = null;
  #svg: Selection<SVGSVGElement, unknown, null, undefined> | null = null;
  #layer: ChartSelection | null = null;
  /** The reader has moved the camera: it stays where it was put. */
  #moved = false;
  #watch: ResizeObserver | null = null;

  constructor() {
    super();
    this.chart = null;
    this.lights = null;
    this.label = '';
  }

  /** The svg belongs to D3 alone: lit renders nothing into this element. */
  override createRenderRoot() {
    return this;
  }

  override firstUpdated(): void {
    this.#svg = select<HTMLElement, unknown>(this).append('svg').attr('role', 'group').attr('tabindex', 0);
    this.#layer = this.#svg.append('g');
    this.#zoom = zoom<SVGSVGElement, unknown>()
      .scaleExtent([0.15, 2.5])
      .on('zoom', (event: { transform: { k: number; toString(): string }; sourceEvent: unknown }) => {
        this.#layer?.attr('transform', event.transform.toString());
        this.#svg?.classed('far', event.transform.k < FAR).style('--k', String(event.transform.k));
        if (event.sourceEvent) this.#moved = true;
      });
    this.#svg.call(this.#zoom).on('dblclick.zoom', null);
    this.#svg.on('keydown', (event: KeyboardEvent) => this.#key(event));
    this.#watch = new ResizeObserver(() => this.#aim(false));
    this.#watch.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#watch?.disconnect();
  }

  override updated(changed: PropertyValues<this>): void {
    const { chart, lights } = this;
    if (!this.#layer || !chart || !lights) return;
    this.#svg?.attr('aria-label', this.label);
    const tell = (detail: { state: string } | { edge: string }) => {
      this.dispatchEvent(new CustomEvent('break', { detail }));
    };
    const ask = { state: (state: string) => tell({ state }), edge: (edge: string) => tell({ edge }) };
    if (changed.has('chart')) {
      this.#layer.selectAll('*').remove();
      this.#moved = false;
    }
    const focused = document.activeElement?.getAttribute('data-id');
    drawStates(this.#layer, chart, lights, ask);
    drawEdges(this.#layer, chart, lights, ask.edge);
    // Lit edges are raised, which takes the focus away from what was raised.
    if (focused && document.activeElement === document.body) this.#named(focused)?.focus();
    const before = changed.get('lights')?.active.join();
    if (changed.has('chart')) this.#aim(false);
    else if (before !== undefined && before !== lights.active.join()) this.#aim(true);
  }

  /** Shows the whole chart, whatever its size, until the next one. */
  fit(): void {
    this.#moved = true;
    this.#look(this.#whole(), true);
  }

  /** Back to what is active, at a size that can be read, and there it stays with it. */
  near(): void {
    this.#moved = false;
    this.#aim(true);
  }

  /** @param by factor, about the middle of what is seen */
  scale(by: number): void {
    if (!this.#svg || !this.#zoom) return;
    this.#moved = true;
    this.#svg.call(this.#zoom.scaleBy, by);
  }

  #key(event: KeyboardEvent): void {
    const command = commandAt('chart', event);
    if (!command || !this.#svg || !this.#zoom) return;
    const [dx, dy] = WAYS[event.key] ?? [0, 0];
    const does: Record<CommandAt<'chart'>, () => void> = {
      closer: () => this.scale(1.25),
      wider: () => this.scale(0.8),
      whole: () => this.fit(),
      pan: () => this.#pan(dx, dy),
      walk: () => this.#step(dx, dy),
    };
    does[command]();
    event.preventDefault();
    event.stopPropagation();
  }

  #pan(dx: number, dy: number): void {
    if (!this.#svg || !this.#zoom) return;
    this.#moved = true;
    const { k } = zoomTransform(this.#svg.node() ?? this);
    this.#svg.call(this.#zoom.translateBy, (-dx * PAN) / k, (-dy * PAN) / k);
  }

  /** From what has the focus to the nearest state or edge in this direction; from nothing, to where the actor is. */
  #step(dx: number, dy: number): void {
    const all = [...this.querySelectorAll<SVGElement>('[data-id]')];
    const here = all.find((one) => one === document.activeElement);
    const from = middle(here ?? this.querySelector('.state.leaf > .box') ?? this);
    let best: { to: SVGElement; cost: number } | undefined;
    for (const to of all) {
      if (to === here) continue;
      const [x, y] = middle(to);
      const ahead = (x - from[0]) * dx + (y - from[1]) * dy;
      const aside = Math.abs((x - from[0]) * dy) + Math.abs((y - from[1]) * dx);
      if (ahead < 3 && here) continue;
      const cost = here ? ahead + 2.2 * aside : Math.hypot(x - from[0], y - from[1]);
      if (!best || cost < best.cost) best = { to, cost };
    }
    if (!best) return;
    best.to.focus();
    this.#reveal(best.to);
  }

  #named(id: string): SVGElement | undefined {
    return [...this.querySelectorAll<SVGElement>('[data-id]')].find((one) => one.getAttribute('data-id') === id);
  }

  /** Moves the camera as little as needed to show what has the focus. */
  #reveal(one: Element): void {
    if (!this.#svg || !this.#zoom) return;
    const [frame, box] = [this.getBoundingClientRect(), one.getBoundingClientRect()];
    const shift = (low: number, high: number, from: number, to: number) =>
      low < from + 8 ? from + 8 - low : high > to - 8 ? Math.max(to - 8 - high, from + 8 - low) : 0;
    const dx = shift(box.left, box.right, frame.left, frame.right);
    const dy = shift(box.top, box.bottom, frame.top, frame.bottom);
    if (dx === 0 && dy === 0) return;
    this.#moved = true;
    const { k } = zoomTransform(this.#svg.node() ?? this);
    this.#svg.call(this.#zoom.translateBy, dx / k, dy / k);
  }

  /** The whole chart where it can be read; otherwise what is active, at a size that can be read. */
  #aim(glide: boolean): void {
    const { chart, lights } = this;
    if (this.#moved || !chart || !lights) return;
    const whole = this.#whole();
    const least = READABLE * textScale(this);
    if (whole.k >= least) {
      this.#look(whole, glide);
      return;
    }
    const drawn = chart.geometry;
    const at = this.#subject(chart, lights);
    const { width, height } = this.getBoundingClientRect();
    const k = least;
    const centre = (middleOf: number, size: number, full: number) =>
      full * k <= size ? (size - full * k) / 2 : Math.min(0, Math.max(size - full * k, size / 2 - middleOf * k));
    const x = centre(at.x + at.width / 2, width, drawn.width);
    // What leads on is drawn below: the active state stands in the upper part.
    const y = centre(at.y + at.height / 2 + Math.min(height, 400) / (5 * k), height, drawn.height);
    this.#look({ k, x, y }, glide);
  }

  /** The box around everything that is active; without an actor, where the machine begins. */
  #subject(chart: Chart, lights: Lights): Box {
    const initial = chart.graph.states.find((s) => s.initial && s.type === 'atomic')?.id ?? chart.graph.machine;
    const inner = lights.active.filter((id) => !lights.active.some((other) => other.startsWith(`${id}.`)));
    const boxes = (inner.length > 0 ? inner : [initial]).flatMap((id) => chart.geometry.states[id] ?? []);
    const [x, y] = [Math.min(...boxes.map((b) => b.x)), Math.min(...boxes.map((b) => b.y))];
    const right = Math.max(...boxes.map((b) => b.x + b.width));
    const bottom = Math.max(...boxes.map((b) => b.y + b.height));
    return { x, y, width: right - x, height: bottom - y };
  }

  #whole(): { k: number; x: number; y: number } {
    const { width, height } = this.getBoundingClientRect();
    const drawn = this.chart?.geometry ?? { width: 1, height: 1 };
    const k = Math.max(0.15, Math.min(1.4, width / drawn.width, height / drawn.height));
    return { k, x: (width - drawn.width * k) / 2, y: (height - drawn.height * k) / 2 };
  }

  #look({ k, x, y }: { k: number; x: number; y: number }, glide: boolean): void {
    if (!this.#svg || !this.#zoom) return;
    const to = zoomIdentity.translate(x, y).scale(k);
    const still = !glide || matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (still) this.#svg.interrupt().call(this.#zoom.transform, to);
    else this.#svg.transition().duration(240).call(this.#zoom.transform, to);
  }
}

function middle(one: Element): [number, number] {
  const { left, top, width, height } = one.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}

/** How much larger the smallest text is to be than 12 px: more for a projector. */
function textScale(one: Element): number {
  const small = Number.parseFloat(getComputedStyle(one).getPropertyValue('--small'));
  return Number.isFinite(small) ? Math.max(1, small / 12) : 1;
}

customElements.define('ws-chart', ChartView);
