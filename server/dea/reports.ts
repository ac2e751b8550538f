// What a DEA tells about itself as a whole: advertisements, heartbeats, hello, status (reference 2.1, 2.2). Periodic ones are
// background in the journal. Who listens is not its business.
import { remaining, reserved } from '../../machines/reservations.ts';
import type { Cause } from '../lab/types.ts';
import { type DeaDeps, deaActor } from './deps.ts';
import { stateOf } from './registry.ts';
import type { DeaSettings } from './settings.ts';

type Advertisement = 'dea.advertise' | 'staging.advertise';

export function advertise(deps: DeaDeps, cause: Cause, ...subjects: Advertisement[]): void {
  const { bus, settings, registry } = deps;
  const left = remaining(settings.capacity, registry.claims());
  const offer = {
    id: settings.id,
    stacks: settings.stacks,
    available_memory: left.memoryMb,
    available_disk: left.diskMb,
  };
  for (const subject of subjects) {
    const more =
      subject === 'dea.advertise'
        ? { app_id_to_count: registry.appCounts(), placement_properties: { zone: settings.zone } }
        : {};
    bus.publish(subject, { ...offer, ...more }, cause, { actor: deaActor(settings), background: true });
  }
}

const BEATING = new Set(['STARTING', 'RUNNING', 'CRASHED', 'EVACUATING']);

/** Not sent when there is nothing to tell. @param background false for the one at RUNNING, which the story needs */
export function heartbeat(deps: DeaDeps, cause: Cause, background: boolean): void {
  const droplets = [...deps.registry.instances.values()]
    .filter((i) => BEATING.has(stateOf(i)))
    .map((i) => ({
      cc_partition: i.message.cc_partition,
      droplet: i.message.droplet,
      version: i.version,
      instance: i.instanceId,
      index: i.message.index,
      state: stateOf(i),
      state_timestamp: i.stateTimestamp,
    }));
  if (droplets.length === 0) return;
  const message = { dea: deps.settings.id, droplets };
  deps.bus.publish('dea.heartbeat', message, cause, { actor: deaActor(deps.settings), background });
}

export function hello(settings: DeaSettings) {
  return { id: settings.id, ip: settings.address, version: DEA_VERSION };
}

export function status(deps: DeaDeps) {
  const { capacity } = deps.settings;
  const claims = deps.registry.claims();
  const used = [...deps.registry.instances.values()].reduce((sum, i) => sum + (i.usage?.memoryBytes ?? 0), 0);
  return {
    ...hello(deps.settings),
    max_memory: capacity.memoryMb * capacity.memoryOvercommit,
    reserved_memory: reserved(claims).memoryMb,
    used_memory: Math.round(used / (1024 * 1024)),
    num_clients: null,
  };
}

/** `dea.shutdown`: the Cloud Controller forgets this DEA at once. */
export function shutdownMessage(deps: DeaDeps) {
  return { ...hello(deps.settings), app_id_to_count: deps.registry.appCounts() };
}

const DEA_VERSION = 0.01;
