// Our client of the bus: every message leaves a `sent` or `received` entry, waits at its delivery gate, and carries its
// cause. Deadlines are lab time. It decides nothing about what a message means.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { payloadOf } from '../lab/payload.ts';
import type { Cause, Lab, Ref, Trail } from '../lab/types.ts';
import { type Arrival, type Asked, Connection, type Server } from './connection.ts';
import { Occurrences } from './edges.ts';
import { MAX_PAYLOAD } from './parser.ts';
import { type Reply, type RequestOptions, request } from './request.ts';

export interface BusOptions extends Omit<Server, 'name'> {
  lab: Lab;
  proc: string;
  /** Who speaks: the default actor of entries, and the connection's name on the server. */
  name: string;
}

export interface PublishOptions {
  /** Who sends, when it is not the bus's own name. */
  actor?: string;
  /** Periodic: faint in every view, never a stop unless asked, and not kept while there is no connection. */
  background?: boolean;
  /** Where answers should go. */
  reply?: string;
  /** What the journal calls the message when its subject says nothing (an inbox). */
  label?: string;
}

export interface SubscribeOptions {
  queue?: string;
  /** Who receives, when it is not the bus's own name. */
  actor?: string;
  /** Periodic traffic, or a test for it (a first `router.register` is news, its repetition is not). */
  background?: boolean | ((json: unknown, subject: string) => boolean);
  label?: string;
}

export interface Delivery {
  /** Starts at the message's `received` entry. */
  trail: Trail;
  subject: string;
  /** Answers, if the sender asked for an answer; else does nothing. */
  reply(json: unknown, cause: Cause): void;
}

export type Handler = (json: unknown, delivery: Delivery) => void | Promise<void>;

export interface Bus {
  readonly name: string;
  /** Sends JSON (`undefined` as an empty payload). Without a connection it waits for the next one, the newest 1000 of them. */
  publish(subject: string, json: unknown, cause: Cause, options?: PublishOptions): Ref;
  /** Calls `handler` for each message behind its delivery gate; a held message holds no other. Survives reconnects. */
  subscribe(subject: string, options: SubscribeOptions, handler: Handler): { unsubscribe(): void };
  /** Asks and gathers answers; never rejects for missing ones. See RequestOptions. */
  request(subject: string, json: unknown, options: RequestOptions): Promise<Reply[]>;
  /** Called after each later connection (not the first): announcements are due again. */
  onReconnect(listener: () => void): () => void;
  connected(): boolean;
  flush(): Promise<void>;
  close(): Promise<void>;
}

const MAX_WAITING = 1000;
/** Real milliseconds that the last messages may take when the bus is closed. */
const GOODBYE_MS = 1000;

interface Sub extends Asked {
  options: SubscribeOptions;
  handler: Handler;
  end?: () => void;
  ended: boolean;
}

interface Waiting {
  subject: string;
  data: Uint8Array;
  reply: string | undefined;
  key: string;
}

/**
 * Connects and stays connected: an ended connection is replaced for ever, its subscriptions made again.
 * Resolves with the first connection, however long that takes (an entry says that it waits); rejects when the server
 * refuses the credentials.
 */
export async function connectBus(options: BusOptions): Promise<Bus> {
  const client = new Client(options);
  await client.start();
  return client;
}

class Client implements Bus {
  readonly name: string;
  readonly #lab: Lab;
  readonly #server: Server;
  readonly #subs = new Set<Sub>();
  readonly #closing = new AbortController();
  readonly #reconnected = new Set<() => void>();
  #connection: Connection | undefined;
  readonly #sent = new Occurrences();
  #waiting: Waiting[] = [];

  constructor(options: BusOptions) {
    this.name = options.name;
    this.#lab = options.lab;
    this.#server = {
      url: options.url,
      name: options.proc === options.name ? options.name : `${options.name}@${options.proc}`,
      ...(options.user === undefined ? {} : { user: options.user, password: options.password ?? '' }),
    };
    options.lab.onSettle(() => this.flush());
  }

  async start(): Promise<void> {
    const first = await this.#open(true);
    if (!first) return;
    this.#use(first);
    void this.#stay(first);
  }

  async #stay(first: Connection): Promise<void> {
    let connection: Connection | undefined = first;
    while (connection && !this.#closing.signal.aborted) {
      await connection.gone();
      this.#connection = undefined;
      if (this.#closing.signal.aborted) return;
      this.#note(`lost the connection to ${this.#server.url}`);
      connection = await this.#open(false);
      if (!connection) return;
      this.#use(connection);
      this.#note(`connected to ${this.#server.url} again`);
      for (const listener of this.#reconnected) listener();
    }
  }

  #open(first: boolean): Promise<Connection | undefined> {
    const waiting = (why: string) => this.#note(`waits for ${this.#server.url}: ${why}`);
    return Connection.open({ server: this.#server, sent: this.#sent, first, waiting, signal: this.#closing.signal });
  }

  #use(connection: Connection): void {
    this.#connection = connection;
    for (const sub of this.#subs) this.#attach(sub);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { subject, data, reply, key } of waiting) {
      const edge = connection.nextEdge(subject, data);
      // Its `sent` entry is older than this connection and has a key of its own.
      this.#lab.rec.alias(edge.key, key);
      connection.publish(subject, data, reply);
    }
  }

  publish(subject: string, json: unknown, cause: Cause, options: PublishOptions = {}): Ref {
    const data = Buffer.from(json === undefined ? '' : JSON.stringify(json));
    if (data.length > MAX_PAYLOAD)
      throw new Error(`[bus] could not publish ${subject}: ${data.length} bytes are too many`);
    const connection = this.#connection;
    const edge = connection?.nextEdge(subject, data) ?? { key: `nats:waiting/${randomUUID()}` };
    const say = (phase: 'sent' | 'dropped') =>
      this.#lab.rec.record(
        {
          type: 'message',
          phase,
          transport: 'nats',
          actor: options.actor ?? this.name,
          from: options.actor ?? this.name,
          to: 'nats',
          name: options.label ?? subject,
          payload: payloadOf(json),
          ...(options.background ? { background: true } : {}),
          ...(connection?.inferred ? { inferred: true } : {}),
        },
        cause,
        phase === 'sent' ? edge : undefined,
      );
    if (!connection && options.background) return say('dropped');
    const ref = say('sent');
    if (!connection?.publish(subject, data, options.reply)) {
      this.#waiting.push({ subject, data, reply: options.reply, key: edge.key });
      if (this.#waiting.length > MAX_WAITING) this.#note(`gave up ${this.#waiting.shift()!.subject}: too much waits`);
    }
    return ref;
  }

  subscribe(subject: string, options: SubscribeOptions, handler: Handler): { unsubscribe(): void } {
    const { queue } = options;
    const sub: Sub = { pattern: subject, queue, received: new Occurrences(), options, handler, ended: false };
    this.#subs.add(sub);
    this.#attach(sub);
    return {
      unsubscribe: () => {
        sub.ended = true;
        this.#subs.delete(sub);
        sub.end?.();
      },
    };
  }

  #attach(sub: Sub): void {
    const connection = this.#connection;
    if (!connection) return;
    sub.end = connection.subscribe(sub, (arrival) => this.#arrived(sub, arrival, connection.inferred));
  }

  /** Synchronous up to the handler while the gate is open, so that unheld messages keep the order of the wire. */
  #arrived(sub: Sub, arrival: Arrival, inferred: boolean): void {
    const parsed = parse(arrival.data);
    if (!parsed.ok) {
      const head = Buffer.from(arrival.data.subarray(0, 80)).toString('latin1');
      this.#note(`ignored a message on ${arrival.subject} that is not JSON: ${head}`);
      return;
    }
    const actor = sub.options.actor ?? this.name;
    const name = sub.options.label ?? arrival.subject;
    const { background } = sub.options;
    const faint = typeof background === 'function' ? background(parsed.json, arrival.subject) : background === true;
    const point = {
      kind: 'delivery',
      transport: 'nats',
      proc: this.#lab.proc,
      actor,
      name,
      background: faint,
    } as const;
    const enter = (cause: Cause) => {
      const fault = this.#lab.gates.drops(point, cause, cause === null ? arrival.edge : undefined);
      const phase = sub.ended || fault ? 'dropped' : 'received';
      const body = { type: 'message', phase, transport: 'nats', actor, from: 'nats', to: actor, name } as const;
      const marks = { ...(faint ? { background: true } : {}), ...(inferred ? { inferred: true } : {}) };
      // Held on its way, it has found its `sent` at the gate.
      const edge = cause === null && fault === null ? arrival.edge : undefined;
      const ref = this.#lab.rec.record({ ...body, payload: payloadOf(parsed.json), ...marks }, fault ?? cause, edge);
      if (phase === 'received') this.#handle(sub, parsed.json, this.#delivery(arrival, ref, name, actor, faint));
    };
    if (this.#lab.gates.closes(point)) void this.#lab.gates.pass(point, null, arrival.edge).then(enter);
    else enter(null);
  }

  #delivery(arrival: Arrival, ref: Ref, name: string, actor: string, background: boolean): Delivery {
    return {
      trail: { cause: ref },
      subject: arrival.subject,
      reply: (json, cause) => {
        if (arrival.reply !== '') this.publish(arrival.reply, json, cause, { actor, label: replyTo(name), background });
      },
    };
  }

  #handle(sub: Sub, json: unknown, delivery: Delivery): void {
    const failed = (error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#note(`could not handle ${delivery.subject}: ${why}`, delivery.trail.cause);
    };
    try {
      Promise.resolve(sub.handler(json, delivery)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  request(subject: string, json: unknown, options: RequestOptions): Promise<Reply[]> {
    return request(this, this.#lab.clock, subject, json, options);
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnected.add(listener);
    return () => this.#reconnected.delete(listener);
  }

  connected(): boolean {
    return this.#connection !== undefined;
  }

  async flush(): Promise<void> {
    await this.#connection?.flush();
  }

  /** Sends what is under way and leaves; messages that wait for a connection are lost with it. */
  async close(): Promise<void> {
    // A server that hangs must not keep us: the process is on its way out.
    await Promise.race([this.flush(), delay(GOODBYE_MS, undefined, { ref: false })]);
    this.#closing.abort();
    for (const sub of this.#subs) sub.ended = true;
    await this.#connection?.close();
    this.#connection = undefined;
  }

  #note(text: string, cause: Cause = null): void {
    this.#lab.rec.record({ type: 'note', actor: this.name, text: `[bus] ${this.name} ${text}` }, cause);
  }
}

/** What the journal calls an answer: inboxes have no readable name. */
export const replyTo = (name: string) => `reply to ${name}`;

function parse(data: Uint8Array): { ok: true; json: unknown } | { ok: false } {
  if (data.length === 0) return { ok: true, json: undefined };
  try {
    return { ok: true, json: JSON.parse(Buffer.from(data).toString('utf8')) };
  } catch {
    return { ok: false };
  }
}
