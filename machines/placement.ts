// Who stages and who runs: the Cloud Controller's pools of advertisements and its two choices, retold from
// cc: dea_pool.rb, stager_pool.rb, eligible_dea_advertisement_filter.rb (2014). Pure: time and chance are arguments.

/** What a DEA says of itself in `dea.advertise` and `staging.advertise`; memory and disk in MB. */
export interface Advertisement {
  id: string;
  stacks: string[];
  available_memory: number;
  available_disk?: number;
  /** Only in `dea.advertise`: how many instances of each app run there. */
  app_id_to_count?: Record<string, number>;
  placement_properties?: { zone?: string };
}

/** An advertisement as the pool keeps it, with the lab time of its arrival in milliseconds. */
export interface Heard extends Advertisement {
  heardAt: number;
}

export type Pool = ReadonlyMap<string, Heard>;

/** What an app asks of a DEA; MB. */
export interface Need {
  memory: number;
  disk: number;
  stack: string;
}

/** A number from 0 (inclusive) to 1, as `Math.random` gives it. */
export type Random = () => number;

/** An advertisement older than this is not considered, in milliseconds of lab time. */
export const ADVERTISEMENT_EXPIRY = 10_000;

/** Among how many of the stagers with the most memory one is drawn. */
const BEST_STAGERS = 5;

export function hear(pool: Pool, ad: Advertisement, now: number): Pool {
  return new Map(pool).set(ad.id, { ...ad, heardAt: now });
}

export function forget(pool: Pool, id: string): Pool {
  const left = new Map(pool);
  left.delete(id);
  return left;
}

/** The advertisements that count at `now`, in the order of their ids so that a choice depends on chance alone. */
export function fresh(pool: Pool, now: number): Heard[] {
  return [...pool.values()]
    .filter((ad) => now - ad.heardAt <= ADVERTISEMENT_EXPIRY)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/**
 * Subtracts a reservation from our copy of an advertisement, so that a burst within one advertisement period spreads
 * out. With `app` the instance count of that app grows too (runner pool only).
 */
export function reserve(pool: Pool, id: string, memory: number, app?: string): Pool {
  const ad = pool.get(id);
  if (!ad) return pool;
  const counts = app === undefined ? ad.app_id_to_count : { ...ad.app_id_to_count, [app]: countOf(ad, app) + 1 };
  return new Map(pool).set(id, { ...ad, available_memory: ad.available_memory - memory, app_id_to_count: counts });
}

export function offersStack(ads: readonly Advertisement[], stack: string): boolean {
  return ads.some((ad) => ad.stacks.includes(stack));
}

/** cc: stager_pool.rb find_stager: enough of everything, the five with the most memory, one of them by chance. */
export function chooseStager(ads: readonly Advertisement[], need: Need, random: Random): string | undefined {
  const able = ads.filter((ad) => hasDisk(ad, need) && hasMemoryAndStack(ad, need));
  const best = [...able].sort((a, b) => b.available_memory - a.available_memory).slice(0, BEST_STAGERS);
  return draw(best, random)?.id;
}

/**
 * cc: dea_pool.rb find_dea. Each filter works on what the one before left: disk, memory and stack, the zones with the
 * fewest instances of the app, the DEAs with the fewest, the upper half by memory, one by chance.
 */
export function chooseRunner(
  ads: readonly Advertisement[],
  need: Need & { app: string },
  random: Random,
): string | undefined {
  const able = ads.filter((ad) => hasDisk(ad, need)).filter((ad) => hasMemoryAndStack(ad, need));
  const inZone = inLeastUsedZones(able, ads, need.app);
  const leastUsed = withFewest(inZone, (ad) => countOf(ad, need.app));
  return draw(upperHalfByMemory(leastUsed), random)?.id;
}

/** An advertisement that says nothing of its disk passes. */
function hasDisk(ad: Advertisement, need: Need): boolean {
  return ad.available_disk === undefined || ad.available_disk >= need.disk;
}

function hasMemoryAndStack(ad: Advertisement, need: Need): boolean {
  return ad.available_memory >= need.memory && ad.stacks.includes(need.stack);
}

/** Zones are counted over all advertisements, also those that could not take the app. */
function inLeastUsedZones(able: Advertisement[], all: readonly Advertisement[], app: string): Advertisement[] {
  const counts = new Map<string, number>();
  for (const ad of all) counts.set(zoneOf(ad), (counts.get(zoneOf(ad)) ?? 0) + countOf(ad, app));
  return withFewest(able, (ad) => counts.get(zoneOf(ad)) ?? 0);
}

function withFewest<T>(items: T[], count: (item: T) => number): T[] {
  const fewest = Math.min(...items.map(count));
  return items.filter((item) => count(item) === fewest);
}

/** Sorted ascending, those with at least the memory of the element at index size/2. */
function upperHalfByMemory(ads: Advertisement[]): Advertisement[] {
  const sorted = [...ads].sort((a, b) => a.available_memory - b.available_memory);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return middle ? sorted.filter((ad) => ad.available_memory >= middle.available_memory) : [];
}

function countOf(ad: Advertisement, app: string): number {
  return ad.app_id_to_count?.[app] ?? 0;
}

function zoneOf(ad: Advertisement): string {
  return ad.placement_properties?.zone ?? 'default';
}

function draw<T>(items: T[], random: Random): T | undefined {
  return items[Math.min(items.length - 1, Math.floor(random() * items.length))];
}
