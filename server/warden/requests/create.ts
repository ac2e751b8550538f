// Create (warden: base.rb do_create): answers when PID 1 serves and the snapshot is written.
import { isFieldSet } from '@bufbuild/protobuf';
import { createContainer, reached } from '../container.ts';
import { CreateRequestSchema } from '../protocol/gen/warden_pb.ts';
import { BindMode } from '../protocol/index.ts';
import { type Request, WardenError } from '../protocol/messages.ts';
import type { CreateOptions, Warden } from '../warden.ts';
import type { Handler } from './handler.ts';

export const create: Handler<'Create'> = async ({ warden, request, trail, touch }) => {
  const id = warden.newId();
  const options = optionsOf(request, id);
  if (warden.containers.has(options.handle) || beingMade(warden, options.handle)) {
    throw new WardenError(`container with handle: ${options.handle} already exists.`);
  }
  const c = createContainer(warden, { id, options, origin: 'request', cause: trail.cause });
  await c.machine.send({ type: 'create' }, trail);
  await reached(c, ['active', 'destroyed', 'destroying.stuck']);
  trail.cause = c.machine.last();
  const { error } = c.machine.snapshot().context;
  if (error !== null) throw new WardenError(error);
  warden.containers.set(c.handle, c);
  touch(c);
  return { handle: c.handle };
};

function optionsOf(request: Request<'Create'>, id: string): CreateOptions {
  const has = (field: 'graceTime' | 'handle' | 'network' | 'rootfs') =>
    isFieldSet(request, CreateRequestSchema.field[field]);
  return {
    handle: has('handle') && request.handle !== '' ? request.handle : id,
    graceTime: has('graceTime') ? request.graceTime : undefined,
    network: has('network') && request.network !== '' ? request.network : undefined,
    rootfs: has('rootfs') && request.rootfs !== '' ? request.rootfs : undefined,
    binds: request.bindMounts.map((b) => ({
      source: b.srcPath,
      target: b.dstPath,
      readOnly: b.mode === BindMode.RO,
    })),
  };
}

/** The handle is registered only when the container is active; until then nobody else may choose it. */
function beingMade(warden: Warden, handle: string): boolean {
  return [...warden.known.values()].some((c) => c.handle === handle);
}
