// P2: a breakpoint on a state holds before it is entered, in each of the processes that have machines. At each hold this
// test asks those who would notice: Warden's List, the bus (from the wire), the router, the client that waits.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cf, cf, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { type Eavesdropper, eavesdrop } from '../support/nats.ts';

const HELLO = join(import.meta.dirname, '../../lessons/apps/hello-node');

describe('a breakpoint on a state', () => {
  let lab: RunningLab;
  let c: Cf;
  let d: Debug;
  let bus: Eavesdropper;
  beforeAll(async () => {
    lab = await startLab();
    c = await cf(lab.url);
    d = debug(lab.url);
    bus = await eavesdrop(lab);
  }, 300_000);
  afterAll(async () => {
    bus?.close();
    await lab?.stop();
  });

  const handles = async () => (await Promise.all([0, 1].map((k) => lab.list(k)))).flat();
  const holdsBefore = async (state: string) => {
    const id = await d.breakAt({ state, once: true });
    return () => d.held(state, (h) => h.by === id && (h.point.enters ?? []).includes(state));
  };

  it('holds before it is entered: container.active in Warden, instance.RUNNING in the DEA, route.registered in the router', async () => {
    const guid = await c.prepare('states', HELLO);
    const active = await holdsBefore('container.active');
    let answered = false;
    const put = c.start(guid).then((a) => {
      answered = true;
      return a;
    });

    const container = await active();
    expect(container.point.proc).toMatch(/^warden\//);
    expect(await handles(), 'Warden lists what is active').toEqual([]);
    expect(answered, 'the client waits for the staging container').toBe(false);
    await d.open(container.gate);
    await until('List to name it', async () => (await handles()).length === 1);
    expect((await put).status).toBe(201);

    const runs = await holdsBefore('instance.RUNNING');
    const registers = await holdsBefore('route.registered');
    const instance = await runs();
    expect(instance.point.proc).toMatch(/^dea\//);
    const running = () => bus.on(/^dea\.heartbeat$/, guid).filter((m) => JSON.stringify(m.json).includes('"RUNNING"'));
    expect(running(), 'no heartbeat has told of it').toEqual([]);
    expect(bus.on(/^router\.register$/, guid)).toEqual([]);
    expect((await c.visit('states')).status).toBe(404);
    await d.open(instance.gate);
    await until('the heartbeat that it is RUNNING', () => running().length > 0);

    const route = await registers();
    expect(route.point.proc).toBe('control');
    await until('router.register on the wire', () => bus.on(/^router\.register$/, guid).length > 0);
    expect((await c.visit('states')).status, 'told, but not in the table').toBe(404);
    await d.open(route.gate);
    await until('the app to answer', async () => (await c.visit('states')).status === 200);
  }, 300_000);
});
