// Zip archives for uploads, honest and hostile: every byte of names, sizes and modes is the caller's choice.
import { crc32, deflateRawSync } from 'node:zlib';

export interface Member {
  name: string;
  data?: string | Buffer;
  /** Whole Unix mode with its type bits, such as 0o120777 for a link. */
  mode?: number;
  /** What the headers claim, when it is not the truth. */
  claimedSize?: number;
}

export function zipOf(members: Member[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data = '', mode = 0o100644, claimedSize } of members) {
    const raw = Buffer.from(data);
    const packed = deflateRawSync(raw);
    const sizes = { crc: crc32(raw), packed: packed.length, size: claimedSize ?? raw.length };
    const local = Buffer.concat([header(0x04034b50, 30, 4, sizes, name), Buffer.from(name), packed]);
    const entry = header(0x02014b50, 46, 6, sizes, name);
    entry.writeUInt16LE(0x0314, 4);
    entry.writeUInt32LE((mode << 16) >>> 0, 38);
    entry.writeUInt32LE(offset, 42);
    directory.push(Buffer.concat([entry, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(members.length, 8);
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}

function header(
  signature: number,
  length: number,
  at: number,
  sizes: { crc: number; packed: number; size: number },
  name: string,
): Buffer {
  const b = Buffer.alloc(length);
  b.writeUInt32LE(signature, 0);
  b.writeUInt16LE(20, at);
  b.writeUInt16LE(0x0800, at + 2);
  b.writeUInt16LE(8, at + 4);
  b.writeUInt32LE(sizes.crc, at + 10);
  b.writeUInt32LE(sizes.packed, at + 14);
  b.writeUInt32LE(sizes.size, at + 18);
  b.writeUInt16LE(Buffer.byteLength(name), at + 22);
  return b;
}
