// What a DEA knows about itself: names, folders, limits and intervals (reference 3.1). Values of the original unless a
// comment says otherwise; times are milliseconds of lab time, memory and disk are MB.
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { type Capacity, DEFAULT_CAPACITY, type Room } from '../../machines/reservations.ts';
import { type ProcessConfig, wardenSocket } from '../main/config.ts';
import { stacksOf } from '../main/stacks.ts';

export interface DeaSettings {
  /** `<index>-<32 hex>`, fresh for each life of the process, as the original's component UUID. */
  id: string;
  index: number;
  /** Address that the router and the health check use for this node's NetIn ports. */
  address: string;
  stacks: string[];
  /** Folder of each stack that a Create has to name. The first one's is Warden's own. */
  rootfs: Readonly<Record<string, string>>;
  zone: string;
  domain: string;
  capacity: Capacity;
  stagingMinimum: Room;
  maxStagingMs: number;
  healthCheckMs: number;
  evacuationMs: number;
  crashLifetimeMs: number;
  folders: DeaFolders;
  wardenSocket: string;
  /** Folder of the containers' wshd sockets. */
  run: string;
  /** Name of the user who shall own what is copied out of a container. */
  owner: string;
}

/** Folders under `base_dir`. */
export interface DeaFolders {
  base: string;
  db: string;
  droplets: string;
  tmp: string;
  staging: string;
  crashes: string;
  adminBuildpacks: string;
  /** Runner and bundled buildpacks, readable by everybody. */
  buildpacks: string;
}

export const CPU_SHARES_WHILE_STAGING = 512;
export const INODE_LIMIT = 200_000;
export const PROCESS_LIMIT = 512;
export const ADVERTISE_MS = 5_000;
export const HEARTBEAT_MS = 10_000;
export const STATS_MS = 10_000;
export const REGISTER_MS = 5_000;
export const CRASH_REAPER_MS = 10_000;
export const DROPLET_REAPER_MS = 60_000;
export const HEALTH_RETRY_MS = 500;
export const DOWNLOAD_MS = 30_000;
export const UPLOAD_MS = 300_000;
/** The original asked each second from the start, which was most of what a small push took; ours soon, then as it did. */
export const UPLOAD_FIRST_POLL_MS = 25;
export const UPLOAD_POLL_MS = 1_000;

export function deaSettings(config: ProcessConfig): DeaSettings {
  const base = `${config.dir}/nodes/${config.node}/dea`;
  const stacks = stacksOf(config);
  return {
    id: `${config.node}-${randomBytes(16).toString('hex')}`,
    index: config.node,
    address: nodeAddress(config.slot, config.node),
    stacks: stacks.map(({ name }) => name),
    rootfs: Object.fromEntries(stacks.slice(1).map(({ name, folder }) => [name, folder])),
    zone: 'default',
    domain: config.domain,
    capacity: DEFAULT_CAPACITY,
    stagingMinimum: { memoryMb: 1024, diskMb: 2048 },
    maxStagingMs: 900_000,
    healthCheckMs: 60_000,
    evacuationMs: 600_000,
    crashLifetimeMs: 3_600_000,
    folders: deaFolders(base),
    wardenSocket: wardenSocket(config.dir, config.node),
    run: config.run,
    owner: userInfo().username,
  };
}

export function deaFolders(base: string): DeaFolders {
  return {
    base,
    db: `${base}/db`,
    droplets: `${base}/droplets`,
    tmp: `${base}/tmp`,
    staging: `${base}/staging`,
    crashes: `${base}/crashes`,
    adminBuildpacks: `${base}/admin_buildpacks`,
    buildpacks: `${base}/buildpacks`,
  };
}

/** Address `.1` of node k's network in slot s (ARCHITECTURE.md 'Configuration'). */
export function nodeAddress(slot: number, node: number): string {
  return `10.254.${16 * slot + node}.1`;
}
