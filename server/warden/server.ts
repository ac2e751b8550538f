// The Warden server of one node (warden: server.rb): makes the node's link and firewall, adopts or removes what an earlier
// server left, listens, drains. What a request does is in requests/.
import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { containerState } from '../../machines/container.ts';
import type { Lab, Trail } from '../lab/types.ts';
import { createPools, ends, nodeAddresses } from './addresses.ts';
import { openCgroups } from './cgroup/cgroup.ts';
import { type Connection, serveConnection } from './connection.ts';
import { createContainer, reached } from './container.ts';
import { containerIds, isContainerId } from './container-id.ts';
import { leaveWshd } from './effects/connect-to-wshd.ts';
import { writeSnapshot } from './effects/write-snapshot.ts';
import { createGraceTime } from './grace-time.ts';
import { type ContainerRules, createFirewall } from './network/firewall.ts';
import { holdForwarding, releaseForwarding } from './network/ip-forward.ts';
import { ensureNodeLink, nodeLinkName, removeNodeLink } from './network/node-link.ts';
import { bandwidthOf, readSnapshot, type Snapshot } from './snapshot.ts';
import type { Container, Warden, WardenConfig } from './warden.ts';
import type { WshdPort } from './wshd-port.ts';

export interface WardenServer {
  readonly warden: Warden;
  /** Closes the door, lets requests finish that do not wait for a job, writes snapshots. Containers live on. */
  drain(): Promise<void>;
  /** Destroys every container, then the node's link and firewall. Rejects with what could not be destroyed. */
  destroyAll(): Promise<void>;
}

export interface WardenServerOptions {
  lab: Lab;
  config: WardenConfig;
  socket: string;
  wshd: WshdPort;
}

/** Resolves when the socket listens and everything left by an earlier server was adopted or removed. */
export async function startWarden({ lab, config, socket, wshd }: WardenServerOptions): Promise<WardenServer> {
  const { network, address } = nodeAddresses(config.slot, config.node);
  const nodeName = `${config.lab}-${config.node}`;
  const link = nodeLinkName(config.lab, config.node);
  const firewall = createFirewall({ ...config, network, address });
  let jobIds = 0;
  const warden: Warden = {
    lab,
    actor: `warden:${config.node}`,
    config,
    pools: createPools(config.slot, config.node),
    cgroups: openCgroups(config.lab),
    firewall,
    wshd,
    address,
    containers: new Map(),
    known: new Map(),
    newId: containerIds((performance.timeOrigin + performance.now()) * 1000),
    newJobId: () => {
      jobIds += 1;
      return jobIds;
    },
    jobIdSeen: (id) => {
      jobIds = Math.max(jobIds, id);
    },
  };
  const grace = createGraceTime<Container>({
    lab,
    secondsOf: (c) => c.options.graceTime ?? config.graceTime,
    nameOf: (c) => c.handle,
    onExpired: (c) => void c.machine.send({ type: 'destroy' }, { cause: c.machine.last() }),
  });
  const connections = new Set<Connection>();
  let draining = false;

  mkdirSync(config.depot, { recursive: true, mode: 0o700 });
  mkdirSync(config.run, { recursive: true, mode: 0o700 });
  warden.cgroups.makeLab();
  holdForwarding(nodeName);
  await ensureNodeLink(link, address);
  await takeOver(warden);
  for (const c of warden.containers.values()) grace.watch(c);

  rmSync(socket, { force: true });
  const server = createServer((client) => {
    const key = {};
    const touch = (c: Container) => {
      grace.register(key, c);
      c.machine.done.finally(() => grace.forget(c)).catch(() => undefined);
    };
    for (const c of warden.containers.values()) touch(c);
    const connection = serveConnection({
      warden,
      socket: client,
      touch,
      isDraining: () => draining,
      onClose: () => {
        connections.delete(connection);
        grace.leave(key);
      },
    });
    connections.add(connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  // Whoever may speak to warden is root of containers: in our labs that is the user who runs the lab.
  chmodSync(socket, 0o755);

  async function drain(): Promise<void> {
    draining = true;
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
    for (const c of connections) if (!c.busy) c.close();
    await closed;
    grace.stop();
    for (const c of warden.containers.values()) {
      const state = containerState(c.machine.snapshot().value);
      if (state === 'active' || state === 'stopped') writeSnapshot(c);
      leaveWshd(c);
    }
  }

  async function destroyAll(): Promise<void> {
    const trail: Trail = {
      cause: lab.rec.record({ type: 'note', actor: warden.actor, text: 'destroys every container' }, null),
    };
    const all = [...warden.known.values()];
    await Promise.all(
      all.map(async (c) => {
        // The end of a lab waits for nobody's TERM.
        await c.machine.send({ type: 'stop', kill: true }, trail);
        await c.machine.send({ type: 'destroy' }, trail);
        await reached(c, ['destroyed', 'destroying.stuck']);
      }),
    );
    const stuck = all.filter((c) => c.machine.snapshot().value !== 'destroyed');
    await firewall.remove();
    await removeNodeLink(link);
    releaseForwarding(nodeName);
    warden.cgroups.removeLab();
    if (stuck.length > 0) {
      throw new Error(
        `[warden] could not destroy containers: ${stuck.map((c) => c.machine.snapshot().context.error).join('; ')}`,
      );
    }
  }

  return { warden, drain, destroyAll };
}

/**
 * Every directory of the depot: adopted where there is a snapshot and wshd answers, else removed with all that has its id.
 * The firewall is built anew first, so that adopted containers have their doors and holes.
 */
async function takeOver(warden: Warden): Promise<void> {
  const { lab, config } = warden;
  const cause = lab.rec.record(
    { type: 'note', actor: warden.actor, text: 'looks at what an earlier server left' },
    null,
  );
  const ids = readdirSync(config.depot).filter(isContainerId);
  const found = ids.map((id) => ({ id, snapshot: readSnapshot(`${config.depot}/${id}`) }));
  await warden.firewall.rebuild(found.flatMap(({ id, snapshot }) => (snapshot ? [rulesOf(id, snapshot)] : [])));
  const all = found.map(({ id, snapshot }) =>
    createContainer(warden, {
      id,
      options: {
        handle: snapshot?.resources.handle ?? id,
        graceTime: snapshot?.grace_time ?? undefined,
        network: undefined,
        rootfs: snapshot?.rootfs ?? undefined,
        binds: [],
      },
      origin: snapshot ? 'adopt' : 'remove',
      snapshot,
      cause,
    }),
  );
  await Promise.all(all.map((c) => reached(c, ['active', 'stopped', 'destroyed', 'destroying.stuck'])));
  // One that could not be removed stays in List, so that somebody can ask again.
  for (const c of all) if (c.machine.snapshot().value !== 'destroyed') warden.containers.set(c.handle, c);
}

function rulesOf(id: string, { resources: r, limits }: Snapshot): ContainerRules {
  const bandwidth = bandwidthOf(limits);
  return { id, address: ends(r.network).container, netIn: r.net_in, netOut: r.net_out, bandwidth };
}
