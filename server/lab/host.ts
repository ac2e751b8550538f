// Runs an XState machine as an actor of the lab: external events pass the delivery gate, effects the effect gate, `after`
// delays use lab time, and every microstep becomes a `transition` entry with its cause. Decides nothing itself.
import {
  type Actor,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  createActor,
  type EventFromLogic,
  fromCallback,
  fromPromise,
  type InputFrom,
  type InspectionEvent,
  type OutputFrom,
  type SnapshotFrom,
} from 'xstate';
import { breaks } from '../../machines/gates.ts';
import { edgesTaken, statesEntered } from '../../machines/graph.ts';
import { brief, jsonable } from './jsonable.ts';
import { dumpLive } from './live-dump.ts';
import type { Cause, GatePoint, Lab, Trail } from './types.ts';
import { isMachineActor, lastScheduled, lookAhead, type Microstep, microstepOf, parentOf } from './xstate-internals.ts';

export interface Hosted<M extends AnyStateMachine> {
  /** `<machine>:<id>`, as in the journal. */
  readonly actor: string;
  /** An event from outside: waits at the delivery gate, then enters the machine. Never throws for an ignored event. */
  send(event: EventFromLogic<M>, trail: Trail): Promise<void>;
  snapshot(): SnapshotFrom<M>;
  subscribe(listener: (snapshot: SnapshotFrom<M>) => void): () => void;
  /** The machine's output once it is in a final state; rejects if the machine itself broke. */
  readonly done: Promise<OutputFrom<M>>;
  /** The latest transition entry: the cause of what follows from this actor's state. */
  last(): Cause;
  stop(): void;
}

interface Life {
  lab: Lab;
  actor: string;
  machine: string;
  /** The latest entry of this actor. */
  last: Cause;
  /** The cause of the event that is being taken now. */
  now: Cause;
  context: Record<string, unknown>;
  early: Microstep[];
  started: boolean;
}

const lives = new WeakMap<object, Life>();
const causes = new WeakMap<object, Cause>();
const outcomes = new WeakMap<object, Cause>();
const running = new Map<string, AnyActorRef>();
/** Actors inside a macrostep: their snapshot is about to change. */
const busy = new Set<object>();

/**
 * Starts `machine` as the actor `id` (`instance:3f2c`). `cause` is what made it begin.
 * Provide its effects first: `machine.provide({ actors: { compile: effect(lab, 'compile', fn) } })`.
 */
export function host<M extends AnyStateMachine>(
  lab: Lab,
  machine: M,
  options: { id: string; input?: InputFrom<M>; cause: Cause },
): Hosted<M> {
  dumpLive(lab, () => busy.size === 0, liveActors);
  const life: Life = {
    lab,
    actor: options.id,
    machine: machine.id,
    last: options.cause,
    now: options.cause,
    context: {},
    early: [],
    started: false,
  };
  const ref: Actor<AnyStateMachine> = createActor(machine as AnyStateMachine, {
    id: options.id,
    input: options.input as never,
    clock: labClock(lab, () => ref),
    inspect: (e: InspectionEvent) => observe(lab, life, e),
  });
  lives.set(ref, life);
  const done = new Promise<OutputFrom<M>>((resolve, reject) => {
    ref.subscribe({
      complete: () => resolve(ref.getSnapshot().output as OutputFrom<M>),
      error: reject,
    });
  });
  done.catch((e) =>
    lab.rec.record({ type: 'note', actor: life.actor, text: `machine broke: ${String(e)}` }, life.last),
  );
  running.set(options.id, ref);
  done.finally(() => running.get(options.id) === ref && running.delete(options.id)).catch(() => undefined);
  ref.start();
  return {
    actor: options.id,
    send: async (event, trail) => {
      const point = pointFor(life, ref, event, 'delivery');
      const cause = lab.gates.closes(point) ? await lab.gates.pass(point, trail.cause) : trail.cause;
      causes.set(event, cause);
      ref.send(event);
    },
    snapshot: () => ref.getSnapshot() as SnapshotFrom<M>,
    subscribe: (listener) => {
      const s = ref.subscribe((snapshot) => listener(snapshot as SnapshotFrom<M>));
      return () => s.unsubscribe();
    },
    done,
    last: () => life.last,
    stop: () => {
      running.delete(options.id);
      ref.stop();
    },
  };
}

export interface EffectArgs<I> {
  input: I;
  /** Starts at the effect's `start` entry; leave the last reply's entry in it. */
  trail: Trail;
  signal: AbortSignal;
  /** The actor that asked, `<machine>:<id>`. */
  actor: string;
}

/** An effect of a machine: waits at the effect gate, records start, end and failure, and hands on its cause. */
export function effect<I, O>(lab: Lab, name: string, fn: (args: EffectArgs<I>) => Promise<O>) {
  return fromPromise<O, I>(async ({ input, self, signal }) => {
    const parent = parentOf(self as unknown as AnyActorRef);
    const life = parent ? lives.get(parent) : undefined;
    const actor = life?.actor ?? name;
    const machine = life?.machine ?? '';
    const trail: Trail = { cause: life?.last ?? null };
    const start: GatePoint = { kind: 'effect', proc: lab.proc, actor, machine, name, when: 'start' };
    if (lab.gates.closes(start)) trail.cause = await lab.gates.pass(start, trail.cause);
    if (signal.aborted) throw new Error(`${name} was given up before it started`);
    trail.cause = lab.rec.record(
      { type: 'effect', actor, machine, name, phase: 'start', input: brief(input) },
      trail.cause,
    );
    const began = performance.now();
    const ended = () => Math.round((performance.now() - began) * 1000) / 1000;
    try {
      const output = await fn({ input, trail, signal, actor });
      trail.cause = lab.rec.record(
        { type: 'effect', actor, machine, name, phase: 'end', output: brief(output), ms: ended() },
        trail.cause,
      );
      await holdBeforeEntering(
        lab,
        life,
        parent,
        { type: `xstate.done.actor.${self.id}`, output, actorId: self.id },
        name,
        trail,
      );
      outcomes.set(self, trail.cause);
      return output;
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      trail.cause = lab.rec.record(
        { type: 'effect', actor, machine, name, phase: 'fail', error: text, ms: ended() },
        trail.cause,
      );
      await holdBeforeEntering(
        lab,
        life,
        parent,
        { type: `xstate.error.actor.${self.id}`, error, actorId: self.id },
        name,
        trail,
      );
      outcomes.set(self, trail.cause);
      throw error;
    }
  });
}

export interface ListenArgs<I> {
  input: I;
  trail: Trail;
  /** Sends a fact to the machine through its delivery gate. */
  send: (event: AnyEventObject, trail: Trail) => Promise<void>;
  actor: string;
}

/** A long-lived source of facts for a machine (a link to a job, a timer, a subscription). `fn` returns how to stop it. */
export function listen<I>(lab: Lab, name: string, fn: (args: ListenArgs<I>) => (() => void) | undefined) {
  return fromCallback<AnyEventObject, I>(({ input, self, sendBack }) => {
    const parent = parentOf(self as unknown as AnyActorRef);
    const life = parent ? lives.get(parent) : undefined;
    const actor = life?.actor ?? name;
    const machine = life?.machine ?? '';
    const trail: Trail = {
      cause: lab.rec.record(
        { type: 'effect', actor, machine, name, phase: 'start', input: brief(input) },
        life?.last ?? null,
      ),
    };
    const send = async (event: AnyEventObject, from: Trail) => {
      const point =
        life && parent
          ? pointFor(life, parent, event, 'delivery')
          : { kind: 'delivery' as const, proc: lab.proc, actor, name: event.type };
      const cause = lab.gates.closes(point) ? await lab.gates.pass(point, from.cause) : from.cause;
      causes.set(event, cause);
      sendBack(event);
    };
    return fn({ input, trail, send, actor });
  });
}

/** The cause that an action of this actor should name: the event being taken, or the latest transition. */
export function causeOf(self: object): Cause {
  const life = lives.get(self);
  return life?.now ?? life?.last ?? null;
}

/** Every hosted machine of this process with its live value and context, for the test that compares the record with it. */
export function liveActors(): Record<string, { machine: string; value: unknown; context: unknown }> {
  return Object.fromEntries(
    [...running].map(([id, ref]) => {
      const s = ref.getSnapshot() as AnyMachineSnapshot;
      return [id, { machine: lives.get(ref)?.machine ?? '', value: s.value, context: jsonable(s.context) }];
    }),
  );
}

function observe(lab: Lab, root: Life, e: InspectionEvent): void {
  const ref = e.actorRef as AnyActorRef;
  if (!isMachineActor(ref)) return;
  const life = lives.get(ref) ?? adopt(lab, root, ref);
  const step = microstepOf(e);
  if (step) {
    if (life.started) recordStep(life, step);
    else life.early.push(step);
    return;
  }
  if (e.type === '@xstate.event') {
    busy.add(ref);
    life.now =
      causes.get(e.event) ??
      (e.sourceRef ? (outcomes.get(e.sourceRef) ?? lives.get(e.sourceRef)?.last) : undefined) ??
      life.last;
    if (e.event.type === 'xstate.init') begin(life, ref.getSnapshot() as AnyMachineSnapshot);
  }
  if (e.type === '@xstate.snapshot') {
    busy.delete(ref);
    life.now = null;
  }
}

/** A machine invoked by a hosted machine is an actor of its own, named under its parent. */
function adopt(lab: Lab, root: Life, ref: AnyActorRef & { logic: AnyStateMachine }): Life {
  const parent = parentOf(ref);
  const above = parent ? lives.get(parent) : undefined;
  // The root's own events come before lives.set(ref): createActor inspects while it constructs.
  if (!parent) {
    lives.set(ref, root);
    return root;
  }
  const life: Life = {
    lab,
    actor: `${above?.actor ?? root.actor}/${ref.id}`,
    machine: ref.logic.id,
    last: above?.last ?? root.last,
    now: null,
    context: {},
    early: [],
    started: false,
  };
  lives.set(ref, life);
  running.set(life.actor, ref);
  return life;
}

function begin(life: Life, snapshot: AnyMachineSnapshot): void {
  life.started = true;
  const edges = life.early.flatMap((s) => edgesTaken(s.taken));
  life.early = [];
  record(life, 'xstate.init', snapshot, edges, life.now ?? life.last);
}

function recordStep(life: Life, step: Microstep): void {
  if (step.event.type === 'xstate.stop') return;
  record(life, step.event.type, step.snapshot, edgesTaken(step.taken), life.now ?? life.last);
  // What follows inside the same macrostep (`always`, raised events) follows from this step.
  life.now = life.last;
}

function record(life: Life, event: string, snapshot: AnyMachineSnapshot, edges: string[], cause: Cause): void {
  const plain = (jsonable(snapshot.context) ?? {}) as Record<string, unknown>;
  const context: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(life.context), ...Object.keys(plain)])) {
    if (JSON.stringify(life.context[key]) !== JSON.stringify(plain[key])) context[key] = plain[key] ?? null;
  }
  life.context = plain;
  life.last = life.lab.rec.record(
    {
      type: 'transition',
      actor: life.actor,
      machine: life.machine,
      event,
      value: jsonable(snapshot.value),
      edges,
      context,
    },
    cause,
  );
}

function pointFor(life: Life, ref: AnyActorRef, event: AnyEventObject, kind: 'delivery' | 'effect'): GatePoint {
  const { actor, machine, context } = life;
  const point: GatePoint = { kind, proc: life.lab.proc, actor, machine, name: event.type };
  // Staging tasks and instances know whose they are: a breakpoint may ask for one app's only.
  if (typeof context.app === 'string') point.app = context.app;
  const rules = life.lab.gates.rules();
  const asked =
    rules.paused ||
    rules.beat ||
    rules.breakpoints.some((b) => !b.disabled && (b.state !== undefined || b.edge !== undefined));
  return asked && isMachineActor(ref) ? { ...point, ...ahead(ref, event) } : point;
}

function ahead(
  ref: AnyActorRef & { logic: AnyStateMachine },
  event: AnyEventObject,
): { enters: string[]; edges: string[] } {
  const steps = lookAhead(ref, event);
  const enters: string[] = [];
  let before = ref.getSnapshot() as AnyMachineSnapshot;
  for (const step of steps) {
    enters.push(...statesEntered(before, step.snapshot, step.taken));
    before = step.snapshot;
  }
  return { enters, edges: steps.flatMap((s) => edgesTaken(s.taken)) };
}

/** An effect's end is an inner event: it is held only where a breakpoint names a state or edge behind it. */
async function holdBeforeEntering(
  lab: Lab,
  life: Life | undefined,
  parent: AnyActorRef | undefined,
  event: AnyEventObject,
  name: string,
  trail: Trail,
): Promise<void> {
  if (!life || !parent) return;
  const point: GatePoint = { ...pointFor(life, parent, event, 'effect'), name, when: 'end' };
  if (asks(lab, point)) trail.cause = await lab.gates.pass(point, trail.cause);
}

function asks(lab: Lab, point: GatePoint): boolean {
  return (
    lab.gates
      .rules()
      .breakpoints.some((b) => !b.disabled && (b.state !== undefined || b.edge !== undefined) && breaks(b, point)) &&
    lab.gates.closes(point)
  );
}

/** XState's clock on lab time. A delayed event is looked ahead like any other before it fires. */
function labClock(lab: Lab, root: () => AnyActorRef) {
  return {
    setTimeout: (fn: () => void, ms: number) => {
      const scheduled = lastScheduled(root().system);
      const life = scheduled ? lives.get(scheduled.target) : undefined;
      const cause = life?.now ?? life?.last ?? null;
      if (scheduled) causes.set(scheduled.event, cause);
      let cancelled = false;
      const timer = lab.clock.after(
        ms,
        kindOf(scheduled?.event.type ?? ''),
        life ? `${life.actor} after ${ms} ms` : 'after',
        () => {
          const point = life && scheduled ? pointFor(life, scheduled.target, scheduled.event, 'delivery') : undefined;
          if (!point || !lab.gates.closes(point)) return fn();
          lab.gates.pass(point, cause).then((c) => {
            if (scheduled) causes.set(scheduled.event, c);
            if (!cancelled) fn();
          });
        },
      );
      return {
        cancel: () => {
          cancelled = true;
          timer.cancel();
        },
      };
    },
    clearTimeout: (id: { cancel(): void } | undefined) => id?.cancel(),
  };
}

/** Machines name their delays: `…Limit` is a deadline, `…Interval` is periodic, anything else is a wait of the flow. */
function kindOf(eventType: string): 'limit' | 'beat' | 'wait' {
  if (/Limit\./.test(eventType)) return 'limit';
  return /Interval\./.test(eventType) ? 'beat' : 'wait';
}
