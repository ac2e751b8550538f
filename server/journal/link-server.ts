// The journal's end of the lab link: takes connections from the socket, from TCP with a token, and from within the
// process, and turns lines into messages. Who a peer is and what its messages mean is the journal's business.
import { timingSafeEqual } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { LinkDown } from '../../machines/lab-link.ts';
import type { Dial } from '../lab/link.ts';

/** A peer that sends more than this without a newline is none of ours; before its first line, much less. */
const LONGEST_LINE = 64 << 20;
const LONGEST_HELLO = 1 << 20;

export interface Connection {
  send(message: LinkDown): void;
  /** Ends the connection; the peer may connect again. */
  drop(): void;
  /** Came over TCP: must show the token. */
  readonly remote: boolean;
}

export interface ConnectionHandlers {
  onLine(line: string): void;
  onClose(): void;
}

export interface LinkServer {
  /** Listens on the socket (mode 0600), and on TCP if asked. @throws when it cannot */
  listen(): Promise<void>;
  /** A way in for the process that the journal lives in: the same lines without a socket. */
  local(): Dial;
  close(): Promise<void>;
}

export interface LinkServerOptions {
  socket: string;
  tcp?: { host: string; port: number };
  accept: (connection: Connection) => ConnectionHandlers;
}

/** A server that does not listen yet. */
export function createLinkServer({ socket, tcp, accept }: LinkServerOptions): LinkServer {
  const servers: Server[] = [];
  const open = new Set<Socket>();

  function serve(peer: Socket, remote: boolean): void {
    open.add(peer);
    peer.setEncoding('utf8');
    peer.setNoDelay(true);
    const handlers = accept({
      send: (message) => void peer.write(`${JSON.stringify(message)}\n`),
      drop: () => peer.destroy(),
      remote,
    });
    let rest = '';
    let longest = LONGEST_HELLO;
    peer.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > longest) peer.destroy();
      if (lines.length > 0) longest = LONGEST_LINE;
      for (const line of lines) if (!peer.destroyed) handlers.onLine(line);
    });
    // The reason does not matter: the peer connects again, and says what it holds.
    peer.on('error', () => {});
    peer.on('close', () => {
      open.delete(peer);
      handlers.onClose();
    });
  }

  function bind(remote: boolean, start: (server: Server) => void): Promise<void> {
    const server = createServer((peer) => serve(peer, remote));
    servers.push(server);
    return new Promise((resolve, reject) => {
      server.once('error', (error) =>
        reject(new Error(`[journal] could not listen for the lab link: ${error.message}`, { cause: error })),
      );
      server.once('listening', resolve);
      start(server);
    });
  }

  return {
    async listen() {
      // What is left there is a dead journal's: the data folder's lock lets one live one in.
      rmSync(socket, { force: true });
      const before = process.umask(0o177);
      try {
        await bind(false, (server) => server.listen(socket));
      } finally {
        process.umask(before);
      }
      chmodSync(socket, 0o600);
      if (tcp) await bind(true, (server) => server.listen(tcp.port, tcp.host));
    },
    local: () => async (wire) => {
      const handlers = accept({
        // Later, as a socket would: a message must not be answered inside the call that sent it.
        send: (message) => queueMicrotask(() => wire.onLine(JSON.stringify(message))),
        drop: () => queueMicrotask(wire.onClose),
        remote: false,
      });
      return {
        send: (text) =>
          queueMicrotask(() => {
            for (const line of text.split('\n')) if (line !== '') handlers.onLine(line);
          }),
        end: () => queueMicrotask(handlers.onClose),
      };
    },
    async close() {
      for (const peer of open) peer.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

/** Compares two tokens in a time that does not depend on where they differ. */
export function sameToken(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
