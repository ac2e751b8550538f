// Draws a chart's states: boxes in boxes, what runs in them, which are active, where a breakpoint stands.
import type { Selection } from 'd3';
import type { GraphState } from '../../machines/graph.ts';
import { type StateRow, stateLines } from '../chart-text.ts';
import type { Chart } from '../charts.ts';
import type { Lights } from './lights.ts';
import type { ChartSelection } from './view.ts';

interface DrawnState {
  state: GraphState;
  box: { x: number; y: number; width: number; height: number };
  rows: StateRow[];
}

export interface Ask {
  state(id: string): void;
  edge(id: string): void;
}

/** Joins the states into `layer`; safe to call at any moment, and twice gives the same picture. */
export function drawStates(layer: ChartSelection, chart: Chart, lights: Lights, ask: Ask): void {
  const active = new Set(lights.active);
  const leaf = leaves(chart, active);
  const data = chart.graph.states.flatMap((state): DrawnState[] => {
    const box = chart.geometry.states[state.id];
    return box ? [{ state, box, rows: stateLines(chart.graph, state).rows }] : [];
  });
  const nodes = layer
    .selectAll<SVGGElement, DrawnState>('g.state')
    .data(data, (d) => d.state.id)
    .join((enter) => {
      const g = enter.append('g').attr('transform', (d) => `translate(${d.box.x},${d.box.y})`);
      g.append('rect').attr('class', 'box').attr('rx', 7).attr('role', 'button').attr('tabindex', -1);
      g.filter((d) => d.state.type === 'final')
        .append('rect')
        .attr('class', 'final')
        .attr('rx', 4);
      g.append('text').attr('class', 'title').attr('y', 18);
      g.append('circle').attr('class', 'token').attr('cx', 12).attr('cy', 13.5).attr('r', 4.5);
      g.append('rect')
        .attr('class', 'breakpoint')
        .attr('x', 8)
        .attr('y', -5)
        .attr('width', 26)
        .attr('height', 9)
        .attr('rx', 2);
      g.append('title');
      return g;
    });
  nodes.attr('class', (d) => classesOf(d.state, active, leaf, lights));
  nodes
    .select('rect.box')
    .attr('width', (d) => d.box.width)
    .attr('height', (d) => d.box.height)
    .attr('aria-pressed', (d) => String(lights.breaks.includes(d.state.id)))
    .attr('aria-label', (d) => `${lights.says} ${d.state.id}`)
    .attr('data-id', (d) => d.state.id)
    .on('click', (_: MouseEvent, d) => ask.state(d.state.id))
    .on('keydown', (event: KeyboardEvent, d) => {
      if (isPress(event)) ask.state(d.state.id);
    });
  nodes
    .select('rect.final')
    .attr('x', 3)
    .attr('y', 3)
    .attr('width', (d) => d.box.width - 6)
    .attr('height', (d) => d.box.height - 6);
  nodes
    .select('text.title')
    .attr('x', (d) => (leaf.has(d.state.id) ? 23 : 11))
    .text((d) => d.state.key);
  nodes.select('title').text((d) => d.state.description ?? d.state.id);
  drawRows(nodes, lights, ask.edge);
}

type States = Selection<SVGGElement, DrawnState, SVGGElement, unknown>;

/** The rows under a title; one that stands for an edge can be broken at like a line. */
function drawRows(states: States, lights: Lights, ask: (edge: string) => void): void {
  const rows = states
    .selectAll<SVGTextElement, StateRow>('text.row')
    .data(
      (d) => d.rows,
      (r) => r.text,
    )
    .join('text')
    .attr('class', (r) => `row ${r.kind} ${standing(r.edges, lights)}`)
    .attr('x', 11)
    .attr('y', (_, i) => 38 + i * 17)
    .text((r) => r.text);
  rows
    .filter((r) => r.kind === 'exit')
    .attr('role', 'button')
    .attr('aria-pressed', (r) => String(r.edges.some((id) => lights.breaks.includes(id))))
    .attr('aria-label', (r) => `${lights.says} ${r.text}`)
    .attr('tabindex', -1)
    .attr('data-id', (r) => r.edges[0] ?? '')
    .on('click', (_: MouseEvent, r) => ask(r.edges[0] ?? ''))
    .on('keydown', (event: KeyboardEvent, r) => {
      if (isPress(event)) ask(r.edges[0] ?? '');
    });
}

/** Whether a key presses what has the focus; then it means nothing else. */
export function isPress(event: KeyboardEvent): boolean {
  if (event.key !== 'Enter' && event.key !== ' ') return false;
  event.preventDefault();
  event.stopPropagation();
  return true;
}

function standing(edges: string[], lights: Lights): string {
  const is = (ids: string[], name: string) => (edges.some((id) => ids.includes(id)) ? name : '');
  return [
    is(lights.taken, 'taken'),
    is(lights.breaks, 'breaks'),
    is(lights.next, 'next'),
    is(lights.possible, 'possible'),
  ]
    .filter(Boolean)
    .join(' ');
}

/** Active states that have no active state inside: where the actor is. */
function leaves(chart: Chart, active: Set<string>): Set<string> {
  const parents = new Set(chart.graph.states.filter((s) => active.has(s.id)).map((s) => s.parent));
  return new Set([...active].filter((id) => !parents.has(id)));
}

function classesOf(state: GraphState, active: Set<string>, leaf: Set<string>, lights: Lights): string {
  return [
    'state',
    state.type,
    state.parent === null ? 'machine' : '',
    active.has(state.id) ? 'active' : '',
    leaf.has(state.id) ? 'leaf' : '',
    lights.breaks.includes(state.id) ? 'breaks' : '',
    lights.next.includes(state.id) ? 'next' : '',
  ]
    .filter(Boolean)
    .join(' ');
}
