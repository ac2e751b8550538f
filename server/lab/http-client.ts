// HTTP requests with the lab's eyes: `sent` and `received` entries, a delivery gate before the answer, a deadline in lab
// time. Adds nothing to the wire. Whatever the status, an answer is an answer.
import { Agent, type ClientRequest, type IncomingMessage, request as nodeRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { address, foldedPath, headOf, message, nextOn, queryOf, shown } from './http-entries.ts';
import { payloadOf } from './payload.ts';
import type { Lab, Trail } from './types.ts';

export interface LabRequest {
  method: string;
  url: string;
  /** The Host header, where it is not the url's (apps behind the router: `hello.localhost`). */
  host?: string;
  headers?: Record<string, string>;
  /** A plain object is sent as JSON. */
  body?: string | Buffer | Readable | object;
  /** Actors for the journal. */
  from: string;
  to: string;
  /** Its cause begins the request; it is left at the response's `received` entry. */
  trail: Trail;
  /** Lab time until the whole answer is in, in milliseconds; without it there is no deadline. */
  timeoutMs?: number;
  /** Periodic: faint in every view, never a stop unless asked. */
  background?: boolean;
}

export interface LabResponse {
  status: number;
  headers: IncomingMessage['headers'];
  /** Must be read (or destroyed), else the connection stays busy. */
  body: Readable;
  text(): Promise<string>;
  json(): Promise<unknown>;
  /** At the `received` entry of the response's head. */
  trail: Trail;
}

// No limit of the library's may end a request that is held: no time-outs here, and none on our servers.
const agent = new Agent({ keepAlive: true, timeout: 0, maxFreeSockets: 16 });
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/**
 * Sends one request and resolves with the response's head; any status resolves. Rejects
 * `[lab] could not GET …: <cause>` when the connection fails or the deadline passes.
 */
export async function labRequest(lab: Lab, options: LabRequest): Promise<LabResponse> {
  const url = new URL(options.url);
  const title = `${options.method} ${foldedPath(url.pathname)}`;
  const call: Call = { lab, options, url, title, body: bodyOf(options.body), end: () => {} };
  if (options.timeoutMs !== undefined) {
    const late = `no answer within ${options.timeoutMs / 1000} s of lab time`;
    const limit = lab.clock.after(options.timeoutMs, 'limit', title, () => call.request?.destroy(new Error(late)));
    call.end = () => limit.cancel();
  }
  try {
    return await answered(call).catch((error: unknown) => {
      // The server closed an idle connection at the moment we took it: nothing was done there, so ask again.
      const raced = call.request?.reusedSocket && codeOf(error) === 'ECONNRESET' && !isStream(options.body);
      if (!raced || !IDEMPOTENT.has(options.method)) throw error;
      return answered(call);
    });
  } catch (error) {
    call.end();
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`[lab] could not ${options.method} ${url.origin}${url.pathname}: ${why}`, { cause: error });
  }
}

interface Call {
  lab: Lab;
  options: LabRequest;
  url: URL;
  title: string;
  body: { bytes?: Buffer; stream?: Readable; type?: string; shown: unknown };
  /** Called when nothing more can be late. */
  end: () => void;
  request?: ClientRequest;
}

function answered(call: Call): Promise<LabResponse> {
  const { options, url, body } = call;
  return new Promise((resolve, reject) => {
    const request = nodeRequest({
      agent,
      method: options.method,
      hostname: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port || 80,
      path: url.pathname + url.search,
      headers: {
        ...(options.host ? { host: options.host } : {}),
        ...(url.username ? { authorization: basic(url) } : {}),
        ...(body.type ? { 'content-type': body.type } : {}),
        ...(body.bytes ? { 'content-length': body.bytes.length } : {}),
        ...options.headers,
      },
    });
    call.request = request;
    request.on('error', reject);
    request.on('socket', (socket) => {
      const begin = () => {
        const edge = sent(call, socket);
        request.on('response', (response) => void received(call, response, edge).then(resolve, reject));
        if (body.stream) pipeline(body.stream, request).catch(reject);
        else request.end(body.bytes);
      };
      // Only a connected socket has the address that names it in the journal.
      if (socket.connecting) socket.once('connect', begin);
      else begin();
    });
  });
}

/** Records the request and returns the edge of its response. */
function sent(call: Call, socket: Socket): string {
  const { lab, options, title, url, body } = call;
  const ends = `${address(socket.localAddress, socket.localPort)}>${address(socket.remoteAddress, socket.remotePort)}`;
  const edge = `http:${ends}#${nextOn(socket)}`;
  const payload = { ...queryOf(url.search), ...(body.shown === undefined ? {} : { body: body.shown }) };
  const { from, to, background } = options;
  lab.rec.record(
    message({ phase: 'sent', actor: from, from, to, name: title, payload, background }),
    options.trail.cause,
    {
      key: `${edge}:req`,
    },
  );
  return `${edge}:res`;
}

async function received(call: Call, response: IncomingMessage, edge: string): Promise<LabResponse> {
  const { lab, options } = call;
  const name = `${response.statusCode} ${call.title}`;
  const { from, to, background } = options;
  const point = { kind: 'delivery', transport: 'http', proc: lab.proc, actor: from, name, background } as const;
  const key = { key: edge, expect: true };
  const cause = await lab.gates.pass(point, null, key);
  const entry = message({
    phase: 'received',
    actor: from,
    from: to,
    to: from,
    name,
    background,
    payload: headOf(response.headers),
  });
  options.trail.cause = lab.rec.record(entry, cause, cause === null ? key : undefined);
  response.once('close', call.end);
  const text = async () => Buffer.concat(await response.toArray()).toString('utf8');
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: response,
    text,
    json: async () => JSON.parse(await text()),
    trail: { cause: options.trail.cause },
  };
}

function bodyOf(body: LabRequest['body']): Call['body'] {
  if (body === undefined) return { shown: undefined };
  if (isStream(body)) return { stream: body, shown: { stream: true } };
  if (typeof body === 'string' || Buffer.isBuffer(body)) {
    const bytes = Buffer.from(body);
    return { bytes, shown: shown(bytes, typeof body === 'string' ? guess(body) : '') };
  }
  return { bytes: Buffer.from(JSON.stringify(body)), type: 'application/json', shown: payloadOf(body) };
}

const guess = (text: string) => (/^\s*[[{]/.test(text) ? 'json' : '');
const isStream = (body: unknown): body is Readable => typeof body === 'object' && body !== null && 'pipe' in body;
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : undefined);
const basic = (url: URL) =>
  `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`;
