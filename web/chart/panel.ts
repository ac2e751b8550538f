// The statechart of one actor, in the drawer: which machine and which actor, the picture or its table.
import { html, nothing, type TemplateResult } from 'lit';
import { type ActorView, actorsAt, bootsAt } from '../../machines/projection.ts';
import { stateText } from '../../machines/sentences.ts';
import { CHARTS, chartOf } from '../charts.ts';
import { cursorOf, type Model } from '../model.ts';
import { PanelView } from '../panel.ts';
import { word } from '../words.ts';
import { breakpointAt, type Lights, lightsOf, shownActor } from './lights.ts';
import { chartTable } from './table.ts';
import type { ChartView } from './view.ts';
import './view.ts';
import { say } from './words.ts';
import './chart.css';

export class ChartPanel extends PanelView {
  #table = false;
  #lights: { key: string; lights: Lights } | null = null;

  override render() {
    const { model } = this;
    const { language } = model;
    const seq = cursorOf(model);
    const actors = new Map([...actorsAt(model.entries, seq), ...bootsAt(model.entries, seq)]);
    const shown = shownActor(model, actors);
    const actor = shown === null ? undefined : actors.get(shown);
    const machine = actor?.machine ?? model.machine ?? CHARTS[0]?.graph.machine ?? '';
    const chart = chartOf(machine);
    if (!chart) return nothing;
    const lights = this.#steady(lightsOf(model, chart.graph, actor, say(language, 'breakAt')));
    const tell = (detail: { state?: string; edge?: string }) =>
      this.page.toggleBreakpoint(breakpointAt(machine, detail));
    return html`<div class="chart-panel">
      ${this.#head(machine, shown, actors)}
      ${
        this.#table
          ? chartTable(chart.graph, lights, language, tell)
          : html`<ws-chart .chart=${chart} .lights=${lights} label=${`${word(language, 'chart')} ${machine}`}
              @break=${(e: CustomEvent<{ state?: string; edge?: string }>) => tell(e.detail)}></ws-chart>`
      }
      <p class="chart-hint">${say(language, 'legend')}<br />${say(language, 'hint')}</p>
    </div>`;
  }

  #head(machine: string, shown: string | null, actors: ReadonlyMap<string, ActorView>): TemplateResult {
    const { model } = this;
    const { language } = model;
    const mine = [...actors].filter(([, a]) => a.machine === machine);
    const follows = model.actor === null && model.machine === null;
    const count = (name: string) => [...actors.values()].filter((a) => a.machine === name).length;
    return html`<div class="chart-head">
      <button aria-pressed=${follows} ?disabled=${follows} @click=${() => this.#choose({ actor: null, machine: null })}>${word(language, 'follow')}</button>
      <select aria-label=${say(language, 'machine')} @change=${(e: Event) => this.#choose({ actor: null, machine: chosen(e) })}>
        ${CHARTS.map(({ graph }) => html`<option value=${graph.machine} ?selected=${graph.machine === machine}>${graph.machine}${count(graph.machine) > 0 ? ` (${count(graph.machine)})` : ''}</option>`)}
      </select>
      ${
        mine.length > 0
          ? html`<select class="actor" aria-label=${say(language, 'actor')} @change=${(e: Event) => this.#choose({ actor: chosen(e), machine })}>
              ${mine.map(([id]) => html`<option value=${id} ?selected=${id === shown}>${id}</option>`)}
            </select><span class="state">${stateText(actors.get(shown ?? '')?.value)}</span>`
          : html`<span class="empty">${word(language, 'noActor')}</span>`
      }
      <span class="chart-tools">
        ${this.#table ? nothing : this.#camera()}
        <button aria-pressed=${this.#table} @click=${() => {
          this.#table = !this.#table;
          this.requestUpdate();
        }}>${say(language, 'table')}</button>
      </span>
    </div>`;
  }

  #camera(): TemplateResult {
    const { language } = this.model;
    const view = () => this.querySelector<ChartView>('ws-chart');
    return html`<button aria-label=${say(language, 'zoomOut')} title=${say(language, 'zoomOut')} @click=${() => view()?.scale(0.8)}>−</button>
      <button aria-label=${say(language, 'zoomIn')} title=${say(language, 'zoomIn')} @click=${() => view()?.scale(1.25)}>+</button>
      <button @click=${() => view()?.near()}>${say(language, 'near')}</button>
      <button @click=${() => view()?.fit()}>${say(language, 'whole')}</button>`;
  }

  #choose(choice: Pick<Model, 'actor' | 'machine'>): void {
    this.page.update(choice);
  }

  /** The same lights are the same object: a chart is drawn anew when something has changed, not with each entry. */
  #steady(lights: Lights): Lights {
    const key = JSON.stringify(lights);
    if (this.#lights?.key !== key) this.#lights = { key, lights };
    return this.#lights.lights;
  }
}

function chosen(event: Event): string {
  return event.target instanceof HTMLSelectElement ? event.target.value : '';
}

customElements.define('ws-chart-panel', ChartPanel);
