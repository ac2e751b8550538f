// The health manager: hears the DEAs, compares with what is desired, asks the Cloud Controller for starts and stops
// (hm9000, in one process and in memory). What it decides is machines/health-analysis.ts; here is when.
import { CRASH_MEMORY_MS } from '../../machines/crash-delay.ts';
import {
  analyze,
  type CrashCount,
  type Desired,
  evacuationStart,
  HEARTBEAT_MS,
  isDesired,
  type Order,
  startKey,
  verify,
} from '../../machines/health-analysis.ts';
import { bumpActual, type Freshness, isFresh } from '../../machines/health-freshness.ts';
import type { Bus, Delivery } from '../bus/index.ts';
import type { Cause, Lab, Timer, Trail } from '../lab/types.ts';
import { ActualState, Heartbeat, type Known } from './actual-state.ts';
import { Beat } from './beat.ts';
import { type Memory, memoryWriter, readMemory } from './memory.ts';
import { AppState, appStateAnswer, Exited, orderMessage } from './messages.ts';
import { OrderQueue } from './order-queue.ts';

export interface HealthManagerDeps {
  lab: Lab;
  bus: Bus;
  /** All apps as the Cloud Controller wants them: bulkFetcher, or a call in the same process. */
  fetchDesired: (trail: Trail) => Promise<Desired[]>;
  /** Seconds since the epoch, for time stamps on the wire. */
  seconds: () => number;
  /** Where crash counts and orders outlive a restart (`DIR/hm.json`); without it they do not. */
  file?: string;
}

export interface HealthManagerStatus {
  fresh: boolean;
  desired: Desired[];
  actual: Omit<Known, 'cause'>[];
  crashes: CrashCount[];
  orders: { order: Order; sentOn: number | undefined }[];
}

export interface HealthManager {
  status(): HealthManagerStatus;
  close(): void;
}

const FETCH_EVERY_MS = 60_000;
const ANALYZE_EVERY_MS = 10_000;
const SEND_EVERY_MS = 10_000;
/** Analyzer and sender were processes of their own; here the sender comes half a period later. */
const SENDER_PHASE_MS = 5000;

const EVACUATED = new Set(['DEA_SHUTDOWN', 'DEA_EVACUATION']);

/** Subscribes, fetches once at once, and goes on by beats of lab time until closed. */
export function createHealthManager(deps: HealthManagerDeps): HealthManager {
  const manager = new Manager(deps);
  manager.start();
  return manager;
}

class Manager implements HealthManager {
  readonly #deps: HealthManagerDeps;
  readonly #actual = new ActualState();
  readonly #queue = new OrderQueue();
  readonly #crashes = new Map<string, CrashCount>();
  /** Crashes that the next analysis will learn of. */
  readonly #foreseen = new Map<string, Timer>();
  readonly #analyzer: Beat;
  readonly #sender: Beat;
  readonly #ends: (() => void)[] = [];
  readonly #write: ((memory: Memory) => void) | undefined;
  #desired: Desired[] = [];
  #freshness: Freshness = { desiredAt: undefined, actualSince: undefined, actualAt: undefined };
  /** Versions that were seen running and not in the desired state, so that each is asked for once. */
  #strange = new Set<string>();
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(deps: HealthManagerDeps) {
    this.#deps = deps;
    const { clock } = deps.lab;
    const beat = (label: string, periodMs: number, phaseMs: number, work: () => Promise<void>) =>
      new Beat({ clock, label: `health manager ${label}`, periodMs, phaseMs }, () => this.#inTurn(work));
    const fetcher = beat('fetches desired state', FETCH_EVERY_MS, FETCH_EVERY_MS, () => this.#fetch());
    this.#analyzer = beat('analyzes', ANALYZE_EVERY_MS, ANALYZE_EVERY_MS, () => this.#analyze());
    this.#sender = beat('sends', SEND_EVERY_MS, SENDER_PHASE_MS, () => this.#send());
    this.#ends.push(...[fetcher, this.#analyzer, this.#sender].map((b) => () => b.cancel()));
    this.#write = deps.file === undefined ? undefined : memoryWriter(deps.file);
    if (deps.file !== undefined) this.#remember(readMemory(deps.file));
  }

  /** Takes over what an earlier life kept. Nothing is sent before it has heard heartbeats for 30 s. */
  #remember({ crashes, orders }: Memory): void {
    if (crashes.length + orders.length === 0) return;
    const text = `[hm] took back ${crashes.length} crash counts and ${orders.length} orders of an earlier life`;
    const cause = this.#deps.lab.rec.record({ type: 'note', actor: 'hm', text, data: { crashes, orders } }, null);
    for (const count of crashes) this.#crashes.set(startKey(count.droplet, count.version, count.index), count);
    for (const { order, sentOn } of orders) {
      this.#queue.add(order, cause, () => this.#alarm(order));
      if (sentOn !== undefined) this.#queue.sent(order.key, sentOn);
    }
  }

  /** A disk that refuses costs the memory, never the health manager. */
  #save(): void {
    if (this.#closed) return;
    try {
      this.#write?.({ crashes: [...this.#crashes.values()], orders: this.#queue.list() });
    } catch (error) {
      this.#note(`[hm] could not write ${this.#deps.file}: ${error instanceof Error ? error.message : error}`, null);
    }
  }

  start(): void {
    const { bus, lab } = this.#deps;
    const repeats = (json: unknown) => !this.#actual.isNews(json);
    const subs = [
      bus.subscribe('dea.heartbeat', { actor: 'hm', background: repeats }, (json, { trail }) =>
        this.#beat(json, trail),
      ),
      bus.subscribe('dea.advertise', { actor: 'hm', background: true }, () => this.#bump()),
      bus.subscribe('droplet.exited', { actor: 'hm' }, (json, { trail }) => this.#exited(json, trail)),
      bus.subscribe('app.state', { actor: 'hm', background: true, queue: 'hm9000' }, (json, delivery) =>
        this.#appState(json, delivery),
      ),
    ];
    this.#ends.push(...subs.map((s) => () => s.unsubscribe()));
    // A skip of lab time waits for a turn that it has begun: the desired state comes over HTTP, in real time.
    lab.onSettle(() => this.#turn.then(() => bus.flush()));
    this.#inTurn(() => this.#fetch());
  }

  status(): HealthManagerStatus {
    const now = this.#now();
    return {
      fresh: isFresh(this.#freshness, now),
      desired: this.#desired,
      actual: this.#actual.all(now).map(({ cause: _, ...one }) => one),
      crashes: [...this.#crashes.values()],
      orders: this.#queue.list(),
    };
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#ends.splice(0)) end();
    this.#queue.clear();
    for (const timer of this.#foreseen.values()) timer.cancel();
  }

  #now = () => this.#deps.lab.clock.now();

  #bump(): void {
    this.#freshness = bumpActual(this.#freshness, this.#now());
  }

  /** The original gathered heartbeats for a second before it stored them; nothing is lost by storing them at once. */
  #beat(json: unknown, trail: Trail): void {
    const said = Heartbeat.safeParse(json);
    if (!said.success) {
      this.#note('could not read a heartbeat', trail.cause);
      return;
    }
    this.#actual.beat(said.data, this.#now(), trail.cause);
    this.#bump();
  }

  /** hm9000: evacuator. A crash is none of its business: the health manager learns of it by the next heartbeat. */
  #exited(json: unknown, trail: Trail): void {
    const said = Exited.safeParse(json);
    if (!said.success) this.#note('could not read droplet.exited', trail.cause);
    else if (EVACUATED.has(said.data.reason)) {
      this.#enqueue(evacuationStart(said.data, this.#now()), trail.cause);
      this.#save();
    } else if (said.data.reason === 'CRASHED') this.#foresee(said.data);
  }

  /** Decides nothing: a foreground timer where a crash waits for a heartbeat and an analysis, so that a skip stops there. */
  #foresee({ droplet, version, index }: { droplet: string; version: string; index: number }): void {
    const { clock } = this.#deps.lab;
    const key = startKey(droplet, version, index);
    const due = this.#analyzer.turnAfter(clock.now() + HEARTBEAT_MS);
    const label = `heartbeat and analysis after the crash of ${droplet} index ${index}`;
    this.#foreseen.get(key)?.cancel();
    this.#foreseen.set(
      key,
      clock.after(due - clock.now(), 'wait', label, () => this.#foreseen.delete(key)),
    );
  }

  /** One piece of work at a time: each sees the whole of what the one before has left. */
  #inTurn(work: () => Promise<void>): void {
    const failed = (error: unknown) => this.#note(error instanceof Error ? error.message : String(error), null);
    this.#turn = this.#turn.then(async () => {
      if (this.#closed) return;
      await work().catch(failed);
      this.#save();
    });
  }

  async #fetch(): Promise<void> {
    this.#desired = (await this.#deps.fetchDesired({ cause: null })).filter(isDesired);
    this.#freshness = { ...this.#freshness, desiredAt: this.#now() };
  }

  async #analyze(): Promise<void> {
    await this.#askForStrangers();
    const now = this.#now();
    if (!isFresh(this.#freshness, now)) return;
    this.#forgetCrashes(now);
    const facts = { desired: this.#desired, actual: this.#actual.all(now), crashes: [...this.#crashes.values()] };
    const found = analyze({ ...facts, queued: this.#queue.keys(now), now });
    for (const count of found.crashes) this.#crashes.set(startKey(count.droplet, count.version, count.index), count);
    for (const order of [...found.starts, ...found.stops]) this.#enqueue(order, causeOf(order, facts.actual));
  }

  /**
   * An app may be younger than our copy of the desired state, or staged since: what runs has been staged. The original
   * then asked for stops that the Cloud Controller refused, and left a crash alone until its next fetch, a minute later;
   * we ask for the desired state once more instead.
   */
  async #askForStrangers(): Promise<void> {
    const staged = this.#desired.filter((d) => d.package_state === 'STAGED');
    const wanted = new Set(staged.map((d) => `${d.droplet},${d.version}`));
    const strangers = new Set(
      this.#actual
        .all(this.#now())
        .map((a) => `${a.droplet},${a.version}`)
        .filter((a) => !wanted.has(a)),
    );
    const news = [...strangers].some((a) => !this.#strange.has(a));
    this.#strange = strangers;
    if (news) await this.#fetch();
  }

  #enqueue(order: Order, cause: Cause): void {
    const { lab } = this.#deps;
    const inMs = this.#sender.turnAfter(order.sendOn) - this.#now();
    const text = `queued the ${nameOf(order)}, to be sent in ${Math.round(inMs / 1000)} s`;
    if (this.#queue.keys(this.#now()).has(order.key)) return;
    const ref = lab.rec.record({ type: 'note', actor: 'hm', text: `[hm] ${text}`, data: order }, cause);
    this.#queue.add(order, ref, () => this.#alarm(order));
    this.#foreseen.get(order.key)?.cancel();
    this.#foreseen.delete(order.key);
  }

  /** A foreground timer where the order is due, so that a skip stops there. */
  #alarm(order: Order): Timer {
    const { clock } = this.#deps.lab;
    const inMs = this.#sender.turnAfter(order.sendOn) - this.#now();
    return clock.after(inMs, 'wait', `health manager's ${nameOf(order)}`, () => this.#inTurn(() => this.#send()));
  }

  /** hm9000: sender. Looks again before it sends, at a desired state of this moment. */
  async #send(): Promise<void> {
    if (this.#queue.due(this.#now()).length === 0) return;
    await this.#fetch();
    const now = this.#now();
    if (!isFresh(this.#freshness, now)) return;
    for (const { order, cause } of this.#queue.due(now)) {
      const verdict = verify(order, { desired: this.#desired, actual: this.#actual.all(now) });
      if (verdict) {
        const message = orderMessage(order, verdict.duplicate);
        this.#deps.bus.publish(`hm9000.${order.type}`, message, cause, { actor: 'hm' });
        this.#queue.sent(order.key, now);
      } else {
        this.#note(`forgot the ${order.type} of ${order.droplet} index ${order.index}: no longer needed`, cause);
        this.#queue.forget(order.key);
      }
    }
  }

  /** hm9000: apiserver. `{}` when the request makes no sense or our copy is too old to answer. */
  #appState(json: unknown, { reply, trail }: Delivery): void {
    const said = AppState.safeParse(json);
    const fresh = isFresh(this.#freshness, this.#now());
    reply(said.success && fresh ? this.#stateOf(said.data) : {}, trail.cause);
  }

  #stateOf({ droplet, version }: { droplet: string; version: string }) {
    const now = this.#now();
    this.#forgetCrashes(now);
    const mine = (a: { droplet: string; version: string }) => a.droplet === droplet && a.version === version;
    return appStateAnswer({
      droplet,
      version,
      desired: this.#desired.find(mine),
      actual: this.#actual.all(now).filter(mine),
      crashes: [...this.#crashes.values()].filter(mine),
      epoch: this.#deps.seconds() - now / 1000,
    });
  }

  #forgetCrashes(now: number): void {
    for (const [key, { changed }] of this.#crashes) if (now - changed >= CRASH_MEMORY_MS) this.#crashes.delete(key);
  }

  #note(text: string, cause: Cause): void {
    const said = text.startsWith('[') ? text : `[hm] ${text}`;
    this.#deps.lab.rec.record({ type: 'note', actor: 'hm', text: said }, cause);
  }
}

const nameOf = (order: Order) => `${order.type} of ${order.droplet} index ${order.index} (${order.reason})`;

/** The heartbeat that told of what the order answers: of that instance, else of that index, else of the app. */
function causeOf(order: Order, actual: readonly Known[]): Cause {
  const app = actual.filter((a) => a.droplet === order.droplet && a.version === order.version);
  const one = order.type === 'stop' ? app.find((a) => a.instance === order.instance) : undefined;
  return (one ?? app.filter((a) => a.index === order.index).at(-1) ?? app.at(-1))?.cause ?? null;
}
