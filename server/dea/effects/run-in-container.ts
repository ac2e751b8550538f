// Runs a script inside a container and waits for its end: one Run request. Not adoptable: a Run whose connection broke is
// failed, for nobody knows whether it ran; every script that goes through here may be run again.
import type { Response } from '../../warden/protocol/index.ts';
import type { DeaDeps, Doing } from '../deps.ts';

export interface Script {
  owner: string;
  handle: string;
  script: string;
  /** Root inside the container instead of vcap. */
  privileged?: boolean;
}

/** Throws `Script exited with status N` (the original's words) with the last line the script wrote to stderr. */
export async function runInContainer(deps: DeaDeps, script: Script, { trail }: Doing): Promise<Response<'Run'>> {
  const answer = await tryInContainer(deps, script, trail);
  if (answer.exitStatus === 0) return answer;
  const why = answer.stderr.trim().split('\n').at(-1);
  throw new Error(`Script exited with status ${answer.exitStatus}${why ? `: ${why}` : ''}`);
}

/** The same, for scripts whose exit status says something. */
export function tryInContainer(deps: DeaDeps, script: Script, trail: Doing['trail']): Promise<Response<'Run'>> {
  const { owner, handle, privileged = false } = script;
  return deps.wardens.call({ owner, name: 'app' }, 'Run', { handle, script: script.script, privileged }, trail);
}
