// A lab for tests: keeps entries in an array, closes gates when told, and its clock moves by hand (or runs on real
// time). It has no link and no journal: causes stay local numbers.
import type { Breakpoint } from '../../machines/gates.ts';
import { OPEN } from '../../machines/gates.ts';
import type { EntryBody } from '../../machines/journal.ts';
import type { HeldGate, Upward } from '../../machines/lab-link.ts';
import { createProcessClock, type ProcessClock } from '../clock/lab-clock.ts';
import { createGates } from './gates.ts';
import { createOutbox } from './recorder.ts';
import { createSecrets } from './secrets.ts';
import type { Lab } from './types.ts';

export interface MemoryLab extends Lab {
  readonly clock: ProcessClock;
  /** Everything recorded so far, as it would have gone up. */
  entries(): Upward[];
  bodies(): EntryBody[];
  aliases(): { edge: string; of: string }[];
  held(): HeldGate[];
  /** Closes these points from now on, until `unbreak`. */
  breakOn(breakpoint: Omit<Breakpoint, 'id'> & { id?: string }): string;
  unbreak(id: string): void;
  pause(paused?: boolean): void;
  /** Opens one gate, or everything that is held. */
  open(gate?: string, by?: string): void;
  /** Moves lab time on and fires what is due, in deadline order; then lets promises have their turn. */
  advance(ms: number): Promise<void>;
  /** Runs what `onSettle` was given. */
  settle(): Promise<void>;
}

/** @param time `manual`: lab time moves by `advance` only; `real`: it runs, and stands still while a gate is held */
export function memoryLab(proc: string, time: 'manual' | 'real' = 'manual'): MemoryLab {
  const kept: Upward[] = [];
  const aliases: { edge: string; of: string }[] = [];
  const settlers: (() => Promise<void>)[] = [];
  const clock = createProcessClock();
  let rules = OPEN;

  const outbox = createOutbox({
    proc,
    now: clock.now,
    secrets: createSecrets(),
    wake: () => {},
    onSecret: () => {},
  });
  const gates = createGates({
    prefix: proc,
    rec: outbox,
    clock,
    onHeld: () => {},
    onOpened: () => {
      if (time === 'real' && gates.held().length === 0) clock.alone(true);
    },
  });

  function collect(): void {
    for (const item of outbox.take()) {
      if ('alias' in item) aliases.push(item.alias);
      else kept.push(JSON.parse(item.text));
    }
    outbox.acknowledge(outbox.next);
  }

  function change(part: Partial<typeof rules>): void {
    rules = { ...rules, ...part, version: rules.version + 1 };
    gates.apply(rules);
  }

  if (time === 'real') clock.alone(true);

  return {
    proc,
    rec: outbox,
    gates,
    clock,
    onSettle: (listener) => void settlers.push(listener),
    close: async () => clock.stop(),
    entries() {
      collect();
      return kept;
    },
    bodies() {
      collect();
      return kept.map((entry) => entry.body);
    },
    aliases() {
      collect();
      return aliases;
    },
    held: gates.held,
    breakOn(breakpoint) {
      const id = breakpoint.id ?? `b${rules.version + 1}`;
      change({ breakpoints: [...rules.breakpoints, { ...breakpoint, id }] });
      return id;
    },
    unbreak: (id) => change({ breakpoints: rules.breakpoints.filter((b) => b.id !== id) }),
    pause: (paused = true) => change({ paused }),
    open(gate, by = 'test') {
      for (const held of gates.held()) if (gate === undefined || held.gate === gate) gates.open(held.gate, by);
    },
    async advance(ms) {
      const until = clock.now() + ms;
      for (let next = clock.timers()[0]; next && next.due <= until; next = clock.timers()[0]) {
        clock.fire(next.due, ['wait', 'beat', 'limit']);
        await new Promise((resolve) => setImmediate(resolve));
      }
      clock.fire(until, []);
      if (time === 'real') clock.alone(true);
    },
    settle: async () => void (await Promise.all(settlers.map((settler) => settler()))),
  };
}
