// `stage`: makes a droplet of a folder, starts nothing, and holds where it was asked to, so that one can look inside.
// What a hold means is the debugger's; this only names the breakpoint and says where the flow stands.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from 'zod';
import { Refusal } from '../main/refusal.ts';
import { appNameOf, folderOf, prepare } from './app-folder.ts';
import { type LogLine, logs, printNew } from './app-logs.ts';
import { Resource, until, uploadZip } from './cf-push.ts';
import { dataFlag, type LabClient } from './lab-client.ts';
import { labForStaging } from './staging-lab.ts';
import { type Call, split, type Verb } from './verb.ts';
import { type HeldGate, heldLine, LabState } from './verbs-lab.ts';

/** What the command line reads of an app. */
export const App = z.looseObject({
  name: z.string(),
  state: z.string(),
  instances: z.number(),
  package_state: z.string(),
  detected_buildpack: z.string().nullish(),
  staging_failed_reason: z.string().nullish(),
  staging_failed_description: z.string().nullish(),
});
export const stageVerb: Verb = {
  name: 'stage',
  usage: 'APP',
  says: 'makes a droplet of a folder and starts nothing; holds at a failure or at a script line to look inside',
  flags: { buildpack: 'DIR|URL|NAME', stack: 'DIR|TAR', env: 'FILE', hold: 'failure|SCRIPT:LINE' },
  run: stage,
};

async function stage(call: Call): Promise<string | number> {
  const folder = folderOf(call.args[0]);
  const given = call.flags.buildpack?.[0];
  const own = given === undefined ? undefined : buildpackFolder(given);
  const environment = envFile(call.flags.env?.[0]);
  const hold = call.flags.hold?.[0];
  if (hold) holdAt(hold, '');
  const { client, end, kept } = await labForStaging(call.data, call.flags.stack?.[0]);
  let breakpoint: string | undefined;
  let pack: string | undefined;
  try {
    const name = `stage-${appNameOf(folder)}-${randomBytes(2).toString('hex')}`;
    pack = own && (await adminBuildpack(client, own, name));
    const guid = await prepare(client, folder, name, { environment_json: environment });
    if (hold)
      breakpoint = z
        .object({ id: z.string() })
        .parse(await client.call('POST', '/lab/breakpoints', holdAt(hold, guid))).id;
    const shown = await printNew(client, guid);
    const buildpack = pack ? name : given;
    const asked = client.cf('POST', `/v2/apps/${guid}/stage_only`, buildpack ? { buildpack } : {});
    asked.catch(() => undefined);
    await staged(client, guid, shown, asked);
    const app = App.parse(Resource.parse(await client.cf('GET', `/v2/apps/${guid}`)).entity);
    const droplet = kept
      ? `its droplet is kept with the app (npx wardenscope delete ${name})`
      : 'its droplet goes with the lab that was started for it';
    return `${name} is staged (${app.detected_buildpack ?? 'buildpack unnamed'}); nothing was started, ${droplet}`;
  } finally {
    if (breakpoint) await client.call('DELETE', `/lab/breakpoints/${breakpoint}`).catch(() => undefined);
    if (pack) await client.cf('DELETE', `/v2/buildpacks/${pack}`).catch(() => undefined);
    await end();
  }
}

/** The folder of a buildpack on this disk; undefined for a URL and for a name that the lab knows. */
function buildpackFolder(given: string): string | undefined {
  const folder = resolve(process.env.INIT_CWD ?? '.', given);
  if (existsSync(folder)) return folderOf(given);
  if (/^[./]/.test(given)) throw new Refusal(`${folder} does not exist; --buildpack takes a folder, a URL or a name.`);
  return undefined;
}

/** Waits for the droplet, shows log lines and says when the flow is held and how to look inside. */
export async function staged(
  client: LabClient,
  guid: string,
  shown: (lines: LogLine[]) => void,
  asked?: Promise<unknown>,
): Promise<void> {
  let refused: unknown;
  asked?.catch((error: unknown) => {
    refused = error;
  });
  const told = new Set<string>();
  await until(async () => {
    shown(await logs(client, guid));
    const { held } = LabState.parse(await client.call('GET', '/lab/state'));
    for (const gate of held.filter((h) => !told.has(h.gate))) {
      told.add(gate.gate);
      tellHeld(gate, await containerOf(client, gate), dataFlag(client.lab));
    }
    if (held.length > 0) return false;
    const app = App.parse(Resource.parse(await client.cf('GET', `/v2/apps/${guid}`)).entity);
    if (app.package_state === 'FAILED')
      throw new Refusal(
        `Staging failed: ${app.staging_failed_reason ?? ''} ${app.staging_failed_description ?? ''}`.trim(),
      );
    if (refused) throw refused;
    return app.package_state === 'STAGED';
  });
}

/** Says where it is held and what can be done. A boot has no container yet that a shell could be opened in. */
function tellHeld(gate: HeldGate, handle: string | undefined, which: string): void {
  const look = handle ? `look inside: npx wardenscope shell ${handle}\n  ` : '';
  const on = `go on: npx wardenscope step${which}, or npx wardenscope continue${which}`;
  process.stderr.write(`held ${heldLine(gate)}\n  ${look}${on}\n`);
}

const Made = z.object({ actor: z.string(), output: z.object({ handle: z.string() }) });

/** Handle of the container that a held gate is about: what the gate says, else what its actor was given by Create. */
async function containerOf(client: LabClient, { point }: HeldGate): Promise<string | undefined> {
  if (point.kind === 'step') return undefined;
  if (point.handle) return point.handle;
  const query = new URLSearchParams({ actor: point.actor, type: 'effect', limit: '1000' });
  const { entries } = z
    .object({ entries: z.array(z.unknown()) })
    .parse(await client.call('GET', `/lab/journal?${query}`));
  const made = entries.flatMap((entry) => Made.safeParse(entry).data ?? []);
  return made.findLast(({ actor }) => actor === point.actor)?.output.handle;
}

async function adminBuildpack(client: LabClient, folder: string, name: string): Promise<string> {
  const { guid } = Resource.parse(await client.cf('POST', '/v2/buildpacks', { name, position: 99 })).metadata;
  await uploadZip(client, `/v2/buildpacks/${guid}/bits`, folder, 'buildpack');
  return guid;
}

/** `failure`: before the failed task's container goes. `SCRIPT:LINE`: before that line of a buildpack runs. */
function holdAt(hold: string, app: string): Record<string, unknown> {
  if (hold === 'failure') return { machine: 'staging-task', state: 'staging-task.failed', once: true };
  const [, file, line] = /^(.+):(\d+)$/.exec(hold) ?? [];
  if (!file) throw new Refusal(`--hold ${hold} is not possible: failure, or SCRIPT:LINE such as bin/compile:12.`);
  return { kind: 'script', file: file.startsWith('*') ? file : `*${file}`, line: Number(line), app, once: true };
}

/** `K=V` lines; empty ones and comments are left out, quotes around a value are not part of it. */
function envFile(path: string | undefined): Record<string, string> {
  if (!path) return {};
  const file = resolve(process.env.INIT_CWD ?? '.', path);
  if (!existsSync(file)) throw new Refusal(`${file} does not exist; --env takes a file of K=V lines.`);
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => !/^\s*(#|$)/.test(line));
  const pairs = lines.map((line) => split(line.trim().replace(/^export\s+/, '')));
  return Object.fromEntries(pairs.map(([key, value]) => [key, value.replace(/^(["'])(.*)\1$/, '$2')]));
}
