// One client's connection: frames in, requests one after the other, answers out; every frame of a labelled connection is an
// entry that its client's entry can find (warden: server.rb ClientConnection).
import type { Socket } from 'node:net';
import type { EdgeKey, GatePoint } from '../../machines/journal.ts';
import type { Cause, Trail } from '../lab/types.ts';
import { background } from './protocol/client.ts';
import { edgeKey, labelOf } from './protocol/edge.ts';
import { Frames } from './protocol/frames.ts';
import {
  type Command,
  decodeRequest,
  encodeError,
  encodeResponse,
  hexOf,
  type Request,
  type ResponseInit,
} from './protocol/messages.ts';
import type { Call } from './requests/handler.ts';
import { HANDLERS } from './requests/index.ts';
import type { Container, Warden } from './warden.ts';

export interface Connection {
  /** True while a request other than Stream, Link or Run is being done: a drain lets it finish. */
  readonly busy: boolean;
  close(): void;
}

export interface ConnectionOptions {
  warden: Warden;
  socket: Socket;
  /** Ties the connection to a container for its grace time. */
  touch: (c: Container) => void;
  onClose: () => void;
  /** Called after each request; true asks the connection to close. */
  isDraining: () => boolean;
}

const WAITING: readonly Command[] = ['Stream', 'Link', 'Run'];

export function serveConnection({ warden, socket, touch, onClose, isDraining }: ConnectionOptions): Connection {
  const frames = new Frames();
  const queue: { payload: Buffer; decoded: ReturnType<typeof decodeRequest> }[] = [];
  const wire = recorder(warden);
  let working: Command | undefined;
  let closed = false;

  const close = () => {
    if (closed) return;
    closed = true;
    socket.destroy();
    onClose();
  };
  socket.on('error', close);
  socket.on('close', close);
  socket.on('data', (bytes) => {
    try {
      for (const payload of frames.push(bytes)) queue.push({ payload, decoded: decodeRequest(payload) });
      void work();
    } catch (e) {
      const text = e instanceof Error ? e.message : String(e);
      warden.lab.rec.record({ type: 'note', actor: warden.actor, text: `closes a connection: ${text}` }, null);
      close();
    }
  });

  async function work(): Promise<void> {
    while (working === undefined && !closed) {
      const next = queue.shift();
      if (!next) return;
      working = next.decoded.command;
      await answer(next.decoded, next.payload);
      working = undefined;
      if (isDraining()) socket.end(close);
    }
  }

  async function answer(decoded: ReturnType<typeof decodeRequest>, payload: Buffer): Promise<void> {
    const { command, message, json } = decoded;
    const echo = command === 'Echo' ? (message as Request<'Echo'>).message : '';
    if (wire.introduces(echo)) return void send(encodeResponse('Echo', { message: echo }).frame);
    const handle = json !== null && typeof json === 'object' && 'handle' in json ? String(json.handle) : undefined;
    const edge = wire.nextUp();
    const point: GatePoint = {
      kind: 'delivery',
      proc: warden.lab.proc,
      actor: warden.actor,
      name: `${command}Request`,
      transport: 'warden',
      handle,
      ...background(command),
    };
    const opened = warden.lab.gates.closes(point) ? await warden.lab.gates.pass(point, null, edge) : null;
    const fault = warden.lab.gates.drops(point, opened, opened === null ? edge : undefined);
    if (fault) {
      wire.dropped(command, json, fault);
      // A stream loses nothing but itself.
      return close();
    }
    const trail: Trail = { cause: wire.received(command, json, payload, opened, edge) };
    try {
      const last = await dispatch(command, message, trail);
      reply(command, last, trail);
    } catch (e) {
      const { frame, json: said } = encodeError(e instanceof Error ? e.message : String(e));
      wire.sent('ErrorResponse', command, said, frame, trail);
      send(frame);
    }
  }

  function dispatch<C extends Command>(command: C, message: unknown, trail: Trail): Promise<ResponseInit<C>> {
    const call: Call<C> = {
      warden,
      request: message as Request<C>,
      trail,
      touch,
      chunk: (response) => reply(command, response, { ...trail }),
    };
    return HANDLERS[command](call);
  }

  function reply<C extends Command>(command: C, response: ResponseInit<C>, trail: Trail): void {
    const { frame, json } = encodeResponse(command, response);
    wire.sent(`${command}Response`, command, json, frame, trail);
    send(frame);
  }

  function send(frame: Buffer): void {
    if (!closed) socket.write(frame);
  }

  return {
    get busy() {
      return working !== undefined && !WAITING.includes(working);
    },
    close,
  };
}

/** Entries of one connection. A foreign one (no label in its first Echo) has no second witness to wait for. */
function recorder(warden: Warden) {
  const { rec } = warden.lab;
  // The same words as the client's: `dea:0` and `warden:0` at both ends.
  const self = warden.actor;
  let peer = 'client';
  let label: string | undefined;
  let first = true;
  let ups = 0;
  let downs = 0;
  return {
    /** True for the first frame where it is our client's label: not counted, not recorded. */
    introduces(echo: string): boolean {
      const was = first;
      first = false;
      label ??= was ? labelOf(echo) : undefined;
      if (!was || label === undefined) return false;
      // A DEA says which one it is: `dea:0:app`.
      peer = /^dea:\d+/.exec(label)?.[0] ?? (label.split(/[:~]/)[0] || peer);
      return true;
    },
    /** The edge of the request that is next; every frame from the client is one. */
    nextUp(): EdgeKey | undefined {
      ups += 1;
      return label === undefined ? undefined : { key: edgeKey(label, 'up', ups), expect: true };
    },
    /** @param opened the gate it was held at, which has found its `sent` already; null when it came through */
    received(command: Command, json: unknown, payload: Buffer, opened: Cause, edge: EdgeKey | undefined) {
      return rec.record(
        {
          type: 'message',
          actor: warden.actor,
          phase: 'received',
          transport: 'warden',
          from: peer,
          to: self,
          name: `${command}Request`,
          payload: json,
          hex: hexOf(payload),
          ...background(command),
        },
        opened,
        opened === null ? edge : undefined,
      );
    },
    dropped(command: Command, json: unknown, fault: Cause): void {
      const said = { type: 'message', phase: 'dropped', transport: 'warden', actor: warden.actor } as const;
      const name = `${command}Request`;
      rec.record({ ...said, from: peer, to: self, name, payload: json, ...background(command) }, fault);
    },
    sent(name: string, command: Command, json: unknown, frame: Buffer, trail: Trail): void {
      downs += 1;
      trail.cause = rec.record(
        {
          type: 'message',
          actor: warden.actor,
          phase: 'sent',
          transport: 'warden',
          from: self,
          to: peer,
          name,
          payload: json,
          hex: hexOf(frame),
          ...background(command),
        },
        trail.cause,
        label === undefined ? undefined : { key: edgeKey(label, 'down', downs) },
      );
    },
  };
}
