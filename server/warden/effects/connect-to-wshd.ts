// Opens the one connection over which warden starts and reads all jobs of a container.
import type { Trail } from '../../lab/types.ts';
import type { Container, Warden } from '../warden.ts';

/** Idempotent: an open connection is kept. */
export async function connectToWshd(warden: Warden, c: Container, { trail }: { trail: Trail }): Promise<void> {
  if (c.wshd) return;
  const wshd = await warden.wshd.connect({
    lab: warden.lab,
    socket: c.socket,
    handle: c.handle,
    init: c.init?.pid,
    actor: `container:${c.id}`,
    trail,
  });
  wshd.onClose(() => {
    if (c.wshd === wshd) c.wshd = undefined;
  });
  c.wshd = wshd;
}

/** Closes it on purpose: nobody takes that for the end of PID 1 or of a job. Idempotent. */
export function leaveWshd(c: Container): void {
  c.leaving = true;
  c.wshd?.close();
  c.wshd = undefined;
}
