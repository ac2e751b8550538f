// The contract suite against the embedded broker and Debian's nats-server, and what only the embedded one promises.
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { connectBus, startBroker } from '../../server/bus/index.ts';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { NATS_SERVER, startNatsServer } from '../support/nats-server.ts';
import { PASSWORD, testServer, USER } from './contract.ts';
import { rawClient } from './raw-client.ts';

describe('the embedded broker', () => {
  testServer({
    start: async (port) => {
      const lab = memoryLab('control', 'real');
      const broker = await startBroker({ port, user: USER, password: PASSWORD, lab });
      return {
        port: broker.port,
        stop: async () => {
          await broker.close();
          await lab.close();
        },
      };
    },
  });
});

if (!NATS_SERVER) console.log('skipped: the contract of nats-server, which is not installed (apt install nats-server)');
describe.skipIf(!NATS_SERVER)("Debian's nats-server", () => {
  testServer({ start: (port) => startNatsServer(port, USER, PASSWORD) });
});

describe('what only the embedded broker knows', () => {
  it('names the publication that each delivery passes on, by connection and ordinal', async () => {
    const lab = memoryLab('control', 'real');
    const broker = await startBroker({ lab });
    const make = (name: string) => connectBus({ url: broker.url, lab, proc: name, name });
    const [cc, dea] = [await make('cc'), await make('dea')];
    const seen: unknown[] = [];
    dea.subscribe('other', {}, () => {});
    dea.subscribe('dea.*', {}, (json) => void seen.push(json));
    await dea.flush();
    for (const n of [1, 2, 3]) cc.publish(n === 2 ? 'unheard' : 'dea.stop', n, null);
    await expect.poll(() => seen).toEqual([1, 3]);
    const of = (n: number) => lab.entries().filter((e) => e.body.type === 'message' && e.body.payload === n);
    for (const n of [1, 3]) {
      const [sent, received] = of(n);
      expect(sent!.edge!.key).toMatch(new RegExp(`^nats:${broker.serverId}/\\d+/pub/${n}$`));
      expect(received!.edge).toEqual({ key: expect.stringMatching(/\/sub\/2\/\d$/), expect: true });
      expect(lab.aliases()).toContainEqual({ edge: received!.edge!.key, of: sent!.edge!.key });
    }
    expect(of(2)).toHaveLength(1);
    for (const thing of [cc, dea, broker, lab]) await thing.close();
  });

  it('cuts off a client that never reads, while the others are served', async () => {
    const lab = memoryLab('control', 'real');
    const broker = await startBroker({ lab });
    const deaf = connect(broker.port, '127.0.0.1');
    deaf.on('error', () => {});
    deaf.write('CONNECT {"verbose":false}\r\nSUB flood 1\r\n');
    deaf.pause();
    const sender = await rawClient(broker.port, { verbose: false });
    await expect.poll(() => broker.clients()).toBe(2);
    const message = `PUB flood ${1024 * 1024}\r\n${'x'.repeat(1024 * 1024)}\r\n`;
    for (let i = 0; i < 60 && broker.clients() === 2; i++) {
      sender.send(`${message}PING\r\n`);
      await sender.pongs(i + 2);
    }
    await expect.poll(() => broker.clients()).toBe(1);
    expect(JSON.stringify(lab.bodies())).toContain('Slow Consumer');
    sender.send('SUB ok 1\r\nPUB ok 0\r\n\r\n');
    await sender.until(/MSG ok 1 0/);
    sender.socket.destroy();
    deaf.destroy();
    await broker.close();
    await lab.close();
  });
});
