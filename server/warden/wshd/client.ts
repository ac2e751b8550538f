// One persistent connection to a container's PID 1: starts jobs, carries their streams, tells the lab their steps
// (warden: wsh, iomux-link). What a job means to a client of Warden is not known here.
import { connect } from 'node:net';
import type { Lab, Trail } from '../../lab/types.ts';
import {
  createDecoder,
  encode,
  FROM,
  type Frame,
  type KnownJob,
  LOSSLESS,
  outputIn,
  readKnown,
  spawnPayload,
  TO,
  u32,
  u64s,
  VERSION,
  windowSize,
} from './frames.ts';
import {
  type Followed,
  follow,
  giveUp,
  hostPid,
  type JobListener,
  type JobOptions,
  newJob,
  taken,
  until,
} from './jobs.ts';
import { gateLine } from './steps.ts';

export interface AttachOptions {
  lossless: boolean;
  /** Positions to go on from: bytes of stdout and stderr that are already known. */
  from?: [bigint, bigint];
}

export interface WshdClient {
  /** Resolves with the pid inside once PID 1 has forked; its set-up goes on. Rejects with wshd's words. */
  spawn(options: JobOptions, trail: Trail): Promise<{ pid: number }>;
  /** Up to four clients may be attached to a job, each at its own place. */
  attach(job: number, options: AttachOptions, listener: JobListener): void;
  /** Resolves when the job has taken the bytes. */
  stdin(job: number, bytes: Buffer): Promise<void>;
  endStdin(job: number): Promise<void>;
  signal(job: number, signal: number): void;
  resize(job: number, cols: number, rows: number): void;
  forget(job: number): void;
  list(): Promise<KnownJob[]>;
  onClosed(listener: () => void): void;
  close(): void;
}

const STDIN_PIECE = 64 * 1024;
/** wshd closes the connection of who has sent 1 MiB that was not taken. */
const STDIN_AHEAD = 512 * 1024;

/**
 * Connects to `path` and waits for wshd's greeting. Rejects when nobody listens there, or with another version.
 * `init` is PID 1 by the host's number: with it, steps of jobs carry host pids.
 */
export async function connectWshd(
  lab: Lab,
  { path, handle, init }: { path: string; handle: string; init?: number },
): Promise<WshdClient> {
  const jobs = new Map<number, Followed>();
  const known: KnownJob[] = [];
  const lists: { resolve: (jobs: KnownJob[]) => void; reject: (e: Error) => void }[] = [];
  const closed: (() => void)[] = [];
  const socket = connect({ path });
  let over = false;
  const send = (type: number, job: number, payload?: Buffer, flags?: number) => {
    if (!over) socket.write(encode(type, job, payload, flags));
  };
  const lost = () => new Error(`[wshd] could not reach PID 1 of ${handle}: the connection is closed`);
  const jobOf = (id: number): Followed => {
    const job = jobs.get(id) ?? newJob();
    jobs.set(id, job);
    return job;
  };

  await new Promise<void>((resolve, reject) => {
    const refuse = (why: string) => {
      socket.destroy();
      reject(new Error(`[wshd] could not connect to PID 1 of ${handle}: ${why}`));
    };
    socket.on('error', (error) => refuse(error.message));
    socket.on('close', () => refuse('the connection was closed'));
    const decode = createDecoder((frame) => {
      if (frame.type !== FROM.hello) return take(frame);
      const version = frame.payload.readUInt32LE(0);
      if (version === VERSION) resolve();
      else refuse(`it speaks version ${version} of the protocol`);
    });
    socket.on('data', (bytes) => {
      try {
        decode(bytes);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
  const stopRules = lab.gates.onRules(() => {
    for (const [id, { course }] of jobs) if (course) send(TO.gates, id, Buffer.from(gateLine(course)));
  });
  socket.on('close', () => {
    over = true;
    stopRules();
    for (const job of jobs.values()) giveUp(job, lost());
    jobs.clear();
    for (const l of lists.splice(0)) l.reject(lost());
    for (const listener of closed) listener();
  });

  function take(frame: Frame): void {
    const { type, job: id, payload } = frame;
    const job = jobs.get(id);
    if (type === FROM.known) known.push(readKnown(frame));
    if (type === FROM.listed) lists.shift()?.resolve(known.splice(0));
    if (!job) return;
    if (type === FROM.spawned) {
      const pid = payload.readUInt32LE(0);
      job.hostPid = init === undefined ? pid : hostPid(init, pid);
      job.spawned?.resolve({ pid });
      job.spawned = undefined;
    } else if (type === FROM.out || type === FROM.err) {
      job.listener?.onOutput(type === FROM.out ? 'stdout' : 'stderr', outputIn(payload).bytes);
    } else if (type === FROM.step) {
      job.read?.(payload);
    } else if (type === FROM.taken) {
      taken(job, Number(payload.readBigUInt64LE(0)));
    } else if (type === FROM.exit) {
      const { listener } = job;
      job.listener = undefined;
      job.course = undefined;
      listener?.onExit(payload.readUInt32LE(0));
    } else if (type === FROM.error) {
      // wshd does not know the job (any more), or would not start it.
      if (job.spawned) jobs.delete(id);
      giveUp(job, new Error(`[wshd] could not serve job ${id} of ${handle}: ${payload.toString('utf8')}`));
    }
  }

  return {
    spawn(options, trail) {
      if (over) return Promise.reject(lost());
      const { job: id } = options;
      const job = jobOf(id);
      return new Promise((resolve, reject) => {
        const go = () => send(TO.gates, id, Buffer.from('go\n'));
        const texts = follow(job, options, { lab, handle, trail, go });
        job.spawned = { resolve, reject };
        send(TO.spawn, id, spawnPayload(id, texts));
      });
    },
    attach(id, { lossless, from = [0n, 0n] }, listener) {
      if (over) return listener.onLost();
      jobOf(id).listener = listener;
      send(TO.attach, id, u64s(...from), lossless ? LOSSLESS : 0);
    },
    async stdin(id, bytes) {
      const job = jobOf(id);
      for (let at = 0; at < bytes.length; at += STDIN_PIECE) {
        const piece = bytes.subarray(at, at + STDIN_PIECE);
        if (over) throw lost();
        job.sent += piece.length;
        send(TO.stdin, id, piece);
        if (job.sent - job.taken > STDIN_AHEAD) await until(job, job.sent - STDIN_AHEAD);
      }
      if (bytes.length > 0) await until(job, job.sent);
    },
    async endStdin(id) {
      if (over) throw lost();
      send(TO.stdin, id);
    },
    signal: (id, signal) => send(TO.signal, id, u32(signal)),
    resize: (id, cols, rows) => send(TO.resize, id, windowSize(cols, rows)),
    forget(id) {
      jobs.delete(id);
      send(TO.forget, id);
    },
    list: () =>
      over
        ? Promise.reject(lost())
        : new Promise((resolve, reject) => {
            lists.push({ resolve, reject });
            send(TO.list, 0);
          }),
    onClosed: (listener) => void closed.push(listener),
    close: () => socket.destroy(),
  };
}
