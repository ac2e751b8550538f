// Spawn, Link, Run and Stream (warden: container/spawn.rb, base.rb do_spawn, do_link, do_run, do_stream).
import { createSampler } from '../../kernel/sampler.ts';
import { sampleDisk } from '../disk-use.ts';
import { OUT_OF_MEMORY } from '../effects/watch-memory.ts';
import { changing } from '../effects/write-snapshot.ts';
import { createAttachedJob } from '../jobs/attach.ts';
import type { Job } from '../jobs/job.ts';
import { rlimitsFor } from '../jobs/rlimits.ts';
import { type Request, WardenError } from '../protocol/messages.ts';
import type { Container, Trail, Warden } from '../warden.ts';
import type { Wshd } from '../wshd-port.ts';
import { checkState, type Handler, named } from './handler.ts';
import { infoOf } from './info.ts';

export const spawn: Handler<'Spawn'> = async (call) => {
  const c = named(call);
  checkState(c, 'active');
  const job = await start(call.warden, c, call.request, call.trail);
  return { jobId: job.id };
};

/** No state check: a job that ended when its container was stopped can still be linked. */
export const link: Handler<'Link'> = async (call) => {
  const c = named(call);
  return linked(call.warden, c, c.jobs.get(call.request.jobId), call.trail);
};

export const run: Handler<'Run'> = async (call) => {
  const c = named(call);
  checkState(c, 'active');
  return linked(call.warden, c, await start(call.warden, c, call.request, call.trail), call.trail);
};

export const stream: Handler<'Stream'> = async (call) => {
  const c = named(call);
  const job = c.jobs.get(call.request.jobId);
  const stop = job.listen((name, data) => call.chunk({ name, data }));
  const { status } = await job.ended;
  stop();
  await lookAtFailure(call.warden, c, status, call.trail);
  finish(c, job);
  return { exitStatus: status, info: infoOf(c) };
};

/** bash gets the script on its standard input, as in the original: no file, no length limit of arguments. */
async function start(
  warden: Warden,
  c: Container,
  request: Request<'Spawn'> | Request<'Run'>,
  trail: Trail,
): Promise<Job> {
  const { wshd } = c;
  if (!wshd) throw new WardenError('could not spawn: wshd has ended');
  const id = warden.newJobId();
  const user = request.privileged ? 'root' : 'vcap';
  const { job, fed } = await changing(c, async () => {
    await wshd.spawn({
      job: id,
      user,
      args: ['/bin/bash'],
      env: [],
      rlimits: rlimitsFor(warden.config.containerRlimits, request.rlimits),
      leaf: 'jobs',
      handle: c.handle,
      actor: `container:${c.id}`,
      trail,
      onSample: createSampler(warden.lab, {
        actor: `container:${c.id}`,
        handle: c.handle,
        cgroups: c.cgroup.paths,
      }),
    });
    // Attached before bash gets its first line: no output can be missed, and a fast end finds its reader.
    const made = createAttachedJob(warden, c, { id, discardOutput: request.discardOutput, logTag: request.logTag });
    return { job: made, fed: feed(wshd, id, Buffer.from(request.script)) };
  });
  // A script that ends early leaves its rest unread; that is no error.
  fed.catch(() => undefined);
  return job;
}

/** Less than wshd holds for a job that does not read yet. */
const AT_ONCE = 256 * 1024;

/**
 * The script and its end. An ordinary one is with wshd before Spawn answers, end and all: if this server is killed then, the
 * job does not wait for ever for a line that nobody will send.
 */
function feed(wshd: Wshd, id: number, script: Buffer): Promise<unknown> {
  if (script.length > AT_ONCE) return wshd.stdin(id, script).then(() => wshd.endStdin(id));
  return Promise.all([wshd.stdin(id, script), wshd.endStdin(id)]);
}

/** Link and Run answer the same fields. */
async function linked(warden: Warden, c: Container, job: Job, trail: Trail) {
  const { status, stdout, stderr } = await job.ended;
  trail.cause = job.killedBy ?? trail.cause;
  await lookAtFailure(warden, c, status, trail);
  finish(c, job);
  return { exitStatus: status, stdout, stderr, info: infoOf(c) };
}

/** Before the answer: whoever hears of a failure may destroy the container. One that is being stopped as asked did not fail. */
async function lookAtFailure(warden: Warden, c: Container, status: number, trail: Trail): Promise<void> {
  const asked = c.machine.snapshot().value !== 'active' && !c.events.includes(OUT_OF_MEMORY);
  if (status !== 0 && !asked) await sampleDisk(warden, c, trail);
}

/** The first to finish a job removes it; its error text becomes an event of the container. */
function finish(c: Container, job: Job): void {
  const known = c.jobs.all().includes(job);
  if (known && job.error !== undefined) c.events.push(job.error);
  if (!known) return;
  c.jobs.remove(job.id);
  c.wshd?.forget(job.id);
}
