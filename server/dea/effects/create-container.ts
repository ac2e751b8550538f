// Makes a container with its limits and network: the request list of reference 1.8, on one connection and in this order
// (dea_ng: container.rb create_container). Abortable: what was made before a failure or an abort is destroyed again.

import { BindMode, NetOutProtocol } from '../../warden/protocol/index.ts';
import type { DeaDeps, Doing } from '../deps.ts';
import type { EgressRule } from '../messages.ts';
import { INODE_LIMIT } from '../settings.ts';

export interface ContainerWish {
  owner: string;
  /** All read-only. */
  binds: { from: string; to: string }[];
  cpuShares: number;
  diskMb: number;
  memoryMb: number;
  /** Ask for a port of this node that leads into the container. */
  inbound: boolean;
  egress: readonly EgressRule[];
  /** The app's stack, where it is not the lab's first. */
  stack: string | undefined;
  /** Told the handle as soon as there is one, so that a crash of the DEA cannot lose it. */
  onHandle(handle: string): void;
}

export interface MadeContainer {
  handle: string;
  hostPort: number | null;
  containerPort: number | null;
}

const MB = 1024 * 1024;

export async function createContainer(deps: DeaDeps, wish: ContainerWish, doing: Doing): Promise<MadeContainer> {
  const { trail, signal } = doing;
  const on = { owner: wish.owner, name: 'app' } as const;
  const bindMounts = wish.binds.map((b) => ({ srcPath: b.from, dstPath: b.to, mode: BindMode.RO }));
  const { handle } = await deps.wardens.call(on, 'Create', { bindMounts, ...rootfsOf(deps, wish.stack) }, trail);
  wish.onHandle(handle);
  try {
    giveUpIf(signal);
    await deps.wardens.call(on, 'LimitCpu', { handle, limitInShares: BigInt(wish.cpuShares) }, trail);
    const byteLimit = BigInt(wish.diskMb * MB);
    await deps.wardens.call(on, 'LimitDisk', { handle, byte: byteLimit, inode: BigInt(INODE_LIMIT) }, trail);
    await deps.wardens.call(on, 'LimitMemory', { handle, limitInBytes: BigInt(wish.memoryMb * MB) }, trail);
    giveUpIf(signal);
    const ports = wish.inbound ? await deps.wardens.call(on, 'NetIn', { handle }, trail) : null;
    for (const hole of wish.egress.flatMap(holes)) {
      await deps.wardens.call(on, 'NetOut', { handle, ...hole }, trail);
    }
    giveUpIf(signal);
    return { handle, hostPort: ports?.hostPort ?? null, containerPort: ports?.containerPort ?? null };
  } catch (error) {
    await deps.wardens.insist({ owner: wish.owner, name: 'stop' }, 'Destroy', { handle }, trail).catch(() => undefined);
    throw error;
  }
}

/** What Create says of the base tree: nothing for the first stack, as the original never did. */
function rootfsOf({ settings }: DeaDeps, stack: string | undefined): { rootfs?: string } {
  if (stack === undefined || stack === settings.stacks[0]) return {};
  const rootfs = settings.rootfs[stack];
  if (rootfs === undefined) throw new Error(`[dea] could not make the container: there is no stack ${stack} here`);
  return { rootfs };
}

const PROTOCOLS = {
  tcp: NetOutProtocol.TCP,
  udp: NetOutProtocol.UDP,
  icmp: NetOutProtocol.ICMP,
  all: NetOutProtocol.ALL,
} as const;

/** One NetOut for each entry of `ports`: a number, or `a-b` as the range `a:b`. */
export function holes(rule: EgressRule) {
  const hole = { network: rule.destination, protocol: PROTOCOLS[rule.protocol] };
  if (rule.protocol === 'icmp') {
    return [
      {
        ...hole,
        ...(rule.type == null ? {} : { icmpType: rule.type }),
        ...(rule.code == null ? {} : { icmpCode: rule.code }),
      },
    ];
  }
  const ports = (rule.ports ?? '')
    .split(',')
    .map((p) => p.trim())
    .filter(Boolean);
  if (ports.length === 0) return [hole];
  return ports.map((p) =>
    p.includes('-') ? { ...hole, portRange: p.replace('-', ':') } : { ...hole, port: Number(p) },
  );
}

function giveUpIf(signal: AbortSignal): void {
  if (signal.aborted) throw new Error('[dea] could not finish the container: it is not wanted any more');
}
