// A client of the Warden protocol for processes of ours: one connection, requests answered in order, every frame in the
// journal at both ends. Works with an original server too; it then simply finds no second witness.
import { connect, type Socket } from 'node:net';
import type { Lab, Trail } from '../../lab/types.ts';
import { edgeKey, labelEcho, uniqueLabel } from './edge.ts';
import { FRAME_LIMIT, Frames } from './frames.ts';
import { type Command, decodeResponse, encodeRequest, hexOf, type RequestInit, type Response } from './messages.ts';

/** The connection itself failed: nobody knows whether the request was done. DEA retries Link, CopyOut and Destroy on it. */
export class WardenConnectionError extends Error {}

export interface WardenOptions {
  socket: string;
  lab: Lab;
  /** What this connection is for (`dea/0:app:3f2c`); made unique before it goes out as the first Echo. */
  label: string;
  from: string;
  to: string;
}

export interface WardenConnection {
  readonly label: string;
  readonly closed: boolean;
  /**
   * Sends one request; answers come in the order of the requests.
   * Throws WardenError with the server's text, or WardenConnectionError when the connection went away.
   */
  request<C extends Exclude<Command, 'Stream'>>(
    command: C,
    message: RequestInit<C>,
    trail: Trail,
  ): Promise<Response<C>>;
  /** Streams a job's output to its end and returns the last answer, which has `exitStatus` and `info`. */
  stream(
    handle: string,
    jobId: number,
    trail: Trail,
    onChunk: (name: 'stdout' | 'stderr', data: string, trail: Trail) => void,
  ): Promise<Response<'Stream'>>;
  onClose(listener: () => void): void;
  close(): void;
}

/** One request that waits. `done` says whether this answer was its last. */
interface Waiting {
  command: Command;
  trail: Trail;
  hidden: boolean;
  answer(payload: Buffer): boolean;
  fail(error: Error): void;
}

/** Connects and introduces itself. Rejects with WardenConnectionError when nobody listens. */
export async function connectWarden(options: WardenOptions): Promise<WardenConnection> {
  const { lab, from, to } = options;
  const label = uniqueLabel(options.label);
  const socket = await open(options.socket);
  const frames = new Frames(FRAME_LIMIT);
  const waiting: Waiting[] = [];
  const listeners: (() => void)[] = [];
  let ups = 0;
  let downs = 0;
  let closed = false;

  const end = (cause: string) => {
    if (closed) return;
    closed = true;
    socket.destroy();
    const error = new WardenConnectionError(`[warden client] lost the connection to ${options.socket}: ${cause}`);
    for (const w of waiting.splice(0)) w.fail(error);
    for (const listener of listeners) listener();
  };
  socket.on('error', (e) => end(e.message));
  socket.on('close', () => end('closed'));
  socket.on('data', (bytes) => {
    try {
      for (const payload of frames.push(bytes)) {
        const first = waiting[0];
        if (!first) throw new Error('an answer to nothing');
        if (first.answer(payload)) waiting.shift();
      }
    } catch (e) {
      end(e instanceof Error ? e.message : String(e));
    }
  });

  function received(waits: Waiting, name: string, json: unknown, payload: Buffer): void {
    if (waits.hidden) return;
    downs += 1;
    waits.trail.cause = lab.rec.record(
      {
        type: 'message',
        actor: from,
        phase: 'received',
        transport: 'warden',
        from: to,
        to: from,
        name,
        payload: json,
        hex: hexOf(payload),
        ...background(waits.command),
      },
      waits.trail.cause,
      { key: edgeKey(label, 'down', downs), expect: true },
    );
  }

  function send<C extends Command>(
    command: C,
    message: RequestInit<C>,
    trail: Trail,
    hidden: boolean,
    onAnswer: (r: Response<C>) => boolean,
  ): Promise<Response<C>> {
    if (closed) return Promise.reject(new WardenConnectionError('[warden client] the connection is closed'));
    const { frame, json } = encodeRequest(command, message);
    if (!hidden) {
      ups += 1;
      trail.cause = lab.rec.record(
        {
          type: 'message',
          actor: from,
          phase: 'sent',
          transport: 'warden',
          from,
          to,
          name: `${command}Request`,
          payload: json,
          hex: hexOf(frame),
          ...background(command),
        },
        trail.cause,
        { key: edgeKey(label, 'up', ups) },
      );
    }
    return new Promise((resolve, reject) => {
      const waits: Waiting = {
        command,
        trail,
        hidden,
        fail: reject,
        answer: (payload) => {
          const read = decodeResponse(command, payload);
          received(waits, read.name, read.json, payload);
          if ('error' in read) {
            reject(read.error);
            return true;
          }
          const last = onAnswer(read.message);
          if (last) resolve(read.message);
          return last;
        },
      };
      waiting.push(waits);
      socket.write(frame);
    });
  }

  await send('Echo', { message: labelEcho(label) }, { cause: null }, true, () => true);
  return {
    label,
    get closed() {
      return closed;
    },
    request: (command, message, trail) => send(command, message, trail, false, () => true),
    stream: (handle, jobId, trail, onChunk) =>
      send('Stream', { handle, jobId }, trail, false, (r) => {
        if (r.name === 'stdout' || r.name === 'stderr') {
          onChunk(r.name, r.data, trail);
          return false;
        }
        return true;
      }),
    onClose: (listener) => void (closed ? listener() : listeners.push(listener)),
    close: () => end('closed by us'),
  };
}

/** Requests that only look: periodic in practice, so that a pause never stops at one. */
export function background(command: Command): { background?: true } {
  return command === 'Ping' || command === 'List' || command === 'Info' ? { background: true } : {};
}

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    const failed = (e: Error) =>
      reject(new WardenConnectionError(`[warden client] could not connect to ${path}: ${e.message}`, { cause: e }));
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      resolve(socket);
    });
  });
}
