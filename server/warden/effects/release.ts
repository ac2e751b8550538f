// Gives a container's ids back to the pools, and takes it out of the server's tables (warden: linux.rb release).
import type { Container, Warden } from '../warden.ts';

/** Idempotent. Only after tearDown: a network rests five seconds of lab time before anybody else gets it. */
export async function release(warden: Warden, c: Container): Promise<void> {
  const now = warden.lab.clock.now();
  if (c.network !== undefined) warden.pools.networks.release(c.network, now);
  if (c.uid !== undefined) warden.pools.uids.release(c.uid, now);
  for (const port of c.ports.splice(0)) warden.pools.ports.release(port, now);
  c.network = undefined;
  c.uid = undefined;
  warden.known.delete(c.id);
  if (warden.containers.get(c.handle) === c) warden.containers.delete(c.handle);
}
