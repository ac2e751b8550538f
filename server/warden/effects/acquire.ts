// Takes a network and user ids out of the node's pools (warden: base.rb do_create, linux.rb acquire).
import { ends, subnetOf } from '../addresses.ts';
import { WardenError } from '../protocol/messages.ts';
import type { Container, Warden } from '../warden.ts';

/** Idempotent: what the container has already is kept. Throws the original's words when a pool is empty. */
export async function acquire(warden: Warden, c: Container): Promise<void> {
  const now = warden.lab.clock.now();
  c.network ??= c.options.network === undefined ? warden.pools.networks.acquire(now) : asked(warden, c.options.network);
  if (c.network === undefined) throw new WardenError('Could not acquire network');
  c.uid ??= warden.pools.uids.acquire(now);
  if (c.uid === undefined) throw new WardenError('Could not acquire user id');
}

/** The two ends of the container's network. */
export function endsOf(c: Container): { host: string; container: string } {
  if (c.network === undefined) throw new Error(`[warden] could not address container ${c.id}: it has no network`);
  return ends(c.network);
}

function asked(warden: Warden, network: string): string | undefined {
  const subnet = subnetOf(network);
  return subnet !== undefined && warden.pools.networks.claim(subnet) ? subnet : undefined;
}
