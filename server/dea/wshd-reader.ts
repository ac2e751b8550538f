// Reads one job's output from a container's wshd, as the original's logging agent read the job's sockets: a follower that
// is never waited for. It starts nothing, stops nothing and forgets nothing; the frames are those of wshd/proto.h.
import { connect } from 'node:net';
import { createDecoder, encode, FROM, outputIn, TO, u64s } from '../warden/wshd/frames.ts';

export interface OutputReader {
  onOutput(stream: 'out' | 'err', bytes: Buffer): void;
  /** Bytes that were overwritten before they could be read. */
  onLost(stream: 'out' | 'err', bytes: number): void;
  /** All output is in, or wshd does not know the job. */
  onEnd(): void;
  /** The connection broke; `positions` say where to go on. */
  onBroken(positions: Positions): void;
}

export interface Positions {
  out: bigint;
  err: bigint;
}

/** Follows job `job` from `from` on, or from the oldest bytes its 64 KiB rings still have. Answers how to stop. */
export function readJob(socketPath: string, job: number, from: Positions, reader: OutputReader): () => void {
  const positions = { ...from };
  const socket = connect(socketPath);
  let ended = false;
  const end = (tell: () => void) => {
    if (ended) return;
    ended = true;
    socket.destroy();
    tell();
  };
  const take = (stream: 'out' | 'err', payload: Buffer) => {
    const { at, bytes } = outputIn(payload);
    if (at > positions[stream]) reader.onLost(stream, Number(at - positions[stream]));
    positions[stream] = at + BigInt(bytes.length);
    reader.onOutput(stream, bytes);
  };
  socket.on('connect', () => socket.write(encode(TO.attach, job, u64s(from.out, from.err))));
  const decode = createDecoder(({ type, payload }) => {
    if (type === FROM.out) take('out', payload);
    else if (type === FROM.err) take('err', payload);
    else if (type === FROM.exit || type === FROM.error) end(() => reader.onEnd());
  });
  socket.on('data', decode);
  socket.on('error', () => undefined);
  socket.on('close', () => end(() => reader.onBroken(positions)));
  return () => end(() => undefined);
}
