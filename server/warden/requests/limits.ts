// LimitMemory, LimitCpu, LimitDisk, LimitBandwidth (warden: features/*.rb). All may be changed on a live container at any time.
import { isFieldSet } from '@bufbuild/protobuf';
import { changing } from '../effects/write-snapshot.ts';
import { limitIncoming } from '../network/bandwidth.ts';
import { LimitCpuRequestSchema, LimitMemoryRequestSchema } from '../protocol/gen/warden_pb.ts';
import { WardenError } from '../protocol/messages.ts';
import { type Container, hostInterface } from '../warden.ts';
import { checkState, type Handler, named } from './handler.ts';

/** Answers what the kernel reports. Where it counts no swap, an event says so once. */
export const limitMemory: Handler<'LimitMemory'> = async (call) => {
  const c = limited(named(call));
  const { request } = call;
  if (!isFieldSet(request, LimitMemoryRequestSchema.field.limitInBytes))
    return { limitInBytes: c.cgroup.memoryLimit() };
  return changing(c, async () => {
    const set = refusing(() => c.cgroup.limitMemory(request.limitInBytes));
    c.limitMemory = request.limitInBytes;
    const without = 'memory limit without swap limit: this kernel counts no swap';
    if (!set.swapLimited && !c.events.includes(without)) c.events.push(without);
    return { limitInBytes: set.bytes };
  });
};

export const limitCpu: Handler<'LimitCpu'> = async (call) => {
  const c = limited(named(call));
  const { request } = call;
  if (!isFieldSet(request, LimitCpuRequestSchema.field.limitInShares)) return { limitInShares: c.cgroup.cpuShares() };
  return changing(c, async () => {
    const shares = refusing(() => c.cgroup.limitCpu(request.limitInShares));
    c.limitCpu = request.limitInShares;
    return { limitInShares: shares };
  });
};

/** Disk quotas are off (the doctor says so): nothing is set and, as in the original then, nothing is answered. */
export const limitDisk: Handler<'LimitDisk'> = async (call) => {
  limited(named(call));
  return {};
};

export const limitBandwidth: Handler<'LimitBandwidth'> = async (call) => {
  const c = limited(named(call));
  const { rate, burst } = call.request;
  return changing(c, async () => {
    await limitIncoming(hostInterface(c.id), { rate, burst });
    await call.warden.firewall.limitOutgoing(c.id, { rate, burst });
    c.bandwidth = { rate, burst };
    return { rate, burst };
  });
};

function limited(c: Container): Container {
  checkState(c, 'active', 'stopped');
  return c;
}

/** What the kernel refuses is the client's error, not the server's. */
function refusing<T>(write: () => T): T {
  try {
    return write();
  } catch (e) {
    throw new WardenError(e instanceof Error ? e.message : String(e));
  }
}
