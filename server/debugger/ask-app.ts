// The small browser of the page: asks an app through the router, by its host name in the Host header, because
// `*.localhost` does not resolve everywhere. To the router it is a visitor like any other.
import { randomUUID } from 'node:crypto';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import express, { Router } from 'express';
import { z } from 'zod';
import { field } from '../../machines/field.ts';
import type { Entry } from '../../machines/journal.ts';
import { untilReal } from '../clock/real.ts';
import type { Journal } from '../journal/journal.ts';
import type { RouterStatus } from '../router/front-door.ts';
import { answerError, sameOrigin } from './api.ts';
import { instancesHere } from './containers-here.ts';

export interface AskDeps {
  /** Base URL of the front door from this host. */
  frontDoor: string;
  /** The shared domain. */
  domain: string;
  dir: string;
  journal: Pick<Journal, 'head' | 'read'>;
  /** The router's table now. */
  routes(): RouterStatus['routes'];
  /** With it the router says who answered, and records the request. */
  traceKey: string;
}

/** Who answered, as the router's table and the DEA's own file name it; `index` null where that has just changed. */
export interface Answerer {
  address: string;
  app: string;
  name: string;
  index: number | null;
  node: number | null;
}

/** What the app said. `base64` where the body is no UTF-8 text; `cut` where it was longer than 256 KiB. */
export interface AppAnswer {
  /** The address as a visitor would write it. */
  host: string;
  path: string;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  encoding: 'utf8' | 'base64';
  cut: boolean;
  /** Real milliseconds from the question to the whole answer. */
  ms: number;
  /** Null where no instance answered. */
  answerer: Answerer | null;
  /** The first entry of this request; null where the router knew no such app. */
  seq: number | null;
}

/** Real milliseconds in which the request's last entry is in the journal. */
const ENTRY_MS = 1000;

/** A trace key for this life of the control process (gorouter's is in its configuration). */
export const newTraceKey = (): string => randomUUID();

const LONGEST_BODY = 256 * 1024;
const askBody = z.strictObject({
  /** A host label (`hello`), or a whole host name. */
  app: z.string().regex(/^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?$/i, 'is no host name'),
  path: z.string().startsWith('/').max(4096).default('/'),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']).default('GET'),
  headers: z.record(z.string().regex(/^[\w-]+$/), z.string().regex(/^[^\r\n]*$/)).default({}),
  body: z.string().max(LONGEST_BODY).optional(),
});

/** `POST /lab/ask { app, path?, method?, headers?, body? }` → AppAnswer; 502 when nobody answers. Follows no redirect. */
export function askRouter(deps: AskDeps): Router {
  const { frontDoor, domain, journal } = deps;
  const router = Router();
  router.post('/ask', sameOrigin, express.json({ limit: '400kb' }), async (req, res) => {
    const asked = askBody.parse(req.body);
    const host = asked.app.includes('.') ? asked.app : `${asked.app}.${domain}`;
    const gone = new AbortController();
    // A held request may stand for hours; it ends with the page that asked.
    res.once('close', () => gone.abort());
    const { path } = asked;
    const before = journal.head;
    const began = performance.now();
    const routes = deps.routes();
    try {
      const sent = {
        ...asked,
        host,
        signal: gone.signal,
        headers: { ...asked.headers, 'x-vcap-trace': deps.traceKey },
      };
      const answer = await send(frontDoor, sent);
      const ms = performance.now() - began;
      const answerer = answererAt(deps, String(answer.headers['x-vcap-backend'] ?? ''), [...deps.routes(), ...routes]);
      const seq = answerer ? await firstEntry(journal, before, host) : null;
      res.json({ host, path, ...answer, ms, answerer, seq } satisfies AppAnswer);
    } catch (error) {
      if (res.destroyed) return;
      res.status(502).json({ error: `[ask] could not ${asked.method} ${host}${path}: ${(error as Error).message}` });
    }
  });
  router.use(answerError);
  return router;
}

/** @param routes as they are now, and as they were: a route may have gone while its instance answered */
function answererAt({ dir }: AskDeps, address: string, routes: RouterStatus['routes']): Answerer | null {
  const route = routes.find((r) => r.address === address);
  if (!route) return null;
  const instance = instancesHere(dir).find((i) => i.id === route.instance);
  const { app } = route;
  return { address, app, name: instance?.name ?? app, index: instance?.index ?? null, node: instance?.node ?? null };
}

/** Waits for the record of the request, whose end is the answer to its visitor. */
async function firstEntry(journal: AskDeps['journal'], before: number, host: string): Promise<number | null> {
  const ours = (e: Entry) => e.type === 'message' && e.transport === 'proxy' && field(e.payload, 'host') === host;
  const all = () => journal.read(before, Number.MAX_SAFE_INTEGER).filter(ours);
  await untilReal(() => all().some((e) => e.type === 'message' && e.to === 'you'), ENTRY_MS, 20);
  return all().find((e) => e.type === 'message' && e.from === 'you')?.seq ?? null;
}

interface Sent {
  host: string;
  path: string;
  method: string;
  headers: Record<string, string>;
  body?: string | undefined;
  signal: AbortSignal;
}

function send(
  frontDoor: string,
  asked: Sent,
): Promise<Pick<AppAnswer, 'status' | 'headers' | 'body' | 'encoding' | 'cut'>> {
  const { hostname, port } = new URL(frontDoor);
  const { host, path, method, body, signal } = asked;
  const headers = { 'user-agent': 'wardenscope', accept: '*/*', ...asked.headers, host };
  return new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path, method, headers, signal, agent: false }, (response) => {
      read(response).then(
        ({ bytes, cut }) =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, ...shown(bytes, cut) }),
        reject,
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function read(response: IncomingMessage): Promise<{ bytes: Buffer; cut: boolean }> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    // An endless answer is shown as far as it goes.
    if (size > LONGEST_BODY) break;
  }
  return { bytes: Buffer.concat(parts).subarray(0, LONGEST_BODY), cut: size > LONGEST_BODY };
}

/** Text where it is text; a character that the end has cut in two does not make it binary. */
function shown(bytes: Buffer, cut: boolean): Pick<AppAnswer, 'body' | 'encoding' | 'cut'> {
  try {
    const body = new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: cut });
    if (!body.includes('\0')) return { body, encoding: 'utf8', cut };
  } catch {
    // No UTF-8.
  }
  return { body: bytes.toString('base64'), encoding: 'base64', cut };
}
