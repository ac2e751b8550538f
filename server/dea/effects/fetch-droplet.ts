// The droplet of an instance: in the store, or downloaded once for all who wait for it (dea_ng: droplet.rb).
// Idempotent: a droplet is named by its SHA1, and one that is there is not fetched.

import type { DeaDeps, Doing } from '../deps.ts';
import { download } from '../download.ts';
import type { Unhosted } from '../instances.ts';

export async function fetchDroplet(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<void> {
  const { sha1, executableUri } = one.message;
  if (!sha1) throw new Error('[dea] could not fetch the droplet: the start message names no SHA1');
  await deps.droplets.fetch(sha1, async (file) => {
    if (!executableUri)
      throw new Error(`[dea] could not fetch droplet ${sha1}: the start message has no executableUri`);
    await download({ lab: deps.lab, url: executableUri, file, from: one.actor, ...doing });
  });
}
