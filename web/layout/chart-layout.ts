// Turns a machine's graph into drawn geometry with ELK. Runs at build time only; the page gets boxes and lines.
// It knows how large text is, not what it means: what a state or an edge says comes from `chartText`.
import ELK, { type ElkExtendedEdge, type ElkNode } from 'elkjs/lib/elk.bundled.js';
import type { GraphEdge, GraphState, MachineGraph } from '../../machines/graph.ts';
import { edgeText, isLine, stateLines } from '../chart-text.ts';

export type Point = [x: number, y: number];

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Drawn size and place of everything in a chart, in CSS pixels at scale 1. */
export interface Geometry {
  width: number;
  height: number;
  /** By state id. */
  states: Record<string, Box>;
  /** By edge id; an edge into several regions has a line for each. Edges that are rows of their state are not here. */
  edges: Record<string, { lines: Point[][]; label: Box | null }>;
  /** Where a compound state's initial edge begins, by the state's id. */
  dots: Record<string, Point>;
}

const TITLE = 26;
const ROW = 17;
const MARGIN = 18;
const DOT = 10;

const OPTIONS: Record<string, string> = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '22',
  'elk.spacing.nodeNode': '20',
  'elk.spacing.edgeNode': '14',
  'elk.spacing.edgeEdge': '10',
  'elk.layered.spacing.edgeNodeBetweenLayers': '14',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '10',
  'elk.spacing.edgeLabel': '4',
};

/** Places every state and edge. Rejects, naming the machine, when ELK can not lay it out at all. */
export async function layoutChart(graph: MachineGraph): Promise<Geometry> {
  const elk = new ELK();
  const problems: string[] = [];
  for (const options of [OPTIONS, { ...OPTIONS, 'elk.layered.considerModelOrder.strategy': 'NONE' }]) {
    try {
      return geometryOf(graph, await elk.layout(elkGraph(graph, options)));
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(`[web] could not lay out machine ${graph.machine}: ${problems.join('; ')}`);
}

function elkGraph(graph: MachineGraph, options: Record<string, string>): ElkNode {
  const root = graph.states[0];
  return {
    id: '#root',
    layoutOptions: { ...options, 'elk.padding': padding(8, 8) },
    children: root ? [nodeOf(graph, root, options)] : [],
    edges: graph.edges.filter((e) => isLine(graph, e)).flatMap((e) => edgesOf(graph, e)),
  };
}

function nodeOf(graph: MachineGraph, state: GraphState, options: Record<string, string>): ElkNode {
  const below = graph.states.filter((s) => s.parent === state.id);
  const lines = stateLines(graph, state);
  const width = Math.max(textWidth(lines.title, 8) + 30, ...lines.rows.map((r) => textWidth(r.text, 7.3) + 24), 72);
  const height = TITLE + lines.rows.length * ROW + 8;
  if (below.length === 0) return { id: state.id, width, height };
  const dot: ElkNode = {
    id: dotId(state.id),
    width: DOT,
    height: DOT,
    layoutOptions: { 'elk.layered.layering.layerConstraint': 'FIRST' },
  };
  return {
    id: state.id,
    layoutOptions: {
      ...options,
      'elk.padding': padding(height + 10, MARGIN),
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${width},${height})`,
    },
    children: [...(state.type === 'compound' ? [dot] : []), ...below.map((s) => nodeOf(graph, s, options))],
  };
}

function edgesOf(graph: MachineGraph, edge: GraphEdge): ElkExtendedEdge[] {
  const text = edgeText(graph, edge);
  return edge.targets.map((target, i) => ({
    id: `${edge.id}#${i}`,
    sources: [edge.kind === 'initial' ? dotId(edge.source) : edge.source],
    targets: [target],
    labels: i === 0 && text ? [{ id: `${edge.id}#label`, text, width: textWidth(text, 7.3) + 8, height: 18 }] : [],
  }));
}

function geometryOf(graph: MachineGraph, laid: ElkNode): Geometry {
  const nodes = new Map(descend(laid).map((n) => [n.id, n]));
  const drawn = new Map(edgesIn(laid).map((e) => [e.id, e]));
  const box = (id: string): Box => {
    const { x = 0, y = 0, width = 0, height = 0 } = nodes.get(id) ?? {};
    return rounded({ x, y, width, height });
  };
  const dots = graph.states.flatMap((s) => {
    const { x, y } = box(dotId(s.id));
    return nodes.has(dotId(s.id)) ? [[s.id, [x + DOT / 2, y + DOT / 2] satisfies Point] as const] : [];
  });
  return {
    width: Math.ceil(laid.width ?? 0),
    height: Math.ceil(laid.height ?? 0),
    states: Object.fromEntries(graph.states.map((s) => [s.id, box(s.id)])),
    edges: Object.fromEntries(graph.edges.filter((e) => isLine(graph, e)).map((e) => [e.id, lineOf(e, drawn)])),
    dots: Object.fromEntries(dots),
  };
}

function lineOf(edge: GraphEdge, drawn: Map<string, ElkExtendedEdge>): Geometry['edges'][string] {
  const parts = edge.targets.map((_, i) => drawn.get(`${edge.id}#${i}`));
  const lines = parts.flatMap((p) =>
    (p?.sections ?? []).map((s) => [s.startPoint, ...(s.bendPoints ?? []), s.endPoint]),
  );
  const label = parts[0]?.labels?.[0];
  return {
    lines: lines.map((points) => points.map(({ x, y }): Point => [Math.round(x), Math.round(y)])),
    label: label
      ? rounded({ x: label.x ?? 0, y: label.y ?? 0, width: label.width ?? 0, height: label.height ?? 0 })
      : null,
  };
}

function rounded({ x, y, width, height }: Box): Box {
  return { x: Math.round(x), y: Math.round(y), width: Math.round(width), height: Math.round(height) };
}

function descend(node: ElkNode): ElkNode[] {
  return [node, ...(node.children ?? []).flatMap(descend)];
}

function edgesIn(node: ElkNode): ElkExtendedEdge[] {
  return descend(node).flatMap((n) => n.edges ?? []);
}

function dotId(state: string): string {
  return `${state}#initial`;
}

function padding(top: number, rest: number): string {
  return `[top=${top},left=${rest},bottom=${rest},right=${rest}]`;
}

/** Text is measured by its number of characters: the build has no fonts, and the page's differ from machine to machine. */
function textWidth(text: string, perCharacter: number): number {
  return Math.ceil([...text].length * perCharacter);
}
