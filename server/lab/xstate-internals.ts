// The only server file that touches XState's internals: private fields of the inspection stream, the scheduler and the
// pure macrostep. Everything is read, nothing is changed. Pinned to xstate 5.33.
import type { AnyActorRef, AnyEventObject, AnyMachineSnapshot, AnyStateMachine, InspectionEvent } from 'xstate';

/** A transition definition as XState selects it; `machines/graph.ts` names its edge. */
export interface Taken {
  source: { id: string };
  target?: { id: string }[] | undefined;
  eventType: string;
}

export interface Microstep {
  snapshot: AnyMachineSnapshot;
  event: AnyEventObject;
  taken: Taken[];
}

/** The microstep in an inspection event, or undefined. */
export function microstepOf(e: InspectionEvent): Microstep | undefined {
  if (e.type !== '@xstate.microstep') return undefined;
  return { snapshot: e.snapshot as AnyMachineSnapshot, event: e.event, taken: e._transitions as unknown as Taken[] };
}

/** Whether this actor runs a state machine (and not a promise or a callback). */
export function isMachineActor(ref: unknown): ref is AnyActorRef & { logic: AnyStateMachine } {
  return (
    typeof ref === 'object' &&
    ref !== null &&
    'logic' in ref &&
    typeof ref.logic === 'object' &&
    ref.logic !== null &&
    'root' in ref.logic
  );
}

export function parentOf(ref: AnyActorRef): AnyActorRef | undefined {
  return (ref as AnyActorRef & { _parent?: AnyActorRef })._parent;
}

/** The event that was scheduled last: XState adds it to its table just before it asks the clock for a timer. */
export function lastScheduled(
  system: AnyActorRef['system'],
): { event: AnyEventObject; target: AnyActorRef } | undefined {
  const all = Object.values(
    (
      system.getSnapshot() as unknown as {
        _scheduledEvents: Record<string, { event: AnyEventObject; target: AnyActorRef }>;
      }
    )._scheduledEvents,
  );
  return all.at(-1);
}

/** The microsteps that `event` would cause, without causing them: runs the pure macrostep in a system that does nothing. */
export function lookAhead(ref: AnyActorRef & { logic: AnyStateMachine }, event: AnyEventObject): Microstep[] {
  const steps: Microstep[] = [];
  const nothing = () => undefined;
  const system = {
    _bookId: () => 'look-ahead',
    _register: (id: string) => id,
    _unregister: nothing,
    _set: nothing,
    _relay: nothing,
    get: nothing,
    getAll: () => ({}),
    inspect: () => ({ unsubscribe: nothing }),
    scheduler: { schedule: nothing, cancel: nothing, cancelAll: nothing },
    _clock: { setTimeout: nothing, clearTimeout: nothing },
    _logger: nothing,
    getSnapshot: () => ({ _scheduledEvents: {} }),
    _sendInspectionEvent: (e: InspectionEvent) => {
      const step = microstepOf(e);
      if (step) steps.push(step);
    },
  };
  const self = Object.create(ref, { system: { value: system } });
  const scope = {
    self,
    id: ref.id,
    sessionId: ref.sessionId,
    logger: nothing,
    defer: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing,
    system,
  };
  ref.logic.transition(ref.getSnapshot(), event, scope as never);
  return steps;
}
