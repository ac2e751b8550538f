// The router's table as a pure structure: which endpoints answer for a host name (gorouter: registry, route.Pool). Every
// change returns the new table and says what changed; logging, time and pruning belong to the shell in server/router.

/** One process that answers: `<host>:<port>` is its identity. */
export interface Endpoint {
  host: string;
  port: number;
  /** App guid; empty for endpoints that are no app (directory servers). */
  app: string;
  /** The DEA that registered it; empty when unknown. */
  dea: string;
  /** `private_instance_id`, for sticky sessions; empty when there is none. */
  instance: string;
  tags: Record<string, string>;
}

export interface Route {
  /** Lower-case host name without port. */
  uri: string;
  endpoint: Endpoint;
  /** Lab time (ms) of the latest `router.register`. */
  refreshed: number;
}

/** Per host name its pool, in the order of registration. */
export type RouteTable = ReadonlyMap<string, readonly Route[]>;

/** `updated`: refreshed; `unchanged`: nothing to add, to refresh or to remove. */
export interface RouteChange {
  uri: string;
  address: string;
  change: 'added' | 'updated' | 'unchanged' | 'removed';
}

export interface Changed {
  table: RouteTable;
  changes: RouteChange[];
}

export const EMPTY_TABLE: RouteTable = new Map();

/** Entries not refreshed for longer than this are stale (`droplet_stale_threshold`). */
export const STALE_MS = 120_000;
export const PRUNE_EVERY_MS = 30_000;

export const addressOf = ({ host, port }: Pick<Endpoint, 'host' | 'port'>) => `${host}:${port}`;
export const normalUri = (uri: string) => uri.trim().toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');

/** Adds or refreshes. A repeated registration refreshes the time and keeps the first endpoint of that address. */
export function register(table: RouteTable, uris: readonly string[], endpoint: Endpoint, now: number): Changed {
  const address = addressOf(endpoint);
  return eachUri(table, uris, address, (pool, uri) => {
    const known = pool.find((r) => addressOf(r.endpoint) === address);
    if (!known) return { pool: [...pool, { uri, endpoint, refreshed: now }], change: 'added' };
    if (known.refreshed >= now) return { pool, change: 'unchanged' };
    return { pool: pool.map((r) => (r === known ? { ...r, refreshed: now } : r)), change: 'updated' };
  });
}

/** Removes the address from these names; from others it stays. */
export function unregister(
  table: RouteTable,
  uris: readonly string[],
  endpoint: Pick<Endpoint, 'host' | 'port'>,
): Changed {
  const address = addressOf(endpoint);
  return eachUri(table, uris, address, (pool) => {
    const left = pool.filter((r) => addressOf(r.endpoint) !== address);
    return { pool: left, change: left.length < pool.length ? 'removed' : 'unchanged' };
  });
}

/** The routes that were not refreshed for longer than `staleMs`. */
export function staleRoutes(table: RouteTable, now: number, staleMs = STALE_MS): Route[] {
  return [...table.values()].flat().filter((r) => now - r.refreshed > staleMs);
}

/** Removes what is stale. */
export function prune(table: RouteTable, now: number, staleMs = STALE_MS): Changed {
  let result: Changed = { table, changes: [] };
  for (const { uri, endpoint } of staleRoutes(table, now, staleMs)) {
    const { table: next, changes } = unregister(result.table, [uri], endpoint);
    result = { table: next, changes: [...result.changes, ...changes] };
  }
  return result;
}

/** While NATS is away nobody can refresh: every entry counts as fresh (until Dec 2014). */
export function markFresh(table: RouteTable, now: number): RouteTable {
  return new Map([...table].map(([uri, pool]) => [uri, pool.map((r) => ({ ...r, refreshed: now }))]));
}

/** The pool of a host name; exact match, no wildcards, no paths. */
export function lookup(table: RouteTable, host: string): readonly Route[] {
  return table.get(normalUri(host)) ?? [];
}

/** gorouter's status page: `{uri: ["host:port", …]}`. */
export function routesByUri(table: RouteTable): Record<string, string[]> {
  return Object.fromEntries([...table].map(([uri, pool]) => [uri, pool.map((r) => addressOf(r.endpoint))]));
}

type Edit = { pool: readonly Route[]; change: RouteChange['change'] };

function eachUri(
  table: RouteTable,
  uris: readonly string[],
  address: string,
  edit: (pool: readonly Route[], uri: string) => Edit,
): Changed {
  const next = new Map(table);
  const changes = [...new Set(uris.map(normalUri))].map((uri): RouteChange => {
    const { pool, change } = edit(next.get(uri) ?? [], uri);
    if (pool.length > 0) next.set(uri, pool);
    else next.delete(uri);
    return { uri, address, change };
  });
  return { table: changes.every((c) => c.change === 'unchanged') ? table : next, changes };
}
