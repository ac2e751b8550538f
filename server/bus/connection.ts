// One physical connection to a NATS server through the library. A connection that ends is never revived: the bus makes
// a new one, so that ordinals (the edge keys of the journal) always count from 1 on a connection of their own.
import { setTimeout as delay } from 'node:timers/promises';
import { connect, errors, type NatsConnection, type Subscription } from '@nats-io/transport-node';
import type { EdgeKey } from '../../machines/journal.ts';
import { EMBEDDED, type Occurrences, pubKey, subKey } from './edges.ts';

/** Where and as whom to connect. */
export interface Server {
  /** `nats://host:port`. */
  url: string;
  user?: string;
  password?: string;
  /** Shown by the server for this connection. */
  name: string;
}

export interface Opening {
  server: Server;
  /** Counts what is sent through brokers that are not ours. */
  sent: Occurrences;
  first: boolean;
  waiting: (why: string) => void;
  signal: AbortSignal;
}

/** A subscription; each counts its own occurrences, because two of one process both receive the same message. */
export interface Asked {
  pattern: string;
  queue?: string;
  received: Occurrences;
}

/** What arrived, with the key of its edge. */
export interface Arrival {
  subject: string;
  reply: string;
  data: Uint8Array;
  edge: EdgeKey;
}

/** Real milliseconds between two attempts: a transport's own pace, lab time may stand still meanwhile. */
const RETRY_MS = 200;

export class Connection {
  readonly #nc: NatsConnection;
  readonly #server: string;
  readonly #client: number;
  /** True where senders and receivers are matched by content (a nats-server that is not ours). */
  readonly inferred: boolean;
  /** Of all connections of this bus: counted by content, not by connection. */
  readonly #sent: Occurrences;
  #published = 0;

  private constructor(nc: NatsConnection, sent: Occurrences) {
    this.#nc = nc;
    this.#sent = sent;
    this.#server = nc.info!.server_id;
    this.#client = nc.info!.client_id;
    this.inferred = nc.info!.server_name !== EMBEDDED;
  }

  /**
   * Tries until the server answers. `waiting` is told of each new reason why it does not. Resolves undefined when
   * `signal` is aborted; rejects only on the `first` connection, when the server refuses the credentials: later they
   * were good once, and somebody may put the server right.
   */
  static async open({ server, sent, first, waiting, signal }: Opening): Promise<Connection | undefined> {
    let said = '';
    while (!signal.aborted) {
      try {
        const made = new Connection(await connect(options(server)), sent);
        if (!signal.aborted) return made;
        await made.close();
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        if (first && error instanceof errors.AuthorizationError) throw refused(server, error);
        if (said !== why) waiting(why);
        said = why;
        await delay(RETRY_MS, undefined, { signal }).catch(() => {});
      }
    }
    return undefined;
  }

  /** Resolves when the connection is gone, for whatever reason. */
  async gone(): Promise<void> {
    await this.#nc.closed();
  }

  /** The key that the next `publish` of these bytes will have. */
  nextEdge(subject: string, data: Uint8Array): EdgeKey {
    if (this.inferred) return this.#sent.next(subject, data);
    return { key: pubKey(this.#server, this.#client, this.#published + 1) };
  }

  /** False when the connection is already closed; then nothing was sent. */
  publish(subject: string, data: Uint8Array, reply: string | undefined): boolean {
    if (this.#nc.isClosed()) return false;
    this.#nc.publish(subject, data, reply ? { reply } : {});
    this.#published += 1;
    return true;
  }

  /** Subscribes; `arrived` is called synchronously, in the order of the wire. Returns how to end it. */
  subscribe(asked: Asked, arrived: (a: Arrival) => void): () => void {
    let ordinal = 0;
    const sub: Subscription = this.#nc.subscribe(asked.pattern, {
      ...(asked.queue ? { queue: asked.queue } : {}),
      callback: (error, msg) => {
        if (error) return;
        ordinal += 1;
        // "No responders" is an answer of newer servers only; the original's clients waited, and so do we.
        if (msg.headers?.code === 503 && msg.data.length === 0) return;
        const edge = this.inferred
          ? { ...asked.received.next(msg.subject, msg.data), expect: true }
          : { key: subKey(this.#server, this.#client, sub.getID(), ordinal), expect: true };
        arrived({ subject: msg.subject, reply: msg.reply ?? '', data: msg.data, edge });
      },
    });
    return () => {
      if (!this.#nc.isClosed()) sub.unsubscribe();
    };
  }

  /**
   * Resolves when the server has everything that was published, and we have everything it had for us until then; or when
   * the connection is gone (the library forgets who waited for a connection's answer).
   */
  async flush(): Promise<void> {
    if (!this.#nc.isClosed()) await Promise.race([this.#nc.flush().catch(() => {}), this.gone()]);
  }

  async close(): Promise<void> {
    await this.#nc.close();
  }
}

const refused = (server: Server, cause: Error) =>
  new Error(`[bus] could not log in to ${server.url}: ${cause.message}; give the user and password of this lab`, {
    cause,
  });

function options(server: Server) {
  return {
    servers: server.url,
    name: server.name,
    ...(server.user === undefined ? {} : { user: server.user, pass: server.password ?? '' }),
    // Reconnecting is ours (see above); so is the deadline of a request. Pings stay the library's, in real time.
    reconnect: false,
    ignoreClusterUpdates: true,
    noAsyncTraces: true,
  };
}
