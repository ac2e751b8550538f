// The front door: one port for apps, the Cloud Controller's API and the lab's own pages. Host first, then path: an app
// host owns all its paths (gorouter: router, proxy). What is behind `api` decides about paths.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { addressOf } from '../../machines/route-table.ts';
import type { Bus } from '../bus/index.ts';
import { requestNumber } from '../lab/http.ts';
import type { Lab } from '../lab/types.ts';
import { endpointFailure, plainAnswer, unknownRoute } from './answers.ts';
import { hostOf, isSystemHost } from './hosts.ts';
import { Chooser, type Dialled, dial, forward, stickyInstance } from './proxy.ts';
import { createRegistry, type Registry } from './registry.ts';
import { createStory, type Story } from './story.ts';
import { Traffic, type TrafficCounts } from './traffic.ts';
import { tunnel, tunnelOf } from './upgrade.ts';

export interface FrontDoorOptions {
  lab: Lab;
  bus: Bus;
  /** Address to listen on. */
  listen: string;
  /** 0 for any free port. */
  port: number;
  /** The shared domain; apps are `<name>.<domain>`. */
  domain: string;
  /** Everything on the lab's own hosts: Cloud Controller, UAA, `/lab`, the page. */
  api: RequestListener;
  /** Who sends it as `X-Vcap-Trace` is told the backend, and the request is recorded (gorouter: trace_key). */
  traceKey?: string;
  /** WebSockets on the lab's own hosts. Without it they are refused. */
  upgrade?: (req: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Told about each request of an app when its answer is out (the access log, source `RTR`). */
  onAccess?: (access: Access) => void;
}

export interface Access {
  uri: string;
  /** App guid, or empty when no route was found. */
  app: string;
  method: string;
  path: string;
  status: number;
  /** Real milliseconds. */
  ms: number;
  userAgent: string;
}

export interface RouteView {
  uri: string;
  address: string;
  app: string;
  dea: string;
  instance: string;
  /** Lab time (ms) of the latest registration. */
  refreshed: number;
}

export interface RouterStatus extends TrafficCounts {
  routes: RouteView[];
}

export interface FrontDoor {
  readonly server: Server;
  readonly port: number;
  /** For `GET /lab/routes`: the table and what went through it. */
  status(): RouterStatus;
  /** gorouter's `/routes`. */
  routesByUri(): Record<string, string[]>;
  /** Records every request of this host from now on (`*`: of all), until told otherwise. */
  trace(uri: string, on: boolean): void;
  close(): Promise<void>;
}

/** Listens and announces the router. Rejects `[router] could not listen on …` when the port is taken. */
export async function createFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const door = new Door(options);
  await door.listen();
  return door;
}

class Door implements FrontDoor {
  readonly server: Server;
  readonly #options: FrontDoorOptions;
  readonly #registry: Registry;
  readonly #chooser: Chooser;
  readonly #traced = new Set<string>();
  readonly #tunnels = new Set<Duplex>();
  readonly #traffic = new Traffic();
  readonly #id = randomUUID();

  constructor(options: FrontDoorOptions) {
    const { lab, bus, listen, domain } = options;
    this.#options = options;
    this.#chooser = new Chooser(lab.clock);
    this.#registry = createRegistry({
      lab,
      bus,
      id: this.#id,
      address: listen,
      reserved: (uri) => isSystemHost(uri, domain, listen),
    });
    // A held request may stand for hours: no limit of the library's, in either direction.
    this.server = createServer({
      noDelay: true,
      keepAlive: true,
      requestTimeout: 0,
      headersTimeout: 0,
      keepAliveTimeout: 0,
    });
    this.server.on('request', (req, res) => this.#take(req, res));
    this.server.on('upgrade', (req, socket, head) => this.#upgrade(req, socket, head));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  listen(): Promise<void> {
    const { listen, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.server.once('error', (cause) => {
        this.#registry.close();
        reject(new Error(`[router] could not listen on ${listen}:${port}: ${cause.message}`, { cause }));
      });
      this.server.listen(port, listen, resolve);
    });
  }

  status(): RouterStatus {
    const routes = [...this.#registry.table().values()].flat().map(({ uri, refreshed, endpoint }) => ({
      uri,
      address: addressOf(endpoint),
      app: endpoint.app,
      dea: endpoint.dea,
      instance: endpoint.instance,
      refreshed,
    }));
    return { routes, ...this.#traffic.counts() };
  }

  routesByUri = () => this.#registry.routesByUri();

  trace(uri: string, on: boolean): void {
    if (on) this.#traced.add(uri);
    else this.#traced.delete(uri);
  }

  close(): Promise<void> {
    this.#registry.close();
    for (const socket of this.#tunnels) socket.destroy();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  #take(req: IncomingMessage, res: ServerResponse): void {
    // Counted for every request of a connection, because edge keys name requests by their ordinal.
    requestNumber(req);
    const host = hostOf(req.headers.host);
    if (req.headers['user-agent'] === 'HTTP-Monitor/1.1') {
      res.end('ok\n');
    } else if (this.#isOurs(host)) {
      this.#options.api(req, res);
    } else {
      void this.#proxy(host, req, res);
    }
  }

  #isOurs(host: string): boolean {
    return isSystemHost(host, this.#options.domain, this.#options.listen);
  }

  async #proxy(uri: string, req: IncomingMessage, res: ServerResponse): Promise<void> {
    const story = this.#story(req, uri);
    this.#follow(uri, req, res, story);
    const pool = this.#registry.lookup(uri);
    if (pool.length === 0) {
      this.#traffic.badRequest();
      unknownRoute(res, uri);
      return;
    }
    let dialled: Dialled | undefined;
    try {
      dialled = await dial(this.#chooser, this.#options.lab.clock, pool, stickyInstance(req));
      await forward(this.#options.lab.clock, req, res, dialled, story, this.#asksTrace(req) ? this.#id : undefined);
    } catch {
      dialled?.socket.destroy();
      if (res.headersSent || res.destroyed) {
        res.destroy();
        return;
      }
      this.#traffic.badGateway();
      endpointFailure(res);
    }
  }

  /** Counts a request, and tells of it when its answer is out. */
  #follow(uri: string, req: IncomingMessage, res: ServerResponse, story: Story): void {
    const began = performance.now();
    const app = this.#registry.lookup(uri)[0]?.endpoint.app ?? '';
    this.#traffic.began(uri, this.#registry.lookup(uri).length > 0);
    res.once('close', () => {
      this.#traffic.ended(res.statusCode);
      story.ended(res.statusCode);
      this.#options.onAccess?.({
        uri,
        app,
        method: req.method ?? '',
        path: req.url ?? '',
        status: res.statusCode,
        ms: performance.now() - began,
        userAgent: req.headers['user-agent'] ?? '',
      });
    });
  }

  #asksTrace(req: IncomingMessage): boolean {
    const { traceKey } = this.#options;
    return traceKey !== undefined && req.headers['x-vcap-trace'] === traceKey;
  }

  #story(req: IncomingMessage, uri: string): Story {
    const traced = () => this.#asksTrace(req) || this.#traced.has('*') || this.#traced.has(uri);
    return createStory(
      { lab: this.#options.lab, takeNews: (route) => this.#registry.takeNews(route), traced },
      req,
      uri,
    );
  }

  #upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy());
    const host = hostOf(req.headers.host);
    if (!this.#isOurs(host) && tunnelOf(req)) {
      void this.#tunnel(host, req, socket, head);
    } else if (this.#isOurs(host) && tunnelOf(req) === 'websocket') {
      if (this.#options.upgrade) this.#options.upgrade(req, socket, head);
      else socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    } else {
      this.#take(req, plainAnswer(req, socket as Socket));
    }
  }

  async #tunnel(uri: string, req: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const pool = this.#registry.lookup(uri);
    const story = this.#story(req, uri);
    this.#traffic.began(uri, pool.length > 0);
    this.#tunnels.add(socket);
    socket.once('close', () => this.#tunnels.delete(socket));
    const status = await tunnel({ chooser: this.#chooser, clock: this.#options.lab.clock }, pool, {
      req,
      socket,
      head,
      story,
    });
    this.#traffic.ended(status);
    story.ended(status);
  }
}
