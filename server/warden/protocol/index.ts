// What other rooms may use of the Warden protocol.
export { connectWarden, type WardenConnection, WardenConnectionError, type WardenOptions } from './client.ts';
export { encodeFrame, FRAME_LIMIT, FrameError, Frames } from './frames.ts';
export { CreateRequest_BindMount_Mode as BindMode, NetOutRequest_Protocol as NetOutProtocol } from './gen/warden_pb.ts';
export {
  COMMAND_NAMES,
  COMMANDS,
  type Command,
  type Request,
  type RequestInit,
  type Response,
  type ResponseInit,
  WardenError,
} from './messages.ts';
