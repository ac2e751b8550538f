// The table of the Warden protocol's commands and the two layers of encoding: command message inside `Message` inside a frame.
import {
  create,
  type DescMessage,
  fromBinary,
  isFieldSet,
  type MessageInitShape,
  type MessageShape,
  toBinary,
  toJson,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';
import { encodeFrame } from './frames.ts';
import * as pb from './gen/warden_pb.ts';

const T = pb.Message_Type;

/** Every command by name: its number and the two messages that share it (reference 5.1). */
export const COMMANDS = {
  Create: { type: T.Create, request: pb.CreateRequestSchema, response: pb.CreateResponseSchema },
  Stop: { type: T.Stop, request: pb.StopRequestSchema, response: pb.StopResponseSchema },
  Destroy: { type: T.Destroy, request: pb.DestroyRequestSchema, response: pb.DestroyResponseSchema },
  Info: { type: T.Info, request: pb.InfoRequestSchema, response: pb.InfoResponseSchema },
  Spawn: { type: T.Spawn, request: pb.SpawnRequestSchema, response: pb.SpawnResponseSchema },
  Link: { type: T.Link, request: pb.LinkRequestSchema, response: pb.LinkResponseSchema },
  Run: { type: T.Run, request: pb.RunRequestSchema, response: pb.RunResponseSchema },
  Stream: { type: T.Stream, request: pb.StreamRequestSchema, response: pb.StreamResponseSchema },
  NetIn: { type: T.NetIn, request: pb.NetInRequestSchema, response: pb.NetInResponseSchema },
  NetOut: { type: T.NetOut, request: pb.NetOutRequestSchema, response: pb.NetOutResponseSchema },
  CopyIn: { type: T.CopyIn, request: pb.CopyInRequestSchema, response: pb.CopyInResponseSchema },
  CopyOut: { type: T.CopyOut, request: pb.CopyOutRequestSchema, response: pb.CopyOutResponseSchema },
  LimitMemory: { type: T.LimitMemory, request: pb.LimitMemoryRequestSchema, response: pb.LimitMemoryResponseSchema },
  LimitDisk: { type: T.LimitDisk, request: pb.LimitDiskRequestSchema, response: pb.LimitDiskResponseSchema },
  LimitBandwidth: {
    type: T.LimitBandwidth,
    request: pb.LimitBandwidthRequestSchema,
    response: pb.LimitBandwidthResponseSchema,
  },
  LimitCpu: { type: T.LimitCpu, request: pb.LimitCpuRequestSchema, response: pb.LimitCpuResponseSchema },
  Ping: { type: T.Ping, request: pb.PingRequestSchema, response: pb.PingResponseSchema },
  List: { type: T.List, request: pb.ListRequestSchema, response: pb.ListResponseSchema },
  Echo: { type: T.Echo, request: pb.EchoRequestSchema, response: pb.EchoResponseSchema },
} as const satisfies Record<string, { type: pb.Message_Type; request: DescMessage; response: DescMessage }>;

export type Command = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS).filter(isCommand);

/** What a caller writes, what a handler reads, what a handler answers, what a caller gets. */
export type RequestInit<C extends Command> = MessageInitShape<(typeof COMMANDS)[C]['request']>;
export type Request<C extends Command> = MessageShape<(typeof COMMANDS)[C]['request']>;
export type ResponseInit<C extends Command> = MessageInitShape<(typeof COMMANDS)[C]['response']>;
export type Response<C extends Command> = MessageShape<(typeof COMMANDS)[C]['response']>;

/** The server's own text (`unknown handle`), as an ErrorResponse carries it. */
export class WardenError extends Error {}

export interface Decoded<M> {
  command: Command;
  message: M;
  /** For the journal: the message as plain JSON, bytes as hex. */
  json: unknown;
}

export function isCommand(name: string): name is Command {
  return Object.hasOwn(COMMANDS, name);
}

export function encodeRequest<C extends Command>(command: C, init: RequestInit<C>): { frame: Buffer; json: unknown } {
  return encode(COMMANDS[command].type, COMMANDS[command].request, init as MessageInitShape<DescMessage>);
}

export function encodeResponse<C extends Command>(command: C, init: ResponseInit<C>): { frame: Buffer; json: unknown } {
  return encode(COMMANDS[command].type, COMMANDS[command].response, init as MessageInitShape<DescMessage>);
}

export function encodeError(message: string): { frame: Buffer; json: unknown } {
  return encode(T.Error, pb.ErrorResponseSchema, { message } as MessageInitShape<DescMessage>);
}

/** Reads a request's payload. Throws where it is not one: the connection has to be closed (reference 5.1). */
export function decodeRequest(payload: Uint8Array): Decoded<MessageShape<DescMessage>> {
  const outer = whole(pb.MessageSchema, fromBinary(pb.MessageSchema, payload));
  const command = T[outer.type];
  if (command === undefined || !isCommand(command))
    throw new Error(`[warden] could not read request: type ${outer.type}`);
  const schema = COMMANDS[command].request;
  const message = whole<DescMessage>(schema, fromBinary<DescMessage>(schema, outer.payload));
  return { command, message, json: plain(schema, message) };
}

/** Reads an answer to `command`. An ErrorResponse comes back as `error`. */
export function decodeResponse<C extends Command>(
  command: C,
  payload: Uint8Array,
): { name: string; json: unknown; message: Response<C> } | { name: string; json: unknown; error: WardenError } {
  const outer = fromBinary(pb.MessageSchema, payload);
  if (outer.type === T.Error) {
    const message = fromBinary(pb.ErrorResponseSchema, outer.payload);
    const json = plain(pb.ErrorResponseSchema, message);
    return { name: 'ErrorResponse', json, error: new WardenError(message.message || 'error without a message') };
  }
  if (outer.type !== COMMANDS[command].type) {
    throw new Error(`[warden] could not read answer to ${command}: it has type ${outer.type}`);
  }
  const schema: DescMessage = COMMANDS[command].response;
  const message = fromBinary(schema, outer.payload) as Response<C>;
  return { name: `${command}Response`, json: plain(schema, message), message };
}

/** Proto2's required fields, which the library does not insist on when it reads; an unknown enum value counts as missing. */
function whole<S extends DescMessage>(schema: S, message: MessageShape<S>): MessageShape<S> {
  for (const field of schema.fields) {
    const there = isFieldSet(message, field);
    if (!there && field.presence === FeatureSet_FieldPresence.LEGACY_REQUIRED) {
      throw new Error(`[warden] could not read ${schema.name}: ${field.name} is missing`);
    }
    if (!there || !field.message) continue;
    const value: unknown = Reflect.get(message, field.localName);
    for (const inner of Array.isArray(value) ? value : [value]) whole<DescMessage>(field.message, inner);
  }
  return message;
}

function encode(type: pb.Message_Type, schema: DescMessage, init: MessageInitShape<DescMessage>) {
  const message = create(schema, init);
  const inner = toBinary(schema, message);
  const outer = toBinary(pb.MessageSchema, create(pb.MessageSchema, { type, payload: inner }));
  return { frame: encodeFrame(outer), json: plain(schema, message) };
}

function plain(schema: DescMessage, message: MessageShape<DescMessage>): unknown {
  return brief(toJson(schema, message, { useProtoFieldName: true }));
}

/** Long texts (output, scripts) only by length and head: the bytes themselves are no fact for a picture. */
function brief(json: unknown): unknown {
  if (typeof json === 'string') return json.length > 4096 ? { chars: json.length, head: json.slice(0, 512) } : json;
  if (Array.isArray(json)) return json.map(brief);
  if (json === null || typeof json !== 'object') return json;
  return Object.fromEntries(Object.entries(json).map(([k, v]) => [k, brief(v)]));
}

/** At most 4 KiB of a frame, as the journal keeps it. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096)).toString('hex');
}
