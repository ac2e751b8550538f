// Pools and the arithmetic of who owns which network, user ids and ports.
import { describe, expect, it } from 'vitest';
import { createPools, ends, nodeAddresses, subnetOf } from '../../server/warden/addresses.ts';
import { containerIds, isContainerId } from '../../server/warden/container-id.ts';
import { createPool } from '../../server/warden/pool.ts';

describe('a pool', () => {
  it('gives out in the order of return, and an entry rests for the release delay', () => {
    const pool = createPool(['a', 'b'], 5000);
    expect([pool.acquire(0), pool.acquire(0), pool.acquire(0)]).toEqual(['a', 'b', undefined]);
    pool.release('b', 1000);
    pool.release('a', 2000);
    expect(pool.acquire(5999)).toBeUndefined();
    expect(pool.acquire(6000)).toBe('b');
    expect(pool.acquire(6999)).toBeUndefined();
    expect(pool.acquire(7000)).toBe('a');
  });

  it('lets an entry be claimed once, and takes back neither a stranger nor a free entry', () => {
    const pool = createPool<number>([1, 2]);
    expect(pool.claim(2)).toBe(true);
    expect(pool.claim(2)).toBe(false);
    expect(pool.claim(3)).toBe(false);
    pool.release(3, 0);
    pool.release(1, 0);
    expect(pool.free).toBe(1);
    pool.release(2, 0);
    expect(pool.free).toBe(2);
  });
});

describe('addresses', () => {
  it('gives every node of every slot networks and user ids that no other has', () => {
    const uids = new Set<number>();
    const networks = new Set<string>();
    for (let slot = 0; slot < 16; slot += 1) {
      for (let node = 0; node < 16; node += 1) {
        const pools = createPools(slot, node);
        for (let uid = pools.uids.acquire(0); uid !== undefined; uid = pools.uids.acquire(0)) {
          expect(uids.has(uid)).toBe(false);
          uids.add(uid);
        }
        networks.add(nodeAddresses(slot, node).network);
      }
    }
    expect(networks.size).toBe(256);
    expect(Math.max(...uids) + 65536).toBeLessThan(2 ** 31);
  });

  it('leaves the node’s own address out of the subnets and knows the ends of each', () => {
    const { networks } = createPools(0, 3);
    expect(networks.free).toBe(63);
    const first = networks.acquire(0)!;
    expect(first).toBe('10.254.3.4');
    expect(ends(first)).toEqual({ host: '10.254.3.5', container: '10.254.3.6' });
    expect(nodeAddresses(0, 3).address).toBe('10.254.3.1');
  });

  it('masks an address that was asked for to its /30', () => {
    expect(subnetOf('10.254.3.10')).toBe('10.254.3.8');
    expect(subnetOf('10.254.3.10/30')).toBe('10.254.3.8');
    expect(subnetOf('no address')).toBeUndefined();
    expect(subnetOf('10.254.3.256')).toBeUndefined();
  });
});

describe('container ids', () => {
  it('are eleven characters that never repeat and fit an interface name', () => {
    const next = containerIds(1_795_000_000_000_000);
    const ids = Array.from({ length: 1000 }, next);
    expect(new Set(ids).size).toBe(1000);
    expect(ids.every(isContainerId)).toBe(true);
    expect(`w-${ids[0]}-0`.length).toBeLessThanOrEqual(15);
  });
});
