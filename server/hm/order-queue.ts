// Orders between the analyzer's decision and the sender's message, one for each key, blocking their key for a while
// after they were sent (hm9000: store of pending messages). It sends nothing.
import type { Order } from '../../machines/health-analysis.ts';
import type { Cause, Timer } from '../lab/types.ts';

/** At most so many starts in one run of the sender. */
const STARTS_A_RUN = 60;

interface Queued {
  order: Order;
  cause: Cause;
  sentOn: number | undefined;
  alarm: Timer;
}

export class OrderQueue {
  readonly #queued = new Map<string, Queued>();

  /** `alarm` is cancelled when the order is forgotten. An order whose key is taken is not added. */
  add(order: Order, cause: Cause, alarm: () => Timer): boolean {
    if (this.#queued.has(order.key)) return false;
    this.#queued.set(order.key, { order, cause, sentOn: undefined, alarm: alarm() });
    return true;
  }

  /** Keys that are taken now. */
  keys(now: number): Set<string> {
    for (const [key, { order, sentOn }] of this.#queued) {
      if (sentOn !== undefined && now - sentOn >= order.keepAliveMs) this.forget(key);
    }
    return new Set(this.#queued.keys());
  }

  /** What may be sent now: starts first, the neediest app's first. */
  due(now: number): { order: Order; cause: Cause }[] {
    const ready = [...this.#queued.values()].filter((q) => q.sentOn === undefined && q.order.sendOn <= now);
    const starts = ready
      .filter((q) => q.order.type === 'start')
      .sort((a, b) => priorityOf(b.order) - priorityOf(a.order));
    return [...starts.slice(0, STARTS_A_RUN), ...ready.filter((q) => q.order.type === 'stop')];
  }

  sent(key: string, now: number): void {
    const queued = this.#queued.get(key);
    if (!queued) return;
    queued.sentOn = now;
    queued.alarm.cancel();
    if (queued.order.keepAliveMs === 0) this.forget(key);
  }

  forget(key: string): void {
    this.#queued.get(key)?.alarm.cancel();
    this.#queued.delete(key);
  }

  clear(): void {
    for (const key of [...this.#queued.keys()]) this.forget(key);
  }

  list(): { order: Order; sentOn: number | undefined }[] {
    return [...this.#queued.values()].map(({ order, sentOn }) => ({ order, sentOn }));
  }
}

const priorityOf = (order: Order) => (order.type === 'start' ? order.priority : 0);
