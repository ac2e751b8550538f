// Destroys a container: one Destroy, again as long as only the connection fails. Idempotent: a handle that Warden does
// not know is destroyed.
import { WardenError } from '../../warden/protocol/messages.ts';
import type { DeaDeps, Doing } from '../deps.ts';

export async function destroyContainer(deps: DeaDeps, owner: string, handle: string, doing: Doing): Promise<void> {
  try {
    await deps.wardens.insist({ owner, name: 'stop' }, 'Destroy', { handle }, doing.trail, doing.signal);
  } catch (error) {
    if (!(error instanceof WardenError && error.message.includes('unknown handle'))) throw error;
  } finally {
    deps.wardens.release(owner);
  }
}
