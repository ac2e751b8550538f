// What HTTP entries look like, for both ends: the edge key of a connection's k-th request, names with folded ids, and
// what of a head or body the journal keeps. Sends nothing.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { MessageBody } from '../../machines/journal.ts';
import { bytesPayload, payloadOf } from './payload.ts';

/** The ordinal (from 1) of a request on its connection: call it for every request of a server, traced or not. */
export function requestNumber(req: IncomingMessage): number {
  const known = numbers.get(req);
  if (known) return known;
  const n = nextOn(req.socket);
  numbers.set(req, n);
  return n;
}

const numbers = new WeakMap<IncomingMessage, number>();
const onSocket = new WeakMap<Socket, number>();

/** Counts one more request on this connection. */
export function nextOn(socket: Socket): number {
  const n = (onSocket.get(socket) ?? 0) + 1;
  onSocket.set(socket, n);
  return n;
}

/** The body of an HTTP entry. */
export function message(said: Omit<MessageBody, 'type' | 'transport'>): MessageBody {
  const { background, ...rest } = said;
  return { type: 'message', transport: 'http', ...rest, ...(background ? { background } : {}) };
}

/** `/v2/apps/:guid/bits`: names that a breakpoint and a reader can use. */
export function foldedPath(path: string): string {
  return path
    .split('/')
    .map((s) =>
      /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32,64}|\d+-[0-9a-f]{32})$/i.test(s) ? ':guid' : s,
    )
    .join('/');
}

/** The query of a url (with or without `?`) as a payload. */
export function queryOf(query: string): { query?: unknown } {
  return query.length < 2 ? {} : { query: payloadOf(Object.fromEntries(new URLSearchParams(query))) };
}

/** What of a head is worth an entry: never Authorization or cookies. */
export function headOf(headers: { [name: string]: unknown }): Record<string, unknown> {
  const kept = ['content-type', 'content-length', 'location', 'x-app-staging-log'];
  return Object.fromEntries(kept.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

export function shownBody(chunk: unknown, type: unknown): { body?: unknown } {
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return {};
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  return bytes.length === 0 ? {} : { body: shown(bytes, String(type ?? '')) };
}

/** JSON and forms as values (the recorder cuts long ones), anything else by hash. */
export function shown(bytes: Uint8Array, type: string): unknown {
  const text = () => Buffer.from(bytes).toString('utf8');
  try {
    if (/\bjson\b/.test(type)) return payloadOf(JSON.parse(text()));
    if (type.includes('x-www-form-urlencoded')) return payloadOf(Object.fromEntries(new URLSearchParams(text())));
  } catch {
    // Not what it says it is: shown as bytes.
  }
  return bytesPayload(bytes);
}

export const peerOf = ({ socket }: IncomingMessage) =>
  `${address(socket.remoteAddress, socket.remotePort)}>${address(socket.localAddress, socket.localPort)}`;

/** A server on `::` sees IPv4 peers in IPv6 clothes; both ends must spell an address alike. */
export const address = (ip: string | undefined, port: number | undefined) =>
  `${(ip ?? '').replace(/^::ffff:/, '')}:${port ?? 0}`;
