// What every effect of a DEA may use: one typed object, made in server/dea/dea.ts.
import type { Bus } from '../bus/index.ts';
import type { Lab, Trail } from '../lab/types.ts';
import type { AppLog } from './app-log.ts';
import type { DropletStore } from './droplet-store.ts';
import type { JobOutput } from './job-output.ts';
import type { StartMessage } from './messages.ts';
import type { Registry } from './registry.ts';
import type { DeaSettings } from './settings.ts';
import type { Snapshot } from './snapshot.ts';
import type { Wardens } from './wardens.ts';

export interface DeaDeps {
  lab: Lab;
  bus: Bus;
  settings: DeaSettings;
  registry: Registry;
  wardens: Wardens;
  droplets: DropletStore;
  snapshot: Snapshot;
  log: AppLog;
  output: JobOutput;
  /** Names of the bundled buildpacks, in the order in which they are asked after the Cloud Controller's. */
  bundled: readonly string[];
  /** Settles when they are there for the runner to read; rejects where they could not be copied. */
  prepared: Promise<unknown>;
  /** Admission check included: what does not fit is refused with `droplet.exited`. */
  startInstance(message: StartMessage, trail: Trail): void;
  /** A heartbeat now, with every instance of this DEA. */
  heartbeat(trail: Trail): void;
}

/** What an effect is given for one piece of work (server/lab/host.ts EffectArgs, without its input). */
export interface Doing {
  trail: Trail;
  signal: AbortSignal;
  actor: string;
}

/** Who speaks for this DEA in the journal. */
export function deaActor(settings: DeaSettings): string {
  return `dea:${settings.index}`;
}
