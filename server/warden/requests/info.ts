// Info (warden: base.rb do_info and the features' parts of it). All from the kernel, nothing remembered but events and jobs.
import { containerState } from '../../../machines/container.ts';
import { createSampler } from '../../kernel/sampler.ts';
import { endsOf } from '../effects/acquire.ts';
import { InfoResponse_MemoryStatSchema } from '../protocol/gen/warden_pb.ts';
import type { ResponseInit } from '../protocol/messages.ts';
import type { Container } from '../warden.ts';
import { type Call, checkState, type Handler, named } from './handler.ts';

/** What the original shows where no bandwidth is set. */
const UNSET = 0xffff_ffffn;

export const info: Handler<'Info'> = async (call) => {
  const c = named(call);
  checkState(c, 'active', 'stopped');
  look(call, c);
  return infoOf(c);
};

/** While the kernel is recorded, whoever asks how a container is has the whole of it looked at: what its jobs started, too. */
function look({ warden: { lab }, trail }: Call<'Info'>, c: Container): void {
  if (!lab.gates.rules().kernelRecording || !c.init) return;
  const subject = { actor: `container:${c.id}`, handle: c.handle, cgroups: c.cgroup.paths, background: true };
  createSampler(lab, subject)(c.init.pid, trail);
}

/**
 * Everything Info says. disk_stat stays unset: it comes from disk quotas, which are off.
 * Also part of the answers to Link, Run and Stream, where the container may be gone by then.
 */
export function infoOf(c: Container): ResponseInit<'Info'> {
  const state = containerState(c.machine.snapshot().value);
  const rate = c.bandwidth?.rate ?? UNSET;
  const burst = c.bandwidth?.burst ?? UNSET;
  const ends = c.network === undefined ? undefined : endsOf(c);
  return {
    state,
    events: c.events,
    hostIp: ends?.host,
    containerIp: ends?.container,
    containerPath: c.path,
    memoryStat: memoryStat(c),
    cpuStat: c.cgroup.cpuStat(),
    bandwidthStat: { inRate: rate, inBurst: burst, outRate: rate, outBurst: burst },
    jobIds: c.jobs.running(),
  };
}

function memoryStat(c: Container): Record<string, bigint> {
  const stat = c.cgroup.memoryStat();
  const known = InfoResponse_MemoryStatSchema.fields.filter((f) => stat[f.name] !== undefined);
  return Object.fromEntries(known.map((f) => [f.localName, stat[f.name]!]));
}
