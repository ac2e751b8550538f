// RESUMING: what became of an instance of an earlier life (dea_ng: snapshot.rb; STARTING becomes CRASHED as in its final
// version). It only looks: nothing that was done before is done again.
import type { Adopted, ResumedInstance } from '../../../machines/instance.ts';
import { WardenError } from '../../warden/protocol/messages.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import type { Unhosted } from '../instances.ts';
import { readOutput } from './spawn-app.ts';

/** Adoptable by its nature: it may look as often as it is asked. */
export async function adopt(deps: DeaDeps, one: Unhosted, doing: Doing, saved: ResumedInstance): Promise<Adopted> {
  if (saved.state === 'CRASHED') return { alive: false, description: 'crashed in an earlier life of this DEA' };
  if (saved.state === 'STARTING')
    return { alive: false, description: 'the DEA was restarted while the app was starting' };
  if (saved.handle === null || saved.jobId === null) return { alive: false, description: 'no container was saved' };
  try {
    const info = await deps.wardens.insist(
      { owner: one.actor, name: 'info' },
      'Info',
      { handle: saved.handle },
      doing.trail,
      doing.signal,
    );
    if (info.state !== 'active') return { alive: false, description: info.events[0] ?? `container is ${info.state}` };
    one.containerPath = info.containerPath;
    one.hostIp = info.hostIp;
  } catch (error) {
    if (!(error instanceof WardenError)) throw error;
    one.handle = null;
    return { alive: false, description: 'the container is gone' };
  }
  const { cause } = doing.trail;
  one.stopReading = readOutput(deps, one, () => cause);
  return { alive: true };
}
