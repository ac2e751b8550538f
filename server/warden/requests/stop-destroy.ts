// Stop and Destroy (warden: base.rb do_stop, do_destroy). When is the machine's; this waits for it and words the answer.
import { reached } from '../container.ts';
import { changing } from '../effects/write-snapshot.ts';
import { WardenError } from '../protocol/messages.ts';
import { checkState, type Handler, named } from './handler.ts';

export const stop: Handler<'Stop'> = async (call) => {
  const { request, trail } = call;
  const c = named(call);
  checkState(c, 'active');
  const stopped = changing(c, async () => {
    await c.machine.send({ type: 'stop', kill: request.kill }, trail);
    await reached(c, ['stopped', 'destroying', 'destroyed']);
  });
  if (request.background) stopped.catch(() => undefined);
  else await stopped;
  trail.cause = c.machine.last();
  return {};
};

/** Answers when processes, cgroups, mounts, interfaces, rules and ports are gone. The handle is unknown from then on. */
export const destroy: Handler<'Destroy'> = async (call) => {
  const { trail } = call;
  const c = named(call);
  await c.machine.send({ type: 'destroy' }, trail);
  await reached(c, ['destroyed', 'destroying.stuck']);
  trail.cause = c.machine.last();
  const { value, context } = c.machine.snapshot();
  if (value !== 'destroyed') throw new WardenError(context.error ?? 'could not destroy');
  return {};
};
