// Every request of the protocol and who answers it.
import type { Command } from '../protocol/messages.ts';
import { copyIn, copyOut } from './copy.ts';
import { create } from './create.ts';
import type { Handler } from './handler.ts';
import { info } from './info.ts';
import { link, run, spawn, stream } from './jobs.ts';
import { limitBandwidth, limitCpu, limitDisk, limitMemory } from './limits.ts';
import { netIn, netOut } from './net.ts';
import { destroy, stop } from './stop-destroy.ts';

export const HANDLERS: { [C in Command]: Handler<C> } = {
  Create: create,
  Stop: stop,
  Destroy: destroy,
  Info: info,
  Spawn: spawn,
  Link: link,
  Run: run,
  Stream: stream,
  NetIn: netIn,
  NetOut: netOut,
  CopyIn: copyIn,
  CopyOut: copyOut,
  LimitMemory: limitMemory,
  LimitDisk: limitDisk,
  LimitBandwidth: limitBandwidth,
  LimitCpu: limitCpu,
  Ping: async () => ({}),
  List: async ({ warden }) => ({ handles: [...warden.containers.keys()] }),
  Echo: async ({ request }) => ({ message: request.message }),
};
