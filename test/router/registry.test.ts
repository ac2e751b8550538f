// Registrations over a real broker: announcements, refreshing, pruning on lab time, holding.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ask, type RouterLab, routerLab, until } from './lab-of-router.ts';

let r: RouterLab;
beforeEach(async () => {
  r = await routerLab();
});
afterEach(() => r.close());

const uris = () => Object.keys(r.door.routesByUri());
const values = () => r.lab.bodies().flatMap((b) => (b.type === 'transition' ? [b.value] : []));

describe('the registry', () => {
  it('announces the router at its start and answers router.greet alike', async () => {
    const said = r.lab.bodies().find((b) => b.type === 'message' && b.name === 'router.start');
    const hello = { id: expect.any(String), hosts: ['127.0.0.1'], minimumRegisterIntervalInSeconds: 5 };
    expect(said).toMatchObject({ phase: 'sent', actor: 'router', payload: hello });
    const [reply] = await r.bus.request('router.greet', undefined, { trail: { cause: null }, timeoutMs: 1000 });
    expect(reply!.json).toEqual(hello);
  });

  it('takes a route out on router.unregister', async () => {
    await r.register('web.localhost', 4001);
    r.bus.publish('router.unregister', { host: '127.0.0.1', port: 4001, uris: ['web.localhost'] }, null);
    await until(() => uris().length === 0);
    expect(values()).toEqual(['absent', 'registered', 'unregistered']);
  });

  it('prunes a silent route between 120 and 150 s of lab time and keeps a refreshed one', async () => {
    await r.register('silent.localhost', 4001);
    await r.register('kept.localhost', 4002);
    for (let s = 5; s <= 120; s += 5) {
      await r.lab.advance(5000);
      await r.register('kept.localhost', 4002);
      await r.bus.flush();
    }
    expect(uris().sort()).toEqual(['kept.localhost', 'silent.localhost']);
    await r.lab.advance(30_000);
    await until(() => uris().length === 1);
    expect(uris()).toEqual(['kept.localhost']);
    expect(values()).toEqual(['absent', 'registered', 'absent', 'registered', 'stale', 'pruned']);
  });

  it('records a repetition as background and no second life', async () => {
    for (let i = 0; i < 3; i++) {
      await r.register('web.localhost', 4001);
      await r.bus.flush();
    }
    const received = r.lab
      .bodies()
      .filter((b) => b.type === 'message' && b.phase === 'received' && b.name === 'router.register');
    expect(received.map((b) => b.background ?? false)).toEqual([false, true, true]);
    expect(values()).toEqual(['absent', 'registered']);
  });

  it('prunes nothing while NATS is away and marks all fresh', async () => {
    await r.register('web.localhost', 4001);
    await r.broker.close();
    await until(() => !r.bus.connected());
    await r.lab.advance(400_000);
    expect(uris()).toEqual(['web.localhost']);
  });

  it('lets no request through while a breakpoint holds the route before it is registered', async () => {
    const { port } = await r.backend((_req, res) => res.end('hello'));
    const id = r.lab.breakOn({ state: 'route.registered' });
    r.bus.publish('router.register', { host: '127.0.0.1', port, uris: ['web.localhost'], app: 'a1' }, null);
    await until(() => r.lab.held().length === 1);
    expect((await ask(r.door, 'web.localhost')).status).toBe(404);
    r.lab.unbreak(id);
    r.lab.open();
    await until(() => uris().length === 1);
    expect((await ask(r.door, 'web.localhost')).text).toBe('hello');
  });

  it('ignores a registration that makes no sense, and says so', async () => {
    r.bus.publish('router.register', { host: '127.0.0.1', port: 'x', uris: ['web.localhost'] }, null);
    r.bus.publish('router.register', 'nonsense', null);
    await r.register('web.localhost', 4001);
    expect(
      r.lab.bodies().filter((b) => b.type === 'note' && b.text.startsWith('[router] could not read')),
    ).toHaveLength(2);
  });
});
