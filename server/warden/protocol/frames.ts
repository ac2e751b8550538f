// Framing of the Warden protocol: decimal length, CRLF, that many bytes, CRLF. Knows nothing of protobuf.

/** Larger than any answer: two streams of the job output limit with room to spare. Bytes. */
export const FRAME_LIMIT = 64 * 1024 * 1024;

/** A peer that does not speak the protocol; the connection has to be closed. */
export class FrameError extends Error {}

const LONGEST_LENGTH = 12;

/** Wraps one payload (warden: protocol/buffer.rb payload_to_wire). */
export function encodeFrame(payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${payload.length}\r\n`), payload, Buffer.from('\r\n')]);
}

/** Cuts a byte stream into payloads, however the bytes arrive. `push` throws FrameError and is of no use afterwards. */
export class Frames {
  private chunks: Buffer[] = [];
  private size = 0;
  private need = 0;

  constructor(private readonly limit = FRAME_LIMIT) {}

  push(bytes: Buffer): Buffer[] {
    this.chunks.push(bytes);
    this.size += bytes.length;
    const out: Buffer[] = [];
    // Joining is put off until a whole frame can be there, so that a large one is not copied once for each chunk.
    while (this.size > 0 && this.size >= this.need) {
      const all = this.chunks.length === 1 ? this.chunks[0]! : Buffer.concat(this.chunks, this.size);
      this.chunks = [all];
      const cut = this.cut(all);
      if (!cut) break;
      out.push(cut.payload);
      this.chunks = cut.rest.length > 0 ? [cut.rest] : [];
      this.size = cut.rest.length;
      this.need = 0;
    }
    return out;
  }

  private cut(all: Buffer): { payload: Buffer; rest: Buffer } | undefined {
    const eol = all.subarray(0, LONGEST_LENGTH + 2).indexOf('\r\n');
    if (eol < 0) {
      if (all.length >= LONGEST_LENGTH + 2) throw new FrameError('[warden] could not read frame: no length');
      this.need = this.size + 1;
      return undefined;
    }
    const text = all.toString('latin1', 0, eol);
    if (!/^\d+$/.test(text)) throw new FrameError('[warden] could not read frame: length is not a number');
    const length = Number(text);
    if (length > this.limit) throw new FrameError(`[warden] could not read frame: ${length} bytes is over the limit`);
    const end = eol + 2 + length;
    if (all.length < end + 2) {
      this.need = end + 2;
      return undefined;
    }
    if (all[end] !== 13 || all[end + 1] !== 10) throw new FrameError('[warden] could not read frame: no end of line');
    return { payload: all.subarray(eol + 2, end), rest: all.subarray(end + 2) };
  }
}
