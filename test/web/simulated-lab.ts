// A lab for browser tests: the real journal, clock, debugger and API over real lab links, with the real machines on
// simulated effects. What the page is shown is what the recorder makes; only the work behind the effects is left out.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import express from 'express';
import type { AnyStateMachine } from 'xstate';
import wshd from '../../machines/gen/wshd-steps.json';
import { MACHINES } from '../../machines/index.ts';
import type { MessageBody } from '../../machines/journal.ts';
import { openSpine } from '../../server/debugger/spine.ts';
import { type EffectArgs, effect, host, listen } from '../../server/lab/host.ts';
import { openLab } from '../../server/lab/lab.ts';
import type { Cause, Lab, Trail } from '../../server/lab/types.ts';

export interface SimulatedLab {
  url: string;
  /** One push from the request to a running instance; resolves when it runs, which may wait at gates. */
  push(): Promise<void>;
  /** `n` heartbeats: background traffic. */
  beat(n: number): void;
  /** `n` notes. */
  print(n: number): Promise<void>;
  close(): Promise<void>;
}

/** Serves `page` (the folder of a built page) and the lab's API on a free port of loopback. */
export async function simulatedLab(page: string): Promise<SimulatedLab> {
  const dir = mkdtempSync(join(tmpdir(), 'web-lab-'));
  const socket = join(dir, 'lab.sock');
  const spine = await openSpine({ proc: 'control', dir, lab: 'abcdef', socket });
  const process = (proc: string, role: string) => openLab({ proc, role, socket });
  const labs = { cc: spine.lab, dea: await process('dea/0', 'dea'), warden: await process('warden/0', 'warden') };
  const app = express();
  const pushes: Promise<void>[] = [];
  const begin = () => {
    const one = push(labs);
    pushes.push(one);
    return one;
  };
  app.post('/lab/push', (_req, res) => {
    void begin();
    res.status(202).json({});
  });
  app.use('/lab', spine.router);
  app.use(express.static(page));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    push: begin,
    beat: (n) => {
      for (let i = 0; i < n; i++) {
        send(labs.dea, labs.cc, { name: 'dea.heartbeat', from: 'dea/0', to: 'hm', background: true }, null);
      }
    },
    print: async (n) => {
      const first = spine.journal.head;
      let i = 0;
      const admitted = async () => {
        while (spine.journal.head < first + i) await new Promise((resolve) => setTimeout(resolve, 5));
      };
      for (; i < n; i++) {
        // Notes, because the recorder samples a source of output that writes this fast.
        labs.dea.rec.record({ type: 'note', actor: 'dea', text: `note ${i} of many` }, null);
        if (i % 2000 === 1999) await admitted();
      }
    },
    close: async () => {
      // What is still held goes on to its end first: nothing may write into a journal that is closed.
      for (const { id } of spine.debugger.rules().breakpoints) await spine.debugger.removeBreakpoint(id);
      await spine.debugger.continue();
      await Promise.all(pushes);
      server.closeAllConnections();
      server.close();
      await labs.dea.close();
      await labs.warden.close();
      await spine.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

type Labs = { cc: Lab; dea: Lab; warden: Lab };
type Work = (args: EffectArgs<unknown>) => Promise<unknown>;

let edges = 0;

/** A message with both its ends, as two processes record it. Returns the receipt. */
function send(
  from: Lab,
  to: Lab,
  said: Pick<MessageBody, 'name' | 'from' | 'to' | 'background' | 'payload'> & { transport?: MessageBody['transport'] },
  cause: Cause,
): Cause {
  const key = `test#${++edges}`;
  const body = { type: 'message', transport: 'nats', ...said } as const;
  from.rec.record({ ...body, actor: said.from, phase: 'sent' }, cause, { key });
  return to.rec.record({ ...body, actor: said.to, phase: 'received' }, null, { key, expect: true });
}

/** The machine with every effect simulated: the work given, or a moment's nothing. */
function simulated(lab: Lab, machine: AnyStateMachine, work: Record<string, Work>): AnyStateMachine {
  const names = Object.entries(machine.implementations.actors);
  const sources = new Set(['linkJob', 'collectStats', 'watchMemory', 'watchWshd']);
  const actors = names.map(([name]) => {
    if (sources.has(name)) return [name, listen(lab, name, () => undefined)];
    return [name, effect(lab, name, work[name] ?? (async () => undefined))];
  });
  return machine.provide({ actors: Object.fromEntries(actors) });
}

async function push({ cc, dea, warden }: Labs): Promise<void> {
  const guid = `${randomBytes(4).toString('hex')}-4d1c-4a5e-9d1b-000000000001`;
  const id = guid.slice(0, 8);
  const begins = `push-${id}`;
  const put = { transport: 'http', from: 'client', to: 'cc', name: `PUT /v2/apps/${guid}` } as const;
  const asked = cc.rec.record(
    { type: 'message', actor: 'cc', phase: 'received', ...put, payload: { state: 'STARTED' }, begins },
    null,
  );
  const start = { droplet: guid, name: 'hello-node', uris: ['hello-node.localhost'], limits: { mem: 256, disk: 1024 } };
  const running = deferred();
  const task = async ({ trail }: EffectArgs<unknown>) => {
    trail.cause = send(
      cc,
      dea,
      { name: 'staging.0-a1.start', from: 'cc', to: 'dea/0', payload: { app_id: guid } },
      trail.cause,
    );
    const machine = simulated(dea, MACHINES['staging-task'], {
      createContainer: container(dea, warden, trail),
      ...RESULTS,
    });
    const staging = host(dea, machine, {
      id: `staging-task:${id}`,
      cause: trail.cause,
      input: { taskId: id, app: guid, maxStagingMs: 900_000 },
    });
    await staging.done;
    trail.cause = send(
      dea,
      cc,
      { name: '_INBOX.staged', from: 'dea/0', to: 'cc', payload: { task_id: id } },
      staging.last(),
    );
    return { detectedBuildpack: 'Node.js', startedOn: null };
  };
  const instance = async ({ trail }: EffectArgs<unknown>) => {
    const received = send(cc, dea, { name: 'dea.0-a1.start', from: 'cc', to: 'dea/0', payload: start }, trail.cause);
    const announce: Work = async ({ trail }) => {
      const route = { host: '10.254.0.1', port: 61001, app: guid, uris: start.uris };
      trail.cause = send(
        dea,
        cc,
        { name: 'router.register', from: 'dea/0', to: 'router', payload: route },
        trail.cause,
      );
      running.resolve();
    };
    const machine = simulated(dea, MACHINES.instance, {
      createContainer: container(dea, warden, trail),
      announceRunning: announce,
      ...RESULTS,
    });
    const hosted = host(dea, machine, {
      id: `instance:${id}0`,
      cause: received,
      input: { id: `${id}0`, app: guid, index: 0 },
    });
    await hosted.send({ type: 'start' }, { cause: received });
  };
  const machine = simulated(cc, MACHINES.app, {
    requestStaging: async () => ({ taskId: id, stager: '0-a1' }),
    awaitStaged: task,
    completeStaging: async (args) => {
      await instance(args);
      return { wanted: true };
    },
  });
  const hosted = host(cc, machine, { id: `app:${guid}`, cause: asked, input: { guid, at: 'stopped' } });
  await hosted.send({ type: 'start', needsStaging: true }, { cause: asked });
  await running.promise;
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** What the simulated effects of DEA and Warden answer. */
const RESULTS: Record<string, Work> = {
  copyOutStagingInfo: async () => ({ detectedBuildpack: 'Node.js', error: null }),
  downloadCache: async () => ({ found: false }),
  readInfo: async () => ({ containerPath: '/depot/17k' }),
  spawnRunner: async () => ({ jobId: 1 }),
  linkRunner: async () => ({ status: 0 }),
  saveDroplet: async () => ({ sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709' }),
  spawnApp: async () => ({ jobId: 2 }),
  checkHealth: async () => ({ healthy: true }),
};

/** Warden's side of a Create: the container machine, and the boot with its gates. */
function container(dea: Lab, warden: Lab, trail: Trail): Work {
  return async (args) => {
    const handle = randomBytes(4).toString('hex');
    const wire = { transport: 'warden', from: 'dea/0', to: 'warden/0', name: 'CreateRequest' } as const;
    const cause = send(dea, warden, wire, args.trail.cause ?? trail.cause);
    const boot: Work = async ({ trail }) => {
      for (const { name, call, args, file, line } of wshd.boot) {
        const of = {
          actor: `wshd:${handle}`,
          handle,
          name,
          call,
          args: args.split(' '),
          file,
          line,
          pid: 4711,
        };
        const step = { type: 'step', of: 'boot', ...of } as const;
        const point = {
          kind: 'step',
          machine: 'wshd-boot',
          proc: warden.proc,
          actor: of.actor,
          name,
          when: 'before',
          handle,
          file: of.file,
          line: of.line,
        } as const;
        if (warden.gates.closes(point)) {
          trail.cause = warden.rec.record({ ...step, when: 'before' }, trail.cause);
          trail.cause = await warden.gates.pass(point, trail.cause);
        }
        trail.cause = warden.rec.record({ ...step, when: 'after', result: 0, ns: 21_000 }, trail.cause);
      }
      return { pid: 4711 };
    };
    const machine = simulated(warden, MACHINES.container, { bootWshd: boot });
    const hosted = host(warden, machine, {
      id: `container:${handle}`,
      cause,
      input: { id: handle, handle, origin: 'request' },
    });
    await hosted.send({ type: 'create' }, { cause });
    await new Promise<void>((resolve) => {
      const stop = hosted.subscribe((s) => {
        if (s.value !== 'active') return;
        resolve();
        queueMicrotask(() => stop());
      });
    });
    args.trail.cause = send(
      warden,
      dea,
      { ...wire, from: 'warden/0', to: 'dea/0', name: 'CreateResponse', payload: { handle } },
      hosted.last(),
    );
    return { handle, hostPort: 61001, containerPort: 61001 };
  };
}
