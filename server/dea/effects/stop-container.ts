// Stops a container: Warden Stop, with TERM and 10 s of grace or with KILL at once. Idempotent: what is stopped already,
// or gone, is stopped.
import { WardenError } from '../../warden/protocol/messages.ts';
import type { DeaDeps, Doing } from '../deps.ts';

export async function stopContainer(
  deps: DeaDeps,
  owner: string,
  handle: string | null,
  doing: Doing,
  kill = false,
): Promise<void> {
  if (!handle) return;
  try {
    await deps.wardens.insist({ owner, name: 'stop' }, 'Stop', { handle, kill }, doing.trail, doing.signal);
  } catch (error) {
    if (!(error instanceof WardenError)) throw error;
  }
}

export function killContainer(deps: DeaDeps, owner: string, handle: string | null, doing: Doing): Promise<void> {
  return stopContainer(deps, owner, handle, doing, true);
}
