// Notices that the kernel killed for memory (warden: oom.c). The original waited on an eventfd, which Node cannot; the
// counter is looked at four times a second of real time, and once more whenever a job ends.
import { realDelay } from '../../clock/real.ts';
import type { Trail } from '../../lab/types.ts';
import type { Container } from '../warden.ts';

export const OUT_OF_MEMORY = 'out of memory';
const LOOK_EVERY = 250;

export interface MemoryWatch {
  c: Container;
  trail: Trail;
  send: (event: { type: 'oom' }, trail: Trail) => Promise<void>;
}

/** Looks until it is stopped. Adoptable: kills before it began count as seen. */
export function watchMemory({ c, trail, send }: MemoryWatch): () => void {
  let stopped = false;
  (async () => {
    while (!stopped) {
      await realDelay(LOOK_EVERY);
      if (!stopped && noticeOom(c)) await send({ type: 'oom' }, { ...trail });
    }
  })();
  return () => {
    stopped = true;
  };
}

/** True when there was a kill that nobody has seen yet; the event text is there from then on. */
export function noticeOom(c: Container): boolean {
  const kills = c.cgroup.oomKills();
  if (kills <= c.oomKills) return false;
  c.oomKills = kills;
  if (!c.events.includes(OUT_OF_MEMORY)) c.events.push(OUT_OF_MEMORY);
  return true;
}
