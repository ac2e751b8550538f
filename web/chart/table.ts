// A statechart as a table: each state with what runs in it and where it leads, and the same breakpoints.
import { html, type TemplateResult } from 'lit';
import type { GraphEdge, GraphState, MachineGraph } from '../../machines/graph.ts';
import { edgeText } from '../chart-text.ts';
import type { Language } from '../model.ts';
import type { Lights } from './lights.ts';
import { type ChartWord, say } from './words.ts';

export function chartTable(
  graph: MachineGraph,
  lights: Lights,
  language: Language,
  tell: (at: { state?: string; edge?: string }) => void,
): TemplateResult {
  const head = (key: ChartWord) => html`<th scope="col">${say(language, key)}</th>`;
  return html`<div class="chart-table" tabindex="0" role="group" aria-label=${graph.machine}><table>
    <thead><tr>${head('state')}${head('how')}${head('runs')}${head('leads')}</tr></thead>
    <tbody>${graph.states.map((state) => row(state))}</tbody></table></div>`;

  function row(state: GraphState): TemplateResult {
    const depth = state.id.split('.').length - 1;
    const edges = graph.edges.filter((e) => e.source === state.id && e.kind !== 'initial');
    const how = standing(state.id).concat(lights.active.includes(state.id) ? [say(language, 'active')] : []);
    return html`<tr class=${lights.active.includes(state.id) ? 'active' : ''}>
      <th scope="row" style="padding-left:${8 + depth * 14}px">${press(state.id, state.key, () => tell({ state: state.id }))}</th>
      <td>${how.join(', ')}</td><td>${state.invokes.join(', ')}</td>
      <td>${edges.map((edge) => html`<div>${leads(edge)}</div>`)}</td></tr>`;
  }

  function leads(edge: GraphEdge): TemplateResult {
    const to = edge.targets.map((id) => id.slice(graph.machine.length + 1)).join(', ') || '↺';
    const how = standing(edge.id).concat(lights.possible.includes(edge.id) ? [say(language, 'possible')] : []);
    return html`${press(edge.id, `${edgeText(graph, edge)} → ${to}`, () => tell({ edge: edge.id }))} <span class="how">${how.join(', ')}</span>`;
  }

  function press(id: string, text: string, click: () => void): TemplateResult {
    return html`<button aria-pressed=${lights.breaks.includes(id)} title=${`${lights.says} ${id}`} @click=${click}><span class="unseen">${lights.says} </span>${text}</button>`;
  }

  function standing(id: string): string[] {
    return (['taken', 'next', 'breaks'] as const)
      .filter((how) => lights[how].includes(id))
      .map((how) => say(language, how));
  }
}
