// Opens the lab for one process: a recorder, gates and a clock, connected to the journal by the lab link.
// This is wiring; what each part does is in its own file.
import { randomBytes } from 'node:crypto';
import type { ClockState, HeldGate, LinkDown } from '../../machines/lab-link.ts';
import { createProcessClock } from '../clock/lab-clock.ts';
import { createGates } from './gates.ts';
import { createLink, type Dial, dialSocket } from './link.ts';
import { createOutbox } from './recorder.ts';
import { createSecrets } from './secrets.ts';
import type { Lab, Recorder } from './types.ts';

/** `off`: nothing is recorded, gates and clock work as ever. For the bench, which prices the trace with it. */
export const TRACE_VARIABLE = 'WARDENSCOPE_TRACE';
/** Real milliseconds without the link after which held gates open: a flow must not wait for a dead debugger. */
export const LINK_LOST_MS = 10_000;
const CLOSE_MS = 2000;

export interface LabOptions {
  proc: string;
  role: string;
  /** `DIR/lab.sock`, or `tcp://host:port` with a token from another host. */
  socket: string;
  token?: string;
  /** Test hook: random 0–N ms delay for each batch on the link. */
  jitter?: number;
  gatesDisabled?: boolean;
  /** Another way to the journal than the socket: control passes `journal.localLink()`. */
  dial?: Dial;
}

/**
 * Connects this process to the lab. Resolves when the journal has answered, or after 10 real seconds without an answer:
 * then the lab records into its buffer, holds nothing and runs on real time, and goes on trying to connect.
 */
export async function openLab(options: LabOptions): Promise<Lab> {
  const { proc, role, socket, token, jitter, gatesDisabled } = options;
  const life = randomBytes(8).toString('hex');
  const secrets = createSecrets();
  const clock = createProcessClock({ sharedMono: !socket.startsWith('tcp://') });
  const settlers: (() => Promise<void>)[] = [];
  let lostTimer: NodeJS.Timeout | undefined;

  const outbox = createOutbox({
    proc,
    now: clock.now,
    secrets,
    wake: () => link.wake(),
    onSecret: (text) => link.tell({ type: 'secret', text }),
  });
  const rec = process.env[TRACE_VARIABLE] === 'off' ? nullRecorder(proc) : outbox;
  const gates = createGates({
    prefix: `${proc}.${life.slice(0, 6)}`,
    rec,
    clock,
    onHeld: (gate: HeldGate) => link.tell({ type: 'held', gate, lt: clock.now() }),
    onOpened: (gate) => link.tell({ type: 'opened', gate }),
    disabled: gatesDisabled,
  });
  const link = createLink({
    outbox: () => outbox,
    hello: () => ({
      type: 'hello',
      proc,
      life,
      pid: process.pid,
      role,
      token,
      held: gates.held(),
      next: outbox.next,
      lt: clock.now(),
    }),
    onDown,
    onLost,
    dial: options.dial ?? dialSocket(socket),
    ...(options.dial && { gatherMs: 0 }),
    jitter,
  });

  function applied(): void {
    link.tell({ type: 'applied', version: gates.rules().version, epoch: clock.epoch });
  }

  async function settle(ask: number, fired: Record<string, number>): Promise<void> {
    // What the timers began with promises gets its turn before the bus is flushed.
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.allSettled(settlers.map((settler) => settler()));
    await new Promise((resolve) => setImmediate(resolve));
    link.tell({ type: 'settled', ask, fired, timers: clock.earliest() });
  }

  function onDown(message: LinkDown): void {
    switch (message.type) {
      case 'welcome':
        clearTimeout(lostTimer);
        for (const text of secrets.all()) link.tell({ type: 'secret', text });
        gates.apply(message.rules);
        clock.apply(message.clock);
        applied();
        break;
      case 'rules':
        gates.apply(message.rules);
        applied();
        break;
      case 'clock':
        onClock(message.clock);
        break;
      case 'open':
        gates.open(message.gate, message.by);
        break;
      case 'drop':
        gates.drop(message.drop);
        break;
      case 'keep':
        gates.keep(message.id);
        break;
      case 'timers?':
        link.tell({ type: 'timers', ask: message.ask, timers: clock.timers() });
        break;
      case 'fire':
        void settle(message.ask, clock.fire(message.until, message.kinds));
        break;
      case 'settle':
        void settle(message.ask, {});
        break;
      case 'secret':
        secrets.add(message.text);
        break;
      case 'ack':
        break;
      default:
        message satisfies never;
    }
  }

  /** The owner repeats its state every second; only a change is acknowledged. */
  function onClock(state: ClockState): void {
    const changed = state.epoch !== clock.epoch;
    clock.apply(state);
    if (changed) applied();
  }

  /** Nobody can open our gates now. For ten seconds the journal may come back, as the supervisor promises. */
  function onLost(): void {
    clock.alone(false);
    lostTimer = setTimeout(() => {
      gates.giveUp('link lost');
      clock.alone(true);
    }, LINK_LOST_MS);
    lostTimer.unref();
  }

  await new Promise<void>((resolve) => {
    const alone = setTimeout(() => {
      clock.alone(true);
      resolve();
    }, LINK_LOST_MS);
    void link.welcomed.then(() => {
      clearTimeout(alone);
      resolve();
    });
  });

  return {
    proc,
    rec,
    gates,
    clock,
    onSettle: (listener) => void settlers.push(listener),
    async close() {
      await link.close(CLOSE_MS);
      clearTimeout(lostTimer);
      clock.stop();
    },
  };
}

/** A lab for a process that runs without one: records nothing, holds nothing, and its lab time is real time. */
export function nullLab(proc: string): Lab {
  const clock = createProcessClock();
  clock.alone(true);
  const rec = nullRecorder(proc);
  const gates = createGates({ prefix: proc, rec, clock, onHeld: () => {}, onOpened: () => {}, disabled: true });
  return { proc, rec, gates, clock, onSettle: () => {}, close: async () => clock.stop() };
}

function nullRecorder(proc: string): Recorder {
  let n = 0;
  return {
    proc,
    record: () => {
      n += 1;
      return { proc, n };
    },
    alias: () => {},
    secret: () => {},
  };
}
