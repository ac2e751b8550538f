// A router with a real broker and real HTTP backends on loopback, for tests: what a DEA would register, registered here.
import { createServer, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Broker, type Bus, connectBus, startBroker } from '../../server/bus/index.ts';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import { createFrontDoor, type FrontDoor } from '../../server/router/index.ts';

export interface RouterLab {
  lab: MemoryLab;
  bus: Bus;
  broker: Broker;
  door: FrontDoor;
  accesses: { uri: string; status: number }[];
  backend(handle: RequestListener): Promise<{ port: number; server: Server }>;
  /** Registers and waits until the table has it. */
  register(uri: string, port: number, more?: object): Promise<void>;
  close(): Promise<void>;
}

export async function routerLab(): Promise<RouterLab> {
  const lab = memoryLab('control');
  const broker = await startBroker({ lab });
  const bus = await connectBus({ url: broker.url, lab, proc: 'control', name: 'control' });
  const accesses: { uri: string; status: number }[] = [];
  const door = await createFrontDoor({
    lab,
    bus,
    listen: '127.0.0.1',
    port: 0,
    domain: 'localhost',
    api: (req, res) => res.end(`api ${req.url}`),
    upgrade: (_req, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\nlab'),
    onAccess: (access) => accesses.push(access),
  });
  const servers: Server[] = [];
  return {
    lab,
    bus,
    broker,
    door,
    accesses,
    async backend(handle) {
      const server = createServer(handle);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return { port: (server.address() as AddressInfo).port, server };
    },
    async register(uri, port, more = {}) {
      bus.publish('router.register', { host: '127.0.0.1', port, uris: [uri], app: 'a1', dea: '0-x', ...more }, null);
      await until(() => door.status().routes.some((r) => r.uri === uri && r.address === `127.0.0.1:${port}`));
    },
    async close() {
      await door.close();
      await bus.close();
      await broker.close();
      for (const server of servers) server.closeAllConnections();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      await lab.close();
    },
  };
}

/** Looks again every few milliseconds, for a minute at most. */
export async function until(ready: () => boolean): Promise<void> {
  const end = performance.now() + 60_000;
  while (!ready()) {
    if (performance.now() > end) throw new Error(`waited too long for ${ready}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** One request through the front door, with any Host header. */
export function ask(
  door: FrontDoor,
  host: string,
  path = '/',
  options: { headers?: object; method?: string; body?: string } = {},
) {
  const { headers, method = 'GET', body } = options;
  return new Promise<Answer>((resolve, reject) => {
    const req = request(
      { host: '127.0.0.1', port: door.port, path, method, headers: { host, ...headers }, agent: false },
      (res) => {
        res.setEncoding('utf8');
        let text = '';
        res.on('data', (chunk) => {
          text += chunk;
        });
        res.on('error', reject);
        res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, text }));
      },
    );
    req.on('error', reject);
    req.end(body);
  });
}
