// What the lab's own API says about the installation itself: doctor, nodes, routes, machines. The debugger's verbs are in
// server/debugger/api.ts, which is mounted behind this.
import express, { type NextFunction, type Request, type Response, type Router } from 'express';
import { type Ability, doctorTable, examine } from '../doctor/index.ts';
import type { FrontDoor } from '../router/index.ts';
import type { Order, Report } from './child.ts';
import type { ProcessConfig } from './config.ts';

export type NodeList = Extract<Order, { type: 'nodes' }>['nodes'];

export interface LabRoutesDeps {
  config: ProcessConfig;
  /** The nodes as main last named them. */
  nodes(): NodeList;
  report(report: Report): void;
  door(): FrontDoor | undefined;
}

/** The router to mount at `/lab`, in front of the debugger's and behind the token's guard (token.ts). */
export function labRoutes({ config, nodes, report, door }: LabRoutesDeps): Router {
  const router = express.Router();
  let found: Promise<Ability[]> | undefined;
  router.get('/doctor', async (req, res) => {
    if (!found || req.query.again !== undefined) found = examine({ dir: config.dir, wshd: config.wshd });
    const abilities = await found;
    res.json({ tier: config.tier, abilities, table: doctorTable(abilities) });
  });
  router.get('/info', (_req, res) => {
    const { lab, dir, run, slot, domain, port, stack, tier } = config;
    res.json({ lab, dir, run, slot, domain, port, stack, tier });
  });
  router.get('/nodes', (_req, res) => void res.json({ nodes: nodes() }));
  router.get('/routes', (_req, res) => void res.json(door()?.status() ?? { routes: [] }));
  router.post('/nodes', sameOrigin, (_req, res) => {
    report({ type: 'add-node' });
    res.status(202).json({ nodes: nodes() });
  });
  router.delete('/nodes/:node', sameOrigin, (req, res) => {
    const node = Number(req.params.node);
    if (!nodes().some((n) => n.node === node)) {
      res.status(404).json({ error: `no node ${req.params.node}` });
      return;
    }
    report({ type: 'remove-node', node });
    res.status(202).json({ nodes: nodes() });
  });
  return router;
}

function sameOrigin(req: Request, res: Response, next: NextFunction): void {
  const origin = req.get('origin');
  if (origin === undefined || (URL.canParse(origin) && new URL(origin).host === req.get('host'))) next();
  else res.status(403).json({ error: `requests of ${origin} are not answered here` });
}
