// App output as log entries: real sockets, a stand-in for wshd that speaks its frames.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAppLog, lineSplitter } from '../../server/dea/app-log.ts';
import { createJobOutput } from '../../server/dea/job-output.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import { until } from '../support/cf.ts';

const SOURCE = { source: 'App', index: '0', app: 'a', actor: 'instance:1' };
const OUT = 102;
const ERR = 103;
const EXIT = 104;

let run: string;
let lab: MemoryLab;
let server: Server;
let clients: Socket[];
let asked: { job: number; flags: number; from: bigint[] }[];

beforeEach(async () => {
  run = mkdtempSync(join(tmpdir(), 'dea-out-'));
  lab = memoryLab('dea/0', 'real');
  clients = [];
  asked = [];
  server = createServer((socket) => {
    clients.push(socket);
    socket.on('error', () => undefined);
    socket.on('data', (d) =>
      asked.push({
        job: d.readUInt32LE(8),
        flags: d.readUInt16LE(6),
        from: [d.readBigUInt64LE(12), d.readBigUInt64LE(20)],
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(join(run, '17k.sock'), resolve));
});
afterEach(async () => {
  for (const c of clients) c.destroy();
  await new Promise((resolve) => server.close(resolve));
  await lab.close();
  rmSync(run, { recursive: true, force: true });
});

const follow = () =>
  createJobOutput(lab, createAppLog(lab), run).follow({
    containerPath: '/depot/17k',
    jobId: 5,
    source: SOURCE,
    cause: () => null,
  });

function frame(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt16LE(type, 4);
  head.writeUInt32LE(5, 8);
  return Buffer.concat([head, payload]);
}
function output(type: number, at: number, text: string): Buffer {
  const position = Buffer.alloc(8);
  position.writeBigUInt64LE(BigInt(at));
  return frame(type, Buffer.concat([position, Buffer.from(text)]));
}
const logs = () => lab.bodies().flatMap((b) => (b.type === 'log' ? [`${b.stream} ${b.text}`] : []));

describe('the output of a job', () => {
  it('is asked for without holding the writer back, from the oldest byte that is kept', async () => {
    const stop = follow();
    await until('the request', () => asked[0]);
    expect(asked[0]).toEqual({ job: 5, flags: 0, from: [0n, 0n] });
    stop();
  });

  it('becomes one entry a line, whatever pieces it comes in, also its last line without an end', async () => {
    const stop = follow();
    await until('the request', () => asked[0]);
    const all = Buffer.concat([
      output(OUT, 0, 'one\ntw'),
      output(ERR, 0, 'oops\n'),
      output(OUT, 6, 'o\nthree'),
      frame(EXIT, Buffer.from([0, 0, 0, 0])),
    ]);
    for (const byte of all) clients[0]?.write(Buffer.from([byte]));
    await until('the last line', () => logs().includes('out three'));
    expect(logs()).toEqual(['out one', 'err oops', 'out two', 'out three']);
    expect(lab.bodies()[0]).toMatchObject({ type: 'log', ...SOURCE });
    stop();
  });

  it('goes on after a broken connection where it was, and says what it lost', async () => {
    const stop = follow();
    await until('the request', () => asked[0]);
    clients[0]?.write(output(OUT, 0, 'one\n'));
    await until('a line', () => logs().length === 1);
    clients[0]?.destroy();
    await until('a second request', () => asked[1]);
    expect(asked[1]?.from).toEqual([4n, 0n]);
    clients[1]?.write(output(OUT, 70_000, 'late\n'));
    await until('the late line', () => logs().includes('out late'));
    expect(logs()[1]).toMatch(/69996 bytes/);
    stop();
  });
});

describe('a stream of bytes', () => {
  it('becomes lines whose characters are whole, though they arrive in two pieces', () => {
    const lines: string[] = [];
    const split = lineSplitter((text) => lines.push(text));
    const bytes = Buffer.from('日本\r\n');
    split.push(bytes.subarray(0, 4));
    split.push(bytes.subarray(4));
    expect(lines).toEqual(['日本']);
  });
});
