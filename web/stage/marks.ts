// What is different between two moments of the stage, part by part: behind a step it is marked "new", before one it is the
// ghost of what will change. One comparison for both.
import type { ContainerPart, StageView } from './parts.ts';

/** coming: is not there yet, or will be another. going: will be no more. new: came or changed with the last step. */
export type Mark = 'coming' | 'going' | 'new';

/** By the part's key, `<place> <part>`. */
export type Marks = ReadonlyMap<string, Mark>;

/** Every part that can be marked, with what it says. */
export function partsOf(view: StageView): Map<string, string> {
  const parts = new Map<string, string>();
  for (const { node, work } of view.nodes) {
    for (const { actor, state } of work) parts.set(`dea/${node} ${actor}`, state);
  }
  for (const { guid, state } of view.apps) parts.set(`cc ${guid}`, state);
  for (const uri of view.routes) parts.set(`router ${uri}`, uri);
  for (const c of view.containers) containerParts(c, (key, says) => parts.set(`${c.handle} ${key}`, says));
  return parts;
}

function containerParts(c: ContainerPart, set: (key: string, says: string) => void): void {
  set('container', c.handle);
  set('state', c.state);
  if (c.socket) set('socket', '');
  if (c.frozen) set('frozen', '');
  for (const { namespace, own, fact } of c.walls) {
    if (own) set(`wall:${namespace}`, '');
    if (fact) set(`fact:${namespace}`, fact);
  }
  const { floor, gauges } = c;
  set('floor', floor.of);
  // The two trees are compared as wholes: when they change places, their names are no news.
  for (const { name, mount } of floor.names) set(`file:${floor.of}:${name}`, mount ?? '');
  if (floor.other) set('other', floor.other.of);
  for (const name of floor.other?.names ?? []) set(`other:${floor.other?.of}:${name}`, '');
  if (c.wshd) set('wshd', String(c.wshd.inside ?? ''));
  for (const { host, name } of c.processes) set(`process:${host ?? '?'}`, name);
  for (const door of c.doors) set(`door:${door.container}`, String(door.host ?? ''));
  if (gauges.joined) set('gauges', '');
  if (gauges.memory.limit !== null) set('memory', String(gauges.memory.limit));
  if (gauges.cpu.shares !== null) set('cpu', String(gauges.cpu.shares));
  if (gauges.pids.max !== null) set('pids', String(gauges.pids.max));
}

/** What the last step made or changed. A container that is wholly new is one mark, not thirty. */
export function newSince(before: StageView, now: StageView): Marks {
  const marks = new Map<string, Mark>();
  const [was, is] = [partsOf(before), partsOf(now)];
  // The very first picture of a tree brings all its names at once: that is the looking, not a change.
  const seen = new Set([...was.keys()].filter((key) => key.includes(' file:')).map((key) => key.split(':')[0] ?? ''));
  for (const [key, says] of is) {
    if (was.get(key) === says) continue;
    const handle = key.split(' ')[0] ?? '';
    if (!was.has(`${handle} container`) && is.has(`${handle} container`) && key !== `${handle} container`) continue;
    if (key.includes(' file:') && !seen.has(key.split(':')[0] ?? '')) continue;
    if (key.includes(' file:container:') && was.get(`${handle} floor`) === 'host') continue;
    marks.set(key, 'new');
  }
  return marks;
}

/** What will be there, or be another, and what will be gone. */
export function ghostsOf(now: StageView, ahead: StageView): Marks {
  const marks = new Map<string, Mark>();
  const [is, will] = [partsOf(now), partsOf(ahead)];
  for (const [key, says] of will) {
    const whole = `${key.split(' ')[0]} container`;
    if (is.get(key) !== says && (key === whole || is.has(whole) || !will.has(whole))) marks.set(key, 'coming');
  }
  for (const key of is.keys()) {
    // A container that goes takes everything with it: one mark says that.
    const whole = `${key.split(' ')[0]} container`;
    if (will.has(key) || / (file|other):/.test(key) || (key !== whole && is.has(whole) && !will.has(whole))) continue;
    marks.set(key, 'going');
  }
  return marks;
}

/** The picture that shows both: what is, and what will be added. Where a part will only change, it shows how it is. */
export function withComing(now: StageView, ahead: StageView): StageView {
  const add = <T>(is: readonly T[], will: readonly T[], key: (part: T) => unknown): T[] => {
    const known = new Set(is.map(key));
    return [...is, ...will.filter((part) => !known.has(key(part)))];
  };
  return {
    ...now,
    routes: add(now.routes, ahead.routes, (uri) => uri),
    nodes: now.nodes.map((node) => {
      const will = ahead.nodes.find((n) => n.node === node.node);
      return will ? { ...node, work: add(node.work, will.work, (w) => w.actor) } : node;
    }),
    containers: add(now.containers, ahead.containers, (c) => c.handle).map((c) => {
      const will = ahead.containers.find((one) => one.handle === c.handle);
      return will ? joined(c, will, add) : c;
    }),
  };
}

type Add = <T>(is: readonly T[], will: readonly T[], key: (part: T) => unknown) => T[];

function joined(c: ContainerPart, will: ContainerPart, add: Add): ContainerPart {
  const turned = will.floor.of !== c.floor.of;
  const { other } = c.floor;
  return {
    ...c,
    socket: c.socket || will.socket,
    walls: c.walls.map((wall) => ({
      ...wall,
      fact: wall.fact || (will.walls.find((w) => w.namespace === wall.namespace)?.fact ?? ''),
    })),
    floor: {
      ...c.floor,
      names: turned ? c.floor.names : add(c.floor.names, will.floor.names, (n) => n.name),
      other:
        other && will.floor.other && !turned
          ? { ...other, names: add(other.names, will.floor.other.names, (n) => n) }
          : (other ?? (turned ? null : will.floor.other)),
    },
    wshd: c.wshd ?? will.wshd,
    processes: add(c.processes, will.processes, (p) => p.host),
    doors: add(c.doors, will.doors, (d) => d.container),
  };
}
