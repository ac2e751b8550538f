// Router and health manager under the real clock, journal and skipper: lab time jumps, and nothing has expired that a
// living DEA keeps alive; a back-off of minutes is one step.
import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MessageBody } from '../../machines/journal.ts';
import { type Broker, type Bus, connectBus, startBroker } from '../../server/bus/index.ts';
import { openSpine, type Spine } from '../../server/debugger/spine.ts';
import { bulkFetcher, createHealthManager, type HealthManager } from '../../server/hm/index.ts';
import { traceServer } from '../../server/lab/http.ts';
import { createFrontDoor, type FrontDoor } from '../../server/router/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'wires-skip-'));
const desired = { version: 'v1', instances: 1, state: 'STARTED', package_state: 'STAGED' };
let spine: Spine;
let broker: Broker;
let bus: Bus;
let door: FrontDoor;
let hm: HealthManager;
let state = 'RUNNING';
let life = 1;

beforeAll(async () => {
  spine = await openSpine({ proc: 'control', dir, socket: join(dir, 'lab.sock'), lab: 'wires1' });
  const { lab } = spine;
  broker = await startBroker({ lab });
  bus = await connectBus({ url: broker.url, lab, proc: 'control', name: 'control' });
  const trace = traceServer(lab, { who: 'cc', own: /^\/bulk\//, background: /^\/bulk\// });
  const api = (req: IncomingMessage, res: ServerResponse) =>
    trace(req, res, () => {
      const first = new URL(req.url ?? '', 'http://x').searchParams.get('bulk_token') === '{}';
      res.end(JSON.stringify({ results: first ? { a: desired } : {}, bulk_token: { id: 1 } }));
    });
  door = await createFrontDoor({ lab, bus, listen: '127.0.0.1', port: 0, domain: 'localhost', api });
  const fetchDesired = bulkFetcher({ lab, url: `http://127.0.0.1:${door.port}`, user: 'internal', password: 'x' });
  hm = createHealthManager({ lab, bus, fetchDesired, seconds: () => 0 });
  const route = { host: '127.0.0.1', port: 4001, uris: ['web.localhost'], app: 'a', dea: '0-x' };
  const periodic = { actor: 'dea:0', background: true };
  lab.clock.every(5000, 'dea registers', () => void bus.publish('router.register', route, null, periodic));
  lab.clock.every(10_000, 'dea beats', () => {
    const one = { droplet: 'a', version: 'v1', instance: `i${life}`, index: 0, state };
    bus.publish('dea.heartbeat', { dea: '0-x', droplets: [one] }, null, periodic);
  });
  bus.subscribe('hm9000.start', { actor: 'cc' }, () => {
    state = 'RUNNING';
    life += 1;
  });
});
afterAll(async () => {
  hm.close();
  await door.close();
  await bus.close();
  await broker.close();
  await spine.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Skips to where the flow waits for time, and says for what. */
async function next(): Promise<string | undefined> {
  const report = await spine.skipper.skip({ to: 'next' });
  expect(report.stopped).toBe('timer');
  return report.label;
}
const orders = () =>
  spine.journal
    .read(0, 100_000)
    .filter(
      (e): e is typeof e & MessageBody => e.type === 'message' && e.phase === 'sent' && e.name.startsWith('hm9000.'),
    );
const routeStates = () =>
  spine.journal.read(0, 100_000).flatMap((e) => (e.type === 'transition' && e.machine === 'route' ? [e.value] : []));

describe('skipping lab time', () => {
  it('over 960 s leaves the route registered, the instance known and nobody asked for', async () => {
    await spine.skipper.skip({ ms: 60_000 });
    expect(hm.status().fresh).toBe(true);
    const report = await spine.skipper.skip({ ms: 960_000 });
    expect(report.stopped).toBe('reached');
    expect(door.routesByUri()).toEqual({ 'web.localhost': ['127.0.0.1:4001'] });
    expect(routeStates()).toEqual(['absent', 'registered']);
    expect(hm.status()).toMatchObject({ fresh: true, actual: [{ state: 'RUNNING' }], orders: [] });
    expect(orders()).toEqual([]);
  }, 60_000);

  it('to the next foreground timer is to the restart of a crashed instance, however long its back-off', async () => {
    const waits: number[] = [];
    for (let crash = 1; crash <= 6; crash++) {
      state = 'CRASHED';
      const from = spine.lab.clock.now();
      bus.publish(
        'droplet.exited',
        { droplet: 'a', version: 'v1', index: 0, instance: `i${life}`, reason: 'CRASHED' },
        null,
      );
      await bus.flush();
      const stops = [await next(), ...(orders().length < crash ? [await next()] : [])];
      await expect.poll(() => orders().length).toBe(crash);
      expect(stops.at(-1)).toBe("health manager's start of a index 0 (crashed)");
      if (stops.length > 1) expect(stops[0]).toBe('heartbeat and analysis after the crash of a index 0');
      waits.push((orders().at(-1)!.lt - from) / 1000);
      await spine.skipper.skip({ ms: 45_000 });
    }
    for (const wait of waits.slice(0, 3)) expect(wait).toBeLessThanOrEqual(31);
    for (const [i, least] of [30, 60, 120].entries()) {
      expect(waits[3 + i]).toBeGreaterThanOrEqual(least);
      expect(waits[3 + i]).toBeLessThanOrEqual(least + 31);
    }
  }, 60_000);
});
