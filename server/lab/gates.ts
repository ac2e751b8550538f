// The gates of one process: whether a point closes, who waits there, and what opens it. It does not decide what closes:
// the debugger's rules come down the lab link, and machines/gates.ts answers for a point.
import { type Breakpoint, breaks, closedBy, type GateRules, OPEN } from '../../machines/gates.ts';
import type { Cause, EdgeKey, GatePoint } from '../../machines/journal.ts';
import type { HeldGate } from '../../machines/lab-link.ts';
import type { ProcessClock } from '../clock/lab-clock.ts';
import type { Gates, Recorder } from './types.ts';

export interface ProcessGates extends Gates {
  /** The rules in force from now on. What is held stays held until it is opened by name. */
  apply(rules: GateRules): void;
  /** Opens one gate; false when nothing is held there (any more). */
  open(gate: string, by: string): boolean;
  /** Opens everything that is held and closes nothing until `apply`: nobody is left who could open it. */
  giveUp(by: string): void;
  held(): HeldGate[];
  /** The next message that fits is lost. */
  drop(message: Breakpoint): void;
  /** Takes that back. */
  keep(id: string): void;
}

export interface GatesDeps {
  /** Part of the gates' names; with the process's life it makes them unique in the lab. */
  prefix: string;
  rec: Recorder;
  clock: Pick<ProcessClock, 'hold' | 'release'>;
  onHeld: (gate: HeldGate) => void;
  onOpened: (gate: string) => void;
  /** Suites run so to see the gate proofs turn red. */
  disabled?: boolean;
}

/** Gates without rules: all open. */
export function createGates({ prefix, rec, clock, onHeld, onOpened, disabled = false }: GatesDeps): ProcessGates {
  const held = new Map<string, { gate: HeldGate; open: (by: string) => void }>();
  const listeners = new Set<(rules: GateRules) => void>();
  // One-shot breakpoints that have been used here; the debugger takes them away a moment later.
  const used = new Set<string>();
  let lost: Breakpoint[] = [];
  let rules = OPEN;
  let made = 0;

  const asked = (point: GatePoint): string | undefined => (disabled ? undefined : closedBy(rules, point));

  function wait(point: GatePoint, by: string, cause: Cause, edge?: EdgeKey): Promise<Cause> {
    if (rules.breakpoints.some((b) => b.id === by && b.once)) {
      used.add(by);
      rules = withoutUsed(rules);
    }
    made += 1;
    const id = `${prefix}.${made}`;
    const said = { type: 'gate', gate: id, point, actor: point.actor, background: point.background } as const;
    const ref = rec.record({ ...said, phase: 'held', by }, cause, edge);
    const gate = { gate: id, point, by, n: ref.n };
    clock.hold();
    return new Promise((resolve) => {
      const open = (opener: string): void => {
        held.delete(id);
        const opened = rec.record({ ...said, phase: 'opened', by: opener }, ref);
        clock.release();
        onOpened(id);
        resolve(opened);
      };
      held.set(id, { gate, open });
      onHeld(gate);
    });
  }

  function withoutUsed(all: GateRules): GateRules {
    return used.size === 0 ? all : { ...all, breakpoints: all.breakpoints.filter((b) => !used.has(b.id)) };
  }

  function take(next: GateRules): void {
    for (const id of used) if (!next.breakpoints.some((b) => b.id === id)) used.delete(id);
    rules = withoutUsed(next);
    for (const listener of [...listeners]) listener(rules);
  }

  return {
    closes: (point) => asked(point) !== undefined,
    pass(point, cause, edge) {
      const by = asked(point);
      return by === undefined ? Promise.resolve(cause) : wait(point, by, cause, edge);
    },
    drops(point, cause, edge) {
      const hit = lost.find((b) => breaks(b, point));
      if (!hit) return null;
      lost = lost.filter((b) => b !== hit);
      const said = { type: 'fault', what: 'drop', target: point.name, actor: point.actor, of: hit.id } as const;
      return rec.record({ ...said, background: point.background }, cause, edge);
    },
    drop: (message) => void lost.push(message),
    keep: (id) => {
      lost = lost.filter((b) => b.id !== id);
    },
    rules: () => (disabled ? { ...rules, paused: false, beat: false, breakpoints: [], disabled: true } : rules),
    onRules(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    apply: take,
    open(gate, by) {
      const waiting = held.get(gate);
      waiting?.open(by);
      return waiting !== undefined;
    },
    giveUp(by) {
      take({ ...rules, paused: false, beat: false, breakpoints: [] });
      for (const waiting of [...held.values()]) waiting.open(by);
    },
    held: () => [...held.values()].map(({ gate }) => gate),
  };
}
