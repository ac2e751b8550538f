// A server's requests with the lab's eyes: middleware that records and holds them and records what is answered. It routes
// nothing and reads no body.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { foldedPath, headOf, message, peerOf, queryOf, requestNumber, shownBody } from './http-entries.ts';
import { payloadOf } from './payload.ts';
import type { Cause, Lab, Trail } from './types.ts';

export interface TraceOptions {
  /** The server's actor, such as `cc`. */
  who: string;
  /** Paths that only processes of ours call: their `sent` entry is waited for. */
  own?: RegExp;
  /** Paths that leave no entry and are never held (the lab's own API). */
  skip?: RegExp;
  /** Periodic requests. */
  background?: RegExp;
  /** Names the run that a request begins, such as `push hello` for the PUT that starts an app. */
  begins?: (request: TracedRequest) => string | undefined;
  /** Who asks, for the journal; `you` for foreign clients. */
  from?: (request: TracedRequest) => string;
}

/** A request behind the middleware. `body` is what a parser before it has made. */
export type TracedRequest = IncomingMessage & { trail?: Trail; body?: unknown; originalUrl?: string };
export type TraceMiddleware = (req: TracedRequest, res: ServerResponse, next: (error?: unknown) => void) => void;

declare global {
  namespace Express {
    interface Request {
      /** Where the request's causes go on; set by traceServer. */
      trail: Trail;
    }
  }
}

/**
 * Middleware (Express or plain node:http) that records a request when it is delivered, behind its gate, and the response
 * when its head is written. Mount it behind the JSON parser to have bodies recorded. Sets `req.trail`.
 */
export function traceServer(lab: Lab, options: TraceOptions | string): TraceMiddleware {
  const {
    who,
    own,
    skip = /^\/lab(\/|$)/,
    background,
    begins,
    from,
  } = typeof options === 'string' ? { who: options } : options;
  return (req, res, next) => {
    const number = requestNumber(req);
    const { path, query } = target(req.originalUrl ?? req.url ?? '/');
    req.trail = { cause: null };
    if (skip?.test(path)) return next();
    const peer = from?.(req) ?? (own?.test(path) ? 'lab' : 'you');
    const faint = background?.test(path) ?? false;
    const name = `${req.method} ${foldedPath(path)}`;
    const edge = `http:${peerOf(req)}#${number}`;
    const request = { key: `${edge}:req`, expect: own?.test(path) ?? false };
    const enter = (cause: Cause) => {
      const fault = lab.gates.drops(point, cause, cause === null ? request : undefined);
      if (fault) {
        const lost = { phase: 'dropped', actor: who, from: peer, to: who, name, payload: queryOf(query) } as const;
        lab.rec.record(message({ ...lost, background: faint }), fault);
        // A request is lost with its connection: nobody can tell whether it was done.
        req.socket.destroy();
        return;
      }
      const payload = {
        ...queryOf(query),
        ...(req.body === undefined ? headOf(req.headers) : { body: payloadOf(req.body) }),
      };
      const run = begins?.(req);
      const said = { phase: 'received', actor: who, from: peer, to: who, name, payload, background: faint } as const;
      const body = { ...message(said), ...(run ? { begins: run } : {}) };
      const trail = { cause: lab.rec.record(body, cause, cause === null ? request : undefined) };
      req.trail = trail;
      watchResponse(res, (phase, payload) => {
        const answer = {
          phase,
          actor: who,
          from: who,
          to: peer,
          name: `${res.statusCode} ${name}`,
          payload,
          background: faint,
        };
        lab.rec.record(
          message(answer),
          req.trail?.cause ?? trail.cause,
          phase === 'sent' ? { key: `${edge}:res` } : undefined,
        );
      });
      next();
    };
    const point = { kind: 'delivery', transport: 'http', proc: lab.proc, actor: who, name, background: faint } as const;
    if (lab.gates.closes(point)) void lab.gates.pass(point, null, request).then(enter);
    else enter(null);
  };
}

/** Says `sent` once, just before the first byte of the response is written, or `dropped` if none ever was. */
function watchResponse(res: ServerResponse, say: (phase: 'sent' | 'dropped', payload: unknown) => void): void {
  let said = false;
  const once = (payload: () => unknown) => {
    if (said) return;
    said = true;
    say('sent', payload());
  };
  const { write, end, flushHeaders } = res;
  const head = () => headOf(res.getHeaders());
  res.flushHeaders = function flush(this: ServerResponse) {
    once(head);
    flushHeaders.call(this);
  };
  // The overloads of write and end differ only in what we pass on untouched.
  res.write = function written(this: ServerResponse, ...args: Parameters<typeof write>) {
    once(head);
    return write.apply(this, args);
  } as typeof write;
  res.end = function ended(this: ServerResponse, ...args: Parameters<typeof end>) {
    const chunk: unknown = args[0];
    once(() => ({ ...head(), ...shownBody(chunk, res.getHeader('content-type')) }));
    return end.apply(this, args);
  } as typeof end;
  res.once('close', () => {
    if (!said) say('dropped', { reason: 'the connection ended before an answer' });
  });
}

/** Path and query of a request line; nothing a client sends there may throw. */
function target(url: string): { path: string; query: string } {
  const mark = url.indexOf('?');
  return mark < 0 ? { path: url, query: '' } : { path: url.slice(0, mark), query: url.slice(mark + 1) };
}
