// A small server for the bench's browser: the built page, packed and counted, and a record that it hands out and streams
// as a lab does. It has no gates and no clock.
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Entry } from '../../machines/journal.ts';
import { eventsOf } from '../../server/debugger/stream.ts';

export interface PageServer {
  url: string;
  /** Bytes of each file that was sent, packed, by name. */
  sent: Map<string, number>;
  /** Streams `entries` from now on, so many a second; resolves when all are sent. */
  stream(entries: readonly Entry[], perSecond: number): Promise<void>;
  close(): void;
}

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
};
/** Milliseconds between two batches of the stream. */
const BATCH_MS = 20;

/** @param page folder of the built page @param before the record that is there from the start */
export async function pageServer(page: string, before: readonly Entry[]): Promise<PageServer> {
  const record = [...before];
  const streams = new Map<ServerResponse, { many: boolean }>();
  const sent = new Map<string, number>();
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '/', 'http://x');
    const json = (value: unknown) => res.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    if (url.pathname === '/lab/state') return json(state(record));
    if (url.pathname === '/lab/journal') {
      const after = Number(url.searchParams.get('after'));
      const limit = Number(url.searchParams.get('limit') ?? 1000);
      return json({ entries: record.slice(after, after + limit), head: record.length });
    }
    if (url.pathname === '/lab/stream') {
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(': the journal\n\n');
      streams.set(res, { many: url.searchParams.has('many') });
      return res.on('close', () => streams.delete(res));
    }
    const name = url.pathname === '/' ? '/index.html' : url.pathname;
    const file = join(page, name);
    if (url.pathname.startsWith('/lab') || !existsSync(file)) return res.writeHead(404).end();
    const body = gzipSync(readFileSync(file));
    sent.set(name, body.length);
    res.writeHead(200, {
      'content-type': TYPES[extname(name)] ?? 'application/octet-stream',
      'content-encoding': 'gzip',
    });
    return res.end(body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    sent,
    stream: (entries, perSecond) =>
      new Promise((done) => {
        const began = performance.now();
        let at = 0;
        const timer = setInterval(() => {
          const due = Math.min(entries.length, Math.floor(((performance.now() - began) / 1000) * perSecond));
          const batch = entries.slice(at, due);
          at = due;
          record.push(...batch);
          for (const [stream, { many }] of streams) stream.write(eventsOf(batch, many));
          if (at < entries.length) return;
          clearInterval(timer);
          done();
        }, BATCH_MS);
      }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function state(record: readonly Entry[]) {
  const last = record.at(-1);
  return {
    ...{ lab: 'bench2', lt: last?.lt ?? 0, running: true, paused: false, pace: 'real' },
    ...{ held: [], breakpoints: [], procs: [], finishing: [], head: last?.seq ?? 0 },
  };
}
