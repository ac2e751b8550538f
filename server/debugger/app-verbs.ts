// What the page's panel of apps can do to one app: each is the request that `cf` sends for it, through the front door.
// An answer does not wait for what is held: it goes after a moment, and a later refusal is a note in the journal.
import express, { type Request, Router } from 'express';
import { z } from 'zod';
import { List, Resource } from '../cli/cf-push.ts';
import type { LabClient } from '../cli/lab-client.ts';
import { afterReal } from '../clock/real.ts';
import { ApiError, answerError, sameOrigin } from './api.ts';
import { answerFieldError } from './field-error.ts';
import { HOLD } from './holds.ts';
import type { LaunchDeps, Launcher } from './launch.ts';
import { type PushDeps, refusal } from './push.ts';

/** A request that waits at a gate is answered for after this long, in real milliseconds; it goes on behind that. */
const ANSWER_MS = 3000;
/** A restage waits so long for the push before it. */
const SETTLE_MS = 8000;

const scaleShape = z
  .strictObject({
    instances: z.number().int().positive().max(100).optional(),
    /** MB */
    memory: z.number().int().positive().optional(),
  })
  .refine((b) => b.instances ?? b.memory, { message: 'say instances or memory' });
const restageShape = z
  .strictObject({
    /** Another choice from now on; null lets the buildpacks detect. */
    buildpack: z.string().min(1).nullish(),
    hold: z.string().regex(HOLD, 'failure, or SCRIPT:LINE such as bin/compile:12').optional(),
    pace: z.enum(['real', 'beat']).optional(),
  })
  .default({});

export interface AppVerbsDeps extends LaunchDeps {
  debugger: PushDeps['debugger'];
  launcher: Launcher;
  client(): LabClient;
  apps: PushDeps['apps'];
}

/**
 * The router to mount at `/lab`: `POST /apps/:guid/{start,stop,restart,restage,scale}` and `DELETE /apps/:guid`. 202 with
 * `{ done }`: false where something is still held or under way.
 */
export function appVerbsRouter({ launcher, client, apps, journal, debugger: dbg }: AppVerbsDeps): Router {
  const router = Router();
  const json = express.json({ limit: '10kb' });
  const appOf = (req: Request<{ guid: string }>) => {
    const found = apps().find((app) => app.guid === req.params.guid);
    if (!found) throw new ApiError(404, `no app ${req.params.guid}; it may have been deleted`);
    return found;
  };

  /** Waits a moment for `work`; when it is held longer, its failure becomes a note. */
  async function answered(work: Promise<unknown>, what: string, app: string): Promise<{ done: boolean }> {
    const late = new Promise<{ done: boolean }>((resolve) => afterReal(ANSWER_MS, () => resolve({ done: false })));
    let waited = true;
    work.catch((error: unknown) => {
      if (waited) return;
      const text = `could not ${what}: ${error instanceof Error ? error.message : String(error)}`;
      journal.say({ type: 'note', actor: 'you', text, data: { app } });
    });
    try {
      return await Promise.race([work.then(() => ({ done: true })), late]);
    } catch (error) {
      throw refusal(error);
    } finally {
      waited = false;
    }
  }

  const verb = (name: string, does: (cf: LabClient, guid: string, body: unknown) => Promise<unknown>) =>
    router.post(`/apps/:guid/${name}`, sameOrigin, json, async (req: Request<{ guid: string }>, res) => {
      const app = appOf(req);
      res.status(202).json(await answered(does(client(), app.guid, req.body), `${name} ${app.name}`, app.guid));
    });

  verb('start', (cf, guid) => put(cf, guid, { state: 'STARTED' }));
  verb('stop', (cf, guid) => put(cf, guid, { state: 'STOPPED' }));
  verb('restart', async (cf, guid) => {
    await put(cf, guid, { state: 'STOPPED' });
    await put(cf, guid, { state: 'STARTED' });
  });
  // Zod's refusal has to come before the answer's race: a promise that rejects at once does.
  verb('scale', async (cf, guid, body) => scale(cf, guid, scaleShape.parse(body)));

  router.post('/apps/:guid/restage', sameOrigin, json, async (req: Request<{ guid: string }>, res) => {
    const app = appOf(req);
    const { buildpack, hold, pace } = restageShape.parse(req.body);
    // A failure that was held and has just been let go is about to end.
    const late = new Promise<void>((resolve) => afterReal(SETTLE_MS, () => resolve()));
    await Promise.race([launcher.settled(app.name), late]);
    if (launcher.under.has(app.name))
      throw new ApiError(409, `${app.name} is being pushed already; wait until it runs`);
    if (pace) await dbg.setPace(pace);
    const cf = client();
    const recorded = (async () => {
      if (buildpack !== undefined) await put(cf, app.guid, { buildpack });
      return app.guid;
    })();
    void launcher.launch({ client: cf, name: app.name, recorded, hold, restage: true });
    res.status(202).json(await answered(recorded, `restage ${app.name}`, app.guid));
  });
  router.delete('/apps/:guid', sameOrigin, async (req: Request<{ guid: string }>, res) => {
    const app = appOf(req);
    res.status(202).json(await answered(deleteApp(client(), app.guid), `delete ${app.name}`, app.guid));
  });
  router.use(answerFieldError, answerError);
  return router;
}

async function put(cf: LabClient, guid: string, change: Record<string, unknown>): Promise<Record<string, unknown>> {
  return Resource.parse(await cf.cf('PUT', `/v2/apps/${guid}`, change)).entity;
}

/** `cf scale`: a new memory limit needs a restart, another count does not. */
async function scale(cf: LabClient, guid: string, asked: z.infer<typeof scaleShape>): Promise<void> {
  const { state } = await put(cf, guid, asked);
  if (asked.memory === undefined || state !== 'STARTED') return;
  await put(cf, guid, { state: 'STOPPED' });
  await put(cf, guid, { state: 'STARTED' });
}

/** `cf delete -r`: its routes go too, or nobody could push another app of that name to them. */
export async function deleteApp(cf: LabClient, guid: string): Promise<void> {
  const routes = List.parse(await cf.cf('GET', `/v2/apps/${guid}/routes`)).resources;
  for (const { metadata } of routes) await cf.cf('DELETE', `/v2/routes/${metadata.guid}`);
  await cf.cf('DELETE', `/v2/apps/${guid}?recursive=true`);
}
