// The journal: takes entries from every process of the lab, admits them in one order, stores and streams them. Other
// messages of the lab link pass through it to their owners (the clock, the debugger), who observe it.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type GateRules, OPEN } from '../../machines/gates.ts';
import type { Entry, EntryBody, GateBody } from '../../machines/journal.ts';
import type { ClockState, HeldGate, LinkDown, LinkUp } from '../../machines/lab-link.ts';
import { monotonic } from '../clock/mono.ts';
import { afterReal, untilReal } from '../clock/real.ts';
import type { Dial } from '../lab/link.ts';
import { createSecrets } from '../lab/secrets.ts';
import { createAdmission } from './admission.ts';
import { type Connection, type ConnectionHandlers, createLinkServer, sameToken } from './link-server.ts';
import type { Stored, Upgraders } from './segments.ts';
import { openStore } from './store.ts';

/** A process on the lab link. */
export interface Peer {
  readonly proc: string;
  readonly life: string;
  readonly pid: number;
  readonly role: string;
  /** This life was here before: the link, or the journal, is back. */
  readonly resumed: boolean;
  /** The rules and the clock state that it has acknowledged. */
  version: number;
  epoch: number;
  send(message: LinkDown): void;
}

/** What the owners of clock and gates hear. `onHello` comes before the peer is welcomed. */
export interface LinkObserver {
  onHello?(peer: Peer, hello: { held: HeldGate[]; lt: number }): void;
  onMessage?(peer: Peer, message: Exclude<LinkUp, { type: 'hello' | 'entries' | 'alias' | 'secret' }>): void;
  onGone?(peer: Peer): void;
}

export type HeldEntry = Entry & GateBody;

export interface Journal {
  readonly lab: string;
  /** The last `seq` that can be read. */
  readonly head: number;
  /** The last `seq` given, a moment before it can be read. */
  readonly admitted: number;
  /** The greatest lab time recorded. */
  readonly lt: number;
  /** Gates that were held when the journal was opened, by name; their processes may come back with them. */
  readonly heldBefore: ReadonlyMap<string, HeldEntry>;
  /** Entries after `seq`, in order, at most `limit`. */
  read(after: number, limit: number): Entry[];
  entry(seq: number): Entry | undefined;
  /** Calls `listener` with all entries after `seq`, now and as they come; the next batch waits for its promise. */
  stream(after: number, listener: (batch: Entry[]) => void | Promise<void>): () => void;
  /** Records for the lab itself, as process `journal`; in the run of its cause unless another is given. */
  say(body: EntryBody, cause?: number | null, run?: string): void;
  seqOf(peer: Peer, n: number): number | undefined;
  /** Real milliseconds since the last foreground entry. */
  quietFor(): number;
  peers(): readonly Peer[];
  broadcast(message: LinkDown): void;
  observe(observer: LinkObserver): void;
  /** What a newcomer is told. Set by the clock's owner and the debugger before `listen`. */
  welcome: { rules: () => GateRules; clock: () => ClockState };
  /** The way in for a lab in this process: `openLab({ …, dial: journal.localLink() })`. */
  localLink(): Dial;
  listen(): Promise<void>;
  close(): Promise<void>;
}

export interface JournalOptions {
  /** The data folder; segments go to its `journal/`. */
  dir: string;
  /** `DIR/lab.sock` */
  socket: string;
  /** The lab's id. */
  lab: string;
  /** For nodes on other hosts. */
  tcp?: { host: string; port: number; token: string };
  segmentBytes?: number;
  upgraders?: Upgraders;
}

const RETRY_WRITE_MS = 1000;

/**
 * Opens the journal in `dir/journal`, without listening yet: clock and debugger are attached first.
 * @throws `[journal] could not …` when the folder cannot be read or is of a newer version
 */
export function openJournal(options: JournalOptions): Journal {
  const { dir, socket, lab, tcp, segmentBytes, upgraders } = options;
  mkdirSync(dir, { recursive: true });
  const store = openStore({
    dir: join(dir, 'journal'),
    lab,
    segmentBytes,
    upgraders,
    lives: () => admission.lives(),
  });
  const admission = createAdmission({ admit, restored: store.restored(), head: store.head });
  const secrets = createSecrets();
  const observers: LinkObserver[] = [];
  const peers = new Map<string, Peer>();
  const wakeStreams = new Set<() => void>();
  const dirty = new Set<string>();
  let pending: Stored[] = [];
  let flushing = false;
  let lastForeground = performance.now();
  const welcome: Journal['welcome'] = {
    rules: () => OPEN,
    clock: () => ({ epoch: 1, running: true, lt: store.lt, mono: monotonic() }),
  };

  function admit(stored: Stored): void {
    pending.push(stored);
    if (stored.src) dirty.add(stored.src.life);
    if (!stored.entry.background) lastForeground = performance.now();
    if (flushing) return;
    flushing = true;
    setImmediate(flush);
  }

  /** On disk first, then acknowledged and shown: what somebody has seen keeps its number after a kill -9. */
  function flush(): void {
    flushing = false;
    const batch = pending;
    try {
      store.append(batch);
    } catch (error) {
      process.stderr.write(
        `[journal] could not write ${join(dir, 'journal')}: ${String(error)}; make room, it retries\n`,
      );
      flushing = true;
      afterReal(RETRY_WRITE_MS, flush);
      return;
    }
    pending = [];
    const admitted = admission.lives();
    for (const life of dirty) {
      const n = admitted[life]?.[1];
      if (n !== undefined) peers.get(life)?.send({ type: 'ack', n });
    }
    dirty.clear();
    for (const wake of [...wakeStreams]) wake();
  }

  function accept(connection: Connection): ConnectionHandlers {
    let peer: Peer | undefined;
    return {
      onLine(line) {
        const message = parsed(line.startsWith('{"type":"entries"') ? secrets.mask(line) : line);
        if (!peer && message?.type === 'hello') peer = greet(connection, message);
        else if (peer && message && message.type !== 'hello') hear(peer, message);
        else connection.drop();
      },
      onClose() {
        if (!peer || peers.get(peer.life) !== peer) return;
        peers.delete(peer.life);
        for (const observer of observers) observer.onGone?.(peer);
      },
    };
  }

  function greet(connection: Connection, said: Extract<LinkUp, { type: 'hello' }>): Peer | undefined {
    const { data: hello } = helloShape.safeParse(said);
    if (!hello || (connection.remote && !(tcp && sameToken(tcp.token, hello.token ?? '')))) {
      connection.drop();
      return undefined;
    }
    const { proc, life, pid, role } = hello;
    const { admitted, known } = admission.hello(proc, life);
    const peer: Peer = { proc, life, pid, role, resumed: known, version: 0, epoch: 0, send: connection.send };
    peers.set(life, peer);
    for (const observer of observers) observer.onHello?.(peer, said);
    peer.send({ type: 'welcome', lab, admitted, rules: welcome.rules(), clock: welcome.clock() });
    for (const text of secrets.all()) peer.send({ type: 'secret', text });
    return peer;
  }

  function hear(peer: Peer, message: Exclude<LinkUp, { type: 'hello' }>): void {
    switch (message.type) {
      case 'entries':
        admission.offer(peer.life, message.entries);
        break;
      case 'alias':
        admission.alias(message.edge, message.of);
        break;
      case 'secret':
        if (secrets.add(message.text)) broadcast({ type: 'secret', text: message.text });
        break;
      case 'applied':
        peer.version = message.version;
        peer.epoch = message.epoch;
        tell(peer, message);
        break;
      default:
        tell(peer, message);
    }
  }

  function tell(peer: Peer, message: Parameters<NonNullable<LinkObserver['onMessage']>>[1]): void {
    for (const observer of observers) observer.onMessage?.(peer, message);
  }

  function broadcast(message: LinkDown): void {
    for (const peer of peers.values()) peer.send(message);
  }

  const server = createLinkServer({ socket, tcp, accept });

  return {
    lab,
    get head() {
      return store.head;
    },
    get admitted() {
      return admission.seq;
    },
    get lt() {
      return store.lt;
    },
    heldBefore: stillHeld(store.restored().stored),
    read: store.read,
    entry: (seq) => store.read(seq - 1, 1).find((e) => e.seq === seq),
    stream(after, listener) {
      const wake = pump(store.read, after, listener);
      wakeStreams.add(wake);
      wake();
      return () => {
        wakeStreams.delete(wake);
        wake.stop();
      };
    },
    say: (body, cause = null, run) => void admission.say(body, welcome.clock().lt, cause, run),
    seqOf: (peer, n) => admission.seqOf(peer.life, n),
    quietFor: () => performance.now() - lastForeground,
    peers: () => [...peers.values()],
    broadcast,
    observe: (observer) => void observers.push(observer),
    welcome,
    localLink: server.local,
    listen: server.listen,
    async close() {
      await untilReal(() => pending.length === 0, 1000);
      admission.close();
      await server.close();
      store.close();
    },
  };
}

/** What a stranger could get wrong in the first line; what follows a good hello comes from a process of ours. */
const helloShape = z.object({
  proc: z.string().min(1),
  life: z.string().min(1),
  pid: z.number().int(),
  role: z.string(),
  token: z.string().optional(),
  held: z.array(z.object({ gate: z.string(), by: z.string(), n: z.number(), point: z.object({ actor: z.string() }) })),
  lt: z.number().min(0),
});

/** A message of the link; undefined for what no process of ours would send. */
function parsed(line: string): LinkUp | undefined {
  try {
    const message: LinkUp | null = JSON.parse(line);
    return message ?? undefined;
  } catch {
    return undefined;
  }
}

/** A reader that follows the journal at its own speed: it reads on when its listener is done with the last batch. */
function pump(read: Journal['read'], after: number, listener: (batch: Entry[]) => void | Promise<void>) {
  const BATCH = 1000;
  let cursor = after;
  let busy = false;
  let stopped = false;
  const wake = async (): Promise<void> => {
    if (busy) return;
    busy = true;
    try {
      for (let batch = read(cursor, BATCH); !stopped && batch.length > 0; batch = read(cursor, BATCH)) {
        cursor = batch.at(-1)?.seq ?? cursor;
        await listener(batch);
      }
    } catch {
      // A listener that throws is gone (a closed response); the journal goes on without it.
      stopped = true;
    } finally {
      busy = false;
    }
  };
  return Object.assign(() => void wake(), {
    stop: () => {
      stopped = true;
    },
  });
}

function stillHeld(stored: readonly Stored[]): Map<string, HeldEntry> {
  const held = new Map<string, HeldEntry>();
  for (const { entry } of stored) {
    if (entry.type !== 'gate') continue;
    if (entry.phase === 'held') held.set(entry.gate, entry);
    else held.delete(entry.gate);
  }
  return held;
}
