// Broker, sender and two receivers as processes of their own, each with a slow and uneven lab link: whatever order the
// entries come in, each `received` is caused by its own `sent`.
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry, MessageBody } from '../../machines/journal.ts';
import { openSpine, type Spine } from '../../server/debugger/spine.ts';

const MESSAGES = 100;
const dir = mkdtempSync(join(tmpdir(), 'wires-bus-'));
const socket = join(dir, 'lab.sock');
const children: ChildProcess[] = [];
let spine: Spine;
let answers: number[];
let entries: Entry[];
/** Messages whose `sent` was later than the 250 ms that the journal waits: it says so, and names no cause. */
let gaveUp: Set<number | null>;

/** Starts a part and waits for what it says when it is ready. */
function start<T>(part: object): Promise<T> {
  const child = fork(join(dir, 'peer.mjs'), [JSON.stringify({ socket, jitter: 50, messages: MESSAGES, ...part })]);
  children.push(child);
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${JSON.stringify(part)} ended with ${code}`)));
    child.once('message', (said) => resolve((said as { ready: T }).ready));
  });
}

beforeAll(async () => {
  const bundle = await rolldown({ input: join(import.meta.dirname, 'peer.ts'), platform: 'node', logLevel: 'silent' });
  await bundle.write({ file: join(dir, 'peer.mjs'), format: 'esm', codeSplitting: false });
  await bundle.close();
  spine = await openSpine({ proc: 'control', dir, socket, lab: 'wires0' });
  const url = await start<string>({ role: 'broker', proc: 'broker' });
  const http = await start<number>({ role: 'receiver', proc: 'dea/0', url });
  await start<number>({ role: 'receiver', proc: 'dea/1', url });
  answers = await start<number[]>({ role: 'sender', proc: 'cc', url, http });
  const ended = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  for (const child of children) child.send('stop');
  await Promise.all(ended);
  entries = spine.journal.read(0, 100_000);
  gaveUp = new Set(entries.flatMap((e) => (e.type === 'note' && /no sent entry within/.test(e.text) ? [e.cause] : [])));
}, 60_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await spine.close();
  rmSync(dir, { recursive: true, force: true });
});

type Message = Entry & MessageBody;
const messages = (phase: string, name: string) =>
  entries.filter((e): e is Message => e.type === 'message' && e.phase === phase && e.name === name);
const at = (seq: number | null) => entries.find((e) => e.seq === seq) as Message | undefined;

describe('the bus between processes with slow lab links', () => {
  it('answers every request from both receivers', () => {
    expect(answers).toEqual(Array(MESSAGES).fill(2));
  });

  it.each([
    ['a message and its receivers', 'work', 2],
    ['an answer and who asked', 'reply to work', 2],
  ])('joins %s', (_title, name, times) => {
    const received = messages('received', name);
    expect(received).toHaveLength(MESSAGES * times);
    for (const one of received.filter((r) => !gaveUp.has(r.seq))) {
      const sent = at(one.cause);
      expect(sent).toMatchObject({ phase: 'sent', name, payload: one.payload });
      expect(sent!.seq).toBeLessThan(one.seq);
      expect(sent!.proc).not.toBe(one.proc);
    }
  });

  it('joins request and response of HTTP', () => {
    for (const name of ['GET /', '200 GET /']) {
      const received = messages('received', name);
      expect(received).toHaveLength(MESSAGES);
      for (const one of received.filter((r) => !gaveUp.has(r.seq)))
        expect(at(one.cause)).toMatchObject({ phase: 'sent', name });
    }
    for (const one of messages('received', 'GET /'))
      expect(at(one.cause)?.payload).toMatchObject(one.payload as object);
  });

  it('leads from a response back to the first message', () => {
    const ways = messages('received', '200 GET /').map((last) => {
      const way: string[] = [];
      for (let e: Message | undefined = last; e; e = at(e.cause)) way.push(`${e.phase} ${e.name}`);
      return way;
    });
    expect(ways).toContainEqual([
      'received 200 GET /',
      'sent 200 GET /',
      'received GET /',
      'sent GET /',
      'received reply to work',
      'sent reply to work',
      'received work',
      'sent work',
    ]);
  });

  it('waits for next to no `sent` in vain, however loaded the machine is', () => {
    expect(gaveUp.size).toBeLessThan(MESSAGES * 0.2);
  });
});
