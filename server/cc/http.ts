// Puts the route table on Express: body parser, record, access, handler, answer, errors. The only file of the Cloud
// Controller that knows Express.
import { timingSafeEqual } from 'node:crypto';
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { type TracedRequest, traceServer } from '../lab/http.ts';
import type { Lab } from '../lab/types.ts';
import type { Uaa, User } from '../uaa/index.ts';
import type { Call, Handler, Reply } from './call.ts';
import { CC } from './context.ts';
import { ApiError, asApiError } from './errors.ts';
import { type Access, ROUTES, type RouteName } from './routes.ts';

export interface HttpDeps {
  lab: Lab;
  uaa: Uaa;
  handlers: Record<RouteName, Handler>;
  internal: { user: string; password: string };
  /** Name of the run that a request begins. */
  begins: (method: string, path: string, body: unknown) => string | undefined;
}

/** The staging endpoints are called by processes of ours only. */
const OWN = /^\/(staging|bulk)\/|^\/v2\/buildpacks\/[^/]+\/download$/;
/** What clients and the health manager GET again and again: faint in the record, and answered while the lab is paused. */
const POLLS = /^\/bulk\/|^\/v2\/jobs\/|^\/v2\/apps\/[^/]+(\/(instances|stats))?$/;
/** Largest JSON body: a resource_match of some ten thousand files. */
const JSON_LIMIT = '16mb';
const NOBODY: User = { id: '', name: '' };

export function createHttp(deps: HttpDeps): Router {
  const { lab, uaa, handlers, internal } = deps;
  const router = express.Router();
  const serves = /^\/(v2|staging|bulk|oauth|login)(\/|$)/;
  const basic = `Basic ${Buffer.from(`${internal.user}:${internal.password}`).toString('base64')}`;
  const begins = (req: TracedRequest) =>
    deps.begins(req.method ?? '', (req.originalUrl ?? '').split('?')[0] ?? '', req.body);
  const trace = traceServer(lab, { who: CC, own: OWN, begins });
  const tracePoll = traceServer(lab, { who: CC, own: OWN, background: /^/ });
  const traced = (req: Request, res: Response, next: NextFunction) =>
    (req.method === 'GET' && POLLS.test(req.path) ? tracePoll : trace)(req, res, next);

  // Old clients say application/json without a body, and nothing at all with one: everything but a form is JSON.
  const json = express.json({ limit: JSON_LIMIT, strict: false, type: (req) => !isForm(req.headers['content-type']) });
  const ours = express.Router();
  ours.use(json, traced, uaa.router);
  for (const [method, path, access, name] of ROUTES) {
    ours[method](path, async (req: Request, res: Response) => {
      const user = admit(access, req);
      send(res, await handlers[name](callOf(req, user)));
    });
  }
  ours.use(() => {
    throw new ApiError('NotFound');
  });
  ours.use((error: unknown, req: Request, res: Response, _next: NextFunction) => {
    const failure = asApiError(isParseError(error) ? new ApiError('MessageParseError', error.message) : error);
    if (failure.type === 'ServerError') {
      const text = `[cc] could not answer ${req.method} ${req.path}: ${failure.message}`;
      lab.rec.record({ type: 'note', actor: CC, text }, req.trail?.cause ?? null);
    }
    if (res.headersSent) return void res.destroy();
    // What is left of a body that nobody wants would block the connection for the next request.
    req.resume();
    res.status(failure.status).json(failure.body());
  });
  router.use((req, res, next) => (serves.test(req.path) ? ours(req, res, next) : next()));
  return router;

  function admit(access: Access, req: Request): User {
    if (access === 'open') return NOBODY;
    const given = req.get('authorization');
    if (access === 'internal') {
      if (!isSame(given ?? '', basic)) throw new ApiError('NotAuthenticated');
      return { id: internal.user, name: internal.user };
    }
    const user = uaa.userOf(given);
    if (!user) throw new ApiError('InvalidAuthToken');
    return user;
  }
}

function callOf(req: Request, user: User): Call {
  const params = Object.fromEntries(Object.entries(req.params).map(([k, v]) => [k, String(v)]));
  const base = `${req.protocol}://${req.get('host') ?? `127.0.0.1:${req.socket.localPort}`}`;
  return { params, query: { ...req.query }, body: req.body, path: req.path, base, trail: req.trail, user, req };
}

function send(res: Response, reply: Reply): void {
  if ('file' in reply) {
    // Blobs have no extension, and their folder may be a hidden one (.wardenscope).
    res.type('application/octet-stream').sendFile(reply.file, { dotfiles: 'allow', cacheControl: false });
    return;
  }
  res.status(reply.status ?? 200);
  if ('json' in reply) res.json(reply.json);
  else res.end();
}

function isForm(type: string | undefined): boolean {
  return /^(multipart\/form-data|application\/x-www-form-urlencoded)/i.test(type ?? '');
}

function isParseError(error: unknown): error is Error {
  return error instanceof Error && 'type' in error && String(error.type).startsWith('entity.');
}

function isSame(given: string, expected: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  return a.length === b.length && timingSafeEqual(a, b);
}
