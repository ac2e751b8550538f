// Edge keys of messages on the bus (ARCHITECTURE, "The lab"): how a `sent` and its `received` find each other in the
// journal. Never on the wire. The embedded broker and the clients must spell them alike, so they are spelled only here.
import { createHash } from 'node:crypto';
import type { EdgeKey } from '../../machines/journal.ts';

/** `server_name` in INFO by which our clients know a broker that says `alias` for its deliveries. */
export const EMBEDDED = 'wardenscope-embedded';

/** The `k`-th (from 1) PUB or HPUB of a connection. */
export const pubKey = (server: string, client: number, k: number) => `nats:${server}/${client}/pub/${k}`;

/** The `k`-th (from 1) MSG or HMSG of the subscription `sid` on a connection. */
export const subKey = (server: string, client: number, sid: string | number, k: number) =>
  `nats:${server}/${client}/sub/${sid}/${k}`;

/** Remembers at most this many different (subject, payload) pairs; older ones start again at 1. */
const REMEMBERED = 20_000;

/**
 * Keys through a broker that is not ours: (subject, hash of the payload, occurrence). Senders and receivers count apart,
 * so a link made this way is a good guess: its entries carry `inferred`.
 */
export class Occurrences {
  readonly #counts = new Map<string, number>();

  next(subject: string, payload: Uint8Array): EdgeKey {
    const id = `${subject}:${createHash('sha1').update(payload).digest('hex')}`;
    const k = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.delete(id);
    this.#counts.set(id, k);
    if (this.#counts.size > REMEMBERED) this.#counts.delete(this.#counts.keys().next().value!);
    return { key: `natsf:${id}:${k}` };
  }
}
