// The embedded broker: enough of nats-server for Cloud Foundry's traffic, so that nothing has to be installed and every
// delivery is known by its connection. Debian's nats-server is a drop-in for it; it has no clusters and no persistence.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Lab } from '../lab/types.ts';
import { EMBEDDED, pubKey, subKey } from './edges.ts';
import { type ClientOp, ClientParser, type ConnectOptions, MAX_PAYLOAD, ProtocolError } from './parser.ts';
import { isPattern, isSubject, SubjectTable } from './subjects.ts';

export interface BrokerOptions {
  /** Address to listen on; loopback unless told otherwise. */
  listen?: string;
  /** 0 or nothing: any free port. */
  port?: number;
  /** Without a user, everybody may connect. */
  user?: string;
  password?: string;
  lab: Lab;
}

export interface Broker {
  /** `nats://127.0.0.1:4222`, without credentials. */
  readonly url: string;
  readonly port: number;
  readonly serverId: string;
  /** Connections that are open now. */
  clients(): number;
  close(): Promise<void>;
}

/** A client that has this much unread is cut off rather than kept in memory (bytes). */
const MAX_UNREAD = 32 * 1024 * 1024;
/** A connection that has not said CONNECT within this real time is closed (a transport's own limit, ms). */
const HELLO_MS = 10_000;
/** How long a refused client may take to read why (real ms). */
const GOODBYE_MS = 1000;
const NO_RESPONDERS = Buffer.from('NATS/1.0 503\r\n\r\n');

/** Starts a broker. Rejects `[bus] could not listen on …` when the address is taken. */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const hub = new Hub(options);
  const listen = options.listen ?? '127.0.0.1';
  const server = createServer({ noDelay: true, keepAlive: true }, (socket) => hub.welcome(socket));
  await listening(server, listen, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  hub.address = { host: listen, port };
  return {
    url: `nats://${listen.includes(':') ? `[${listen}]` : listen}:${port}`,
    port,
    serverId: hub.id,
    clients: () => hub.clients.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const client of hub.clients) client.socket.destroy();
      }),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`[bus] could not listen on ${host}:${port}: ${cause.message}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
}

interface Subscription {
  client: Client;
  pattern: string;
  queue: string;
  sid: string;
  /** Messages so far: the ordinal of the edge key, and what UNSUB's maximum counts. */
  delivered: number;
  /** Gone after this many; 0 for never. */
  max: number;
}

interface Client {
  id: number;
  socket: Socket;
  parser: ClientParser;
  /** What it said in CONNECT; nothing until then. */
  said: ConnectOptions | undefined;
  subs: Map<string, Subscription>;
  published: number;
}

class Hub {
  readonly id = `N${randomBytes(10).toString('hex').toUpperCase()}`;
  readonly clients = new Set<Client>();
  address = { host: '127.0.0.1', port: 0 };
  readonly #options: BrokerOptions;
  readonly #table = new SubjectTable<Subscription>();
  #lastId = 0;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  welcome(socket: Socket): void {
    const client: Client = {
      id: ++this.#lastId,
      socket,
      parser: new ClientParser((op) => this.#obey(client, op)),
      said: undefined,
      subs: new Map(),
      published: 0,
    };
    this.clients.add(client);
    socket.setTimeout(HELLO_MS, () => this.#refuse(client, 'Authentication Timeout'));
    // Every failure of a socket ends in `close`; without this listener it would end the process.
    socket.on('error', () => {});
    socket.on('close', () => this.#forget(client));
    socket.on('data', (chunk) => this.#read(client, chunk));
    socket.write(`INFO ${JSON.stringify(this.#info(client))}\r\n`);
  }

  #info(client: Client) {
    return {
      server_id: this.id,
      server_name: EMBEDDED,
      version: '2.9.10',
      proto: 1,
      go: '',
      ...this.address,
      headers: true,
      auth_required: this.#options.user !== undefined,
      max_payload: MAX_PAYLOAD,
      client_id: client.id,
      client_ip: client.socket.remoteAddress,
    };
  }

  #read(client: Client, chunk: Buffer): void {
    try {
      client.parser.push(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(
        client,
        client.said || error.message.startsWith('Maximum') ? error.message : 'Authorization Violation',
      );
    }
  }

  #obey(client: Client, op: ClientOp): void {
    if (op.op === 'CONNECT') {
      if (!this.#mayConnect(op.options)) throw new ProtocolError('Authorization Violation');
      client.said = op.options;
      client.socket.setTimeout(0);
    }
    if (!client.said) throw new ProtocolError('Authorization Violation');
    const answer = this.#answer(client, op);
    if (answer !== '+OK' || client.said.verbose !== false) client.socket.write(`${answer}\r\n`);
  }

  #answer(client: Client, op: ClientOp): string {
    switch (op.op) {
      case 'CONNECT':
      case 'PONG':
        return '+OK';
      case 'PING':
        return 'PONG';
      case 'SUB':
        if (!isPattern(op.subject)) return "-ERR 'Invalid Subject'";
        this.#subscribe(client, op);
        return '+OK';
      case 'UNSUB':
        this.#unsubscribe(client, op);
        return '+OK';
      case 'PUB':
        client.published += 1;
        if (!isSubject(op.subject)) return "-ERR 'Invalid Publish Subject'";
        this.#publish(client, op);
        return '+OK';
      default:
        return op satisfies never;
    }
  }

  #mayConnect(said: ConnectOptions): boolean {
    const { user, password } = this.#options;
    if (user === undefined) return true;
    // Both compared always and in constant time; hashed, because the comparison wants equal lengths.
    const userFits = same(said.user, user);
    return same(said.pass, password ?? '') && userFits;
  }

  #subscribe(client: Client, op: ClientOp & { op: 'SUB' }): void {
    const before = client.subs.get(op.sid);
    if (before) return; // nats-server: the same sid again changes nothing.
    const sub = { client, pattern: op.subject, queue: op.queue, sid: op.sid, delivered: 0, max: 0 };
    client.subs.set(op.sid, sub);
    this.#table.add(sub);
  }

  #unsubscribe(client: Client, op: ClientOp & { op: 'UNSUB' }): void {
    const sub = client.subs.get(op.sid);
    if (!sub) return;
    sub.max = op.max;
    if (op.max === 0 || sub.delivered >= op.max) this.#drop(sub);
  }

  #drop(sub: Subscription): void {
    sub.client.subs.delete(sub.sid);
    this.#table.delete(sub);
  }

  #publish(from: Client, op: ClientOp & { op: 'PUB' }): void {
    const reached = this.#table.for(op.subject).filter((s) => s.client !== from || from.said?.echo !== false);
    const of = pubKey(this.id, from.id, from.published);
    for (const sub of oneOfEachQueue(reached)) this.#deliver(sub, op, of);
    if (reached.length === 0 && op.reply !== '' && from.said?.no_responders && from.said.headers) {
      const answer = {
        op: 'PUB' as const,
        subject: op.reply,
        reply: '',
        head: NO_RESPONDERS,
        payload: Buffer.alloc(0),
      };
      for (const sub of this.#table.for(op.reply)) if (sub.client === from) this.#deliver(sub, answer, undefined);
    }
  }

  /** Hands one message to one subscription and tells the journal which publication this delivery passes on. */
  #deliver(sub: Subscription, op: ClientOp & { op: 'PUB' }, of: string | undefined): void {
    const { socket, said, id } = sub.client;
    if (socket.destroyed) return;
    sub.delivered += 1;
    if (of) this.#options.lab.rec.alias(subKey(this.id, id, sub.sid, sub.delivered), of);
    const head = said?.headers ? op.head : op.head.subarray(0, 0);
    const reply = op.reply === '' ? '' : `${op.reply} `;
    const sizes = head.length > 0 ? `${head.length} ${head.length + op.payload.length}` : `${op.payload.length}`;
    const line = `${head.length > 0 ? 'HMSG' : 'MSG'} ${op.subject} ${sub.sid} ${reply}${sizes}\r\n`;
    socket.write(Buffer.concat([Buffer.from(line), head, op.payload, CRLF]));
    if (sub.max > 0 && sub.delivered >= sub.max) this.#drop(sub);
    if (socket.writableLength > MAX_UNREAD) this.#refuse(sub.client, 'Slow Consumer');
  }

  /** Says why and ends the connection; nobody else notices. A client that does not read is cut off at once. */
  #refuse(client: Client, message: string): void {
    const { lab } = this.#options;
    const text = `[bus] ended the connection of ${client.said?.name ?? `client ${client.id}`}: ${message}`;
    lab.rec.record({ type: 'note', actor: 'nats', text }, null);
    client.parser.stop();
    this.#forget(client);
    if (message === 'Slow Consumer') {
      client.socket.destroy();
      return;
    }
    client.socket.end(`-ERR '${message}'\r\n`, () => client.socket.destroy());
    client.socket.setTimeout(GOODBYE_MS, () => client.socket.destroy());
  }

  #forget(client: Client): void {
    this.clients.delete(client);
    for (const sub of client.subs.values()) this.#table.delete(sub);
    client.subs.clear();
  }
}

const CRLF = Buffer.from('\r\n');

/** Every plain subscription, and of each queue group one member by chance (nats-server groups by the queue's name). */
function oneOfEachQueue(subs: Subscription[]): Subscription[] {
  const groups = new Map<string, Subscription[]>();
  const chosen: Subscription[] = [];
  for (const sub of subs) {
    if (sub.queue === '') chosen.push(sub);
    else groups.set(sub.queue, [...(groups.get(sub.queue) ?? []), sub]);
  }
  for (const group of groups.values()) chosen.push(group[Math.floor(Math.random() * group.length)]!);
  return chosen;
}

function same(given: unknown, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(typeof given === 'string' ? given : ''), digest(wanted)) && typeof given === 'string';
}
