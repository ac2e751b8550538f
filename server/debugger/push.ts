// A push from the page: sends what `cf push` sends, over HTTP through the front door like any client, and lists what can
// be pushed and what was. Kernel recording is on while such a push is under way (DESIGN 5).
import { join } from 'node:path';
import express, { type Request, Router } from 'express';
import { z } from 'zod';
import { List, recordApp } from '../cli/cf-push.ts';
import type { LabClient } from '../cli/lab-client.ts';
import { afterReal } from '../clock/real.ts';
import { ApiError, answerError, sameOrigin } from './api.ts';
import type { Debugger } from './debugger.ts';
import { answerFieldError, FieldError, fieldOf } from './field-error.ts';
import { HOLD } from './holds.ts';
import type { LaunchDeps, Launcher } from './launch.ts';
import { receiveApp } from './push-files.ts';
import { samplesIn } from './samples.ts';

/** The answer waits so long for the app's record, in real milliseconds; at a held request it goes without a guid. */
const RECORD_MS = 1500;
const MEMORY = 256;

const orderShape = z.strictObject({
  /** The sample; left out where files come along. */
  app: z.string().min(1).optional(),
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'a host name in small letters, digits and -')
    .optional(),
  memory: z.number().int().positive().default(MEMORY),
  instances: z.number().int().positive().max(100).default(1),
  env: z.record(z.string(), z.string()).default({}),
  /** A buildpack's name, a git URL or a folder; null takes back an earlier choice. */
  buildpack: z.string().min(1).nullish(),
  stack: z.string().min(1).optional(),
  /** `failure`, or SCRIPT:LINE: where staging shall be held. */
  hold: z.string().regex(HOLD, 'failure, or SCRIPT:LINE such as bin/compile:12').optional(),
  pace: z.enum(['real', 'beat']).optional(),
  /** A new droplet even where the files are those of the last push. */
  restage: z.boolean().default(false),
});
type Order = z.infer<typeof orderShape>;

export interface PushedApp {
  name: string;
  guid: string;
  /** STARTED or STOPPED, as asked for. */
  state: string;
  /** PENDING, STAGED or FAILED. */
  package_state: string;
  instances: number;
}

export interface PushDeps extends LaunchDeps {
  debugger: LaunchDeps['debugger'] & Pick<Debugger, 'setPace'>;
  launcher: Launcher;
  /** A client that has not logged in yet: each push begins with its login. */
  client(): LabClient;
  /** Folder whose folders are the samples: `lessons/apps`. */
  samples: string;
  /** An empty folder for the files of pushes that are under way. */
  uploads: string;
  apps(): PushedApp[];
  /** Names that a push can choose: buildpacks in their order, and stacks. */
  choices(): { buildpacks: string[]; stacks: string[] };
  /** Where an app is reached by a browser. */
  url(name: string): string;
}

/**
 * The router to mount at `/lab`. `POST /push` takes JSON for a sample, or a form with `order` and the files
 * (push-files.ts), and answers 202 with `{ name, guid?, url }`: the push goes on behind it, and its record is the
 * journal's; a failure later is a note there. What is wrong with one field is `{ error, field }`.
 * `GET /apps` lists what can be pushed and what was.
 */
export function pushRouter(deps: PushDeps): Router {
  const { apps, url, launcher } = deps;
  const router = Router();

  router.get('/apps', (_req, res) => {
    const pushed = apps().map(({ name, guid, state, package_state, instances }) => ({
      ...{ name, guid, state, package_state, instances },
      url: url(name),
    }));
    const sheet = samplesIn(deps.samples);
    res.json({ samples: sheet.map((s) => s.name), sheet, apps: pushed, ...deps.choices() });
  });
  router.post('/push', sameOrigin, express.json({ limit: '100kb' }), async (req, res) => {
    const { asked, folder, discard } = await received(req);
    const name = asked.name ?? asked.app ?? 'app';
    let begun = false;
    try {
      if (launcher.under.has(name)) {
        const text = `${name} is being pushed already; wait until it runs`;
        throw new FieldError('name', text, { status: 409 });
      }
      if (asked.pace) await deps.debugger.setPace(asked.pace);
      const client = deps.client();
      const recorded = record(client, name, asked);
      begun = true;
      void launcher.launch({ client, name, recorded, folder, ...behaviour(asked) }).finally(discard);
      const late = new Promise<undefined>((resolve) => afterReal(RECORD_MS, () => resolve(undefined)));
      const guid = await Promise.race([recorded, late]);
      res.status(202).json({ name, ...(guid === undefined ? {} : { guid }), url: url(name) });
    } catch (error) {
      if (!begun) await discard();
      throw refusal(error);
    }
  });
  router.use(answerFieldError, answerError);
  return router;

  async function received(req: Request): Promise<{ asked: Order; folder: string; discard(): Promise<void> }> {
    if (req.is('multipart/form-data')) {
      const { order, folder, discard } = await receiveApp(req, deps.uploads);
      try {
        const asked = orderShape.parse(order);
        return { asked, folder, discard };
      } catch (error) {
        await discard();
        throw error;
      }
    }
    const asked = orderShape.parse(req.body);
    const names = samplesIn(deps.samples).map((s) => s.name);
    if (asked.app === undefined || !names.includes(asked.app)) {
      const text = `no sample ${asked.app ?? ''}; there are ${names.join(', ')}`;
      throw new FieldError('app', text, { status: 404 });
    }
    return { asked, folder: join(deps.samples, asked.app), discard: async () => {} };
  }
}

async function record(client: LabClient, name: string, asked: Order): Promise<string> {
  const { memory, instances, env, buildpack, stack } = asked;
  const entity = { memory, instances, environment_json: env, ...(buildpack === undefined ? {} : { buildpack }) };
  if (stack === undefined) return recordApp(client, name, entity);
  const found = List.parse(await client.cf('GET', `/v2/stacks?q=name:${encodeURIComponent(stack)}`)).resources[0];
  if (!found) throw new FieldError('stack', `there is no stack ${stack}`);
  return recordApp(client, name, { ...entity, stack_guid: found.metadata.guid });
}

function behaviour({ hold, restage }: Order): { hold: string | undefined; restage: boolean } {
  return { hold, restage };
}

/** What the Cloud Controller refused, beside the field that it speaks of. */
export function refusal(error: unknown): unknown {
  if (error instanceof ApiError || error instanceof z.ZodError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const field = fieldOf(text);
  return field ? new FieldError(field, text, { status: 409, cause: error }) : new ApiError(409, text);
}
