// Which network, user ids and ports belong to a node (ARCHITECTURE 'Configuration'): arithmetic on slot and node, so that
// no two labs on one host can meet. Pure.
import { createPool, type Pool } from './pool.ts';

export const NETWORK_RELEASE_DELAY = 5000;
export const UIDS_PER_CONTAINER = 65536;
const CONTAINERS = 64;
const NODES_PER_SLOT = 16;
const FIRST_UID = 0x1000_0000;
const FIRST_PORT = 61001;
const LAST_PORT = 65000;

export interface NodeAddresses {
  /** `10.254.n.0/24`. */
  network: string;
  /** `10.254.n.1`: where NetIn ports are. */
  address: string;
}

export interface Pools {
  /** First address of a /30, such as `10.254.3.8`. */
  networks: Pool<string>;
  /** First of 65536 host user ids. */
  uids: Pool<number>;
  ports: Pool<number>;
}

export function nodeAddresses(slot: number, node: number): NodeAddresses {
  const n = NODES_PER_SLOT * slot + node;
  return { network: `10.254.${n}.0/24`, address: `10.254.${n}.1` };
}

export function createPools(slot: number, node: number): Pools {
  const n = NODES_PER_SLOT * slot + node;
  const subnets = Array.from({ length: CONTAINERS - 1 }, (_, i) => `10.254.${n}.${4 * (i + 1)}`);
  const uids = Array.from({ length: CONTAINERS }, (_, i) => FIRST_UID + (n * CONTAINERS + i) * UIDS_PER_CONTAINER);
  const ports = Array.from({ length: LAST_PORT - FIRST_PORT + 1 }, (_, i) => FIRST_PORT + i);
  return {
    networks: createPool(subnets, NETWORK_RELEASE_DELAY),
    uids: createPool(uids),
    ports: createPool(ports),
  };
}

/** The two ends of a /30: the host's side and the container's (reference 5.3). */
export function ends(subnet: string): { host: string; container: string } {
  return { host: plus(subnet, 1), container: plus(subnet, 2) };
}

/** The /30 that an address lies in; undefined when it is not an IPv4 address. */
export function subnetOf(address: string): string | undefined {
  const parts = address.split('/')[0]!.split('.').map(Number);
  if (parts.length !== 4 || parts.some((p) => !Number.isInteger(p) || p < 0 || p > 255)) return undefined;
  return [...parts.slice(0, 3), parts[3]! & ~3].join('.');
}

function plus(address: string, n: number): string {
  const parts = address.split('.').map(Number);
  return [...parts.slice(0, 3), parts[3]! + n].join('.');
}
