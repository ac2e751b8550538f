// NetIn and NetOut (warden: features/net.rb). Remembered, so that an adopted container gets its doors and holes again.
import { isFieldSet } from '@bufbuild/protobuf';
import { endsOf } from '../effects/acquire.ts';
import { changing } from '../effects/write-snapshot.ts';
import { netOutRule } from '../network/net-out.ts';
import { NetInRequestSchema, NetOutRequestSchema } from '../protocol/gen/warden_pb.ts';
import { WardenError } from '../protocol/messages.ts';
import { checkState, type Handler, named } from './handler.ts';

/** Without a host port one is taken from the pool, and the container's port defaults to it. */
export const netIn: Handler<'NetIn'> = async (call) => {
  const { warden, request } = call;
  const c = named(call);
  checkState(c, 'active');
  const { hostPort, containerPort } = NetInRequestSchema.field;
  const given = isFieldSet(request, hostPort) && request.hostPort > 0 ? request.hostPort : undefined;
  const port = given ?? warden.pools.ports.acquire(warden.lab.clock.now());
  if (port === undefined) throw new WardenError('no port available');
  const inside = isFieldSet(request, containerPort) && request.containerPort > 0 ? request.containerPort : port;
  const rule = { hostPort: port, containerPort: inside };
  await changing(c, async () => {
    try {
      await warden.firewall.addNetIn(endsOf(c).container, rule);
    } catch (e) {
      if (given === undefined) warden.pools.ports.release(port, warden.lab.clock.now());
      throw new WardenError(e instanceof Error ? e.message : String(e));
    }
    if (given === undefined) c.ports.push(port);
    c.netIn.push(rule);
  });
  return rule;
};

export const netOut: Handler<'NetOut'> = async (call) => {
  const { warden, request } = call;
  const c = named(call);
  checkState(c, 'active');
  const rule = netOutRule(request, (field) => isFieldSet(request, NetOutRequestSchema.field[field]));
  await changing(c, async () => {
    await warden.firewall.addNetOut({ id: c.id, address: endsOf(c).container }, rule, c.netOut.length);
    c.netOut.push(rule);
  });
  return {};
};
