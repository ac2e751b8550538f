// An instance's container before its app: made, given /home/vcap/app, filled with the droplet (dea_ng: instance.rb
// promise_container, promise_extract_droplet). The scripts may run twice with the same result.
import { mkdir } from 'node:fs/promises';
import type { Container } from '../../../machines/instance.ts';
import { instanceCpuShares } from '../../../machines/reservations.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import type { Unhosted } from '../instances.ts';
import { APP_LINK, dropletInside, HOME } from '../layout.ts';
import { createContainer } from './create-container.ts';
import { runInContainer } from './run-in-container.ts';

/** Abortable: see create-container.ts. The handle is in the snapshot before the first limit is set. */
export async function createInstanceContainer(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<Container> {
  const { limits, sha1, egress_network_rules, stack } = one.message;
  if (!sha1) throw new Error('[dea] could not make the container: the start message names no droplet');
  // The droplet may still be on its way: the mount shows it as soon as it is there.
  await mkdir(deps.droplets.folder(sha1), { recursive: true, mode: 0o755 });
  const made = await createContainer(
    deps,
    {
      owner: one.actor,
      binds: [{ from: deps.droplets.folder(sha1), to: dropletInside(sha1) }],
      cpuShares: instanceCpuShares(limits.mem),
      diskMb: limits.disk,
      memoryMb: limits.mem,
      inbound: true,
      egress: egress_network_rules,
      stack,
      onHandle: (handle) => {
        one.handle = handle;
        deps.snapshot.save();
      },
    },
    doing,
  );
  if (made.hostPort === null || made.containerPort === null)
    throw new Error('[dea] could not get a port: NetIn gave none');
  one.hostPort = made.hostPort;
  one.containerPort = made.containerPort;
  return { handle: made.handle, hostPort: made.hostPort, containerPort: made.containerPort };
}

export async function prepareAppDir(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<void> {
  const script = `mkdir -p ${HOME}/app && chown vcap:vcap ${HOME}/app && rm -rf ${APP_LINK} && ln -s ${HOME.slice(1)}/app ${APP_LINK}`;
  await runInContainer(deps, { ...inInstance(one, script), privileged: true }, doing);
}

export async function extractDroplet(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<void> {
  const droplet = `${dropletInside(one.message.sha1 ?? '')}/droplet.tgz`;
  await runInContainer(deps, inInstance(one, `cd ${HOME} && tar -xzf ${droplet}`), doing);
}

/** A script for this instance's container. */
export function inInstance(one: Unhosted, script: string) {
  if (!one.handle) throw new Error('[dea] could not work in the container: there is none');
  return { owner: one.actor, handle: one.handle, script };
}
