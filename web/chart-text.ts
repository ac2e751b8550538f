// The words in a chart: what a state's box and an edge's label say, and which edges are rows of their state instead of
// lines. Shared by the layout (how large) and the view (what).
import type { GraphEdge, GraphState, MachineGraph } from '../machines/graph.ts';

export interface StateRow {
  /** invoke: an actor that runs here. internal: edges that lead nowhere. exit: a signpost instead of a line. */
  kind: 'invoke' | 'internal' | 'exit';
  text: string;
  /** The edges that this row stands for; empty for an actor. */
  edges: string[];
}

/** A state's title and the rows under it. */
export function stateLines(graph: MachineGraph, state: GraphState): { title: string; rows: StateRow[] } {
  const mine = graph.edges.filter((e) => e.source === state.id);
  const actors = state.invokes.map((name): StateRow => ({ kind: 'invoke', text: `▸ ${name}`, edges: [] }));
  return { title: state.key, rows: [...actors, ...internal(graph, mine), ...exits(graph, mine)] };
}

/** `stop`, `done [hasCache]`: the event in words and its guard. Nothing on an initial edge. */
export function edgeText(graph: MachineGraph, edge: GraphEdge): string {
  if (edge.kind === 'initial') return '';
  const actors = graph.states.find((s) => s.id === edge.source)?.invokes ?? [];
  // Where one actor runs, its end needs no name: the state's own row says it.
  const event = actors.length === 1 ? edge.event.replace(` ${actors[0]}`, '') : edge.event;
  return edge.guard ? `${event} [${edge.guard === 'inline' ? '…' : edge.guard}]` : event;
}

/** Whether an edge is drawn as a line. Internal ones change no state; failures that lead out would cross everything. */
export function isLine(graph: MachineGraph, edge: GraphEdge): boolean {
  return edge.targets.length > 0 && !isExit(graph, edge);
}

/** Signposts instead of lines: failures that lead out of their parent, and what leads to one place from nearly everywhere. */
function isExit(graph: MachineGraph, edge: GraphEdge): boolean {
  if (edge.kind === 'initial' || edge.targets.length === 0) return false;
  const to = edge.targets.join();
  const alike = graph.edges.filter((e) => e.event === edge.event && e.targets.join() === to);
  if (alike.length > MANY) return true;
  const parent = graph.states.find((s) => s.id === edge.source)?.parent ?? null;
  return edge.kind === 'error' && edge.targets.some((id) => graph.states.find((s) => s.id === id)?.parent !== parent);
}

const MANY = 8;

/** `↗ error → destroying`; an event that is called like the state it leads to is written once. */
function exits(graph: MachineGraph, edges: GraphEdge[]): StateRow[] {
  return edges
    .filter((e) => isExit(graph, e))
    .map((e) => {
      const event = edgeText(graph, e);
      const to = e.targets.map((id) => id.split('.').at(-1)).join(', ');
      return { kind: 'exit', text: event === to ? `↗ ${to}` : `↗ ${event} → ${to}`, edges: [e.id] };
    });
}

/** Internal edges that do the same are one row. */
function internal(graph: MachineGraph, edges: GraphEdge[]): StateRow[] {
  const alike = new Map<string, GraphEdge[]>();
  for (const edge of edges.filter((e) => e.targets.length === 0)) {
    const doing = edge.actions.join(', ') || 'nothing';
    alike.set(doing, [...(alike.get(doing) ?? []), edge]);
  }
  return [...alike].map(([doing, group]) => {
    const events = group.length > 3 ? `${group.length} events` : group.map((e) => edgeText(graph, e)).join(', ');
    return { kind: 'internal', text: `↺ ${events} / ${doing}`, edges: group.map((e) => e.id) };
  });
}
