// The crash handler: the logs are copied out, then the container goes (dea_ng: instance.rb crash handler). Idempotent.
import { mkdir } from 'node:fs/promises';
import type { DeaDeps, Doing } from '../deps.ts';
import type { Unhosted } from '../instances.ts';
import { HOME } from '../layout.ts';
import { copyOut } from './copy-out.ts';
import { destroyContainer } from './destroy-container.ts';

export async function keepRemains(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<void> {
  if (!one.handle) return;
  const { handle } = one;
  const folder = `${deps.settings.folders.crashes}/${one.instanceId}/logs`;
  await mkdir(folder, { recursive: true });
  try {
    await copyOut(deps, { owner: one.actor, handle, from: `${HOME}/logs/`, to: folder }, doing);
  } catch (error) {
    // An app that never got as far as its logs has none; the container has to go all the same.
    deps.lab.rec.record(
      { type: 'note', actor: one.actor, text: `no logs to keep: ${error instanceof Error ? error.message : error}` },
      doing.trail.cause,
    );
  }
  one.stopReading?.();
  await destroyContainer(deps, one.actor, handle, doing);
  one.handle = null;
  deps.snapshot.save();
}
