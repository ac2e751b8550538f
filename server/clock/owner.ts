// The one owner of lab time: it runs only while nothing asks it to stand still (a held gate, a pause, a skip), and every
// process follows what it publishes. Skipping is in skip.ts; who may ask for what is the debugger's business.
import type { ClockState, HeldGate } from '../../machines/lab-link.ts';
import type { Journal, Peer } from '../journal/journal.ts';
import { SUSPENDED_MS } from './lab-clock.ts';
import { monotonic } from './mono.ts';
import { afterReal, untilReal } from './real.ts';

const TICK_MS = 1000;
/** Real milliseconds for processes that held gates before a restart of the journal to come back with them. */
const COME_BACK_MS = 1500;
const ACKNOWLEDGE_MS = 2000;

export interface HeldBy extends HeldGate {
  proc: string;
  life: string;
  /** Order of holding, for "the oldest". */
  order: number;
}

export interface ClockOwner {
  state(): ClockState;
  /** Lab time now, in milliseconds. */
  lt(): number;
  readonly running: boolean;
  /** Everything held in the lab, the oldest first. */
  held(): HeldBy[];
  /** Lab time stands still from here on, for this reason. Resolves when all processes have acknowledged it. */
  stand(reason: string): Promise<boolean>;
  /** This reason is over. */
  go(reason: string): void;
  /** Part of a skip, while standing: lab time is `lt` from now on. Never goes back. */
  set(lt: number): void;
  close(): void;
}

/**
 * Attaches the owner to the journal. Lab time goes on from the greatest that the journal or a process knows.
 * @param mono real milliseconds; tests give their own
 */
export function createClockOwner(journal: Journal, mono: () => number = monotonic): ClockOwner {
  const reasons = new Set<string>();
  const held = new Map<string, HeldBy>();
  const missing = new Set(journal.heldBefore.keys());
  let base = { lt: journal.lt, mono: mono() };
  let epoch = 1;
  let seen = base.mono;
  let order = 0;

  const running = (): boolean => reasons.size === 0 && held.size === 0;

  function lt(): number {
    const m = mono();
    // The host was asleep: that counts as held.
    if (m - seen > SUSPENDED_MS) base = { ...base, mono: base.mono + (m - seen) };
    seen = m;
    return running() ? base.lt + (m - base.mono) : base.lt;
  }

  const state = (): ClockState => ({ epoch, running: running(), lt: lt(), mono: mono() });

  /** Does something to the reasons for standing still, and publishes what came of it. */
  function change(action: () => void): void {
    const before = running();
    const now = lt();
    action();
    base = { lt: now, mono: mono() };
    if (running() !== before) epoch += 1;
    // Also without a change: a process that has just opened a gate waits for a word.
    journal.broadcast({ type: 'clock', clock: state() });
  }

  function hold(peer: Peer, gate: HeldGate): void {
    missing.delete(gate.gate);
    if (held.has(gate.gate)) return;
    order += 1;
    held.set(gate.gate, { ...gate, proc: peer.proc, life: peer.life, order });
  }

  journal.observe({
    onHello(peer, hello) {
      change(() => {
        for (const [id, gate] of held) if (gate.life === peer.life) held.delete(id);
        for (const gate of hello.held) hold(peer, gate);
      });
      // What this process has seen has happened: after a restart the journal may be a little behind.
      if (hello.lt > lt()) base = { lt: hello.lt, mono: mono() };
    },
    onMessage(peer, message) {
      if (message.type === 'held') change(() => hold(peer, message.gate));
      if (message.type === 'opened') {
        missing.delete(message.gate);
        change(() => held.delete(message.gate));
      }
    },
    onGone(peer) {
      // A dead process holds nothing. If only its link broke, it says in its hello what it holds.
      change(() => {
        for (const [id, gate] of held) if (gate.life === peer.life) held.delete(id);
      });
    },
  });

  journal.welcome.clock = state;
  const tick = setInterval(() => journal.broadcast({ type: 'clock', clock: state() }), TICK_MS);
  tick.unref();

  if (missing.size > 0) {
    reasons.add('restart');
    const give = afterReal(COME_BACK_MS, () => missing.clear());
    void untilReal(() => missing.size === 0, 2 * COME_BACK_MS, 10).then(() => {
      give();
      change(() => reasons.delete('restart'));
    });
  }

  return {
    state,
    lt,
    get running() {
      return running();
    },
    held: () => [...held.values()].sort((a, b) => a.order - b.order),
    stand(reason) {
      change(() => reasons.add(reason));
      const asked = epoch;
      return untilReal(() => journal.peers().every((peer) => peer.epoch >= asked), ACKNOWLEDGE_MS);
    },
    go: (reason) => change(() => reasons.delete(reason)),
    set(to) {
      base = { lt: Math.max(base.lt, to), mono: mono() };
    },
    close: () => clearInterval(tick),
  };
}
