// The frames of wshd.sock (wshd/proto.h): a head of 12 bytes, then the payload. Knows no job and no socket.

export const TO = { spawn: 1, stdin: 2, attach: 3, signal: 4, resize: 5, forget: 6, gates: 7, list: 8 } as const;
export const FROM = {
  hello: 100,
  spawned: 101,
  out: 102,
  err: 103,
  exit: 104,
  step: 105,
  error: 106,
  known: 107,
  listed: 108,
  taken: 109,
} as const;
export const LOSSLESS = 1;
export const VERSION = 3;
const HEAD = 12;
const LONGEST = 1 << 20;

export interface Frame {
  type: number;
  job: number;
  payload: Buffer;
}

export function encode(type: number, job: number, payload: Buffer = Buffer.alloc(0), flags = 0): Buffer {
  const head = Buffer.allocUnsafe(HEAD);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt16LE(flags, 6);
  head.writeUInt32LE(job, 8);
  return Buffer.concat([head, payload]);
}

/** Takes bytes as they come and calls `onFrame` for each whole frame. Throws when no frame can come of them. */
export function createDecoder(onFrame: (frame: Frame) => void): (bytes: Buffer) => void {
  let kept: Buffer[] = [];
  let size = 0;
  let need = HEAD;
  return (bytes) => {
    kept.push(bytes);
    size += bytes.length;
    if (size < need) return;
    let all = kept.length === 1 ? bytes : Buffer.concat(kept);
    for (;;) {
      const length = all.length >= HEAD ? all.readUInt32LE(0) : 0;
      if (length > LONGEST) throw new Error(`[wshd] could not read a frame: it claims ${length} bytes`);
      need = HEAD + length;
      if (all.length < need) break;
      onFrame({ type: all.readUInt16LE(4), job: all.readUInt32LE(8), payload: all.subarray(HEAD, need) });
      all = all.subarray(need);
    }
    kept = all.length > 0 ? [all] : [];
    size = all.length;
  };
}

/** A job that wshd remembers. */
export interface KnownJob {
  job: number;
  /** Inside; 0 once it has ended. */
  pid: number;
  exited: boolean;
  status: number;
  /** Bytes of stdout so far. */
  out: number;
}

/** What KNOWN says of one job. */
export function readKnown({ job, payload }: Frame): KnownJob {
  const [pid = 0, status = 0, out = 0] = [0, 8, 16].map((at) => Number(payload.readBigUInt64LE(at)));
  return { job, pid, exited: pid === 0, status, out };
}

/** SPAWN's texts, each with its NUL. Throws where a text has a NUL of its own. */
export function spawnPayload(job: number, texts: string[]): Buffer {
  if (texts.some((t) => t.includes('\0')))
    throw new Error(`[wshd] could not spawn job ${job}: an argument has a NUL byte`);
  return Buffer.from(`${texts.join('\0')}\0`);
}

/** What a frame of output carries: the position of its first byte in the job's stream, and the bytes. */
export function outputIn(payload: Buffer): { at: bigint; bytes: Buffer } {
  return { at: payload.readBigUInt64LE(0), bytes: payload.subarray(8) };
}

/** A terminal's size as the kernel's struct winsize. */
export function windowSize(cols: number, rows: number): Buffer {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows, 0);
  size.writeUInt16LE(cols, 2);
  return size;
}

export const u32 = (n: number): Buffer => Buffer.from(Uint32Array.of(n).buffer);
export const u64s = (...n: bigint[]): Buffer => Buffer.from(BigUint64Array.from(n).buffer);
