// What the cross-section is made of: the parts of its picture as plain data. Where they stand is decided in layout.ts.
import type { StepBody } from '../../machines/journal.ts';

/** Stations of the sky, left to right. The order never changes. */
export const SKY = ['you', 'router', 'cc', 'hm'] as const;
export type SkyName = (typeof SKY)[number];

export const NAMESPACES = ['pid', 'net', 'mnt', 'uts', 'ipc', 'user', 'cgroup'] as const;
export type Namespace = (typeof NAMESPACES)[number];

export interface Wall {
  namespace: Namespace;
  /** Null while no sample has named it. */
  inode: number | null;
  own: boolean;
  in2014: boolean;
  /** What this namespace gives: an address, a hostname, the id map; empty while it is not known. */
  fact: string;
}

export interface FloorName {
  name: string;
  /** Type of what is mounted there, or null. */
  mount: string | null;
  /** The host's `/` hangs here (between pivot_root and umount). */
  host: boolean;
}

/** The tree that is not `/`: the container's before pivot_root, the host's after it. */
export interface Tree {
  of: 'host' | 'container';
  /** Where it hangs in the one that is `/`. */
  at: string;
  /** First-level names that are known. */
  names: string[];
}

export interface Floor {
  /** Whose `/` the process sees. */
  of: 'host' | 'container';
  names: FloorName[];
  /** Type and source of what is mounted at `/`, as the kernel said it. */
  mount: string;
  other: Tree | null;
}

export interface Process {
  /** Null: will be there, its number is not known. */
  host: number | null;
  inside: number | null;
  name: string;
  /** The host's number of its parent. */
  parent: number | null;
}

/** Read back, never computed from what was asked for. */
export interface Gauges {
  /** PID 1 is in the container's cgroups: they hang. */
  joined: boolean;
  /** Bytes; limit null is no limit or not read yet; rss is the part that cannot be taken back. */
  memory: { limit: number | null; usage: number | null; rss: number | null };
  /** `load`: of one processor, between the last two readings. */
  cpu: { shares: number | null; unit: 'shares' | 'weight'; load: number | null };
  pids: { now: number | null; max: number | null };
}

export interface Door {
  host: number | null;
  container: number | null;
}

export interface ContainerPart {
  handle: string;
  node: number;
  /** The container machine's state. */
  state: string;
  /** What it was made for, as the machine that made it says: `staging` or `instance 0`. */
  purpose: string;
  /** The app that it is for, by name; empty while nobody has said so. */
  app: string;
  walls: Wall[];
  floor: Floor;
  /** wshd listens on its socket. */
  socket: boolean;
  /** Its jobs are frozen. */
  frozen: boolean;
  wshd: Process | null;
  /** Host pid of the process that made it and waits for it. */
  starter: number | null;
  processes: Process[];
  gauges: Gauges;
  doors: Door[];
  /** Where the container's files are on the host. */
  hostPath: string | null;
  /** The call it is in, or came out of last. */
  step: Pick<StepBody, 'of' | 'name' | 'when' | 'call' | 'args' | 'result' | 'file' | 'line'> | null;
}

export interface Work {
  /** `staging-task:<id>` or `instance:<id>`. */
  actor: string;
  state: string;
  /** Guid of the app that it works for. */
  app: string;
}

export interface NodePart {
  node: number;
  /** Megabytes it has advertised as available. */
  memory: number | null;
  /** Staging tasks and instances that are not over. */
  work: Work[];
}

/** A message on its path. */
export interface Bead {
  /** `seq` of its `sent`; of its `received` where the sender is foreign. */
  seq: number;
  path: string;
  /** In the direction in which its path is written. */
  forward: boolean;
  name: string;
  state: 'travelling' | 'received' | 'dropped';
  /** Stands before a closed gate. */
  held?: boolean;
  /** Places: who sent it, and who has received it. */
  from: string;
  to: string[];
}

/** What has passed along one path. */
export interface PathPart {
  path: string;
  /** Messages that were sent along it, all told. */
  passed: number;
  /** The newest. */
  last: Bead;
  /** On their way, oldest first. */
  flying: Bead[];
}

export interface AppPart {
  guid: string;
  name: string;
  state: string;
  /** It was staged, or is to be: no upload of its files is the next thing. */
  wanted: boolean;
}

export interface StageView {
  nodes: NodePart[];
  containers: ContainerPart[];
  paths: PathPart[];
  apps: AppPart[];
  /** Hosts that the router knows. */
  routes: string[];
}
