// The router's registry: what `router.register` and `router.unregister` do to the table, each route led by its machine,
// stale ones pruned on lab time (gorouter: registry). It never touches a request.
import { z } from 'zod';
import { routeMachine } from '../../machines/route.ts';
import {
  addressOf,
  EMPTY_TABLE,
  type Endpoint,
  lookup,
  markFresh,
  normalUri,
  PRUNE_EVERY_MS,
  type Route,
  type RouteTable,
  register,
  routesByUri,
  staleRoutes,
  unregister,
} from '../../machines/route-table.ts';
import type { Bus } from '../bus/index.ts';
import { type Hosted, host } from '../lab/host.ts';
import type { Cause, Lab, Trail } from '../lab/types.ts';

export interface RegistryDeps {
  lab: Lab;
  bus: Bus;
  /** This router's uuid. */
  id: string;
  /** Address announced in `router.start`. */
  address: string;
  /** Names that nobody may register. */
  reserved: (uri: string) => boolean;
}

export interface Registry {
  table(): RouteTable;
  lookup(uri: string): readonly Route[];
  /** What made this route; for the first request after it, which is news. Undefined from the second on. */
  takeNews(route: Route): Cause | undefined;
  routesByUri(): Record<string, string[]>;
  close(): void;
}

/** Announced to DEAs as `minimumRegisterIntervalInSeconds`. */
const REGISTER_EVERY_S = 5;

const registration = z.object({
  host: z.string().min(1),
  port: z.number().int().min(1).max(65535),
  uris: z.array(z.string()).default([]),
  app: z.string().nullish(),
  dea: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  private_instance_id: z.string().nullish(),
});

/** One route that is in the table or on its way there. */
interface Life {
  hosted: Hosted<typeof routeMachine>;
  /** Events wait for each other here: what was held first is taken first. */
  queue: Promise<void>;
  news: boolean;
}

/** Subscribes, announces the router and prunes every 30 s. */
export function createRegistry(deps: RegistryDeps): Registry {
  const registry = new Shell(deps);
  registry.start();
  return registry;
}

class Shell implements Registry {
  readonly #deps: RegistryDeps;
  readonly #lives = new Map<string, Life>();
  readonly #ends: (() => void)[] = [];
  #table: RouteTable = EMPTY_TABLE;

  constructor(deps: RegistryDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { bus, lab } = this.#deps;
    const known = (json: unknown) => this.#isKnown(json);
    const subs = [
      bus.subscribe('router.register', { actor: 'router', background: known }, (json, { trail }) =>
        this.#register(json, trail),
      ),
      bus.subscribe('router.unregister', { actor: 'router' }, (json, { trail }) => this.#unregister(json, trail)),
      bus.subscribe('router.greet', { actor: 'router' }, (_json, { trail, reply }) =>
        reply(this.#hello(), trail.cause),
      ),
    ];
    const announce = () => void bus.publish('router.start', this.#hello(), null, { actor: 'router' });
    const beat = lab.clock.every(PRUNE_EVERY_MS, 'router looks for stale routes', () => this.#prune());
    this.#ends.push(...subs.map((s) => () => s.unsubscribe()), bus.onReconnect(announce), () => beat.cancel());
    announce();
  }

  table = () => this.#table;
  lookup = (uri: string) => lookup(this.#table, uri);
  routesByUri = () => routesByUri(this.#table);

  takeNews(route: Route): Cause | undefined {
    const life = this.#lives.get(keyOf(route.uri, addressOf(route.endpoint)));
    if (!life?.news) return undefined;
    life.news = false;
    return life.hosted.last();
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
    for (const { hosted } of this.#lives.values()) hosted.stop();
    this.#lives.clear();
  }

  #hello() {
    const { id, address } = this.#deps;
    return { id, hosts: [address], minimumRegisterIntervalInSeconds: REGISTER_EVERY_S };
  }

  /** A repetition changes nothing anybody waits for: background. */
  #isKnown(json: unknown): boolean {
    const said = registration.safeParse(json);
    return (
      said.success &&
      said.data.uris.length > 0 &&
      said.data.uris.every((uri) => this.#has(normalUri(uri), addressOf(said.data)))
    );
  }

  #has(uri: string, address: string): boolean {
    return lookup(this.#table, uri).some((r) => addressOf(r.endpoint) === address);
  }

  #register(json: unknown, trail: Trail): void {
    const said = this.#parse(json, trail);
    if (!said) return;
    const { endpoint, uris } = said;
    for (const uri of uris) {
      const key = keyOf(uri, addressOf(endpoint));
      const life = this.#lives.get(key);
      if (this.#has(uri, addressOf(endpoint))) this.#refresh(uri, endpoint);
      if (!life) this.#begin(uri, endpoint, { ...trail });
      else if (life.hosted.snapshot().value === 'stale') this.#send(life, { type: 'router.register' }, { ...trail });
    }
  }

  #refresh(uri: string, endpoint: Endpoint): void {
    this.#table = register(this.#table, [uri], endpoint, this.#deps.lab.clock.now()).table;
  }

  /** A new route: in the table only when its machine has entered `registered` (a breakpoint may hold it before). */
  #begin(uri: string, endpoint: Endpoint, trail: Trail): void {
    const address = addressOf(endpoint);
    const input = { uri, address, app: endpoint.app };
    const hosted = host(this.#deps.lab, routeMachine, { id: `route:${uri}@${address}`, input, cause: trail.cause });
    const life: Life = { hosted, queue: Promise.resolve(), news: true };
    this.#lives.set(keyOf(uri, address), life);
    hosted.subscribe(({ value, status }) => {
      if (value === 'registered') this.#refresh(uri, endpoint);
      if (status !== 'active') this.#end(uri, endpoint);
    });
    this.#send(life, { type: 'router.register' }, trail);
  }

  #unregister(json: unknown, trail: Trail): void {
    const said = this.#parse(json, trail);
    if (!said) return;
    for (const uri of said.uris) {
      const life = this.#lives.get(keyOf(uri, addressOf(said.endpoint)));
      if (life) this.#send(life, { type: 'router.unregister' }, { ...trail });
    }
  }

  #send(life: Life, event: Parameters<Life['hosted']['send']>[0], trail: Trail): void {
    life.queue = life.queue.then(() => life.hosted.send(event, trail));
  }

  #end(uri: string, endpoint: Endpoint): void {
    this.#table = unregister(this.#table, [uri], endpoint).table;
    this.#lives.delete(keyOf(uri, addressOf(endpoint)));
  }

  /** Stale routes stay in the table until their machine has let them go; held there, lab time stands still for all. */
  #prune(): void {
    const { bus, lab } = this.#deps;
    const now = lab.clock.now();
    if (!bus.connected()) this.#table = markFresh(this.#table, now);
    for (const { uri, endpoint } of staleRoutes(this.#table, now)) {
      const life = this.#lives.get(keyOf(uri, addressOf(endpoint)));
      if (!life) continue;
      const trail = { cause: life.hosted.last() };
      this.#send(life, { type: 'threshold.passed' }, trail);
      life.queue = life.queue.then(() =>
        this.#isStale(uri, endpoint) ? life.hosted.send({ type: 'pruned' }, trail) : undefined,
      );
    }
  }

  #isStale(uri: string, endpoint: Endpoint): boolean {
    const stale = staleRoutes(this.#table, this.#deps.lab.clock.now());
    return stale.some((r) => r.uri === uri && addressOf(r.endpoint) === addressOf(endpoint));
  }

  #parse(json: unknown, trail: Trail): { endpoint: Endpoint; uris: string[] } | undefined {
    const { lab, reserved } = this.#deps;
    const note = (text: string) => void lab.rec.record({ type: 'note', actor: 'router', text }, trail.cause);
    const said = registration.safeParse(json);
    if (!said.success) {
      note(
        `[router] could not read a registration: ${said.error.issues[0]?.path.join('.')} ${said.error.issues[0]?.message}`,
      );
      return undefined;
    }
    const { host: address, port, app, dea, tags, private_instance_id } = said.data;
    const endpoint = {
      host: address,
      port,
      app: app ?? '',
      dea: dea ?? '',
      instance: private_instance_id ?? '',
      tags: tags ?? {},
    };
    const uris = said.data.uris.map(normalUri);
    for (const uri of uris.filter(reserved)) note(`[router] could not register ${uri}: the name is the lab's own`);
    return { endpoint, uris: uris.filter((uri) => !reserved(uri)) };
  }
}

const keyOf = (uri: string, address: string) => `${uri} ${address}`;
