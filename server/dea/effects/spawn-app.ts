// The app's own process: the start script as a job, its output discarded by Warden and read beside it (dea_ng:
// instance.rb promise_start). Not idempotent: the job's id is in the snapshot before anybody waits for it.

import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { UserFacingError } from '../../../machines/instance.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import { instanceVariables, userVariables } from '../env.ts';
import type { Unhosted } from '../instances.ts';
import { HOME } from '../layout.ts';
import { PROCESS_LIMIT } from '../settings.ts';
import { parseStagingInfo } from '../staging-info.ts';
import { legacyStartScript, startScript } from '../start-script.ts';
import { copyOut } from './copy-out.ts';
import { inInstance } from './prepare-instance.ts';

export async function spawnApp(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<{ jobId: number }> {
  const { handle } = inInstance(one, '');
  const script = await scriptFor(deps, one, doing);
  const on = { owner: one.actor, name: 'app' } as const;
  const rlimits = { nofile: BigInt(openFiles(deps, one, doing)), nproc: BigInt(PROCESS_LIMIT) };
  const { jobId } = await deps.wardens.call(on, 'Spawn', { handle, script, discardOutput: true, rlimits }, doing.trail);
  one.jobId = jobId;
  deps.snapshot.save();
  const info = await deps.wardens.call({ owner: one.actor, name: 'info' }, 'Info', { handle }, doing.trail);
  one.containerPath = info.containerPath;
  one.hostIp = info.hostIp;
  deps.snapshot.save();
  const { cause } = doing.trail;
  one.stopReading = readOutput(deps, one, () => cause);
  return { jobId };
}

/** Follows the app's output from its ring buffers on; answers how to stop. */
export function readOutput(
  deps: DeaDeps,
  one: Unhosted,
  cause: () => Doing['trail']['cause'],
): (() => void) | undefined {
  if (!one.containerPath || one.jobId === null) return undefined;
  return deps.output.follow({
    containerPath: one.containerPath,
    jobId: one.jobId,
    source: { source: 'App', index: String(one.message.index), app: one.message.droplet, actor: one.actor },
    cause,
  });
}

/** The message's command, else staging_info.yml's; without that file the app brings its own ./startup. */
async function scriptFor(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<string> {
  const system = instanceVariables(one.message, {
    instanceId: one.instanceId,
    index: one.message.index,
    port: one.containerPort ?? 0,
    startedAt: new Date((one.startingTimestamp ?? one.stateTimestamp) * 1000),
  });
  const user = userVariables(one.message.env);
  const info = await stagingInfo(deps, one, doing);
  if (info === undefined) return legacyStartScript(system, user);
  const command = one.message.start_command || parseStagingInfo(info).startCommand;
  if (!command) throw new UserFacingError('missing start command');
  return startScript(command, system, user);
}

async function stagingInfo(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<string | undefined> {
  const folder = await mkdtemp(`${deps.settings.folders.tmp}/info-`);
  try {
    await copyOut(deps, { ...inInstance(one, ''), from: `${HOME}/staging_info.yml`, to: folder }, doing);
    return await readFile(`${folder}/staging_info.yml`, 'utf8');
  } catch (error) {
    deps.lab.rec.record(
      {
        type: 'note',
        actor: one.actor,
        text: `no staging_info.yml: ${error instanceof Error ? error.message : error}`,
      },
      doing.trail.cause,
    );
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

let hardLimit: number | undefined;

/**
 * limits.fds, but never over this host's own hard limit: raising that needs CAP_SYS_RESOURCE, which a container's root
 * (and many a host) lacks, and a refused setrlimit would fail the whole job. Says so.
 */
function openFiles(deps: DeaDeps, one: Unhosted, { trail }: Doing): number {
  hardLimit ??=
    Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()) || Number.MAX_SAFE_INTEGER;
  const wanted = one.message.limits.fds;
  if (wanted <= hardLimit) return wanted;
  const text = `nofile is ${hardLimit}, not the ${wanted} that the app asked for: the host's hard limit is lower`;
  deps.lab.rec.record({ type: 'note', actor: one.actor, text }, trail.cause);
  return hardLimit;
}
