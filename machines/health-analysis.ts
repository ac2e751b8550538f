// What the health manager decides, as pure functions of desired state, actual state and time (hm9000: analyzer, sender).
// Whether it may decide at all is health-freshness.ts. Nothing is sent, stored or timed here. Times are lab time in milliseconds.
import { CRASH_MEMORY_MS, crashDelay } from './crash-delay.ts';

/** What the Cloud Controller wants of one app. Only STARTED apps that are STAGED or PENDING are desired at all. */
export interface Desired {
  droplet: string;
  version: string;
  instances: number;
  state: string;
  package_state: string;
}

/** One instance as its DEA's latest heartbeat told of it. */
export interface Actual {
  dea: string;
  droplet: string;
  version: string;
  instance: string;
  index: number;
  state: string;
}

export interface CrashCount {
  droplet: string;
  version: string;
  index: number;
  count: number;
  changed: number;
}

export type StartReason = 'missing' | 'crashed' | 'evacuating';
export type StopReason = 'extra' | 'duplicate' | 'evacuation complete' | 'not desired';

interface OrderBase {
  /** One order a key at a time: app, version and index for starts, the instance for stops. */
  key: string;
  droplet: string;
  version: string;
  index: number;
  /** Not to be sent before. */
  sendOn: number;
  /** How long it blocks its key after it was sent. */
  keepAliveMs: number;
}

export interface StartOrder extends OrderBase {
  type: 'start';
  reason: StartReason;
  /** Higher goes first. */
  priority: number;
  /** Sent without looking again whether it is still right (the evacuator's). */
  unverified: boolean;
}

export interface StopOrder extends OrderBase {
  type: 'stop';
  reason: StopReason;
  instance: string;
}

export type Order = StartOrder | StopOrder;

export interface Facts {
  desired: readonly Desired[];
  actual: readonly Actual[];
  crashes: readonly CrashCount[];
  /** Keys of orders that are queued, or sent and still blocking. */
  queued: ReadonlySet<string>;
  now: number;
}

export interface Findings {
  starts: StartOrder[];
  stops: StopOrder[];
  /** Counts that have changed. */
  crashes: CrashCount[];
}

/** The heartbeat's period; every other time of the health manager is a multiple of it. */
export const HEARTBEAT_MS = 10_000;
export const GRACE_MS = 3 * HEARTBEAT_MS;
const EVACUATION_PRIORITY = 2;

/** Compares and returns the orders that are new. For a (droplet, version) they follow from its facts alone. */
export function analyze(facts: Facts): Findings {
  const findings: Findings = { starts: [], stops: [], crashes: [] };
  const wanted = facts.desired.filter(isDesired);
  const apps = new Map([...wanted, ...facts.actual].map((a) => [`${a.droplet},${a.version}`, a]));
  for (const { droplet, version } of apps.values()) {
    const mine = (a: { droplet: string; version: string }) => a.droplet === droplet && a.version === version;
    const app = new App(wanted.find(mine), facts.actual.filter(mine), facts.crashes.filter(mine), {
      droplet,
      version,
      ...facts,
    });
    app.analyze(findings);
  }
  return findings;
}

/** STARTED, and its bits are good or on their way (hm9000: desiredstatefetcher). */
export function isDesired(app: Desired): boolean {
  return app.state === 'STARTED' && (app.package_state === 'STAGED' || app.package_state === 'PENDING');
}

export const startKey = (droplet: string, version: string, index: number) => `${droplet}-${version}-${index}`;

/** What an evacuating or leaving DEA says of an instance becomes a start at once, without a second look. */
export function evacuationStart(exited: Pick<Actual, 'droplet' | 'version' | 'index'>, now: number): StartOrder {
  const { droplet, version, index } = exited;
  const times = { sendOn: now, keepAliveMs: GRACE_MS, priority: EVACUATION_PRIORITY };
  return {
    type: 'start',
    key: startKey(droplet, version, index),
    droplet,
    version,
    index,
    reason: 'evacuating',
    unverified: true,
    ...times,
  };
}

class App {
  readonly #desired: Desired | undefined;
  readonly #actual: readonly Actual[];
  readonly #crashes: readonly CrashCount[];
  readonly #at: { droplet: string; version: string; queued: ReadonlySet<string>; now: number };

  constructor(
    desired: Desired | undefined,
    actual: readonly Actual[],
    crashes: readonly CrashCount[],
    at: { droplet: string; version: string; queued: ReadonlySet<string>; now: number },
  ) {
    this.#desired = desired;
    this.#actual = actual;
    this.#crashes = crashes;
    this.#at = at;
  }

  analyze(into: Findings): void {
    const before = into.starts.length;
    this.#missing(into);
    this.#crashed(into);
    this.#evacuating(into);
    // Nothing is taken away while something is still to come.
    if (into.starts.length > before) return;
    this.#extra(into);
    this.#duplicate(into);
  }

  #missing(into: Findings): void {
    for (const index of this.#indices()) {
      if (this.#of(index, 'STARTING', 'RUNNING', 'CRASHED', 'EVACUATING').length === 0) {
        this.#start(into, index, 'missing', GRACE_MS, 0);
      }
    }
  }

  #crashed(into: Findings): void {
    const nothingRuns = !this.#actual.some(isLive);
    for (const index of this.#indices()) {
      if (this.#of(index, 'STARTING', 'RUNNING').length > 0 || this.#of(index, 'CRASHED').length === 0) continue;
      // An app that crashes everywhere is tried at one place only.
      if (nothingRuns && index !== 0) continue;
      const count = this.#crashCount(index);
      if (!this.#start(into, index, 'crashed', crashDelay(count), GRACE_MS)) continue;
      const { droplet, version, now } = this.#at;
      into.crashes.push({ droplet, version, index, count: count + 1, changed: now });
    }
  }

  #evacuating(into: Findings): void {
    for (const leaving of this.#actual.filter((a) => a.state === 'EVACUATING')) {
      const { index } = leaving;
      if (!this.#isDesired(index) || !this.#isStaged()) this.#stop(into, leaving, 'not desired', 0);
      else if (this.#of(index, 'RUNNING').length > 0) this.#stop(into, leaving, 'evacuation complete', 0);
      else if (this.#of(index, 'STARTING').length > 0) continue;
      else if (this.#crashCount(index) > 0) this.#stop(into, leaving, 'evacuation complete', 0);
      else this.#start(into, index, 'evacuating', 0, GRACE_MS);
    }
  }

  #extra(into: Findings): void {
    for (const one of this.#actual) {
      if (isLive(one) && !this.#isDesired(one.index)) this.#stop(into, one, 'extra', 0);
    }
  }

  /** Each of them in turn, far apart: the sender looks again and spares the last. */
  #duplicate(into: Findings): void {
    for (let index = 0; index < (this.#desired?.instances ?? 0); index += 1) {
      const live = this.#of(index, 'STARTING', 'RUNNING');
      if (live.length < 2) continue;
      for (const [i, one] of live.entries()) this.#stop(into, one, 'duplicate', 4 * GRACE_MS + i * GRACE_MS);
    }
  }

  #start(into: Findings, index: number, reason: StartReason, delayMs: number, keepAliveMs: number): boolean {
    const { droplet, version, queued, now } = this.#at;
    const key = startKey(droplet, version, index);
    if (queued.has(key) || into.starts.some((s) => s.key === key)) return false;
    const priority = reason === 'evacuating' ? EVACUATION_PRIORITY : this.#need();
    const times = { sendOn: now + delayMs, keepAliveMs };
    into.starts.push({ type: 'start', key, droplet, version, index, reason, priority, unverified: false, ...times });
    return true;
  }

  #stop(into: Findings, one: Actual, reason: StopReason, delayMs: number): void {
    const { droplet, version, queued, now } = this.#at;
    if (queued.has(one.instance) || into.stops.some((s) => s.key === one.instance)) return;
    const { instance, index } = one;
    const times = { sendOn: now + delayMs, keepAliveMs: GRACE_MS };
    into.stops.push({ type: 'stop', key: instance, droplet, version, index, instance, reason, ...times });
  }

  /** Share of the desired indices at which nothing lives. */
  #need(): number {
    const wanted = this.#desired?.instances ?? 0;
    const missing = Array.from({ length: wanted }, (_, i) => i).filter(
      (i) => this.#of(i, 'STARTING', 'RUNNING').length === 0,
    );
    return wanted === 0 ? 0 : missing.length / wanted;
  }

  /** The indices at which something may be started. */
  #indices(): number[] {
    return this.#isStaged() ? Array.from({ length: this.#desired?.instances ?? 0 }, (_, i) => i) : [];
  }

  #isStaged = () => this.#desired?.package_state === 'STAGED';
  #isDesired = (index: number) => index < (this.#desired?.instances ?? 0);
  #of = (index: number, ...states: string[]) =>
    this.#actual.filter((a) => a.index === index && states.includes(a.state));
  #crashCount = (index: number) =>
    currentCount(
      this.#crashes.find((c) => c.index === index),
      this.#at.now,
    );
}

const isLive = (a: Actual) => a.state === 'STARTING' || a.state === 'RUNNING';

/** A crash count as it is now: forgotten after 1920 s without a change. */
export function currentCount(count: CrashCount | undefined, now: number): number {
  return count && now - count.changed < CRASH_MEMORY_MS ? count.count : 0;
}

/** The sender's second look: undefined to forget the order, else how to send it. */
export function verify(order: Order, facts: Pick<Facts, 'desired' | 'actual'>): { duplicate: boolean } | undefined {
  const mine = (a: { droplet: string; version: string }) => a.droplet === order.droplet && a.version === order.version;
  const app = facts.desired.filter(isDesired).find(mine);
  const wanted = app !== undefined && order.index < app.instances;
  const live = facts.actual.filter((a) => mine(a) && a.index === order.index && isLive(a));
  if (order.type === 'start')
    return order.unverified || (wanted && live.length === 0) ? { duplicate: false } : undefined;
  const one = facts.actual.find((a) => a.instance === order.instance);
  if (!one) return undefined;
  if (!wanted || one.state === 'EVACUATING') return { duplicate: false };
  return live.length > 1 ? { duplicate: true } : undefined;
}
