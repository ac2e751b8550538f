// One request of an app's user: chooses an endpoint, dials it, passes request and answer through (gorouter: proxy). It
// looks up and streams; the table is not its own. Nothing here keeps a body.
import { randomUUID } from 'node:crypto';
import { type IncomingMessage, request as nodeRequest, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { addressOf, type Route } from '../../machines/route-table.ts';
import type { LabClock } from '../lab/types.ts';
import type { Story } from './story.ts';

/** Lab time a request may take in all (`endpoint_timeout`). */
const ENDPOINT_TIMEOUT_MS = 60_000;
const DIAL_TIMEOUT_MS = 5000;
const DIAL_ATTEMPTS = 3;
/** An endpoint that could not be dialled is avoided for this lab time, while there are others. */
const AVOID_MS = 30_000;

/** Chooses endpoints of pools: sticky ones by name, others round robin, failed ones last. */
export class Chooser {
  readonly #clock: LabClock;
  readonly #turn = new Map<string, number>();
  readonly #avoid = new Map<string, number>();

  constructor(clock: LabClock) {
    this.#clock = clock;
  }

  /** `tried` are addresses that this request has already failed to reach. */
  choose(pool: readonly Route[], sticky: string, tried: ReadonlySet<string>): Route | undefined {
    const left = pool.filter((r) => !tried.has(addressOf(r.endpoint)));
    const wanted = sticky === '' ? undefined : left.find((r) => r.endpoint.instance === sticky);
    if (wanted) return wanted;
    const well = left.filter((r) => (this.#avoid.get(addressOf(r.endpoint)) ?? 0) <= this.#clock.now());
    const among = well.length > 0 ? well : left;
    const uri = pool[0]?.uri ?? '';
    const turn = this.#turn.get(uri) ?? 0;
    this.#turn.set(uri, turn + 1);
    return among[turn % Math.max(1, among.length)];
  }

  failed(route: Route): void {
    this.#avoid.set(addressOf(route.endpoint), this.#clock.now() + AVOID_MS);
    for (const [address, until] of this.#avoid) if (until <= this.#clock.now()) this.#avoid.delete(address);
  }
}

export interface Dialled {
  route: Route;
  socket: Socket;
}

/** Connects to an endpoint of the pool: up to three of them, because only a dial may be repeated safely. */
export async function dial(
  chooser: Chooser,
  clock: LabClock,
  pool: readonly Route[],
  sticky: string,
): Promise<Dialled> {
  const tried = new Set<string>();
  let failure: unknown = new Error('no endpoint');
  for (let attempt = 0; attempt < DIAL_ATTEMPTS; attempt += 1) {
    const route = chooser.choose(pool, sticky, tried);
    if (!route) break;
    try {
      return { route, socket: await connected(clock, route.endpoint.host, route.endpoint.port) };
    } catch (error) {
      failure = error;
      tried.add(addressOf(route.endpoint));
      chooser.failed(route);
    }
  }
  throw failure;
}

function connected(clock: LabClock, host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const limit = clock.after(DIAL_TIMEOUT_MS, 'limit', `dial ${host}:${port}`, () =>
      socket.destroy(new Error('dial timeout')),
    );
    const over = (then: () => void) => () => {
      limit.cancel();
      then();
    };
    socket.once('error', (error) => over(() => reject(error))());
    socket.once(
      'connect',
      over(() => resolve(socket)),
    );
  });
}

/**
 * Passes a request on over `dialled` and its answer back. Rejects when the endpoint fails before the answer's head.
 * @param traceTo this router's id, where the client asked for a trace with the right key
 */
export async function forward(
  clock: LabClock,
  req: IncomingMessage,
  res: ServerResponse,
  { route, socket }: Dialled,
  story: Story,
  traceTo?: string,
): Promise<void> {
  const late = clock.after(ENDPOINT_TIMEOUT_MS, 'limit', `answer of ${route.uri}`, () =>
    socket.destroy(new Error('too late')),
  );
  // The client is gone: the endpoint need not go on.
  res.once('close', () => socket.destroy());
  try {
    story.sent(route);
    const answer = await exchange(req, route, socket);
    story.answered(route, answer.statusCode ?? 0);
    res.writeHead(answer.statusCode ?? 502, answer.statusMessage, answerHeaders(answer, route, traceTo));
    await pipeline(answer, res);
  } finally {
    late.cancel();
  }
}

function exchange(req: IncomingMessage, route: Route, socket: Socket): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const out = nodeRequest({
      method: req.method,
      path: req.url,
      headers: requestHeaders(req, route),
      setHost: false,
      // Instead of an agent: the connection is this request's alone.
      createConnection: () => socket,
    });
    out.once('response', resolve);
    out.once('error', reject);
    pipeline(req, out).catch(reject);
  });
}

/** Meant for one connection only, never passed on (RFC 2616 13.5.1). */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** The request's headers in their own spelling, as a flat list, with what the router adds. */
export function requestHeaders(req: IncomingMessage, route: Route, upgrade?: string): string[] {
  const ours = ['x-vcap-request-id', 'x-cf-applicationid', 'x-cf-instanceid', 'x-forwarded-for'];
  const { app, instance } = route.endpoint;
  const peer = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const forwarded = req.headers['x-forwarded-for'];
  const chunked = req.headers['transfer-encoding'] !== undefined;
  return [
    ...endToEnd(req.rawHeaders, ours),
    ...(app === '' ? [] : ['X-CF-ApplicationID', app]),
    ...['X-CF-InstanceID', instance === '' ? addressOf(route.endpoint) : instance],
    ...(req.headers['x-request-start'] === undefined ? ['X-Request-Start', String(Date.now())] : []),
    ...['X-Vcap-Request-Id', randomUUID()],
    ...['X-Forwarded-For', [forwarded, peer].flat().filter(Boolean).join(', ')],
    ...(chunked ? ['Transfer-Encoding', 'chunked'] : []),
    ...(upgrade ? ['Connection', 'Upgrade', 'Upgrade', upgrade] : ['Connection', 'close']),
  ];
}

function answerHeaders(answer: IncomingMessage, route: Route, traceTo?: string): string[] {
  const sets = answer.headers['set-cookie'] ?? [];
  // Sticky only where the app itself began a session: the instance is remembered beside it.
  const begins = route.endpoint.instance !== '' && sets.some((cookie) => /^\s*JSESSIONID=/.test(cookie));
  return [
    ...endToEnd(answer.rawHeaders, []),
    ...(begins ? ['Set-Cookie', `__VCAP_ID__=${route.endpoint.instance}; Path=/`] : []),
    ...(traceTo ? traceHeaders(addressOf(route.endpoint), traceTo) : []),
    ...['Connection', 'close'],
  ];
}

/** gorouter: proxy, setupTraceHeaders. */
function traceHeaders(backend: string, router: string): string[] {
  return ['X-Vcap-Router', router, 'X-Vcap-Backend', backend, 'X-Cf-RouteEndpoint', backend];
}

function endToEnd(raw: readonly string[], without: readonly string[]): string[] {
  const pairs = raw.flatMap((name, i) => (i % 2 === 0 ? [[name, raw[i + 1] ?? ''] as const] : []));
  const named = pairs.filter(([name]) => name.toLowerCase() === 'connection').flatMap(([, value]) => value.split(','));
  const dropped = new Set([...HOP_BY_HOP, ...without, ...named.map((n) => n.trim().toLowerCase())]);
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase())).flat();
}

/** The instance a session sticks to: only with both cookies, as in gorouter. */
export function stickyInstance(req: IncomingMessage): string {
  const cookies = new Map(
    (req.headers.cookie ?? '').split(';').map((pair) => {
      const [name = '', ...value] = pair.trim().split('=');
      return [name, value.join('=')] as const;
    }),
  );
  return cookies.has('JSESSIONID') ? (cookies.get('__VCAP_ID__') ?? '') : '';
}
