// CopyIn and CopyOut (warden: base.rb do_copy_in, do_copy_out; there rsync over wsh). Bytes go as a tar stream through a
// process inside the container, which runs as vcap: the host never opens a path in the container's tree.
import { isFieldSet } from '@bufbuild/protobuf';
import { copyInto, copyOutOf } from '../copy.ts';
import { CopyOutRequestSchema } from '../protocol/gen/warden_pb.ts';
import { checkState, type Handler, named } from './handler.ts';

export const copyIn: Handler<'CopyIn'> = async (call) => {
  const c = named(call);
  checkState(c, 'active');
  await copyInto(call.warden, c, call.request.srcPath, call.request.dstPath, call.trail);
  return {};
};

/** The original allows it on a stopped container too: PID 1 still serves. */
export const copyOut: Handler<'CopyOut'> = async (call) => {
  const c = named(call);
  checkState(c, 'active', 'stopped');
  const { request } = call;
  const owner = isFieldSet(request, CopyOutRequestSchema.field.owner) ? request.owner : '';
  await copyOutOf(call.warden, c, request.srcPath, request.dstPath, owner, call.trail);
  return {};
};
