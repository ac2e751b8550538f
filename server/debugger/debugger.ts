// The debugger of a lab: which gates are closed, what is held, and what opens it (DESIGN 6). It tells all processes the
// rules and waits for their word; holding itself happens in each process (server/lab/gates.ts).
import { randomBytes } from 'node:crypto';
import type { Breakpoint, GateRules } from '../../machines/gates.ts';
import type { GatePoint } from '../../machines/journal.ts';
import type { ClockOwner, HeldBy } from '../clock/owner.ts';
import { afterReal, untilReal } from '../clock/real.ts';
import type { Skipper, SkipReport, SkipRequest } from '../clock/skip.ts';
import type { InFlight } from '../journal/in-flight.ts';
import type { Journal, Peer } from '../journal/journal.ts';
import { LINK_LOST_MS } from '../lab/lab.ts';
import { createBeats } from './beats.ts';
import { type Landing, landingsOf } from './landing.ts';
import { readSettings, writeSettings } from './settings.ts';

const ACKNOWLEDGE_MS = 2000;
/** Without a new foreground entry for this long, and with no young effect under way, a step has come to rest. */
const QUIET_MS = 250;
/** A step answers after this long at most; what it began goes on. */
const STEP_MS = 10_000;
const EFFECT_YOUNG_MS = 5000;
/** With nothing held an effect under way may itself be waiting for lab time (a health check): that is found out sooner. */
const WAITING_YOUNG_MS = 1500;
/** A process that is gone this long has taken its gates with it. */
const GONE_MS = 1000;

export interface HeldView extends HeldBy {
  /** The `held` entry, once it is admitted. */
  seq?: number;
}

export interface StepReport {
  /** What was opened; null when nothing was held. */
  opened: string | null;
  /** held: the next gate closed. quiet: everything came to rest. finishing: effects are still under way. skipped: lab time went on. */
  outcome: 'held' | 'quiet' | 'finishing' | 'skipped';
  /** The gate that closed. */
  held?: HeldView;
  /** Effects of runs that are under way, as `actor name`. */
  finishing: string[];
  skip?: SkipReport;
}

export interface Acknowledged {
  /** Processes that had not acknowledged within two real seconds. */
  missing: string[];
}

/** real: nothing closes by itself. beat: every beat does, until the page has shown it. hand: paused. */
export type Pace = 'real' | 'beat' | 'hand';

export interface Debugger {
  rules(): GateRules;
  pace(): Pace;
  setPace(pace: Pace): Promise<Acknowledged>;
  /** The page has shown what is held at this gate of the pace `beat`: it opens. False when nothing waits for that. */
  motionEnded(gate: string): boolean;
  held(): HeldView[];
  addBreakpoint(breakpoint: Omit<Breakpoint, 'id'>): Promise<Breakpoint>;
  changeBreakpoint(id: string, change: { disabled: boolean }): Promise<Breakpoint | undefined>;
  removeBreakpoint(id: string): Promise<boolean>;
  /** Closes all gates for the foreground and stops lab time. Counts when all processes have acknowledged. */
  pause(): Promise<Acknowledged>;
  /** Unpauses, then opens everything that is held. */
  continue(by?: string): Promise<{ opened: string[] }>;
  /** Pauses if need be, opens one gate (the oldest, or `gate`) and answers at the next hold or at rest. */
  step(gate?: string, by?: string): Promise<StepReport>;
  /** Continues until this point is reached, once. */
  runTo(breakpoint: Omit<Breakpoint, 'id'>): Promise<{ breakpoint: Breakpoint; opened: string[] }>;
  /** Opens this gate (or the oldest) and runs on until one closes that `how` asks for (landing.ts); then pauses. */
  run(how: Landing, gate?: string): Promise<StepReport>;
  /** Opens one gate and nothing else; false when nothing is held there. */
  open(gate: string, by?: string): boolean;
  skip(request: SkipRequest): Promise<SkipReport>;
  /**
   * Turns it on or off. @param passing for the time of one push only: if this process dies meanwhile, the next one is as it
   * was before
   */
  kernelRecording(on: boolean, passing?: 'passing'): Promise<void>;
  /** Listens for gates that close. */
  onHeld(listener: (gate: HeldView) => void): () => void;
  /** Listens for changes of rules, pace or what is held. Several at once are one. */
  onChange(listener: () => void): () => void;
}

export interface DebuggerDeps {
  journal: Journal;
  clock: ClockOwner;
  skipper: Skipper;
  inFlight: InFlight;
  /** `DIR/debugger.json` */
  file: string;
  /** Suites run so to see the gate proofs turn red. */
  gatesDisabled?: boolean;
}

/** Attaches the debugger to the journal. Call it after the clock's owner and before `journal.listen()`. */
export function createDebugger(deps: DebuggerDeps): Debugger {
  const { journal, clock, skipper, inFlight, file, gatesDisabled = false } = deps;
  const kept = readSettings(file, (text) => journal.say({ type: 'note', actor: 'debugger', text }));
  const listeners = new Set<(gate: HeldView) => void>();
  const watchers = new Set<() => void>();
  const beats = createBeats((gate, by) => open(gate, by));
  // One-shot breakpoints of `run` and which run they belong to: when one hits, the lab is paused and the others go.
  const landing = new Map<string, string>();
  // How a former life of this process left the lab, until a process that lived on comes back or nobody can any more.
  let formerly: { paused: boolean; beat: boolean } | undefined = kept;
  afterReal(LINK_LOST_MS, () => {
    formerly = undefined;
  });
  // What the lab goes on with after a pause.
  let running: Exclude<Pace, 'hand'> = 'real';
  let rules: GateRules = {
    version: kept.version + 1,
    paused: false,
    beat: false,
    // One-shot breakpoints of a session that has ended would surprise the next.
    breakpoints: kept.breakpoints.filter((b) => !b.once),
    kernelRecording: kept.kernelRecording,
    disabled: gatesDisabled,
  };
  // What was asked for to stay, which the next life begins with.
  let lastingRecording = kept.kernelRecording;
  journal.welcome.rules = () => rules;

  let telling = false;
  function changed(): void {
    if (telling) return;
    telling = true;
    setImmediate(() => {
      telling = false;
      for (const watcher of [...watchers]) watcher();
    });
  }

  function apply(part: Partial<GateRules>): void {
    rules = { ...rules, ...part, version: rules.version + 1 };
    const { version, paused, breakpoints } = rules;
    const beat = running === 'beat';
    writeSettings(file, { version, paused, beat, kernelRecording: lastingRecording, breakpoints });
    journal.broadcast({ type: 'rules', rules });
    changed();
  }

  async function change(part: Partial<GateRules>): Promise<Acknowledged> {
    apply(part);
    const { version } = rules;
    const behind = (): Peer[] => journal.peers().filter((peer) => peer.version < version);
    await untilReal(() => behind().length === 0, ACKNOWLEDGE_MS);
    return { missing: behind().map((peer) => peer.proc) };
  }

  const view = (gate: HeldBy): HeldView => {
    const peer = journal.peers().find((p) => p.life === gate.life);
    return { ...gate, seq: peer && journal.seqOf(peer, gate.n) };
  };

  function onceHit(hit: Breakpoint): void {
    const group = landing.get(hit.id);
    apply({
      paused: rules.paused || group !== undefined,
      beat: running === 'beat',
      breakpoints: rules.breakpoints.filter((b) => b !== hit),
    });
    if (group === undefined) return;
    void clock.stand('pause');
    clearLanding(group);
  }

  // The owner of the clock hears `onGone` before us and forgets the gates: remember who held what.
  const holders = new Map<string, HeldBy>();
  const remember = (): void => {
    for (const held of clock.held()) holders.set(held.gate, held);
  };

  journal.observe({
    onHello(peer) {
      // A process that lived on while we did not: the lab is as paused as it was.
      if (peer.resumed && formerly) {
        const { paused, beat } = formerly;
        formerly = undefined;
        if (beat) running = 'beat';
        if (paused || beat) apply({ paused, beat });
        if (paused) void clock.stand('pause');
      }
      remember();
      if (!rules.paused) for (const { gate, by } of clock.held()) if (by === 'beat') beats.closed(gate);
      changed();
    },
    onMessage(_peer, message) {
      if (message.type === 'opened') {
        holders.delete(message.gate);
        beats.forget(message.gate);
        changed();
      }
      if (message.type !== 'held') return;
      remember();
      changed();
      const { by } = message.gate;
      if (by === 'beat' && !rules.paused) beats.closed(message.gate.gate);
      const hit = rules.breakpoints.find((b) => b.id === by);
      if (hit?.once) onceHit(hit);
      const held = clock.held().find((h) => h.gate === message.gate.gate);
      if (held) for (const listener of [...listeners]) listener(view(held));
    },
    onGone: (peer) => {
      sayEnded(peer);
      changed();
    },
  });
  /** Gates that were held when the journal was opened and did not come back: their processes died meanwhile. */
  const openedAt = journal.head;
  if (journal.heldBefore.size > 0) {
    afterReal(LINK_LOST_MS + GONE_MS, () => {
      const since = journal.read(openedAt, Number.MAX_SAFE_INTEGER);
      const opened = new Set(since.flatMap((e) => (e.type === 'gate' && e.phase === 'opened' ? [e.gate] : [])));
      for (const { gate, point, seq } of journal.heldBefore.values()) {
        if (opened.has(gate) || clock.held().some((h) => h.gate === gate)) continue;
        sayOpened(gate, point, seq);
      }
    });
  }

  function sayOpened(gate: string, point: GatePoint, cause: number | null): void {
    journal.say({ type: 'gate', phase: 'opened', gate, point, by: 'process ended', actor: point.actor }, cause);
  }

  /** Gates of a dead process: the record says how they ended, once it is clear that it does not come back. */
  function sayEnded(peer: Peer): void {
    const gone = [...holders.values()].filter((held) => held.life === peer.life);
    if (gone.length === 0) return;
    const causes = new Map(gone.map((held) => [held.gate, journal.seqOf(peer, held.n)]));
    afterReal(GONE_MS, () => {
      if (journal.peers().some((p) => p.life === peer.life)) return;
      for (const { gate, point } of gone) {
        holders.delete(gate);
        sayOpened(gate, point, causes.get(gate) ?? null);
      }
    });
  }

  function open(gate: string, by: string): boolean {
    const held = clock.held().find((h) => h.gate === gate);
    const peer = journal.peers().find((p) => p.life === held?.life);
    if (!held || !peer) return false;
    peer.send({ type: 'open', gate, by });
    return true;
  }

  function openAll(by: string): string[] {
    return clock
      .held()
      .filter((h) => open(h.gate, by))
      .map((h) => h.gate);
  }

  async function pause(): Promise<Acknowledged> {
    beats.stop();
    const [acknowledged] = await Promise.all([change({ paused: true }), clock.stand('pause')]);
    return acknowledged;
  }

  /** @param beat whether beats close meanwhile; a run to a point has no stops of its own */
  async function resume(by: string, beat = running === 'beat'): Promise<{ opened: string[] }> {
    formerly = undefined;
    await change({ paused: false, beat });
    const opened = openAll(by);
    clock.go('pause');
    return { opened };
  }

  const effects = (): string[] =>
    inFlight
      .all()
      .filter((e) => e.run !== null)
      .map((e) => `${e.actor} ${e.name}`);

  async function setPace(next: Pace): Promise<Acknowledged> {
    if (next === 'hand') return pause();
    running = next;
    formerly = undefined;
    const wasPaused = rules.paused;
    const acknowledged = await change({ paused: false, beat: next === 'beat' });
    // What was held by hand or by the beat goes on; what a breakpoint holds stays.
    for (const { gate, by } of clock.held()) {
      if (by === 'pause' || (by === 'beat' && (wasPaused || next === 'real'))) open(gate, `pace ${next}`);
    }
    clock.go('pause');
    return acknowledged;
  }

  /** Until a gate closes that was not held before, or all is at rest. */
  async function rest(before: ReadonlySet<string>, opened: string | null): Promise<StepReport> {
    const news = (): HeldBy | undefined => clock.held().find((h) => !before.has(h.gate) && !h.point.background);
    const gone = (): boolean => opened === null || !clock.held().some((h) => h.gate === opened);
    const young = opened === null ? WAITING_YOUNG_MS : EFFECT_YOUNG_MS;
    const quiet = (): boolean => gone() && journal.quietFor() >= QUIET_MS && !inFlight.young(young);
    await untilReal(() => news() !== undefined || quiet(), STEP_MS, 5);
    const held = news();
    const finishing = effects();
    if (held) return { opened, outcome: 'held', held: view(held), finishing };
    return { opened, outcome: quiet() ? 'quiet' : 'finishing', finishing };
  }

  async function step(gate: string | undefined, by: string): Promise<StepReport> {
    if (!rules.paused) await pause();
    const held = clock.held();
    const before = new Set(held.map((h) => h.gate));
    const chosen = gate ?? held[0]?.gate;
    if (chosen !== undefined) {
      if (!open(chosen, by)) throw new Error(`[debugger] could not step: nothing is held at ${chosen} (any more)`);
      return rest(before, chosen);
    }
    const resting = await rest(before, null);
    if (resting.outcome !== 'quiet') return resting;
    // Nothing is held and nothing moves: the flow waits for time.
    const skip = await skipper.skip({ to: 'next' });
    const after = await rest(before, null);
    return skip.stopped === 'nothing' ? { ...after, skip } : { ...after, outcome: 'skipped', skip };
  }

  async function run(how: Landing, gate: string | undefined): Promise<StepReport> {
    const held = clock.held();
    const from = held.find((h) => gate === undefined || h.gate === gate);
    if (!from) throw new Error(`[debugger] could not step ${how}: nothing is held${gate ? ` at ${gate}` : ''}`);
    const group = `${how}-${randomBytes(3).toString('hex')}`;
    const landings = landingsOf(how, from.point).map((fields, i) => ({ ...fields, once: true, id: `${group}.${i}` }));
    for (const { id } of landings) landing.set(id, group);
    clock.go('pause');
    await change({ paused: false, beat: false, breakpoints: [...rules.breakpoints, ...landings] });
    const before = new Set(held.map((h) => h.gate));
    open(from.gate, how);
    const report = await rest(before, from.gate);
    // Another breakpoint came first: the landing has no meaning any more.
    if (report.outcome === 'held' && clearLanding(group)) await pause();
    return report;
  }

  /** Takes away the one-shot breakpoints of one `run`; false when they have done their work. */
  function clearLanding(group: string): boolean {
    const ids = [...landing].filter(([, of]) => of === group).map(([id]) => id);
    if (ids.length === 0) return false;
    for (const id of ids) landing.delete(id);
    apply({ breakpoints: rules.breakpoints.filter((b) => !ids.includes(b.id)) });
    return true;
  }

  function made(fields: Omit<Breakpoint, 'id'>): Breakpoint {
    return { ...fields, id: `b-${randomBytes(3).toString('hex')}` };
  }

  return {
    rules: () => rules,
    pace: () => (rules.paused ? 'hand' : running),
    setPace,
    motionEnded: (gate) => beats.shown(gate),
    held: () => clock.held().map(view),
    async addBreakpoint(fields) {
      const breakpoint = made(fields);
      await change({ breakpoints: [...rules.breakpoints, breakpoint] });
      return breakpoint;
    },
    async changeBreakpoint(id, { disabled }) {
      const old = rules.breakpoints.find((b) => b.id === id);
      if (!old) return undefined;
      const breakpoint = { ...old, disabled };
      await change({ breakpoints: rules.breakpoints.map((b) => (b.id === id ? breakpoint : b)) });
      return breakpoint;
    },
    async removeBreakpoint(id) {
      const breakpoints = rules.breakpoints.filter((b) => b.id !== id);
      if (breakpoints.length === rules.breakpoints.length) return false;
      await change({ breakpoints });
      return true;
    },
    pause,
    continue: (by = 'continue') => resume(by),
    step: (gate, by = 'step') => step(gate, by),
    run,
    async runTo(fields) {
      const breakpoint = made({ ...fields, once: true });
      await change({ breakpoints: [...rules.breakpoints, breakpoint] });
      return { breakpoint, ...(await resume('run to', false)) };
    },
    open: (gate, by = 'open') => open(gate, by),
    skip: (request) => skipper.skip(request),
    kernelRecording: async (on, passing) => {
      if (!passing) lastingRecording = on;
      await change({ kernelRecording: passing ? on || lastingRecording : on });
    },
    onHeld(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onChange(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
  };
}
