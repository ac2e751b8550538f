// The journal's end of a lab link, moved by a test's hand: welcomes a process, says which gates are closed, hears what is held.
// It keeps no entries.
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type Breakpoint, OPEN } from '../../machines/gates.ts';
import type { GatePoint } from '../../machines/journal.ts';

export interface HandJournal {
  /** Closes these points, and only these, from now on. */
  close(...breakpoints: Omit<Breakpoint, 'id'>[]): void;
  held(): GatePoint[];
  end(): void;
}

export async function handJournal(path: string): Promise<HandJournal> {
  let rules = OPEN;
  let held = new Map<string, GatePoint>();
  const sockets = new Set<Socket>();
  const say = (socket: Socket, message: object) => socket.write(`${JSON.stringify(message)}\n`);
  const mono = () => Number(process.hrtime.bigint()) / 1e6;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    createInterface({ input: socket })
      .on('line', (line) => {
        const message = JSON.parse(line);
        if (message.type === 'hello') {
          held = new Map();
          const clock = { epoch: 1, running: true, lt: message.lt, mono: mono() };
          say(socket, { type: 'welcome', lab: 'zkilla', admitted: message.next - 1, rules, clock });
        }
        if (message.type === 'entries') say(socket, { type: 'ack', n: message.entries.at(-1)?.n ?? 0 });
        if (message.type === 'held') held.set(message.gate.gate, message.gate.point);
        if (message.type === 'opened') held.delete(message.gate);
      })
      .on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    close(...breakpoints) {
      rules = {
        ...OPEN,
        version: rules.version + 1,
        breakpoints: breakpoints.map((b, i) => ({ ...b, id: `b${i}` })),
      };
      for (const socket of sockets) say(socket, { type: 'rules', rules });
    },
    held: () => [...held.values()],
    end() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
