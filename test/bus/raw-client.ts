// A NATS client of bare sockets: what the wire says, read by something that shares no code with the bus.
import { connect, type Socket } from 'node:net';

export interface RawClient {
  socket: Socket;
  send(text: string): void;
  /** Everything received so far. */
  text(): string;
  /** Waits (10 s at most) until what was received matches; returns the whole of it. */
  until(pattern: RegExp): Promise<string>;
  /** Waits for this many PONGs in all: what was sent before the PING of the last has had its effect. */
  pongs(count: number): Promise<string>;
  ended(): Promise<void>;
}

/** Connects and waits for INFO. `hello` is said at once if given. */
export async function rawClient(port: number, hello: object | null): Promise<RawClient> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let over = false;
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of [...watchers]) watcher();
  };
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    changed();
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    over = true;
    changed();
  });
  const wait = (what: string, ready: () => boolean) =>
    new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`waited for ${what}; received: ${text}`)), 60_000);
      const look = () => {
        if (!ready()) return;
        clearTimeout(late);
        watchers.delete(look);
        resolve();
      };
      watchers.add(look);
      look();
    });
  const client: RawClient = {
    socket,
    send: (said) => void socket.write(said),
    text: () => text,
    until: async (pattern) => {
      await wait(String(pattern), () => pattern.test(text));
      return text;
    },
    pongs: async (count) => {
      await wait(`${count} PONGs`, () => text.split('PONG\r\n').length > count);
      return text;
    },
    ended: () => wait('the end of the connection', () => over),
  };
  await client.until(/^INFO .*\r\n/);
  if (hello) {
    client.send(`CONNECT ${JSON.stringify(hello)}\r\nPING\r\n`);
    await client.until(/PONG\r\n/);
  }
  return client;
}
