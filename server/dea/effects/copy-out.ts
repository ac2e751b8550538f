// Copies a file or folder out of a container: one CopyOut, again as long as only the connection fails.
// Idempotent: the same bytes arrive at the same place.
import { mkdir } from 'node:fs/promises';
import type { DeaDeps, Doing } from '../deps.ts';

export interface CopyOut {
  owner: string;
  handle: string;
  /** Path inside; a trailing slash copies contents only. */
  from: string;
  /** Folder on this host; made if it is missing. */
  to: string;
}

export async function copyOut(deps: DeaDeps, copy: CopyOut, { trail, signal }: Doing): Promise<void> {
  await mkdir(copy.to, { recursive: true });
  await deps.wardens.insist(
    { owner: copy.owner, name: 'app' },
    'CopyOut',
    { handle: copy.handle, srcPath: copy.from, dstPath: `${copy.to}/`, owner: deps.settings.owner },
    trail,
    signal,
  );
}
