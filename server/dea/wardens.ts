// The DEA's connections to its Warden: one for each name (`app`, `info`, `link`, `stop`) of a task or an instance, opened
// when needed and closed after 30 s of silence (reference 1.8). What is asked is the effects' business.
import type { Lab, Timer, Trail } from '../lab/types.ts';
import {
  type Command,
  connectWarden,
  type RequestInit,
  type Response,
  type WardenConnection,
  WardenConnectionError,
} from '../warden/protocol/index.ts';

export type ConnectionName = 'app' | 'info' | 'link' | 'stop';

export interface Wardens {
  /** One request; fails with the server's text or when the connection breaks. */
  call<C extends Exclude<Command, 'Stream'>>(
    on: { owner: string; name: ConnectionName },
    command: C,
    message: RequestInit<C>,
    trail: Trail,
  ): Promise<Response<C>>;
  /** The same, tried again for as long as only the connection fails (CopyOut, Destroy and Link in the original). */
  insist<C extends Exclude<Command, 'Stream'>>(
    on: { owner: string; name: ConnectionName },
    command: C,
    message: RequestInit<C>,
    trail: Trail,
    signal?: AbortSignal,
  ): Promise<Response<C>>;
  /** Closes what `owner` has open; what is still being answered, afterwards. */
  release(owner: string): void;
  close(): void;
}

const IDLE_MS = 30_000;
const RETRY_MS = 500;
/** How long (lab time) an absent Warden is waited for; main has one back within a second or two. */
const PATIENCE_MS = 10_000;

interface Line {
  connection: Promise<WardenConnection>;
  busy: number;
  /** Its owner is done with it: closed as soon as nothing waits on it. */
  released: boolean;
  idle?: Timer;
}

export function createWardens(options: { lab: Lab; socket: string; from: string; to: string }): Wardens {
  const { lab, socket, from, to } = options;
  const lines = new Map<string, Line>();
  let closed = false;

  /** A refused connection has done nothing yet, so a Warden that is just being restarted costs no app its start. */
  async function open(label: string): Promise<WardenConnection> {
    for (let waited = 0; ; waited += RETRY_MS) {
      try {
        return await connectWarden({ socket, lab, label, from, to });
      } catch (error) {
        if (closed || waited >= PATIENCE_MS) throw error;
        await lab.clock.sleep(RETRY_MS, 'beat', `warden again for ${label}`);
      }
    }
  }

  function line(key: string): Line {
    const present = lines.get(key);
    if (present) return present;
    const made: Line = {
      connection: open(`${from}:${key}`),
      busy: 0,
      released: false,
    };
    lines.set(key, made);
    const forget = () => {
      made.idle?.cancel();
      if (lines.get(key) === made) lines.delete(key);
    };
    made.connection.then((c) => c.onClose(forget), forget);
    return made;
  }

  function drop(key: string): void {
    const present = lines.get(key);
    if (!present) return;
    lines.delete(key);
    present.idle?.cancel();
    present.connection.then((c) => c.close()).catch(() => undefined);
  }

  const wardens: Wardens = {
    call: async (on, command, message, trail) => {
      const key = `${on.owner}:${on.name}`;
      const used = line(key);
      used.idle?.cancel();
      used.busy += 1;
      try {
        return await (await used.connection).request(command, message, trail);
      } finally {
        used.busy -= 1;
        if (used.busy === 0 && used.released) drop(key);
        else if (used.busy === 0 && lines.get(key) === used) {
          used.idle = lab.clock.after(IDLE_MS, 'beat', `idle connection ${key}`, () => {
            if (used.busy === 0) drop(key);
          });
        }
      }
    },
    insist: async (on, command, message, trail, signal) => {
      for (;;) {
        try {
          return await wardens.call(on, command, message, trail);
        } catch (error) {
          if (!(error instanceof WardenConnectionError) || signal?.aborted) throw error;
          await lab.clock.sleep(RETRY_MS, 'beat', `warden again for ${command}`);
          if (signal?.aborted) throw error;
        }
      }
    },
    release: (owner) => {
      for (const [key, one] of [...lines]) {
        if (!key.startsWith(`${owner}:`)) continue;
        if (one.busy === 0) drop(key);
        else one.released = true;
      }
    },
    close: () => {
      closed = true;
      for (const key of [...lines.keys()]) drop(key);
    },
  };
  return wardens;
}
