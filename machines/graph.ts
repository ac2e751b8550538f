// The drawn form of any XState v5 machine: states and edges with stable ids, read from the definition alone.
// This file and server/lab/host.ts are the only two that touch XState's internals; nothing here runs an actor.
import type { AnyMachineSnapshot, AnyStateMachine, AnyStateNode } from 'xstate';

export interface GraphState {
  /** Dotted: `<machine id>.<path>`; the machine's own id for its root. A custom `id` in the config does not change it. */
  id: string;
  key: string;
  parent: string | null;
  type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  /** True where the parent (or the machine) begins. Children of a parallel state all begin. */
  initial: boolean;
  description?: string;
  /** Names of the actors that run while the state is active. */
  invokes: string[];
  entry: string[];
  exit: string[];
}

export type EdgeKind = 'event' | 'always' | 'after' | 'done' | 'error' | 'initial';

export interface GraphEdge {
  /** `<source>:<label>:<index among the edges of that label>→<targets>`, the same in every process and every run. */
  id: string;
  source: string;
  /** Empty for an internal edge that changes no state; several only into parallel regions. */
  targets: string[];
  /** What is written on the edge: `stop`, `always`, `after 2000`, `done compile`, `done`, `error compile`. */
  event: string;
  kind: EdgeKind;
  guard?: string;
  actions: string[];
  /** Leaves and enters its source again. */
  reenter: boolean;
}

export interface MachineGraph {
  machine: string;
  states: GraphState[];
  edges: GraphEdge[];
}

/** The whole of a machine as data. States come in document order, each one's edges in the order of their priority. */
export function machineGraph(machine: AnyStateMachine): MachineGraph {
  const nodes = descend(machine.root);
  return { machine: machine.id, states: nodes.map(stateOf), edges: nodes.flatMap(edgesOf) };
}

/**
 * Edge ids of one microstep, from the `_transitions` that XState hands to inspectors.
 * The made-up transition that enters a machine's first states has no definition; its edges are those of `initial`.
 */
export function edgesTaken(transitions: readonly unknown[]): string[] {
  return transitions.filter(isTransition).flatMap((t) => definedEdges(t.source).get(t)?.id ?? []);
}

/**
 * Dotted ids of the states that are active after and were not before; with no `before`, of all that are active. With the
 * `_transitions` of the microstep between the two, also of those that it leaves and enters again.
 */
export function statesEntered(
  before: AnyMachineSnapshot | undefined,
  after: AnyMachineSnapshot,
  taken: readonly unknown[] = [],
): string[] {
  const left = taken.filter(isTransition).filter((t) => (t.target ?? []).length > 0);
  const stayed = before?._nodes.filter((node) => !left.some((t) => leaves(t, node))) ?? [];
  return inOrder(after._nodes.filter((node) => !stayed.includes(node)));
}

/** Dotted ids of the active states, outermost first. */
export function activeStates(snapshot: AnyMachineSnapshot): string[] {
  return inOrder(snapshot._nodes);
}

function inOrder(nodes: readonly AnyStateNode[]): string[] {
  return [...nodes].sort((a, b) => a.order - b.order).map(idOf);
}

/** Whether a transition that was taken leaves this active state: it lies in the transition's domain (SCXML 3.13). */
function leaves(t: Transition, node: AnyStateNode): boolean {
  const ends = t.target ?? [];
  const inside = !t.reenter && ends.every((end) => end === t.source || ancestorsOf(end).includes(t.source));
  const domain = inside
    ? t.source
    : ancestorsOf(t.source).find((above) => ends.every((end) => ancestorsOf(end).includes(above)));
  return domain === undefined ? t.reenter === true || node.parent !== undefined : ancestorsOf(node).includes(domain);
}

/** From the parent up to the root. */
function ancestorsOf(node: AnyStateNode): AnyStateNode[] {
  return node.parent ? [node.parent, ...ancestorsOf(node.parent)] : [];
}

/** Names the definition: equal for equal pictures, different as soon as a state or an edge differs. 16 hex digits. */
export function graphHash(graph: MachineGraph): string {
  const text = JSON.stringify(graph);
  return fnv1a(text, 0x811c9dc5) + fnv1a(text, 0x01234567);
}

function stateOf(node: AnyStateNode): GraphState {
  return {
    id: idOf(node),
    key: node.key,
    parent: node.parent ? idOf(node.parent) : null,
    type: node.type,
    initial: isInitial(node),
    ...(node.description ? { description: node.description } : {}),
    invokes: node.invoke.map((invoked) => String(invoked.src)),
    entry: namesOf(node.config.entry),
    exit: namesOf(node.config.exit),
  };
}

type Transition = NonNullable<AnyStateNode['always']>[number];

function edgesOf(node: AnyStateNode): GraphEdge[] {
  return [...initialEdge(node), ...definedEdges(node).values()];
}

const defined = new WeakMap<AnyStateNode, Map<unknown, GraphEdge>>();

/** The edges of one state by the transition objects that XState keeps for them: that identity is what inspectors get. */
function definedEdges(node: AnyStateNode): Map<unknown, GraphEdge> {
  const known = defined.get(node);
  if (known) return known;
  const events = [...node.transitions].flatMap(([event, list]) => list.map((t) => ({ t, ...labelOf(node, event, t) })));
  const always = (node.always ?? []).map((t) => ({ t, label: 'always', kind: 'always' as const }));
  const counts = new Map<string, number>();
  const edges = new Map<unknown, GraphEdge>();
  for (const { t, label, kind } of [...events, ...always]) {
    const index = counts.get(label) ?? 0;
    counts.set(label, index + 1);
    edges.set(t, edgeOf(node, t, { label, kind, index }));
  }
  defined.set(node, edges);
  return edges;
}

function edgeOf(node: AnyStateNode, t: Transition, name: { label: string; kind: EdgeKind; index: number }): GraphEdge {
  const source = idOf(node);
  const targets = (t.target ?? []).map(idOf);
  const guard = nameOf(t.guard);
  return {
    id: `${source}:${name.label}:${name.index}→${targets.join(',')}`,
    source,
    targets,
    event: name.label,
    kind: name.kind,
    ...(guard ? { guard } : {}),
    actions: namesOf(t.actions),
    reenter: t.reenter ?? false,
  };
}

/** A compound state's way in. A parallel state needs none: all its regions begin. */
function initialEdge(node: AnyStateNode): GraphEdge[] {
  if (node.type !== 'compound') return [];
  const source = idOf(node);
  const targets = node.initial.target.map(idOf);
  const id = `${source}:initial:0→${targets.join(',')}`;
  return [{ id, source, targets, event: '', kind: 'initial', actions: namesOf(node.initial.actions), reenter: false }];
}

/** XState's inner event names in the words of the definition. */
function labelOf(node: AnyStateNode, event: string, t: Transition): { label: string; kind: EdgeKind } {
  if ('delay' in t && t.delay !== undefined) return { label: `after ${String(t.delay)}`, kind: 'after' };
  if (event === `xstate.done.state.${node.id}`) return { label: 'done', kind: 'done' };
  for (const invoked of node.invoke) {
    const name = invokeName(node, invoked);
    if (event === `xstate.done.actor.${invoked.id}`) return { label: `done ${name}`, kind: 'done' };
    if (event === `xstate.error.actor.${invoked.id}`) return { label: `error ${name}`, kind: 'error' };
    if (event === `xstate.snapshot.${invoked.id}`) return { label: `snapshot ${name}`, kind: 'event' };
  }
  return { label: event, kind: 'event' };
}

/** The actor's name in `setup({ actors })`; its own id as well where one state runs the same actor twice. */
function invokeName(node: AnyStateNode, invoked: AnyStateNode['invoke'][number]): string {
  return node.invoke.filter((i) => i.src === invoked.src).length > 1
    ? `${invoked.src}#${invoked.id}`
    : String(invoked.src);
}

function isInitial(node: AnyStateNode): boolean {
  if (!node.parent || node.parent.type === 'parallel') return true;
  return node.parent.type === 'compound' && node.parent.initial.target.includes(node);
}

function idOf(node: AnyStateNode): string {
  return [node.machine.id, ...node.path].join('.');
}

function descend(node: AnyStateNode): AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(descend)];
}

function isTransition(value: unknown): value is Transition {
  return (
    typeof value === 'object' && value !== null && 'source' in value && 'eventType' in value && value.eventType !== null
  );
}

function namesOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.flatMap((one) => nameOf(one) ?? []);
}

/** The name of an action or guard, `inline` for one that has none; of a combined guard, the formula over its parts. */
function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'function') {
    const parts: unknown = 'guards' in value ? value.guards : undefined;
    if (Array.isArray(parts)) return combined(value.name, namesOf(parts));
    const type: unknown = 'type' in value ? value.type : undefined;
    return typeof type === 'string' ? type.replace(/^xstate\./, '') : 'inline';
  }
  if (typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string')
    return value.type;
  return undefined;
}

function combined(how: string, parts: string[]): string {
  if (how === 'not') return `not ${parts[0] ?? ''}`;
  return `(${parts.join(` ${how} `)})`;
}

function fnv1a(text: string, seed: number): string {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
