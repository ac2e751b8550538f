// Writes a zip archive of a folder's files. The same files always give the same bytes, so that an unchanged push keeps
// its package hash. No encryption, no zip64: a package is limited to 1 GiB long before that matters.
import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { crc32, createDeflateRaw } from 'node:zlib';

export interface ZipMember {
  /** Relative path with `/`. */
  path: string;
  /** Unix permission bits. */
  mode: number;
}

/** 1980-01-01, the earliest that the format knows: times are left out so that equal files give equal archives. */
const DOS_DATE = 0x0021;
const UTF8_AND_DESCRIPTOR = 0x0808;
const DEFLATE = 8;
const MADE_BY_UNIX = 0x0314;

/** Packs `members` of `root`, in the order of their names, into a new file `archive`. Returns its size in bytes. */
export async function zipFolder(root: string, members: readonly ZipMember[], archive: string): Promise<number> {
  const out = createWriteStream(archive);
  const failed = new Promise<never>((_, reject) => out.on('error', reject));
  failed.catch(() => undefined);
  let offset = 0;
  const write = async (bytes: Buffer) => {
    offset += bytes.length;
    if (!out.write(bytes))
      await Promise.race([new Promise<void>((resolve) => out.once('drain', () => resolve())), failed]);
  };
  try {
    const directory: Buffer[] = [];
    for (const member of [...members].sort((a, b) => (a.path < b.path ? -1 : 1))) {
      const at = offset;
      const name = Buffer.from(member.path);
      await write(Buffer.concat([fields(LOCAL, [0, 0, 0, name.length]), name]));
      const { crc, packed, size } = await deflate(join(root, member.path), write);
      await write(uint32(0x08074b50, crc, packed, size));
      directory.push(central(member, name, crc, packed, size, at));
    }
    const start = offset;
    for (const entry of directory) await write(entry);
    await write(end(directory.length, offset - start, start));
    await Promise.race([new Promise<void>((resolve) => out.end(() => resolve())), failed]);
    return offset;
  } finally {
    out.destroy();
  }
}

async function deflate(path: string, write: (bytes: Buffer) => Promise<void>) {
  let crc = 0;
  let size = 0;
  let packed = 0;
  const source = createReadStream(path);
  const deflater = createDeflateRaw({ level: 6 });
  source.on('data', (chunk) => {
    crc = crc32(chunk, crc);
    size += chunk.length;
  });
  source.on('error', (error) => deflater.destroy(error));
  source.pipe(deflater);
  for await (const chunk of deflater) {
    packed += chunk.length;
    await write(chunk);
  }
  return { crc, packed, size };
}

const LOCAL = 0x04034b50;

function fields(signature: number, [crc, packed, size, nameLength]: [number, number, number, number]): Buffer {
  const b = Buffer.alloc(30);
  b.writeUInt32LE(signature, 0);
  b.writeUInt16LE(20, 4);
  b.writeUInt16LE(UTF8_AND_DESCRIPTOR, 6);
  b.writeUInt16LE(DEFLATE, 8);
  b.writeUInt16LE(DOS_DATE, 12);
  b.writeUInt32LE(crc, 14);
  b.writeUInt32LE(packed, 18);
  b.writeUInt32LE(size, 22);
  b.writeUInt16LE(nameLength, 26);
  return b;
}

function central(member: ZipMember, name: Buffer, crc: number, packed: number, size: number, at: number): Buffer {
  const b = Buffer.alloc(46);
  b.writeUInt32LE(0x02014b50, 0);
  b.writeUInt16LE(MADE_BY_UNIX, 4);
  b.writeUInt16LE(20, 6);
  b.writeUInt16LE(UTF8_AND_DESCRIPTOR, 8);
  b.writeUInt16LE(DEFLATE, 10);
  b.writeUInt16LE(DOS_DATE, 14);
  b.writeUInt32LE(crc, 16);
  b.writeUInt32LE(packed, 20);
  b.writeUInt32LE(size, 24);
  b.writeUInt16LE(name.length, 28);
  b.writeUInt32LE(((0o100000 | member.mode) << 16) >>> 0, 38);
  b.writeUInt32LE(at, 42);
  return Buffer.concat([b, name]);
}

function end(entries: number, size: number, start: number): Buffer {
  if (entries > 0xffff) throw new Error(`[cc] could not pack the app: ${entries} files, 65535 are allowed`);
  const b = Buffer.alloc(22);
  b.writeUInt32LE(0x06054b50, 0);
  b.writeUInt16LE(entries, 8);
  b.writeUInt16LE(entries, 10);
  b.writeUInt32LE(size, 12);
  b.writeUInt32LE(start, 16);
  return b;
}

function uint32(...values: number[]): Buffer {
  const b = Buffer.alloc(4 * values.length);
  values.forEach((v, i) => {
    b.writeUInt32LE(v >>> 0, 4 * i);
  });
  return b;
}
