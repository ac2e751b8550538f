// What the rooms inside warden share: the server's own things and the record of one container. Types only; server.ts makes
// the first, container.ts the second.
import type { container } from '../../machines/container.ts';
import type { Hosted } from '../lab/host.ts';
import type { Cause, Lab, Trail } from '../lab/types.ts';
import type { Pools } from './addresses.ts';
import type { Cgroup, CgroupTree } from './cgroup/cgroup.ts';
import type { JobTable } from './jobs/job-table.ts';
import type { Bandwidth } from './network/bandwidth.ts';
import type { Firewall, NetIn } from './network/firewall.ts';
import type { NetOutRule } from './network/net-out.ts';
import type { BootedWshd, Wshd, WshdPort } from './wshd-port.ts';

export interface WardenConfig {
  lab: string;
  slot: number;
  node: number;
  /** `DIR/nodes/<k>/depot`, absolute: one folder for each container. */
  depot: string;
  /** Short folder for wshd's sockets. */
  run: string;
  /** Folder with `rootfs/` and `stack.json`. */
  stack: string;
  /** Seconds of lab time; 0 switches grace time off. */
  graceTime: number;
  /** stdout and stderr of one job together, bytes. */
  jobOutputLimit: number;
  /** Resource limits of every job, by the protocol's names. Never changed by a request. */
  containerRlimits: Readonly<Record<string, bigint>>;
  allowNetworks: string[];
  denyNetworks: string[];
  mtu: number;
  pidsLimit: number;
}

export interface Warden {
  readonly lab: Lab;
  /** `warden:0`, the actor of what is said by no container. */
  readonly actor: string;
  readonly config: WardenConfig;
  readonly pools: Pools;
  readonly cgroups: CgroupTree;
  readonly firewall: Firewall;
  readonly wshd: WshdPort;
  /** Node address, where NetIn ports are. */
  readonly address: string;
  /** What List names. */
  readonly containers: Map<string, Container>;
  /** Everything that exists, by id, those included that are being made or could not be removed. */
  readonly known: Map<string, Container>;
  newId(): string;
  newJobId(): number;
  /** Job ids go on after those that an earlier server gave. */
  jobIdSeen(id: number): void;
}

export interface BindMount {
  source: string;
  target: string;
  readOnly: boolean;
}

/** What a client asked for at Create. */
export interface CreateOptions {
  handle: string;
  graceTime: number | undefined;
  network: string | undefined;
  rootfs: string | undefined;
  binds: BindMount[];
}

/** One container as the server keeps it. The machine knows when; this knows with what. */
export interface Container {
  readonly id: string;
  readonly handle: string;
  /** `<depot>/<id>`. */
  readonly path: string;
  readonly socket: string;
  readonly options: CreateOptions;
  readonly cgroup: Cgroup;
  readonly events: string[];
  readonly jobs: JobTable;
  /** First address of its /30, while it has one. */
  network: string | undefined;
  /** First of its user ids on the host. */
  uid: number | undefined;
  /** Ports from the pool. */
  readonly ports: number[];
  readonly netIn: NetIn[];
  readonly netOut: NetOutRule[];
  limitMemory: bigint | undefined;
  limitCpu: bigint | undefined;
  bandwidth: Bandwidth | undefined;
  /** PID 1 by the host's number, with its start time so that nobody else is ever taken for it. */
  init: { pid: number; started: string } | undefined;
  booted: BootedWshd | undefined;
  wshd: Wshd | undefined;
  /** We close the connection to wshd ourselves. */
  leaving: boolean;
  /** OOM kills that were seen already. */
  oomKills: number;
  /** Requests under way that change something: no snapshot while there is one. */
  changing: number;
  machine: Hosted<typeof container>;
}

export type { Cause, Trail };

/** `w-<id>-0` outside, `w-<id>-1` inside (reference 6.7). */
export function hostInterface(id: string): string {
  return `w-${id}-0`;
}

export function containerInterface(id: string): string {
  return `w-${id}-1`;
}
