// What if: the faults that the page can inject, as `/lab/faults`. Each leaves a `fault` entry (or, for memory, one with the
// Warden request behind it) and answers its `seq`, from which the consequences follow. Done by main and the wardens.
import { randomInt } from 'node:crypto';
import express, { Router } from 'express';
import { z } from 'zod';
import type { Breakpoint } from '../../machines/gates.ts';
import { afterReal, untilReal } from '../clock/real.ts';
import type { Journal } from '../journal/journal.ts';
import type { Lab, Trail } from '../lab/types.ts';
import type { FaultOutcome, Report } from '../main/child.ts';
import { wardenSocket } from '../main/config.ts';
import type { NodeList } from '../main/lab-routes.ts';
import { openCgroups } from '../warden/cgroup/cgroup.ts';
import { jobsFrozen } from '../warden/cgroup/frozen.ts';
import { connectWarden } from '../warden/protocol/index.ts';
import { ApiError, answerError, sameOrigin } from './api.ts';
import { type ContainerHere, containersHere, type InstanceHere, instancesHere } from './containers-here.ts';

export interface FaultsDeps {
  lab: Lab;
  journal: Journal;
  dir: string;
  run: string;
  labId: string;
  nodes(): NodeList;
  report(report: Report): void;
}

export interface Faults {
  /** To mount at `/lab`, before the debugger's. */
  router: Router;
  /** What main says came of a fault. */
  faulted(outcome: FaultOutcome): void;
  /** Takes back every order to drop a message. */
  keepAll(): void;
  close(): void;
}

/** A drop that was ordered. `seq`: the `fault` entry of the message that was lost, once it was. */
export interface Drop extends Breakpoint {
  seq?: number;
}

/** What can be done now. */
export interface FaultsView {
  apps: InstanceHere[];
  components: { proc: string; pid: number }[];
  containers: (Omit<ContainerHere, 'socket'> & { frozen: boolean; memoryBytes: number })[];
  drops: Drop[];
}

const handle = z.string().min(1).max(200);
const text = z.string().min(1).max(200);
const faultBody = z.discriminatedUnion('what', [
  /** SIGKILL to the app's job. `app`: guid or name. */
  z.strictObject({ what: z.literal('kill-app'), app: text, index: z.number().int().min(0).default(0) }),
  z.strictObject({ what: z.literal('kill'), proc: z.string().regex(/^(control|(dea|warden)\/\d+)$/) }),
  z.strictObject({ what: z.literal('freeze'), handle }),
  z.strictObject({ what: z.literal('thaw'), handle }),
  z.strictObject({
    what: z.literal('memory'),
    handle,
    bytes: z
      .number()
      .int()
      .min(4 << 20)
      .max(2 ** 50),
  }),
  z
    .strictObject({
      what: z.literal('drop'),
      transport: z.enum(['nats', 'http', 'warden']).optional(),
      /** As the journal names it: `dea.*.start`, `PUT /v2/apps/*`, `CreateRequest`. */
      name: text.optional(),
      actor: text.optional(),
    })
    .refine((b) => b.transport ?? b.name ?? b.actor, { message: 'say transport, name or actor' }),
]);
type FaultBody = z.infer<typeof faultBody>;

/** Real milliseconds that main and a warden have to answer. */
const ANSWER_MS = 5000;
const RECENT_DROPS = 20;

/** `GET /lab/faults` → FaultsView; `POST /lab/faults` → `{ seq }` or `{ drop }`; `DELETE /lab/faults/drops/:id`. */
export function createFaults(deps: FaultsDeps): Faults {
  const { journal, report } = deps;
  const asked = new Map<number, (outcome: FaultOutcome) => void>();
  const drops: Drop[] = [];
  const router = Router();
  const stop = journal.stream(journal.head, (batch) => {
    for (const e of batch) {
      const drop = e.type === 'fault' && e.of !== undefined ? drops.find((d) => d.id === e.of) : undefined;
      if (!drop || drop.seq !== undefined) continue;
      drop.seq = e.seq;
      journal.broadcast({ type: 'keep', id: drop.id });
    }
  });

  /** Through main; the answer is the entry's `seq`. */
  async function ask(proc: string, fault?: Extract<Report, { type: 'fault' }>['fault']): Promise<number> {
    const number = randomInt(1, 2 ** 47);
    const outcome = await new Promise<FaultOutcome>((resolve, reject) => {
      const cancel = afterReal(ANSWER_MS, () => {
        asked.delete(number);
        reject(new ApiError(504, `${proc} did not answer within ${ANSWER_MS / 1000} s; is it running?`));
      });
      asked.set(number, (said) => {
        cancel();
        asked.delete(number);
        resolve(said);
      });
      report({ type: 'fault', ask: number, proc, ...(fault ? { fault } : {}) });
    });
    if (outcome.error !== undefined) throw new ApiError(409, outcome.error);
    return seqOf(outcome.proc, outcome.n ?? 0);
  }

  async function seqOf(proc: string, n: number): Promise<number> {
    const seq = () => {
      for (const peer of journal.peers()) {
        const found = peer.proc === proc ? journal.seqOf(peer, n) : undefined;
        if (found !== undefined) return found;
      }
      return undefined;
    };
    await untilReal(() => seq() !== undefined, ANSWER_MS);
    return seq() ?? 0;
  }

  function container(name: string): ContainerHere {
    const found = containersHere(deps).find((c) => c.handle === name || c.id === name);
    if (!found) throw new ApiError(404, `no container ${name} is up`);
    return found;
  }

  async function limitMemory(name: string, bytes: number): Promise<{ seq: number; bytes: number }> {
    const { lab, dir } = deps;
    const { node, handle: target } = container(name);
    const said = { type: 'fault', actor: 'you', what: 'memory', target: `${target} ${bytes}` } as const;
    const warden = await connectWarden({
      socket: wardenSocket(dir, node),
      lab,
      label: 'you',
      from: 'you',
      to: `warden/${node}`,
    });
    try {
      const fault = lab.rec.record({ ...said, begins: `fault memory ${randomInt(2 ** 40)}` }, null);
      const trail: Trail = { cause: fault };
      const answer = await warden
        .request('LimitMemory', { handle: target, limitInBytes: BigInt(bytes) }, trail)
        .catch((error: unknown) => {
          throw new ApiError(409, error instanceof Error ? error.message : String(error));
        });
      return { seq: await seqOf(lab.proc, fault.n), bytes: Number(answer.limitInBytes) };
    } finally {
      warden.close();
    }
  }

  function orderDrop(fields: Omit<Extract<FaultBody, { what: 'drop' }>, 'what'>): Drop {
    // Without a name the periodic traffic would be hit first, and nothing would be seen.
    const drop: Drop = { id: `drop-${randomInt(2 ** 32)}`, kind: 'delivery', ...fields, foreground: !fields.name };
    drops.push(drop);
    if (drops.length > RECENT_DROPS) drops.shift();
    journal.broadcast({ type: 'drop', drop });
    return drop;
  }

  function killApp(app: string, index: number): Promise<number> {
    const all = instancesHere(deps.dir).filter((i) => (i.app === app || i.name === app) && i.index === index);
    const found = all.find((i) => i.state === 'RUNNING') ?? all.find((i) => i.state === 'STARTING');
    if (!found) throw new ApiError(404, `no instance ${index} of ${app} runs`);
    return ask(`warden/${found.node}`, { what: 'kill-job', handle: found.handle, job: found.job });
  }

  async function inject(body: FaultBody): Promise<object> {
    switch (body.what) {
      case 'kill-app':
        return { seq: await killApp(body.app, body.index) };
      case 'kill':
        return { seq: await ask(body.proc) };
      case 'freeze':
      case 'thaw': {
        const { node, handle: name } = container(body.handle);
        return { seq: await ask(`warden/${node}`, { what: body.what, handle: name }) };
      }
      case 'memory':
        return limitMemory(body.handle, body.bytes);
      case 'drop': {
        const { what: _, ...fields } = body;
        return { drop: orderDrop(fields) };
      }
      default:
        return body satisfies never;
    }
  }

  function view(): FaultsView {
    const cgroups = openCgroups(deps.labId);
    const containers = containersHere(deps).map(({ socket: _, ...c }) => {
      const cgroup = cgroups.container(c.id);
      return { ...c, frozen: jobsFrozen(cgroup), memoryBytes: limitOf(cgroup) };
    });
    const components = [
      { proc: 'control', pid: process.pid },
      ...deps.nodes().flatMap(({ node, dea, warden }) => [
        { proc: `dea/${node}`, pid: dea },
        { proc: `warden/${node}`, pid: warden },
      ]),
    ];
    return { apps: instancesHere(deps.dir), components, containers, drops };
  }

  router.get('/faults', sameOrigin, (_req, res) => void res.json(view()));
  router.post('/faults', sameOrigin, express.json({ limit: '10kb' }), async (req, res) => {
    const body = faultBody.parse(req.body);
    if (body.what === 'kill' && body.proc === 'control') {
      // Who kills itself cannot answer afterwards.
      res.status(202).json({ seq: null });
      res.once('finish', () => report({ type: 'fault', ask: randomInt(1, 2 ** 47), proc: 'control' }));
      return;
    }
    res.status(201).json(await inject(body));
  });
  router.delete('/faults/drops/:id', sameOrigin, (req, res) => {
    const id = String(req.params.id);
    const at = drops.findIndex((d) => d.id === id);
    if (at < 0) throw new ApiError(404, `no order to drop ${id}`);
    drops.splice(at, 1);
    journal.broadcast({ type: 'keep', id });
    res.status(204).end();
  });
  router.use(answerError);
  return {
    router,
    faulted: (outcome) => asked.get(outcome.ask)?.(outcome),
    keepAll: () => {
      for (const { id } of drops.splice(0)) journal.broadcast({ type: 'keep', id });
    },
    close: stop,
  };
}

/** What the kernel says; 0 for a container that has just gone. */
function limitOf(cgroup: { memoryLimit(): bigint }): number {
  try {
    return Number(cgroup.memoryLimit());
  } catch {
    return 0;
  }
}
