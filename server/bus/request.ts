// A request on the bus, made of subscribe and publish: an inbox, a deadline in lab time, and the answers that came.
// No answer is an expected outcome, so it resolves with fewer replies and never rejects.
import { randomUUID } from 'node:crypto';
import type { LabClock, Trail } from '../lab/types.ts';
import type { Bus } from './connect.ts';

export interface RequestOptions {
  /** The request's cause; left at the `received` entry of the latest answer. */
  trail: Trail;
  /** Enough answers (1 unless told otherwise). */
  max?: number;
  /**
   * Lab time in milliseconds. One number is the deadline of the whole request; a list gives each answer in turn its own,
   * counted from the one before (Cloud Controller: `[setup, staging]`).
   */
  timeoutMs: number | readonly number[];
  /** Told each answer as it comes, before the request resolves. */
  onReply?: (json: unknown, trail: Trail) => void;
  /** Who asks, when it is not the bus's own name. */
  actor?: string;
  /** A question that comes with every poll of a client: faint, never held by a pause, and no deadline that a skip minds. */
  background?: boolean;
}

export interface Reply {
  json: unknown;
  /** At the answer's `received` entry. */
  trail: Trail;
}

/** Publishes `json` with an inbox and resolves when `max` answers are in or a deadline has passed. */
export function request(
  bus: Bus,
  clock: LabClock,
  subject: string,
  json: unknown,
  options: RequestOptions,
): Promise<Reply[]> {
  const { trail, timeoutMs, onReply, actor, background = false } = options;
  const as = { ...(actor ? { actor } : {}), background };
  const max = options.max ?? (typeof timeoutMs === 'number' ? 1 : timeoutMs.length);
  const label = `reply to ${subject}`;
  const inbox = `_INBOX.${randomUUID().replaceAll('-', '')}`;
  return new Promise((resolve) => {
    const replies: Reply[] = [];
    const answers = bus.subscribe(inbox, { label, ...as }, (answer, delivery) => {
      if (replies.length >= max) return;
      replies.push({ json: answer, trail: delivery.trail });
      trail.cause = delivery.trail.cause;
      onReply?.(answer, delivery.trail);
      if (replies.length >= max) finish();
      else if (typeof timeoutMs !== 'number') arm(timeoutMs[replies.length] ?? timeoutMs.at(-1) ?? 0);
    });
    const finish = () => {
      deadline.cancel();
      answers.unsubscribe();
      resolve(replies);
    };
    const start = (ms: number) => clock.after(ms, background ? 'beat' : 'limit', `answer to ${subject}`, finish);
    const arm = (ms: number) => {
      deadline.cancel();
      deadline = start(ms);
    };
    let deadline = start(typeof timeoutMs === 'number' ? timeoutMs : (timeoutMs[0] ?? 0));
    bus.publish(subject, json, trail.cause, { reply: inbox, ...as });
  });
}
