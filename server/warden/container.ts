// Makes the record of one container and hosts its machine with the real effects. Wiring only: the machine knows when, each
// effect's file knows how.
import { type ContainerInput, container, type OfContainer } from '../../machines/container.ts';
import { effect, host, listen } from '../lab/host.ts';
import { acquire } from './effects/acquire.ts';
import { adopt } from './effects/adopt.ts';
import { bootWshd } from './effects/boot-wshd.ts';
import { connectToWshd } from './effects/connect-to-wshd.ts';
import { makeCgroups } from './effects/make-cgroups.ts';
import { prepareDirectories } from './effects/prepare-directories.ts';
import { release } from './effects/release.ts';
import { stopProcesses } from './effects/stop-processes.ts';
import { tearDown } from './effects/tear-down.ts';
import { watchMemory } from './effects/watch-memory.ts';
import { watchWshd } from './effects/watch-wshd.ts';
import { writeSnapshot } from './effects/write-snapshot.ts';
import { createJobTable } from './jobs/job-table.ts';
import { bandwidthOf, type Snapshot } from './snapshot.ts';
import type { Cause, Container, CreateOptions, Warden } from './warden.ts';

export interface NewContainer {
  id: string;
  options: CreateOptions;
  origin: ContainerInput['origin'];
  snapshot?: Snapshot;
  cause: Cause;
}

/** The record with its machine in `born`; with origin `adopt` or `remove` it goes on by itself. */
export function createContainer(warden: Warden, made: NewContainer): Container {
  const { id, options, snapshot } = made;
  const r = snapshot?.resources;
  const record: Omit<Container, 'machine'> = {
    id,
    handle: options.handle,
    path: `${warden.config.depot}/${id}`,
    socket: `${warden.config.run}/${id}.sock`,
    options,
    cgroup: warden.cgroups.container(id),
    events: [...(snapshot?.events ?? [])],
    jobs: createJobTable(),
    network: r?.network,
    uid: r?.uid,
    ports: [...(r?.ports ?? [])],
    netIn: [...(r?.net_in ?? [])],
    netOut: [...(r?.net_out ?? [])],
    limitMemory: r?.limit_memory ? BigInt(r.limit_memory) : undefined,
    limitCpu: r?.limit_cpu ? BigInt(r.limit_cpu) : undefined,
    bandwidth: snapshot && bandwidthOf(snapshot.limits),
    init: snapshot ? { pid: snapshot.wshd.pid, started: snapshot.wshd.started } : undefined,
    booted: undefined,
    wshd: undefined,
    leaving: false,
    oomKills: 0,
    changing: 0,
  };
  // The machine's first effects run before `host` returns; they reach the record through this.
  const c = record as Container;
  warden.known.set(id, c);
  const { machine, snapshots } = provided(warden);
  if (snapshot) snapshots.set(id, snapshot);
  c.machine = host(warden.lab, machine, {
    id: `container:${id}`,
    input: { id, handle: options.handle, origin: made.origin, wasStopped: snapshot?.state === 'stopped' },
    cause: made.cause,
  });
  return c;
}

interface Provided {
  machine: typeof container;
  /** What is to be adopted, by id, until it is. */
  snapshots: Map<string, Snapshot>;
}

const machines = new WeakMap<Warden, Provided>();

/** One machine for all containers of a server: to provide it anew costs a Create 2 ms. Effects find theirs by its id. */
function provided(warden: Warden): Provided {
  const present = machines.get(warden);
  if (present) return present;
  const { lab } = warden;
  const snapshots = new Map<string, Snapshot>();
  const of = ({ id }: OfContainer): Container => {
    const c = warden.known.get(id);
    if (!c) throw new Error(`[warden] could not find container ${id}: it was released`);
    return c;
  };
  const machine = container.provide({
    actors: {
      acquire: effect<OfContainer, void>(lab, 'acquire', ({ input }) => acquire(warden, of(input))),
      prepareDirectories: effect<OfContainer, void>(lab, 'prepareDirectories', ({ input }) =>
        prepareDirectories(warden, of(input)),
      ),
      makeCgroups: effect<OfContainer, void>(lab, 'makeCgroups', ({ input }) => makeCgroups(warden, of(input))),
      bootWshd: effect<OfContainer, { pid: number }>(lab, 'bootWshd', ({ input, trail, signal }) =>
        bootWshd(warden, of(input), { trail, signal }),
      ),
      connectToWshd: effect<OfContainer, void>(lab, 'connectToWshd', ({ input, trail }) =>
        connectToWshd(warden, of(input), { trail }),
      ),
      writeSnapshot: effect<OfContainer, void>(lab, 'writeSnapshot', async ({ input }) => writeSnapshot(of(input))),
      adopt: effect<OfContainer, void>(lab, 'adopt', async ({ input, trail }) => {
        const snapshot = snapshots.get(input.id);
        if (!snapshot) throw new Error(`[warden] could not adopt container ${input.id}: no snapshot`);
        await adopt(warden, of(input), snapshot, { trail });
        snapshots.delete(input.id);
      }),
      stopProcesses: effect<OfContainer & { kill: boolean }, void>(lab, 'stopProcesses', ({ input, signal }) =>
        stopProcesses(warden, of(input), { kill: input.kill, signal }),
      ),
      tearDown: effect<OfContainer, void>(lab, 'tearDown', ({ input }) => tearDown(warden, of(input))),
      release: effect<OfContainer, void>(lab, 'release', ({ input }) => release(warden, of(input))),
      watchMemory: listen<OfContainer>(lab, 'watchMemory', ({ input, trail, send }) =>
        watchMemory({ c: of(input), trail, send }),
      ),
      watchWshd: listen<OfContainer>(lab, 'watchWshd', ({ input, trail, send }) =>
        watchWshd({ c: of(input), trail, send }),
      ),
    },
  });
  const made = { machine, snapshots };
  machines.set(warden, made);
  return made;
}

/** Resolves when the machine is in one of these top or dotted states, at once if it is there already. */
export function reached(c: Container, states: readonly string[]): Promise<void> {
  const there = () => states.some((s) => c.machine.snapshot().matches(s as never));
  return new Promise((resolve) => {
    if (there()) return resolve();
    const stop = c.machine.subscribe(() => {
      if (!there()) return;
      stop();
      resolve();
    });
    // A final state ends the subscription without another call.
    c.machine.done.then(
      () => resolve(),
      () => resolve(),
    );
  });
}
