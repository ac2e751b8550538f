// Skips lab time: background timers on the way fire in deadline order in every process, each group settled before the
// next, so that nothing has expired afterwards that would not have expired, had time run. One skip at a time.
import type { LinkDown, LinkUp, TimerView } from '../../machines/lab-link.ts';
import type { InFlight } from '../journal/in-flight.ts';
import type { Journal, Peer } from '../journal/journal.ts';
import type { ClockOwner } from './owner.ts';
import { untilReal } from './real.ts';

/** Real milliseconds for one process to settle; then the skip goes on without it, and says so. */
const SETTLE_MS = 5000;
/** Rounds of settling after a group, while messages still come in. */
const ROUNDS = 4;
/** Timers within this many lab milliseconds of each other are one group. */
const GROUP_MS = 1;
/** Before a deadline is reached, work that is under way in real time gets so long to finish and cancel it. */
const QUIET_MS = 300;
const PATIENCE_MS = 5000;
/** A foreground timer that fires while effects are young (a health check's retry) leaves them so much real time. */
const RETRY_MS = 100;

export type SkipRequest = { ms: number } | { to: 'next' };

export interface SkipReport {
  from: number;
  to: number;
  /** reached: the asked time. timer: a foreground timer fired. limit: a held thing's deadline is next. held: a gate closed. nothing: nobody waits for time. */
  stopped: 'reached' | 'timer' | 'limit' | 'held' | 'nothing';
  /** The foreground timer that fired, or the deadline that was not reached. */
  label?: string;
  /** How often each timer fired. */
  fired: Record<string, number>;
  /** Processes that did not settle in time. */
  late: string[];
}

export interface Skipper {
  /**
   * Moves lab time on by `ms`, or to the next foreground timer, which fires. With something held it stops before the
   * first deadline (`limit` timer). @throws `[clock] could not skip …` while another skip is under way
   */
  skip(request: SkipRequest): Promise<SkipReport>;
  /** All timers of all processes. */
  timers(): Promise<{ proc: string; timers: TimerView[] }[]>;
}

type Answer = Extract<LinkUp, { type: 'settled' | 'timers' }>;

/** A skipper for this lab. */
export function createSkipper(journal: Journal, clock: ClockOwner, inFlight: InFlight): Skipper {
  const waiting = new Map<number, { answers: Map<Peer, Answer> }>();
  let asks = 0;
  let skipping = false;

  journal.observe({
    onMessage(peer, message) {
      if (message.type === 'settled' || message.type === 'timers') waiting.get(message.ask)?.answers.set(peer, message);
    },
  });

  /** Asks all processes and waits for those that are still there. */
  async function ask(question: (ask: number) => LinkDown): Promise<{ answers: Map<Peer, Answer>; late: string[] }> {
    asks += 1;
    const id = asks;
    const answers = new Map<Peer, Answer>();
    waiting.set(id, { answers });
    const asked = journal.peers();
    const message = question(id);
    for (const peer of asked) peer.send(message);
    const missing = (): Peer[] => asked.filter((p) => !answers.has(p) && journal.peers().includes(p));
    if (!(await soon(() => missing().length === 0))) await untilReal(() => missing().length === 0, SETTLE_MS);
    waiting.delete(id);
    return { answers, late: missing().map((p) => p.proc) };
  }

  async function run(request: SkipRequest): Promise<SkipReport> {
    const report: SkipReport = { from: clock.lt(), to: 0, stopped: 'reached', fired: {}, late: [] };
    const target = 'ms' in request ? report.from + request.ms : Number.POSITIVE_INFINITY;
    const heldBefore = new Set(clock.held().map((h) => h.gate));
    const isHeld = heldBefore.size > 0;
    let view: View = {};
    const look = async (): Promise<void> => {
      view = earliest((await ask((id) => ({ type: 'timers?', ask: id }))).answers);
    };
    await look();

    const advance = async (until: number, kinds: TimerView['kind'][]): Promise<void> => {
      clock.set(until);
      const { answers, late } = await ask((id) => ({ type: 'fire', ask: id, until, kinds }));
      count(report.fired, answers);
      let latest = answers;
      for (let round = 0; round < ROUNDS; round += 1) {
        const before = journal.admitted;
        const settled = await ask((id) => ({ type: 'settle', ask: id }));
        latest = settled.answers;
        late.push(...settled.late);
        if (journal.admitted === before) break;
      }
      report.late = [...new Set([...report.late, ...late])];
      view = earliest(latest);
    };

    for (;;) {
      const { wait, beat, limit } = view;
      const wall = isHeld ? due(limit) : Number.POSITIVE_INFINITY;
      const stop = isHeld ? wait : sooner(wait, limit);
      const goal = 'ms' in request ? target : due(stop);
      const next = Math.min(due(beat), due(wait), isHeld ? Number.POSITIVE_INFINITY : due(limit));
      if (goal === Number.POSITIVE_INFINITY) return { ...report, to: clock.lt(), stopped: 'nothing' };
      if (Math.min(next, goal) >= wall) {
        if (wall - GROUP_MS > clock.lt()) await advance(wall - GROUP_MS, ['beat', 'wait']);
        return { ...report, to: clock.lt(), stopped: 'limit', label: limit?.label };
      }
      if (next > goal) {
        await advance(goal, []);
        return { ...report, to: clock.lt(), stopped: 'reached' };
      }
      // Work that is under way in real time would have been done long before: let it cancel its deadline.
      if (due(limit) === next && !(await finished(limit))) continue;
      // A group never takes a deadline along that nobody has looked at.
      const before = due(limit) > next ? (next + due(limit)) / 2 : Number.POSITIVE_INFINITY;
      const until = Math.max(clock.lt(), Math.min(next + GROUP_MS, goal, before));
      await advance(until, !isHeld && due(limit) <= until ? ['beat', 'wait', 'limit'] : ['beat', 'wait']);
      if (due(wait) <= until && inFlight.young(PATIENCE_MS)) {
        await untilReal(() => !inFlight.young(PATIENCE_MS), RETRY_MS);
        await look();
      }
      if (clock.held().some((h) => !heldBefore.has(h.gate))) return { ...report, to: clock.lt(), stopped: 'held' };
      if (!('ms' in request) && until >= goal) {
        return { ...report, to: clock.lt(), stopped: 'timer', label: stop?.label };
      }
    }

    /** True when all is quiet and this deadline is still the next: then it is really reached. */
    async function finished(limit: TimerView | undefined): Promise<boolean> {
      await untilReal(() => journal.quietFor() >= QUIET_MS && !inFlight.young(PATIENCE_MS), PATIENCE_MS, 10);
      await look();
      return view.limit?.due === limit?.due;
    }
  }

  return {
    async skip(request) {
      if (skipping) throw new Error('[clock] could not skip: another skip is under way; wait for its end');
      skipping = true;
      try {
        await clock.stand('skip');
        const report = await run(request);
        const times = Object.values(report.fired).reduce((a, b) => a + b, 0);
        const seconds = ((report.to - report.from) / 1000).toFixed(1);
        journal.say({
          type: 'note',
          actor: 'clock',
          text: `skipped ${seconds} s of lab time; ${times} timers fired on the way`,
          data: report,
        });
        return report;
      } finally {
        skipping = false;
        clock.go('skip');
      }
    },
    async timers() {
      const { answers } = await ask((id) => ({ type: 'timers?', ask: id }));
      return [...answers].map(([peer, { timers }]) => ({ proc: peer.proc, timers }));
    },
  };
}

type View = Partial<Record<TimerView['kind'], TimerView>>;

const due = (timer: TimerView | undefined): number => timer?.due ?? Number.POSITIVE_INFINITY;
const sooner = (a: TimerView | undefined, b: TimerView | undefined) => (due(a) <= due(b) ? a : b);

/** The earliest timer of each kind in the whole lab. */
function earliest(answers: Map<Peer, Answer>): View {
  const view: View = {};
  for (const { timers } of answers.values()) {
    for (const timer of timers) view[timer.kind] = sooner(view[timer.kind], timer);
  }
  return view;
}

function count(fired: Record<string, number>, answers: Map<Peer, Answer>): void {
  for (const answer of answers.values()) {
    if (answer.type !== 'settled') continue;
    for (const [label, n] of Object.entries(answer.fired)) fired[label] = (fired[label] ?? 0) + n;
  }
}

/** Looks at every turn of the event loop for a few milliseconds: timers are too coarse for a thousand rounds. */
async function soon(done: () => boolean): Promise<boolean> {
  const deadline = performance.now() + 20;
  while (!done()) {
    if (performance.now() > deadline) return false;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return true;
}
