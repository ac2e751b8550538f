// A DEA: its parts and the machine that drives it as a component (dea_ng: bootstrap.rb, lifecycle/*). Instances and
// staging tasks have machines of their own; this file only wires and lists the component's effects.
import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dea } from '../../machines/dea.ts';
import { effect, type Hosted, host, listen } from '../lab/host.ts';
import type { Trail } from '../lab/types.ts';
import { createAppLog } from './app-log.ts';
import { type DeaDeps, deaActor } from './deps.ts';
import { createDropletStore } from './droplet-store.ts';
import { register } from './effects/announce-instance.ts';
import { evacuateInstances, isSettled, loadSnapshot, shutDown } from './effects/lifecycle.ts';
import { startInstance } from './instances.ts';
import { createJobOutput } from './job-output.ts';
import { Greeting } from './messages.ts';
import { reapCrashes, reapDroplets } from './reapers.ts';
import { createRegistry, stateOf } from './registry.ts';
import { advertise, heartbeat, shutdownMessage } from './reports.ts';
import { respond } from './responders.ts';
import { ADVERTISE_MS, CRASH_REAPER_MS, DROPLET_REAPER_MS, HEARTBEAT_MS, REGISTER_MS } from './settings.ts';
import { createSnapshot } from './snapshot.ts';
import { createWardens } from './wardens.ts';

export interface Dea {
  readonly deps: DeaDeps;
  readonly hosted: Hosted<typeof dea>;
}

export interface DeaOptions extends Pick<DeaDeps, 'lab' | 'bus' | 'settings' | 'bundled'> {
  /** Settles when the bundled buildpacks lie in their folder; left out where they do already. */
  prepared?: Promise<unknown>;
}

export function createDea({ lab, bus, settings, bundled, prepared = Promise.resolve() }: DeaOptions): Dea {
  for (const folder of Object.values(settings.folders)) mkdirSync(folder, { recursive: true, mode: 0o755 });
  const registry = createRegistry();
  const log = createAppLog(lab);
  const deps: DeaDeps = {
    lab,
    bus,
    settings,
    registry,
    bundled,
    prepared,
    log,
    wardens: createWardens({
      lab,
      socket: settings.wardenSocket,
      from: deaActor(settings),
      to: `warden:${settings.index}`,
    }),
    droplets: createDropletStore(settings.folders),
    snapshot: createSnapshot(settings.folders.db, registry),
    output: createJobOutput(lab, log, settings.run),
    startInstance: (message, trail) => startInstance(deps, message, trail),
    heartbeat: (trail) => heartbeat(deps, trail.cause, false),
  };
  const id = `dea:${settings.index}`;
  const input = { id: settings.id, evacuationMs: settings.evacuationMs };
  return { deps, hosted: host(lab, provided(deps), { id, input, cause: null }) };
}

function provided(deps: DeaDeps) {
  const { lab, bus, settings } = deps;
  let unsubscribe: (() => void) | undefined;
  const sendShutdown = async ({ trail }: { trail: Trail }) => {
    bus.publish('dea.shutdown', shutdownMessage(deps), trail.cause, { actor: deaActor(settings) });
  };
  return dea.provide({
    actors: {
      // What this component does about itself is idempotent; what listens begins anew with the next life.
      loadSnapshot: effect(lab, 'loadSnapshot', (doing) => loadSnapshot(deps, doing)),
      joinBus: effect(lab, 'joinBus', async ({ trail }) => {
        unsubscribe = respond(deps);
        heartbeat(deps, trail.cause, true);
      }),
      advertise: listen(lab, 'advertise', () =>
        announce(deps, ADVERTISE_MS, 'advertise', () => advertise(deps, null, 'dea.advertise', 'staging.advertise')),
      ),
      heartbeat: listen(lab, 'heartbeat', () =>
        announce(deps, HEARTBEAT_MS, 'heartbeat', () => heartbeat(deps, null, true)),
      ),
      registerRoutes: listen(lab, 'registerRoutes', () => registerRoutes(deps)),
      reapCrashes: listen(lab, 'reapCrashes', ({ trail }) =>
        every(deps, CRASH_REAPER_MS, 'crash reaper', () => void reapCrashes(deps, trail)),
      ),
      reapDroplets: listen(lab, 'reapDroplets', () =>
        every(deps, DROPLET_REAPER_MS, 'droplet reaper', () => void reapDroplets(deps)),
      ),
      sendShutdown: effect(lab, 'sendShutdown', sendShutdown),
      evacuateInstances: effect(lab, 'evacuateInstances', (doing) => evacuateInstances(deps, doing)),
      watchInstances: listen(lab, 'watchInstances', ({ trail, send }) =>
        every(deps, HEARTBEAT_MS, 'evacuation', () => {
          if (isSettled(deps)) void send({ type: 'instances.settled' }, trail);
        }),
      ),
      shutDown: effect(lab, 'shutDown', async (doing) => {
        await sendShutdown(doing);
        unsubscribe?.();
        await shutDown(deps, doing);
        await rm(settings.folders.droplets, { recursive: true, force: true });
        await bus.flush();
      }),
      detach: effect(lab, 'detach', async (doing) => {
        await sendShutdown(doing);
        unsubscribe?.();
        deps.snapshot.save({ detached: true });
        await bus.flush();
      }),
    },
  });
}

/** Now, and then every `ms` of lab time. */
function every(deps: DeaDeps, ms: number, label: string, fn: () => void): () => void {
  fn();
  const timer = deps.lab.clock.every(ms, label, fn);
  return () => timer.cancel();
}

/** The same, and at once when the bus is back: whoever listens there now may have heard nothing yet. */
function announce(deps: DeaDeps, ms: number, label: string, fn: () => void): () => void {
  const stop = every(deps, ms, label, fn);
  const again = deps.bus.onReconnect(fn);
  return () => {
    again();
    stop();
  };
}

/** Routes of what serves, again and again at the interval that the router asks for; at once when a router starts. */
function registerRoutes(deps: DeaDeps): () => void {
  const { bus, lab } = deps;
  const actor = deaActor(deps.settings);
  const tell = () => {
    for (const one of deps.registry.instances.values()) {
      if (['RUNNING', 'EVACUATING'].includes(stateOf(one))) register(deps, one, one.uris, null, true);
    }
  };
  let ms = REGISTER_MS;
  let timer = lab.clock.every(ms, 'router.register', tell);
  const greeted = (json: unknown) => {
    const greeting = Greeting.safeParse(json);
    const asked = greeting.success ? greeting.data.minimumRegisterIntervalInSeconds * 1000 : ms;
    if (asked !== ms) {
      ms = asked;
      timer.cancel();
      timer = lab.clock.every(ms, 'router.register', tell);
    }
    tell();
  };
  const start = bus.subscribe('router.start', { actor, background: true }, greeted);
  const greet = async () => {
    const [reply] = await bus.request('router.greet', {}, { trail: { cause: null }, timeoutMs: REGISTER_MS, actor });
    if (reply) greeted(reply.json);
  };
  void greet();
  const again = bus.onReconnect(() => void greet());
  return () => {
    timer.cancel();
    start.unsubscribe();
    again();
  };
}
