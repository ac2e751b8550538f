// The process's end of the lab link: sends what the outbox has, in order and in batches, connects again when the link
// breaks and sends again what was not acknowledged. It interprets nothing: orders go to the handlers of lab.ts.
import { connect } from 'node:net';
import type { ClockState, LinkDown, LinkUp } from '../../machines/lab-link.ts';
import type { Outbox } from './recorder.ts';

/** Real milliseconds between two attempts to connect. */
const RETRY_MS = 100;
/**
 * Real milliseconds for which entries gather before they go up together; what is told goes at once. Without it every step
 * of a boot wakes the journal, which then takes the processor from the boot.
 */
const GATHER_MS = 4;

/** One connection to the journal, as lines of JSON. */
export interface Wire {
  send(line: string): void;
  /** Ends the connection after what was sent. */
  end(): void;
}

export interface WireHandlers {
  onLine(line: string): void;
  onClose(): void;
}

/** Makes one connection or throws. `journal.localLink()` is one that needs no socket. */
export type Dial = (handlers: WireHandlers) => Promise<Wire>;

export interface LinkDeps {
  outbox: () => Outbox;
  /** Who we are; asked again at every connection, because held gates and the clock have moved on. */
  hello: () => Extract<LinkUp, { type: 'hello' }>;
  onDown: (message: LinkDown) => void;
  /** The link broke, or could not be made (said once until it is back). */
  onLost: () => void;
  dial: Dial;
  /** Real milliseconds; 0 in the journal's own process, whose death would take with it what has gathered. */
  gatherMs?: number;
  /** Test hook: each batch waits a random 0–N real milliseconds; the order stays. */
  jitter?: number;
}

export interface Link {
  /** Sends after everything that was recorded so far. Lost while the link is down: hello says it again. */
  tell(message: LinkUp): void;
  /** What the outbox has goes up soon. */
  wake(): void;
  /** Resolves when the journal has welcomed us for the first time. */
  readonly welcomed: Promise<ClockState>;
  /** Waits until all is acknowledged, `ms` real milliseconds at most, and leaves for good. */
  close(ms: number): Promise<void>;
}

/** Starts to connect, and stays connected until `close`. */
export function createLink({ outbox, hello, onDown, onLost, dial, jitter = 0, gatherMs = GATHER_MS }: LinkDeps): Link {
  let wire: Wire | undefined;
  let ready = false;
  let closed = false;
  let flushing = false;
  let gathering = false;
  let told: LinkUp[] = [];
  let delayed: string[] = [];
  let welcome: (clock: ClockState) => void;
  const welcomed = new Promise<ClockState>((resolve) => {
    welcome = resolve;
  });

  function flush(): void {
    flushing = false;
    if (!wire || !ready) return;
    const lines = linesOf(outbox().take(), told);
    told = [];
    if (lines !== '') deliver(wire, lines);
  }

  /** With jitter each timer sends the oldest waiting batch, whichever it was armed for: the order stays. */
  function deliver(to: Wire, lines: string): void {
    if (jitter === 0) {
      to.send(lines);
      return;
    }
    const queue = delayed;
    queue.push(lines);
    setTimeout(() => {
      const oldest = queue.shift();
      if (to === wire && oldest !== undefined) to.send(oldest);
    }, Math.random() * jitter);
  }

  function schedule(): void {
    if (flushing) return;
    flushing = true;
    setImmediate(flush);
  }

  function gather(): void {
    if (gathering || flushing) return;
    if (gatherMs === 0) {
      schedule();
      return;
    }
    gathering = true;
    setTimeout(() => {
      gathering = false;
      if (!flushing) flush();
    }, gatherMs);
  }

  function lost(): void {
    const had = ready;
    wire = undefined;
    ready = false;
    told = [];
    delayed = [];
    if (closed) return;
    if (had) onLost();
    setTimeout(attempt, RETRY_MS).unref();
  }

  function onLine(line: string): void {
    const message: LinkDown = JSON.parse(line);
    if (message.type === 'ack') {
      outbox().acknowledge(message.n);
      return;
    }
    if (message.type === 'welcome') {
      outbox().rewind(message.admitted);
      ready = true;
      welcome(message.clock);
    }
    onDown(message);
    schedule();
  }

  async function attempt(): Promise<void> {
    if (closed) return;
    try {
      wire = await dial({ onLine, onClose: lost });
      wire.send(`${JSON.stringify(hello())}\n`);
    } catch {
      lost();
    }
  }

  void attempt();

  return {
    tell(message) {
      if (!ready) return;
      // Entries first: what is told refers to them.
      told.push(message);
      schedule();
    },
    wake: gather,
    welcomed,
    async close(ms) {
      const deadline = performance.now() + ms;
      flush();
      while (ready && outbox().waiting > 0 && performance.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      closed = true;
      wire?.end();
    },
  };
}

/** Consecutive entries share one line; everything keeps its order. */
function linesOf(items: ReturnType<Outbox['take']>, told: readonly LinkUp[]): string {
  const lines: string[] = [];
  let batch: string[] = [];
  const close = (): void => {
    if (batch.length > 0) lines.push(`{"type":"entries","entries":[${batch.join(',')}]}`);
    batch = [];
  };
  for (const item of items) {
    if ('text' in item) {
      batch.push(item.text);
      continue;
    }
    close();
    lines.push(JSON.stringify({ type: 'alias', ...item.alias } satisfies LinkUp));
  }
  close();
  lines.push(...told.map((t) => JSON.stringify(t)));
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/**
 * Connects to `DIR/lab.sock`, or from another host to `tcp://host:port`.
 * @throws when nobody listens there
 */
export function dialSocket(address: string): Dial {
  return ({ onLine, onClose }) =>
    new Promise((resolve, reject) => {
      const tcp = /^tcp:\/\/(.+):(\d+)$/.exec(address);
      const socket = tcp ? connect(Number(tcp[2]), tcp[1]) : connect(address);
      let connected = false;
      let rest = '';
      socket.setEncoding('utf8');
      socket.on('connect', () => {
        connected = true;
        resolve({ send: (line) => void socket.write(line), end: () => socket.end() });
      });
      socket.on('data', (chunk: string) => {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      });
      socket.on('error', (error) => {
        if (!connected) reject(new Error(`[lab] could not connect to ${address}: ${error.message}`, { cause: error }));
      });
      socket.on('close', () => connected && onClose());
    });
}
