// P1: three pushes held at once, 330 s of real time, longer than every library's time-out; then opened in reverse order.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cf, cf, until } from '../support/cf.ts';
import { type Debug, debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const HELLO = join(import.meta.dirname, '../../lessons/apps/hello-node');
/** Three pushes at once, beside the other lanes. */
const PUSHES_MS = 180_000;
const HOLD_MS = Number(process.env.WARDENSCOPE_TEST_HOLD_MS ?? '330000');

describe(`three pushes held for ${HOLD_MS / 1000} s`, () => {
  let lab: RunningLab;
  let c: Cf;
  let d: Debug;
  beforeAll(async () => {
    lab = await startLab();
    c = await cf(lab.url);
    d = debug(lab.url);
  }, 300_000);
  afterAll(() => lab?.stop());

  /** Exactly one instance, and it is RUNNING. */
  async function running(guid: string): Promise<void> {
    const all = await until(
      'RUNNING',
      async () => {
        const a = await c.instances(guid);
        const now = a.status === 200 ? a.json<Record<string, { state: string }>>() : {};
        const states = Object.values(now).map((i) => i.state);
        return states.length > 0 && states.every((s) => s === 'RUNNING') && now;
      },
      PUSHES_MS,
    );
    expect(Object.keys(all)).toEqual(['0']);
  }

  it(
    'at an HTTP download, a Create and a boot step: all RUNNING after, no duplicate, no pruned route, no lost heartbeat',
    async () => {
      // One app runs already: what a hold could make stale, prune, find missing or start twice is there to be lost.
      const bystander = await c.prepare('bystander', HELLO);
      expect((await c.start(bystander)).status).toBe(201);
      await running(bystander);
      const itself = async () => {
        const answer = await c.visit('bystander', '/json');
        expect(answer.status, 'the bystander through the router').toBe(200);
        const { hostname, pid } = answer.json<{ hostname: string; pid: number }>();
        return { hostname, pid };
      };
      const seen = await itself();
      const { head } = await d.state();

      const names = ['download', 'create', 'boot'] as const;
      const guids = [];
      for (const n of names) guids.push(await c.prepare(`held-${n}`, HELLO));
      const puts: Promise<{ status: number; text: string }>[] = [];
      const gates: string[] = [];
      const wanted = [
        { kind: 'delivery' as const, transport: 'http' as const, name: 'GET /staging/apps/*', once: true },
        { kind: 'delivery' as const, transport: 'warden' as const, name: 'CreateRequest', once: true },
        { kind: 'step' as const, name: 'pivot_root', when: 'before' as const, once: true },
      ];
      for (const [i, bp] of wanted.entries()) {
        const id = await d.breakAt(bp);
        puts.push(c.start(guids[i] ?? ''));
        const held = await d.held(`${names[i]}`, (h) => h.by === id && !gates.includes(h.gate));
        gates.push(held.gate);
      }
      expect((await d.state()).held).toHaveLength(3);
      const began = await d.state();
      await new Promise((r) => setTimeout(r, HOLD_MS));
      const still = await d.state();
      expect(still.held.map((h) => h.gate).sort()).toEqual([...gates].sort());
      expect(still.lt).toBe(began.lt);
      expect(await itself(), 'still held').toEqual(seen);
      for (const gate of gates.reverse()) await d.open(gate);
      for (const put of puts) expect((await put).status).toBe(201);
      for (const guid of guids) await running(guid);
      for (const n of names) expect((await c.visit(`held-${n}`)).status).toBe(200);
      expect(await itself(), 'after the hold').toEqual(seen);
      const handles = await until(
        'the staging containers to go',
        async () => {
          const all = (await Promise.all([0, 1].map((k) => lab.list(k)))).flat();
          return all.length <= 4 && all;
        },
        PUSHES_MS,
      );
      expect(handles, 'one container each').toHaveLength(4);
      expect(handles).toContain(seen.hostname);
      const entries = (await d.journal()).filter((e) => e.seq > head);
      const wrong = entries.filter(
        (e) =>
          (e.type === 'message' &&
            e.phase === 'sent' &&
            (e.name === 'hm9000.stop' || e.name === 'hm9000.start' || e.name === 'droplet.exited')) ||
          (e.type === 'transition' && e.machine === 'route' && /stale|pruned/.test(JSON.stringify(e.value))),
      );
      expect(wrong).toEqual([]);
      const creates = entries.filter(
        (e) => e.type === 'message' && e.name === 'CreateRequest' && e.phase === 'received',
      );
      expect(creates, 'one staging and one running container each').toHaveLength(6);
    },
    HOLD_MS + 300_000,
  );
});
