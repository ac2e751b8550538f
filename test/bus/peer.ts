// One process of the bus test: a broker, a receiver that answers, or a sender that asks, each with a lab link of its own.
// Started by processes.test.ts from a bundle; told what to be on its command line, says what it has done as a message.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectBus, startBroker } from '../../server/bus/index.ts';
import { labRequest, traceServer } from '../../server/lab/http.ts';
import { openLab } from '../../server/lab/lab.ts';

interface Part {
  role: 'broker' | 'receiver' | 'sender';
  proc: string;
  socket: string;
  jitter: number;
  /** The broker's address, for the others. */
  url: string;
  /** Where the receiver serves HTTP, for the sender. */
  http: number;
  messages: number;
}

const part = JSON.parse(process.argv[2] ?? '{}') as Part;
const { role, proc, socket, jitter, url, http, messages } = part;
const lab = await openLab({ proc, role, socket, jitter });
const say = (value: unknown) => process.send?.(value);
const bus = async () => connectBus({ url, lab, proc, name: proc });

if (role === 'broker') {
  const broker = await startBroker({ lab });
  say({ ready: broker.url });
} else if (role === 'receiver') {
  const mine = await bus();
  mine.subscribe('work', {}, (json, { reply, trail }) => reply({ from: proc, of: json }, trail.cause));
  mine.subscribe('noise.*', {}, () => {});
  const trace = traceServer(lab, { who: proc, own: /./ });
  const server = createServer((req, res) => trace(req, res, () => res.end(req.url)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await mine.flush();
  say({ ready: (server.address() as AddressInfo).port });
} else {
  const mine = await bus();
  const ask = async (n: number) => {
    mine.publish(`noise.${n}`, { noise: n }, null);
    const trail = { cause: null };
    const replies = await mine.request('work', { n }, { trail, max: 2, timeoutMs: 60_000 });
    const answer = await labRequest(lab, {
      method: 'GET',
      url: `http://127.0.0.1:${http}/?n=${n}`,
      from: proc,
      to: 'receiver',
      trail,
    });
    await answer.text();
    return replies.length;
  };
  const all: number[] = [];
  // A few at a time: enough to mix them, and a loaded machine still brings each entry in while its other half waits.
  for (let n = 0; n < messages; n += 4) all.push(...(await Promise.all([n, n + 1, n + 2, n + 3].map(ask))));
  say({ ready: all });
}

process.on('message', () => void lab.close().then(() => process.exit(0)));
