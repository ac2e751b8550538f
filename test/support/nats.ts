// Everything that goes over a lab's bus, read from the wire by a client of bare sockets: a witness beside the journal.
import { readFileSync } from 'node:fs';
import { rawClient } from '../bus/raw-client.ts';
import type { RunningLab } from './lab.ts';

export interface Heard {
  subject: string;
  /** The payload, if it was JSON. */
  json: Record<string, unknown>;
}

export interface Eavesdropper {
  /** What was heard so far, in the broker's order. */
  heard(): Heard[];
  /** What was heard on subjects that match, of one app if a guid is given. */
  on(subject: RegExp, app?: string): Heard[];
  /** Resolves when everything has been heard that the broker had before. */
  settled(): Promise<void>;
  /** Forgets what was heard so far. */
  forget(): void;
  close(): void;
}

/** Subscribes to everything, with the credentials that main gave to control. */
export async function eavesdrop(lab: RunningLab): Promise<Eavesdropper> {
  const environ = readFileSync(`/proc/${lab.pid('control')}/environ`, 'utf8');
  const told = /WARDENSCOPE_PROCESS=([^\0]*)/.exec(environ)?.[1] ?? '';
  const { nats, natsUser, natsPassword }: { nats: string; natsUser: string; natsPassword: string } = JSON.parse(told);
  const hello = { verbose: false, pedantic: false, user: natsUser, pass: natsPassword };
  const client = await rawClient(Number(new URL(nats).port), hello);
  client.send('SUB > 1\r\nPING\r\n');
  await client.pongs(2);
  let from = 0;
  let pings = 2;
  const heard = () => messagesIn(client.text()).slice(from);
  return {
    heard,
    on: (subject, app) =>
      heard().filter((m) => subject.test(m.subject) && (!app || JSON.stringify(m.json).includes(app))),
    settled: async () => {
      client.send('PING\r\n');
      pings += 1;
      await client.pongs(pings);
    },
    forget: () => {
      from = messagesIn(client.text()).length;
    },
    close: () => client.socket.destroy(),
  };
}

/** `MSG <subject> <sid> [reply] <bytes>\r\n<payload>\r\n`; the client's text is one character for each byte. */
function messagesIn(text: string): Heard[] {
  const all: Heard[] = [];
  const head = /MSG (\S+) \S+(?: \S+)? (\d+)\r\n/y;
  for (let at = text.indexOf('MSG '); at >= 0; at = text.indexOf('MSG ', at)) {
    head.lastIndex = at;
    const [line = '', subject = '', bytes = ''] = head.exec(text) ?? [];
    const payload = text.slice(at + line.length, at + line.length + Number(bytes));
    if (line === '' || payload.length < Number(bytes)) break;
    all.push({ subject, json: parsed(payload) });
    at += line.length + payload.length;
  }
  return all;
}

function parsed(payload: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
