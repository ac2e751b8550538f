// Draws a chart's edges and their labels: what was taken last, what a held gate would take, where a breakpoint stands.
import type { GraphEdge } from '../../machines/graph.ts';
import { edgeText } from '../chart-text.ts';
import type { Chart } from '../charts.ts';
import type { Box, Geometry, Point } from '../layout/chart-layout.ts';
import type { Lights } from './lights.ts';
import { isPress } from './states.ts';
import type { ChartSelection } from './view.ts';

interface DrawnEdge {
  edge: GraphEdge;
  lines: Point[][];
  label: Box | null;
}

const ARROWS = ['plain', 'failure', 'taken', 'next'] as const;

/** Joins the edges into `layer`, above the states. Initial edges begin at a dot and are nothing to break at. */
export function drawEdges(layer: ChartSelection, chart: Chart, lights: Lights, ask: (edge: string) => void): void {
  arrowheads(layer);
  stripes(layer);
  dots(layer, chart.geometry);
  const data = chart.graph.edges.flatMap((edge): DrawnEdge[] => {
    const drawn = chart.geometry.edges[edge.id];
    return drawn ? [{ edge, ...drawn }] : [];
  });
  const edges = layer
    .selectAll<SVGGElement, DrawnEdge>('g.edge')
    .data(data, (d) => d.edge.id)
    .join((enter) => {
      const g = enter.append('g');
      g.append('path').attr('class', 'reach');
      g.append('path').attr('class', 'line');
      g.append('rect').attr('class', 'behind').attr('rx', 3);
      g.append('text').attr('class', 'label');
      return g;
    });
  edges.attr('class', (d) => `edge ${d.edge.kind} ${standing(d.edge, lights)}`);
  edges
    .select('path.reach')
    .attr('d', (d) => pathOf(d.lines))
    .filter((d) => d.edge.kind !== 'initial')
    .attr('role', 'button')
    .attr('tabindex', -1)
    .attr('data-id', (d) => d.edge.id)
    .attr('aria-pressed', (d) => String(lights.breaks.includes(d.edge.id)))
    .attr('aria-label', (d) => `${lights.says} ${d.edge.id}`)
    .on('keydown', (event: KeyboardEvent, d) => {
      if (isPress(event)) ask(d.edge.id);
    });
  edges
    .select('path.line')
    .attr('d', (d) => pathOf(d.lines))
    .attr('marker-end', (d) => `url(#arrow-${arrowOf(d.edge, lights)})`);
  edges
    .select('rect.behind')
    .attr('x', (d) => d.label?.x ?? 0)
    .attr('y', (d) => d.label?.y ?? 0)
    .attr('width', (d) => d.label?.width ?? 0)
    .attr('height', (d) => d.label?.height ?? 0);
  edges
    .select('text.label')
    .attr('x', (d) => (d.label ? d.label.x + d.label.width / 2 : 0))
    .attr('y', (d) => (d.label ? d.label.y + 13 : 0))
    .text((d) => edgeText(chart.graph, d.edge));
  edges.filter((d) => d.edge.kind !== 'initial').on('click', (_: MouseEvent, d) => ask(d.edge.id));
  edges.filter((d) => lights.taken.includes(d.edge.id) || lights.next.includes(d.edge.id)).raise();
}

function standing(edge: GraphEdge, lights: Lights): string {
  const is = (ids: string[], name: string) => (ids.includes(edge.id) ? name : '');
  return [
    is(lights.taken, 'taken'),
    is(lights.breaks, 'breaks'),
    is(lights.next, 'next'),
    is(lights.possible, 'possible'),
  ]
    .filter(Boolean)
    .join(' ');
}

function arrowOf(edge: GraphEdge, lights: Lights): (typeof ARROWS)[number] {
  if (lights.next.includes(edge.id)) return 'next';
  if (lights.taken.includes(edge.id)) return 'taken';
  return edge.kind === 'error' ? 'failure' : 'plain';
}

function arrowheads(layer: ChartSelection): void {
  layer
    .selectAll('marker')
    .data(ARROWS)
    .join((enter) => {
      const marker = enter.append('marker').attr('id', (name) => `arrow-${name}`);
      marker.attr('viewBox', '0 0 8 8').attr('refX', 7).attr('refY', 4).attr('markerWidth', 8).attr('markerHeight', 8);
      marker.attr('orient', 'auto').attr('markerUnits', 'userSpaceOnUse');
      marker
        .append('path')
        .attr('class', (name) => `arrow ${name}`)
        .attr('d', 'M0,0.5L8,4L0,7.5z');
      return marker;
    });
}

/** The pattern of closed bars, for states with a breakpoint. */
function stripes(layer: ChartSelection): void {
  layer
    .selectAll('pattern')
    .data(['stripes'])
    .join((enter) => {
      const pattern = enter
        .append('pattern')
        .attr('id', (id) => id)
        .attr('patternUnits', 'userSpaceOnUse');
      pattern.attr('width', 8).attr('height', 8).attr('patternTransform', 'rotate(45)');
      pattern.append('rect').attr('class', 'stripe gap').attr('width', 8).attr('height', 8);
      pattern.append('rect').attr('class', 'stripe').attr('width', 4).attr('height', 8);
      return pattern;
    });
}

function dots(layer: ChartSelection, geometry: Geometry): void {
  layer
    .selectAll<SVGCircleElement, [string, Point]>('circle.dot')
    .data(Object.entries(geometry.dots), (d) => d[0])
    .join('circle')
    .attr('class', 'dot')
    .attr('r', 4)
    .attr('cx', (d) => d[1][0])
    .attr('cy', (d) => d[1][1]);
}

/** Right-angled lines with rounded corners. */
function pathOf(lines: Point[][]): string {
  return lines.map((points) => points.map((at, i) => corner(points, at, i)).join('')).join('');
}

const RADIUS = 7;

function corner(points: Point[], at: Point, i: number): string {
  const before = points[i - 1];
  const after = points[i + 1];
  if (!before) return `M${at.join()}`;
  if (!after) return `L${at.join()}`;
  return `L${toward(at, before).join()}Q${at.join()},${toward(at, after).join()}`;
}

function toward([x, y]: Point, [toX, toY]: Point): Point {
  const length = Math.hypot(toX - x, toY - y);
  const part = length === 0 ? 0 : Math.min(RADIUS, length / 2) / length;
  return [Math.round((x + (toX - x) * part) * 10) / 10, Math.round((y + (toY - y) * part) * 10) / 10];
}
