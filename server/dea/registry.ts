// What this DEA has: its instances and staging tasks, by id (dea_ng: instance_registry.rb, staging_task_registry.rb).
// It answers questions; who enters and leaves is the machines' business.

import type { instance } from '../../machines/instance.ts';
import type { Claim } from '../../machines/reservations.ts';
import type { stagingTask } from '../../machines/staging-task.ts';
import type { Hosted } from '../lab/host.ts';
import { type Filter, type Filterable, matches, type StagingMessage, type StartMessage } from './messages.ts';

export interface Usage {
  /** Seconds of CPU time used. */
  cpuTime: number;
  /** Share of one CPU between the last two samples. */
  cpu: number;
  memoryBytes: number;
  diskBytes: number;
}

/** One instance. `id` is ours and stays; `instanceId` changes with each `dea.update`. */
export interface Instance {
  readonly id: string;
  readonly actor: string;
  readonly privateInstanceId: string;
  message: StartMessage;
  instanceId: string;
  version: string;
  uris: string[];
  hosted: Hosted<typeof instance>;
  /** Wall-clock seconds since the epoch when the present state began, and when STARTING did. */
  stateTimestamp: number;
  startingTimestamp: number | null;
  handle: string | null;
  jobId: number | null;
  hostPort: number | null;
  containerPort: number | null;
  containerPath: string | null;
  hostIp: string | null;
  usage: Usage | null;
  /** Lab time of the crash. */
  crashedAt: number | null;
}

export interface StagingTask {
  readonly id: string;
  readonly actor: string;
  readonly message: StagingMessage;
  readonly hosted: Hosted<typeof stagingTask>;
  readonly workspace: string;
  readonly claim: Claim;
  handle: string | null;
  jobId: number | null;
  containerPath: string | null;
}

export interface Registry {
  readonly instances: Map<string, Instance>;
  readonly tasks: Map<string, StagingTask>;
  /** Every task that has not ended, those included that gave their reservation back and only tidy up. */
  readonly unfinished: Set<StagingTask>;
  claims(): Claim[];
  find(filter: Filter): Instance[];
  /** App guid to number of its instances that start or run here, as advertised. */
  appCounts(): Record<string, number>;
}

export function createRegistry(): Registry {
  const instances = new Map<string, Instance>();
  const tasks = new Map<string, StagingTask>();
  return {
    instances,
    tasks,
    unfinished: new Set(),
    claims: () => [
      ...[...instances.values()].map((i) => ({
        state: stateOf(i),
        memoryMb: i.message.limits.mem,
        diskMb: i.message.limits.disk,
      })),
      ...[...tasks.values()].map((t) => t.claim),
    ],
    find: (filter) => [...instances.values()].filter((i) => matches(filter, filterable(i))),
    appCounts: () => {
      const counts: Record<string, number> = {};
      for (const i of instances.values()) {
        if (['BORN', 'STARTING', 'RUNNING', 'EVACUATING'].includes(stateOf(i))) {
          counts[i.message.droplet] = (counts[i.message.droplet] ?? 0) + 1;
        }
      }
      return counts;
    },
  };
}

/** The original's state name: the top of the machine's value. */
export function stateOf(one: { hosted: Hosted<typeof instance> }): string {
  const { value } = one.hosted.snapshot();
  return typeof value === 'string' ? value : (Object.keys(value)[0] ?? '');
}

function filterable(i: Instance): Filterable {
  return {
    app: i.message.droplet,
    version: i.version,
    index: i.message.index,
    instanceId: i.instanceId,
    state: stateOf(i),
  };
}
