// Cuts what a NATS client writes into operations (the server's side of the text protocol). Knows no connection, no
// routing, no password; a client that breaks a limit gets a ProtocolError, which always ends its connection.

/** Longest line a client may write, CR LF included; the original server's `max_control_line`. */
export const MAX_LINE = 4096;
/** Largest payload, headers included; 1 MiB as in the original server. */
export const MAX_PAYLOAD = 1024 * 1024;

export type ClientOp =
  | { op: 'CONNECT'; options: ConnectOptions }
  | { op: 'PING' | 'PONG' }
  | { op: 'PUB'; subject: string; reply: string; head: Buffer; payload: Buffer }
  | { op: 'SUB'; subject: string; queue: string; sid: string }
  | { op: 'UNSUB'; sid: string; max: number };

/** What a client may say about itself. A missing `verbose` or `echo` means true. */
export interface ConnectOptions {
  user?: string;
  pass?: string;
  name?: string;
  verbose?: boolean;
  pedantic?: boolean;
  echo?: boolean;
  headers?: boolean;
  no_responders?: boolean;
}

/** A broken promise of the client. `message` goes to it as `-ERR`. */
export class ProtocolError extends Error {}

/** One per connection. `push` calls `onOp` for every whole operation, in order. */
export class ClientParser {
  #rest: Buffer = Buffer.alloc(0);
  /** A PUB whose line is in and whose payload is not. */
  #open: { subject: string; reply: string; headBytes: number; bytes: number } | undefined;
  #stopped = false;
  readonly #onOp: (op: ClientOp) => void;

  constructor(onOp: (op: ClientOp) => void) {
    this.#onOp = onOp;
  }

  /** Throws ProtocolError; after that the connection must be closed, the rest of the stream has no meaning. */
  push(chunk: Buffer): void {
    if (this.#stopped) return;
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (!this.#stopped && (this.#open ? this.#takePayload() : this.#takeLine())) {}
  }

  /** Drops what is still unread (the connection was ended by an operation before). */
  stop(): void {
    this.#stopped = true;
    this.#rest = Buffer.alloc(0);
  }

  #takeLine(): boolean {
    const end = this.#rest.indexOf(0x0a);
    if (end >= MAX_LINE || (end < 0 && this.#rest.length >= MAX_LINE)) {
      throw new ProtocolError('Maximum Control Line Exceeded');
    }
    if (end < 0) return false;
    const line = this.#rest.toString('utf8', 0, this.#rest[end - 1] === 0x0d ? end - 1 : end);
    this.#rest = this.#rest.subarray(end + 1);
    this.#line(line);
    return true;
  }

  #takePayload(): boolean {
    const { subject, reply, headBytes, bytes } = this.#open!;
    if (this.#rest.length < bytes + 2) return false;
    if (this.#rest[bytes] !== 0x0d || this.#rest[bytes + 1] !== 0x0a) throw unknownOperation();
    // A copy, so that one small message does not keep a whole socket chunk alive in a slow client's queue.
    const body = Buffer.from(this.#rest.subarray(0, bytes));
    this.#rest = this.#rest.subarray(bytes + 2);
    this.#open = undefined;
    this.#onOp({ op: 'PUB', subject, reply, head: body.subarray(0, headBytes), payload: body.subarray(headBytes) });
    return true;
  }

  #line(line: string): void {
    const space = line.search(/[ \t]/);
    const verb = (space < 0 ? line : line.slice(0, space)).toUpperCase();
    const rest = space < 0 ? '' : line.slice(space + 1).trim();
    const words = rest === '' ? [] : rest.split(/[ \t]+/);
    if (verb === 'PUB' && (words.length === 2 || words.length === 3)) {
      const [subject, reply] = [words[0]!, words.length === 3 ? words[1]! : ''];
      this.#open = { subject, reply, headBytes: 0, bytes: size(words.at(-1)!) };
    } else if (verb === 'HPUB' && (words.length === 3 || words.length === 4)) {
      const [subject, reply] = [words[0]!, words.length === 4 ? words[1]! : ''];
      const [headBytes, bytes] = [size(words.at(-2)!), size(words.at(-1)!)];
      if (headBytes > bytes) throw unknownOperation();
      this.#open = { subject, reply, headBytes, bytes };
    } else if (verb === 'SUB' && (words.length === 2 || words.length === 3)) {
      this.#onOp({ op: 'SUB', subject: words[0]!, queue: words.length === 3 ? words[1]! : '', sid: words.at(-1)! });
    } else if (verb === 'UNSUB' && (words.length === 1 || words.length === 2)) {
      this.#onOp({ op: 'UNSUB', sid: words[0]!, max: words[1] === undefined ? 0 : count(words[1]) });
    } else if (verb === 'CONNECT') {
      this.#onOp({ op: 'CONNECT', options: connectOptions(rest) });
    } else if (verb === 'PING' || verb === 'PONG') {
      this.#onOp({ op: verb });
    } else {
      throw unknownOperation();
    }
  }
}

const unknownOperation = () => new ProtocolError('Unknown Protocol Operation');

function count(word: string): number {
  if (!/^\d{1,9}$/.test(word)) throw unknownOperation();
  return Number(word);
}

function size(word: string): number {
  const bytes = count(word);
  if (bytes > MAX_PAYLOAD) throw new ProtocolError('Maximum Payload Violation');
  return bytes;
}

function connectOptions(text: string): ConnectOptions {
  try {
    const said: unknown = JSON.parse(text);
    if (said !== null && typeof said === 'object' && !Array.isArray(said)) return said as ConnectOptions;
  } catch {
    // Falls through to the same answer as a text that is not an object.
  }
  throw unknownOperation();
}
