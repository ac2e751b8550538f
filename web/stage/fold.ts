// Folds the record into what the stage keeps: values are replaced and never changed, so that a copy is a few small maps.

import { field } from '../../machines/field.ts';
import type { Entry, KernelBody, MessageBody, StepBody, TransitionBody } from '../../machines/journal.ts';
import { stateText } from '../../machines/sentences.ts';
import { idOf, isOwn, mountText, numberOf, textOf } from './facts.ts';
import type { AppPart, ContainerPart, Door, NodePart } from './parts.ts';
import { type Passing, takeGate, takeMessage } from './passing.ts';
import { type Asked, follow, keep, NOTHING_READ, type Reading, takeRequest, toldBy } from './readings.ts';

/** What is remembered of a container: kernel facts as sampled last, the calls that returned, Warden's readings. */
export interface Kept {
  handle: string;
  node: number;
  state: string;
  purpose: string;
  app: string;
  /** Arguments of the boot steps that have returned, by name. */
  booted: ReadonlyMap<string, readonly string[]>;
  wshd: number | null;
  starter: number | null;
  kernel: ReadonlyMap<string, unknown>;
  /** `seq` of the newest kernel facts and of the newest reading: the later one counts. */
  sampled: number;
  read: number;
  /** `seq` at which the newest whole picture began: a job that is older and not in it has ended. */
  whole: number;
  reading: Reading;
  /** Jobs that have not ended: host pid and name, by number. */
  jobs: ReadonlyMap<number, { pid: number; name: string; seq: number }>;
  step: ContainerPart['step'];
  doors: readonly Door[];
}

export interface StageState extends Passing {
  /** The newest entry's `seq`. */
  now: number;
  nodes: Map<number, NodePart>;
  apps: Map<string, AppPart>;
  routes: Map<string, string>;
  containers: Map<string, Kept>;
  /** Handles that are gone for good: a late word about one does not bring it back. */
  gone: Map<string, true>;
  purposes: Map<string, string>;
  asked: Asked;
  /** Which `/` is the host's: as the kernel showed it for a process that was still in the host's mounts. */
  host: { root: unknown; mount: string };
}

export const stageFold = {
  init: (): StageState => ({
    now: 0,
    nodes: new Map(),
    apps: new Map(),
    routes: new Map(),
    containers: new Map(),
    gone: new Map(),
    purposes: new Map(),
    asked: new Map(),
    host: { root: undefined, mount: '' },
    paths: new Map(),
    origins: new Map(),
  }),
  take,
  clone: (s: StageState): StageState => ({
    now: s.now,
    nodes: new Map(s.nodes),
    apps: new Map(s.apps),
    routes: new Map(s.routes),
    containers: new Map(s.containers),
    gone: new Map(s.gone),
    purposes: new Map(s.purposes),
    asked: new Map(s.asked),
    host: s.host,
    paths: new Map(s.paths),
    origins: new Map(s.origins),
  }),
};

function take(state: StageState, e: Entry): void {
  state.now = e.seq;
  // A node is a dea and a warden: it stands on the stage as soon as one of them says anything.
  const node = /^(?:dea|warden)\/(\d+)$/.exec(e.proc)?.[1];
  if (node !== undefined && !state.nodes.has(Number(node))) nodeOf(state, Number(node), {});
  switch (e.type) {
    case 'message':
      takeMessage(state, e);
      if (e.transport === 'warden') answered(state, e);
      else if (e.phase === 'sent') published(state, e);
      break;
    case 'gate':
      takeGate(state, e);
      follow(state.asked, e);
      break;
    case 'transition':
      moved(state, e);
      break;
    case 'step':
      stepped(state, e);
      break;
    case 'kernel':
      sampled(state, e);
      break;
  }
}

function nodeOf({ nodes }: StageState, node: number, change: Partial<NodePart>): void {
  nodes.set(node, { ...(nodes.get(node) ?? { node, memory: null, work: [] }), ...change });
}

function appOf({ apps }: StageState, guid: string, change: Partial<AppPart>): void {
  const was = apps.get(guid) ?? { guid, name: guid.slice(0, 8), state: '', wanted: false };
  const now = { ...was, ...change };
  apps.set(guid, { ...now, wanted: was.wanted || now.state.startsWith('staging') });
}

const GONE = 64;

/** Brings one container in line with `change`, made when it is first heard of. One that is gone stays gone. */
function change(
  { containers, gone }: StageState,
  handle: string,
  proc: string,
  with_: (was: Kept) => Partial<Kept>,
): void {
  if (gone.has(handle)) return;
  const was = containers.get(handle) ?? {
    ...{
      handle,
      node: Number(proc.split('/')[1] ?? 0),
      state: '',
      purpose: '',
      app: '',
      booted: new Map(),
      wshd: null,
    },
    ...{
      starter: null,
      kernel: new Map(),
      sampled: 0,
      read: 0,
      whole: 0,
      reading: NOTHING_READ,
      jobs: new Map(),
      step: null,
    },
    doors: [],
  };
  const now = { ...was, ...with_(was) };
  if (now.state !== 'destroyed') return void containers.set(handle, now);
  containers.delete(handle);
  gone.set(handle, true);
  const [oldest] = gone.keys();
  if (gone.size > GONE && oldest !== undefined) gone.delete(oldest);
}

function moved(state: StageState, e: TransitionBody & { proc: string }): void {
  const id = idOf(e.actor);
  const at = stateText(e.value);
  if (e.machine === 'app') appOf(state, id, { state: at });
  // A container's machine is named by its id; where somebody chose a handle, the context of its beginning says which.
  if (e.machine === 'container') change(state, handleFor(state, id, e), e.proc, () => ({ state: at }));
  if (e.machine === 'route') routed(state, id, at, e.context);
  if (e.machine === 'instance' || e.machine === 'staging-task') worked(state, e, at);
}

function handleFor(state: StageState, id: string, e: TransitionBody): string {
  const handle = textOf(field(e.context, 'handle'));
  if (handle !== null && handle !== id) state.purposes.set(`id ${id}`, handle);
  return state.purposes.get(`id ${id}`) ?? handle ?? id;
}

function routed({ routes }: StageState, id: string, at: string, context: unknown): void {
  const uri = textOf(field(context, 'uri')) ?? id.split('@')[0] ?? id;
  if (at === 'registered') routes.set(id, uri);
  else routes.delete(id);
}

const OVER = /^(stopped|done|failed|DELETED|STOPPED|CRASHED|deleted)/i;

function worked(state: StageState, e: TransitionBody & { proc: string }, at: string): void {
  const node = Number(e.proc.split('/')[1] ?? 0);
  const guid = textOf(e.context.app);
  if (guid !== null) state.purposes.set(`app of ${e.actor}`, guid);
  const others = (state.nodes.get(node)?.work ?? []).filter((w) => w.actor !== e.actor);
  const was = (state.nodes.get(node)?.work ?? []).some((w) => w.actor === e.actor);
  const work = OVER.test(at)
    ? others
    : was
      ? (state.nodes.get(node)?.work ?? []).map((w) => (w.actor === e.actor ? { ...w, state: at } : w))
      : [...others, { actor: e.actor, state: at, app: state.purposes.get(`app of ${e.actor}`) ?? '' }];
  nodeOf(state, node, { work });
  if (typeof e.context.index === 'number') state.purposes.set(e.actor, `instance ${e.context.index}`);
  const handle = textOf(e.context.handle);
  if (handle === null) return;
  const purpose = e.actor.startsWith('staging-task') ? 'staging' : (state.purposes.get(e.actor) ?? 'instance');
  const app = state.apps.get(state.purposes.get(`app of ${e.actor}`) ?? '')?.name ?? '';
  change(state, handle, e.proc, () => ({ purpose, app }));
}

function stepped(state: StageState, e: StepBody & { proc: string; seq: number }): void {
  const { of, name, when, call, args, result, file, line, pid, job } = e;
  if (name === 'execve' && job !== undefined) keep(state.asked, e.seq, { handle: e.handle, name: 'RunRequest', job });
  change(state, e.handle, e.proc, (was) => {
    const step = { of, name, when, call, args, result, file, line };
    const starter = of === 'boot' && name === 'listen' ? pid : was.starter;
    if (of === 'job' && job !== undefined && (result ?? 0) >= 0) {
      const program = name === 'execve' && when === 'after' ? (args[0]?.split('/').at(-1) ?? '') : '';
      const known = was.jobs.get(job);
      return { step, jobs: new Map(was.jobs).set(job, { pid, name: program || known?.name || 'wshd', seq: e.seq }) };
    }
    if (of !== 'boot' || when !== 'after' || (result ?? 0) < 0) return { step, starter };
    const booted = new Map(was.booted).set(name, name === 'bind' ? [...(was.booted.get(name) ?? []), ...args] : args);
    // From `clone` on the parent's steps are done on behalf of the child, whose host number clone returns.
    const child = name === 'clone' && result ? result : /^(pivot_root|join_cgroups)$/.test(name) ? pid : was.wshd;
    return { step, starter, booted, wshd: child };
  });
}

function sampled(state: StageState, e: KernelBody & { proc: string; seq: number }): void {
  change(state, e.handle, e.proc, (was) => {
    // The first picture of a process is compared with nothing: it is whole, and what an earlier one said is over.
    const whole = e.diff['ns.mnt']?.[0] === null;
    const kernel = new Map(whole ? [] : was.kernel);
    for (const [path, pair] of Object.entries(e.diff)) {
      if (!Array.isArray(pair)) continue;
      const now: unknown = pair[1];
      if (now === null || now === undefined) kernel.delete(path);
      else kernel.set(path, now);
    }
    if (!isOwn(kernel.get('ns.mnt')) && kernel.has('root'))
      state.host = { root: kernel.get('root'), mount: mountText(kernel.get('mounts[/]')) };
    const pids = kernel.get('process.pids');
    const first = Array.isArray(pids) && pids.at(-1) === 1 ? Number(pids[0]) : was.wshd;
    return { kernel, sampled: e.seq, wshd: first, whole: whole ? e.seq : was.whole };
  });
}

/** DEAs advertise what is free; an app's name is in the answer to who made it, in its start message and in the request to stage it. */
function published(state: StageState, e: MessageBody): void {
  if (e.name === 'dea.advertise' || e.name === 'staging.advertise') {
    const memory = numberOf(field(e.payload, 'available_memory'));
    const id = Number(e.from.split(/[:/]/)[1]);
    if (memory !== null && Number.isInteger(id)) nodeOf(state, id, { memory });
  }
  const start = e.name.endsWith('.start') ? (field(e.payload, 'start_message') ?? e.payload) : null;
  const [guid, name] = [textOf(field(start, 'droplet')), textOf(field(start, 'name'))];
  if (guid !== null && name !== null) appOf(state, guid, { name });
  if (e.name !== '201 POST /v2/apps') return;
  const body = field(e.payload, 'body');
  const [made, called] = [field(field(body, 'metadata'), 'guid'), field(field(body, 'entity'), 'name')].map(textOf);
  if (made && called) appOf(state, made, { name: called });
}

function answered(
  state: StageState,
  e: MessageBody & { seq: number; t: number; cause: number | null; proc: string },
): void {
  takeRequest(state.asked, e);
  const told = toldBy(state.asked, e);
  if (told)
    change(state, told.handle, e.proc, (was) => ({
      ...(told.door ? { doors: [...was.doors, told.door] } : {}),
      ...(told.reading ? { reading: told.reading(was.reading), read: e.seq } : {}),
    }));
  // The answers to Run, Link and Copy come when the job has ended: Link's request has its number, its last step leads to the others.
  const request = e.phase === 'sent' && e.cause !== null ? state.asked.get(e.cause) : undefined;
  const job = request?.job;
  if (request && job !== undefined && /^(Run|Link|CopyIn|CopyOut)Response$/.test(e.name))
    change(state, request.handle, e.proc, (was) => ended(was, job));
}

function ended(was: Kept, job: number): Partial<Kept> {
  const jobs = new Map(was.jobs);
  const kernel = new Map(was.kernel);
  kernel.delete(`processes[${jobs.get(job)?.pid}]`);
  jobs.delete(job);
  return { jobs, kernel };
}
