// What a DEA tells the others about one instance (reference 1.10, 2.2, 2.3). Idempotent: receivers keep the latest.
import type { InContainer } from '../../../machines/instance.ts';
import type { Ref } from '../../lab/types.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import { deaActor } from '../deps.ts';
import type { Unhosted } from '../instances.ts';

/** A heartbeat at once, the route, the snapshot. */
export async function announceRunning(deps: DeaDeps, one: Unhosted, { trail }: Doing): Promise<void> {
  deps.heartbeat(trail);
  register(deps, one, one.uris, trail.cause);
  deps.snapshot.save();
}

/** Before the first TERM. */
export async function unregister(deps: DeaDeps, one: Unhosted, { trail }: Doing): Promise<void> {
  unregisterUris(deps, one, one.uris, trail.cause);
  deps.snapshot.save();
}

/** An instance that never was registered (no room here) has neither route nor snapshot. */
export async function reportCrash(
  deps: DeaDeps,
  one: Unhosted,
  { trail }: Doing,
  crash: InContainer & { refused: boolean; exitStatus: number | null; exitDescription: string | null },
): Promise<void> {
  if (!crash.refused) unregisterUris(deps, one, one.uris, trail.cause);
  deps.bus.publish(
    'droplet.exited',
    {
      ...about(one),
      reason: 'CRASHED',
      exit_status: crash.exitStatus,
      exit_description: crash.exitDescription,
      crash_timestamp: Math.floor(Date.now() / 1000),
    },
    trail.cause,
    { actor: one.actor },
  );
  if (!crash.refused) deps.snapshot.save();
}

export async function announceEvacuation(deps: DeaDeps, one: Unhosted, { trail }: Doing): Promise<void> {
  deps.bus.publish(
    'droplet.exited',
    { ...about(one), reason: 'DEA_EVACUATION', exit_status: null, exit_description: null },
    trail.cause,
    { actor: one.actor },
  );
  deps.snapshot.save();
}

/** `router.register`; periodic repetitions are background. Nothing without a port or without URIs. */
export function register(
  deps: DeaDeps,
  one: Unhosted,
  uris: readonly string[],
  cause: Doing['trail']['cause'],
  background = false,
): Ref | undefined {
  return publishRoute(deps, 'router.register', one, uris, cause, background);
}

export function unregisterUris(deps: DeaDeps, one: Unhosted, uris: readonly string[], cause: Doing['trail']['cause']) {
  return publishRoute(deps, 'router.unregister', one, uris, cause, false);
}

function publishRoute(
  deps: DeaDeps,
  subject: string,
  one: Unhosted,
  uris: readonly string[],
  cause: Doing['trail']['cause'],
  background: boolean,
): Ref | undefined {
  if (uris.length === 0 || one.hostPort === null) return undefined;
  const { settings } = deps;
  const route = {
    dea: settings.id,
    app: one.message.droplet,
    uris,
    host: settings.address,
    port: one.hostPort,
    tags: { component: `dea-${settings.index}` },
    private_instance_id: one.privateInstanceId,
  };
  return deps.bus.publish(subject, route, cause, { actor: background ? deaActor(settings) : one.actor, background });
}

function about(one: Unhosted) {
  return {
    cc_partition: one.message.cc_partition,
    droplet: one.message.droplet,
    version: one.version,
    instance: one.instanceId,
    index: one.message.index,
  };
}
