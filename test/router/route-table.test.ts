// The router's table, as sentences: pure, no clock, no socket.
import { describe, expect, it } from 'vitest';
import {
  EMPTY_TABLE,
  type Endpoint,
  lookup,
  markFresh,
  prune,
  type RouteTable,
  register,
  routesByUri,
  STALE_MS,
  unregister,
} from '../../machines/route-table.ts';

const at = (port: number, more: Partial<Endpoint> = {}): Endpoint => ({
  host: '10.0.0.7',
  port,
  app: 'a1',
  dea: '0-x',
  instance: `i${port}`,
  tags: {},
  ...more,
});
const filled = (...ports: number[]): RouteTable =>
  ports.reduce((table, port) => register(table, ['web.localhost'], at(port), 0).table, EMPTY_TABLE);
const verdicts = (changes: { change: string }[]) => changes.map((c) => c.change);

describe('the route table', () => {
  it('adds each name of a registration once, in lower case and without a port', () => {
    const { table, changes } = register(EMPTY_TABLE, ['Web.localhost', 'web.localhost:8080', 'b.localhost'], at(1), 5);
    expect(changes).toEqual([
      { uri: 'web.localhost', address: '10.0.0.7:1', change: 'added' },
      { uri: 'b.localhost', address: '10.0.0.7:1', change: 'added' },
    ]);
    expect(routesByUri(table)).toEqual({ 'web.localhost': ['10.0.0.7:1'], 'b.localhost': ['10.0.0.7:1'] });
    expect(routesByUri(EMPTY_TABLE)).toEqual({});
  });

  it('refreshes a repeated registration and keeps the first endpoint of its address', () => {
    const again = register(filled(1), ['web.localhost'], at(1, { instance: 'other' }), 70);
    expect(verdicts(again.changes)).toEqual(['updated']);
    expect(lookup(again.table, 'web.localhost')).toMatchObject([{ refreshed: 70, endpoint: { instance: 'i1' } }]);
    const same = register(again.table, ['web.localhost'], at(1), 70);
    expect(verdicts(same.changes)).toEqual(['unchanged']);
    expect(same.table).toBe(again.table);
  });

  it('pools several endpoints of one name in the order they came', () => {
    expect(routesByUri(filled(3, 1, 2))).toEqual({ 'web.localhost': ['10.0.0.7:3', '10.0.0.7:1', '10.0.0.7:2'] });
  });

  it('removes an address from the names given and from no other', () => {
    const two = register(filled(1, 2), ['b.localhost'], at(1), 0).table;
    const { table, changes } = unregister(two, ['web.localhost', 'never.localhost'], at(1));
    expect(verdicts(changes)).toEqual(['removed', 'unchanged']);
    expect(routesByUri(table)).toEqual({ 'web.localhost': ['10.0.0.7:2'], 'b.localhost': ['10.0.0.7:1'] });
    expect(routesByUri(two)['web.localhost']).toHaveLength(2);
  });

  it('forgets a name with its last endpoint', () => {
    expect(unregister(filled(1), ['web.localhost'], at(1)).table.size).toBe(0);
  });

  it('prunes what was silent for more than 120 s and nothing at exactly 120 s', () => {
    const table = register(filled(1), ['web.localhost'], at(2), 1).table;
    expect(prune(table, STALE_MS).changes).toEqual([]);
    const later = prune(table, STALE_MS + 1);
    expect(later.changes).toEqual([{ uri: 'web.localhost', address: '10.0.0.7:1', change: 'removed' }]);
    expect(routesByUri(later.table)).toEqual({ 'web.localhost': ['10.0.0.7:2'] });
  });

  it('prunes nothing right after everything was marked fresh', () => {
    const table = markFresh(filled(1, 2), 1_000_000);
    expect(prune(table, 1_000_000 + STALE_MS).changes).toEqual([]);
  });

  it('matches exact names only: no wildcards, no parents', () => {
    expect(lookup(filled(1), 'WEB.localhost:8080')).toHaveLength(1);
    for (const host of ['localhost', 'x.web.localhost', '*.localhost', '']) expect(lookup(filled(1), host)).toEqual([]);
  });
});
