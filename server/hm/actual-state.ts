// What the DEAs' heartbeats say, kept in memory: instances by their DEA, presence, and which message told it first
// (hm9000: actualstatelistener, store). It draws no conclusions.
import { z } from 'zod';
import type { Actual } from '../../machines/health-analysis.ts';
import { HEARTBEAT_TTL_MS } from '../../machines/health-freshness.ts';
import type { Cause } from '../lab/types.ts';

/** `dea.heartbeat`; fields that we do not use pass by. */
export const Heartbeat = z.object({
  dea: z.string().min(1),
  droplets: z.array(
    z.object({
      droplet: z.string(),
      version: z.string(),
      instance: z.string(),
      index: z.number().int(),
      state: z.string(),
      state_timestamp: z.number().nullish(),
    }),
  ),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** An instance and the heartbeat that told of its present state. */
export interface Known extends Actual {
  stateTimestamp: number | undefined;
  cause: Cause;
}

export class ActualState {
  readonly #deas = new Map<string, { seen: number; instances: Map<string, Known> }>();

  /** Replaces all that is known of this DEA: an instance that is no longer listed is gone at once. */
  beat(heartbeat: Heartbeat, now: number, cause: Cause): void {
    const before = this.#deas.get(heartbeat.dea)?.instances;
    const instances = new Map<string, Known>();
    for (const { state_timestamp, ...one } of heartbeat.droplets) {
      const known = before?.get(one.instance);
      const same = known?.state === one.state && known.version === one.version;
      const stateTimestamp = state_timestamp ?? undefined;
      instances.set(one.instance, { ...one, dea: heartbeat.dea, stateTimestamp, cause: same ? known.cause : cause });
    }
    this.#deas.set(heartbeat.dea, { seen: now, instances });
  }

  /** Whether this tells of an instance or a state that was not known: then it is no mere repetition. */
  isNews(json: unknown): boolean {
    const said = Heartbeat.safeParse(json);
    if (!said.success) return false;
    const known = this.#deas.get(said.data.dea)?.instances;
    return said.data.droplets.some((one) => known?.get(one.instance)?.state !== one.state);
  }

  /** Instances of the DEAs that were heard within 30 s; silent ones are forgotten. */
  all(now: number): Known[] {
    for (const [dea, { seen }] of this.#deas) if (now - seen >= HEARTBEAT_TTL_MS) this.#deas.delete(dea);
    return [...this.#deas.values()].flatMap(({ instances }) => [...instances.values()]);
  }
}
