// What the held call, message or state change will do to the picture, as far as it is certain: the stage after it, if it
// goes well. Read from the gate and the entries that led to it, never executed.

import { field } from '../../machines/field.ts';
import type { Entry, GatePoint } from '../../machines/journal.ts';
import { type NextCall, nextCalls, stepsOf } from '../../machines/next-step.ts';
import { causeChain } from '../../machines/projection.ts';
import { limitOf, numberOf, textOf } from './facts.ts';
import type { ContainerPart, Door, Namespace, StageView, Work } from './parts.ts';

/** What is known of a gate that holds something: its point, and the call or the message itself. */
export interface Ahead {
  point: GatePoint;
  /** Arguments of the held call; empty when the record does not say. */
  args: readonly string[];
  payload: unknown;
}

/** The handle under which a container stands that is not there yet. */
export const COMING = '(new)';

/** What is held at the gate whose `held` entry is `seq`. Behind a step that is the call that follows, if it is certain. */
export function aheadOf(entries: readonly Entry[], point: GatePoint, seq: number | undefined): Ahead {
  if (point.kind === 'step' && point.when === 'after') {
    const [only, ...others] = followers(entries, seq);
    if (!only || others.length > 0) return { point, args: [], payload: undefined };
    return { point: { ...point, name: only.step.name, when: 'before' }, args: only.args, payload: undefined };
  }
  const chain = seq === undefined ? [] : causeChain(entries, seq).slice(-4).reverse();
  const step = chain.find((e) => e.type === 'step');
  const message = chain.find((e) => e.type === 'message');
  const call = step?.type === 'step' && step.name === point.name && step.when === 'before' ? step : undefined;
  const sent = message?.type === 'message' && message.name === point.name ? message : undefined;
  return { point, args: call?.args ?? [], payload: sent?.payload };
}

/** The calls that may follow the step behind which `seq`, a gate's `held` entry, holds. */
export function followers(entries: readonly Entry[], seq: number | undefined): NextCall[] {
  return seq === undefined ? [] : nextCalls(stepsOf(causeChain(entries, seq)));
}

/** The stage behind the gate; the same object where nothing on it is sure to change. */
export function foreseen(view: StageView, { point, args, payload }: Ahead): StageView {
  const node = Number(point.proc.split('/')[1] ?? Number.NaN);
  const named =
    point.handle ?? textOf(field(payload, 'handle')) ?? (point.machine === 'container' ? point.actor.slice(10) : '');
  const c = view.containers.find((one) => one.handle === named);
  const put = (changed: Partial<ContainerPart>): StageView => ({
    ...view,
    containers: view.containers.map((one) => (one === c ? { ...one, ...changed } : one)),
  });
  if (point.kind === 'step') return c && point.when === 'before' ? put(afterCall(c, point, args)) : view;
  if (point.kind === 'script') return view;
  if (point.kind === 'effect') return c ? put(afterEffect(c, point.name)) : effectOfDea(view, point.name, node);
  if (point.transport === undefined) return entering(view, point, c, put);
  return afterMessage(view, { point, args, payload }, node, c, put);
}

type Put = (changed: Partial<ContainerPart>) => StageView;

const newContainer = (node: number): ContainerPart => ({
  ...{
    handle: COMING,
    node,
    state: '',
    purpose: '',
    app: '',
    walls: [],
    socket: false,
    frozen: false,
    wshd: null,
    starter: null,
  },
  floor: { of: 'host', names: [], mount: '', other: null },
  ...{ processes: [], doors: [], hostPath: null, step: null },
  gauges: {
    joined: false,
    memory: { limit: null, usage: null, rss: null },
    cpu: { shares: null, unit: 'shares', load: null },
    pids: { now: null, max: null },
  },
});

function afterMessage(
  view: StageView,
  { point, payload }: Ahead,
  node: number,
  c: ContainerPart | undefined,
  put: Put,
): StageView {
  const { name } = point;
  const work = (actor: string): StageView => withWork(view, node, { actor, state: '', app: '' });
  if (name === 'CreateRequest') return { ...view, containers: [...view.containers, newContainer(node)] };
  if (/^staging\..+\.start$/.test(name)) return work('staging-task:…');
  if (/^dea\..+\.start$/.test(name)) return work('instance:…');
  if (name === 'router.register' || name === 'router.unregister') {
    const uris = field(payload, 'uris');
    const hosts = Array.isArray(uris) ? uris.filter((uri): uri is string => typeof uri === 'string') : [];
    const others = view.routes.filter((uri) => !hosts.includes(uri));
    return {
      ...view,
      routes: name === 'router.register' ? [...view.routes, ...hosts.filter((h) => !view.routes.includes(h))] : others,
    };
  }
  if (!c) return view;
  const { gauges } = c;
  switch (name) {
    case 'DestroyRequest':
      return { ...view, containers: view.containers.filter((one) => one !== c) };
    case 'StopRequest':
      return put({ processes: [] });
    case 'SpawnRequest':
    case 'RunRequest':
      return put({ processes: [...c.processes, { host: null, inside: null, name: 'bash', parent: null }] });
    case 'NetInRequest': {
      const asked = numberOf(field(payload, 'container_port'));
      const door: Door = { host: numberOf(field(payload, 'host_port')), container: asked };
      return put({ doors: [...c.doors, door] });
    }
    case 'LimitMemoryRequest': {
      const limit = limitOf(field(payload, 'limit_in_bytes')) ?? gauges.memory.limit;
      return put({ gauges: { ...gauges, memory: { ...gauges.memory, limit } } });
    }
    case 'LimitCpuRequest': {
      const shares = numberOf(field(payload, 'limit_in_shares')) ?? gauges.cpu.shares;
      return put({ gauges: { ...gauges, cpu: { ...gauges.cpu, shares } } });
    }
    default:
      return view;
  }
}

function withWork(view: StageView, node: number, work: Work): StageView {
  const nodes = view.nodes.map((n) => (n.node === node ? { ...n, work: [...n.work, work] } : n));
  return { ...view, nodes };
}

/** A state change is known by the states it enters: the last of them is the innermost. */
function entering(
  view: StageView,
  { machine, actor, enters }: GatePoint,
  c: ContainerPart | undefined,
  put: Put,
): StageView {
  const state = enters?.at(-1)?.split('.').slice(1).join('.') ?? '';
  if (!state) return view;
  const id = actor.slice(actor.indexOf(':') + 1);
  if (machine === 'container' && c)
    return state === 'destroyed' ? { ...view, containers: view.containers.filter((one) => one !== c) } : put({ state });
  if (machine === 'app') return { ...view, apps: view.apps.map((app) => (app.guid === id ? { ...app, state } : app)) };
  const nodes = view.nodes.map((n) => ({ ...n, work: n.work.map((w) => (w.actor === actor ? { ...w, state } : w)) }));
  return { ...view, nodes };
}

function afterEffect(c: ContainerPart, name: string): Partial<ContainerPart> {
  if (name === 'bootWshd') return { wshd: c.wshd ?? { host: null, inside: 1, name: 'wshd', parent: null } };
  if (name === 'stopProcesses') return { processes: [] };
  if (name === 'tearDown')
    return { floor: { ...c.floor, other: null }, processes: [], gauges: { ...c.gauges, joined: false } };
  return {};
}

function effectOfDea(view: StageView, name: string, node: number): StageView {
  return name === 'createContainer' ? { ...view, containers: [...view.containers, newContainer(node)] } : view;
}

const FLAG_OF: Record<string, Namespace> = {
  CLONE_NEWPID: 'pid',
  CLONE_NEWNET: 'net',
  CLONE_NEWNS: 'mnt',
  CLONE_NEWUTS: 'uts',
  CLONE_NEWIPC: 'ipc',
  CLONE_NEWUSER: 'user',
};

/** The boot's and a job's calls (wshd/boot.c, wshd/job.c), each with what it makes. */
function afterCall(c: ContainerPart, { name, machine }: GatePoint, args: readonly string[]): Partial<ContainerPart> {
  const { floor, walls, gauges } = c;
  const wall = (namespaces: readonly string[], change: { own?: boolean; fact?: string }) => ({
    walls: walls.map((w) => (namespaces.includes(w.namespace) ? { ...w, ...change } : w)),
  });
  const file = (file: string, type: string) => ({
    floor: {
      ...floor,
      names: [...floor.names.filter((n) => n.name !== file), { name: file, mount: `${type} `, host: false }],
    },
  });
  const other = (name: string) =>
    floor.other
      ? { floor: { ...floor, other: { ...floor.other, names: [...new Set([...floor.other.names, name])] } } }
      : {};
  if (machine !== 'wshd-boot' && name === 'execve') {
    const job = c.processes.at(-1);
    const program = args[0]?.split('/').at(-1) ?? '…';
    return { processes: c.processes.map((p) => (p === job ? { ...p, name: program } : p)) };
  }
  switch (name) {
    case 'listen':
      return { socket: true };
    case 'clone': {
      const flags = (args[0] ?? '').split('|').flatMap((flag) => FLAG_OF[flag] ?? []);
      return { ...wall(flags, { own: true }), wshd: { host: null, inside: 1, name: 'wshd', parent: null } };
    }
    case 'unshare_cgroup':
      return wall(['cgroup'], { own: true });
    case 'map_ids':
      return wall(['user'], { fact: args[2] ? `uid 0 = ${args[2]}` : '…' });
    case 'overlay':
      return { floor: { ...floor, other: { of: 'container', at: args[1] ?? '…', names: [] } } };
    case 'bind':
      return other(args[0]?.split(':')[2]?.split('/')[1] ?? '…');
    case 'dev':
      return floor.of === 'host' ? other('dev') : file('dev', 'tmpfs');
    case 'pivot_root':
      return { floor: { ...floor, of: 'container', other: { of: 'host', at: `/${args[1] ?? 'mnt'}`, names: [] } } };
    case 'umount_old':
      return { floor: { ...floor, other: null } };
    case 'devpts':
    case 'shm':
      return file('dev', name);
    case 'proc':
      return file('proc', 'proc');
    case 'hostname':
      return wall(['uts'], { fact: args[0] ?? '…' });
    case 'lo_up':
      return wall(['net'], { fact: 'lo' });
    case 'address':
      return wall(['net'], { fact: args[1]?.split('/')[0] ?? '…' });
    case 'join_cgroups':
      return machine === 'wshd-boot' ? { gauges: { ...gauges, joined: true } } : {};
    default:
      return {};
  }
}
