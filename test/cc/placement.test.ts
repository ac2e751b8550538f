// The two choices as properties over many random pools, and the rules of 2014 one by one.
import { describe, expect, it } from 'vitest';
import {
  ADVERTISEMENT_EXPIRY,
  type Advertisement,
  chooseRunner,
  chooseStager,
  forget,
  fresh,
  hear,
  offersStack,
  type Pool,
  reserve,
} from '../../machines/placement.ts';

/** A small generator (mulberry32), so that a failing pool can be seen again by its seed. */
function generator(seed: number) {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function ad(id: string, memory: number, more: Partial<Advertisement> = {}): Advertisement {
  return { id, stacks: ['lucid64'], available_memory: memory, available_disk: 10_000, ...more };
}

const need = { memory: 128, disk: 1024, stack: 'lucid64', app: 'a' };

function randomPool(random: () => number): Advertisement[] {
  return Array.from({ length: Math.floor(random() * 12) }, (_, i) => ({
    id: `d${i}`,
    stacks: random() < 0.8 ? ['lucid64'] : ['other'],
    available_memory: Math.floor(random() * 1024),
    ...(random() < 0.8 ? { available_disk: Math.floor(random() * 4096) } : {}),
    app_id_to_count: { a: Math.floor(random() * 3) },
    placement_properties: { zone: `z${Math.floor(random() * 3)}` },
  }));
}

describe('chooseRunner', () => {
  it('chooses in 500 random pools somebody able, of a least used zone, with the fewest instances', () => {
    for (let seed = 0; seed < 500; seed++) {
      const random = generator(seed);
      const ads = randomPool(random);
      const chosen = chooseRunner(ads, need, random);
      const able = ads.filter(
        (x) => x.available_memory >= 128 && x.stacks.includes('lucid64') && (x.available_disk ?? Infinity) >= 1024,
      );
      if (able.length === 0) {
        expect(chosen, `seed ${seed}`).toBeUndefined();
        continue;
      }
      const one = able.find((x) => x.id === chosen);
      expect(one, `seed ${seed}`).toBeDefined();
      const count = (x: Advertisement) => x.app_id_to_count?.a ?? 0;
      const inZone = (x: Advertisement) =>
        ads.filter((y) => y.placement_properties?.zone === x.placement_properties?.zone);
      const zoneCount = (x: Advertisement) => inZone(x).reduce((sum, y) => sum + count(y), 0);
      for (const other of able) expect(zoneCount(one!), `seed ${seed}`).toBeLessThanOrEqual(zoneCount(other));
      const rivals = able.filter((x) => zoneCount(x) === zoneCount(one!));
      for (const other of rivals) expect(count(one!), `seed ${seed}`).toBeLessThanOrEqual(count(other));
      const equals = rivals.filter((x) => count(x) === count(one!)).map((x) => x.available_memory);
      const lower = equals.filter((m) => m < one!.available_memory).length;
      expect(lower, `seed ${seed}: not of the lower half`).toBeGreaterThanOrEqual(
        Math.floor(equals.length / 2) - ties(equals, one!),
      );
    }
  });

  function ties(memories: number[], one: Advertisement): number {
    return memories.filter((m) => m === one.available_memory).length;
  }

  it('draws every DEA of the upper half, and none of the lower', () => {
    const ads = [ad('a', 200), ad('b', 300), ad('c', 400), ad('d', 500), ad('e', 600)];
    const drawn = new Set(Array.from({ length: 300 }, (_, i) => chooseRunner(ads, need, () => i / 300)));
    expect([...drawn].sort()).toEqual(['c', 'd', 'e']);
  });

  it('counts a zone over all advertisements, also those without room', () => {
    const ads = [
      ad('full', 0, { app_id_to_count: { a: 1 }, placement_properties: { zone: 'z1' } }),
      ad('same zone', 4096, { placement_properties: { zone: 'z1' } }),
      ad('other zone', 256, { placement_properties: { zone: 'z2' } }),
    ];
    expect(chooseRunner(ads, need, () => 0.99)).toBe('other zone');
  });

  it('takes a DEA that says nothing of its disk, and exactly enough memory', () => {
    expect(chooseRunner([{ id: 'x', stacks: ['lucid64'], available_memory: 128 }], need, () => 0)).toBe('x');
    expect(chooseRunner([ad('x', 127)], need, () => 0)).toBeUndefined();
    expect(chooseRunner([ad('x', 128, { available_disk: 1023 })], need, () => 0)).toBeUndefined();
  });

  it('spreads a burst of starts over DEAs before any of them advertises again', () => {
    let pool: Pool = new Map();
    for (const id of ['a', 'b', 'c']) pool = hear(pool, ad(id, 1000), 0);
    const chosen: string[] = [];
    const random = generator(7);
    for (let i = 0; i < 6; i++) {
      const dea = chooseRunner(fresh(pool, 0), need, random) ?? '';
      chosen.push(dea);
      pool = reserve(pool, dea, need.memory, need.app);
    }
    expect(chosen.toSorted()).toEqual(['a', 'a', 'b', 'b', 'c', 'c']);
  });

  it('survives a chance of exactly one', () => {
    expect(chooseRunner([ad('x', 512)], need, () => 1)).toBe('x');
  });
});

describe('chooseStager', () => {
  it('draws among the five with the most memory', () => {
    const ads = Array.from({ length: 9 }, (_, i) => ad(`d${i}`, 1000 + i));
    const drawn = new Set(Array.from({ length: 300 }, (_, i) => chooseStager(ads, need, () => i / 300)));
    expect([...drawn].sort()).toEqual(['d4', 'd5', 'd6', 'd7', 'd8']);
  });

  it('takes nobody without the memory, the disk or the stack', () => {
    const ads = [ad('m', 100), ad('d', 4096, { available_disk: 1 }), ad('s', 4096, { stacks: ['other'] })];
    expect(chooseStager(ads, need, () => 0)).toBeUndefined();
    expect(offersStack(ads, 'other')).toBe(true);
    expect(offersStack(ads, 'third')).toBe(false);
  });
});

describe('the pool', () => {
  it('forgets what is older than ten seconds of lab time, and whoever says goodbye', () => {
    const pool = hear(hear(new Map(), ad('old', 1), 0), ad('new', 1), 5000);
    expect(fresh(pool, ADVERTISEMENT_EXPIRY).map((x) => x.id)).toEqual(['new', 'old']);
    expect(fresh(pool, ADVERTISEMENT_EXPIRY + 1).map((x) => x.id)).toEqual(['new']);
    expect(fresh(forget(pool, 'new'), 0).map((x) => x.id)).toEqual(['old']);
  });

  it('lets a new advertisement replace what was reserved', () => {
    const reserved = reserve(hear(new Map(), ad('x', 500), 0), 'x', 200, 'a');
    expect(fresh(reserved, 0)[0]).toMatchObject({ available_memory: 300, app_id_to_count: { a: 1 } });
    expect(fresh(hear(reserved, ad('x', 500), 1), 1)[0]).toMatchObject({ available_memory: 500 });
  });

  it('is not changed by a choice that was given', () => {
    const pool = hear(new Map(), ad('x', 500), 0);
    reserve(pool, 'x', 200, 'a');
    expect(fresh(pool, 0)[0]?.available_memory).toBe(500);
    expect(reserve(pool, 'unknown', 1)).toBe(pool);
  });
});
