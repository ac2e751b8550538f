// The debugger's HTTP API for tests: the same verbs as the page and the CLI.
import type { Breakpoint } from '../../machines/gates.ts';
import type { Entry, GatePoint } from '../../machines/journal.ts';
import { ask, until } from './cf.ts';

export interface Held {
  gate: string;
  point: GatePoint;
  by: string;
  /** Its entry, once that is in the record. */
  seq?: number;
}

export interface LabState {
  lab: string;
  lt: number;
  running: boolean;
  paused: boolean;
  held: Held[];
  breakpoints: Breakpoint[];
  procs: { proc: string; pid: number }[];
  head: number;
}

export interface Debug {
  state(): Promise<LabState>;
  breakAt(b: Omit<Breakpoint, 'id'>): Promise<string>;
  clear(id: string): Promise<void>;
  pause(): Promise<void>;
  go(): Promise<void>;
  step(gate?: string): Promise<unknown>;
  open(gate: string): Promise<void>;
  skip(to: { ms: number } | { to: 'next' }): Promise<unknown>;
  /** Waits until something is held that fits and the record says so: then it survives a death of whoever is held. */
  held(what: string, fits: (h: Held) => boolean, ms?: number): Promise<Held>;
  /** The whole journal up to now. */
  journal(): Promise<Entry[]>;
  /** Waits until an entry fits. */
  entry(what: string, fits: (e: Entry) => boolean, ms?: number): Promise<Entry>;
}

/** Nothing is ever held with gates disabled: a proof that waits for it shall be red soon. */
const HELD_MS = process.env.WARDENSCOPE_GATES_DISABLED ? 2000 : 60_000;

/** Speaks to the lab at `url`. Any answer but 2xx is an error with its text. */
export function debug(url: string): Debug {
  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const a = await ask(`${url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (a.status >= 300) throw new Error(`${method} ${path}: ${a.status} ${a.text}`);
    return (a.text === '' ? undefined : JSON.parse(a.text)) as T;
  };
  const state = () => call<LabState>('GET', '/lab/state');
  // An entry that was read never changes, also when control is restarted: only the new ones are read again. Polls of a
  // whole journal would take the processor from the lab that they wait for.
  const all: Entry[] = [];
  const readOn = async () => {
    for (;;) {
      const page = await call<Entry[] | { entries: Entry[] }>(
        'GET',
        `/lab/journal?after=${all.at(-1)?.seq ?? 0}&limit=5000`,
      );
      const entries = Array.isArray(page) ? page : page.entries;
      if (entries.length === 0) return [...all];
      all.push(...entries);
    }
  };
  let reading: Promise<Entry[]> | undefined;
  /** One reader at a time: two would read the same entries twice. */
  const journal = async (): Promise<Entry[]> => {
    while (reading) await reading.catch(() => undefined);
    reading = readOn().finally(() => {
      reading = undefined;
    });
    return reading;
  };
  return {
    state,
    breakAt: async (b) => (await call<Breakpoint>('POST', '/lab/breakpoints', b)).id,
    clear: (id) => call('DELETE', `/lab/breakpoints/${id}`),
    pause: () => call('POST', '/lab/pause', {}),
    go: () => call('POST', '/lab/continue', {}),
    step: (gate) => call('POST', '/lab/step', gate ? { gate } : {}),
    open: (gate) => call('POST', '/lab/open', { gate }),
    skip: (to) => call('POST', '/lab/skip', to),
    held: (what, fits, ms = HELD_MS) =>
      until(`${what} to be held`, async () => (await state()).held.find((h) => h.seq !== undefined && fits(h)), ms),
    journal,
    entry: (what, fits, ms) => until(what, async () => (await journal()).find(fits), ms),
  };
}
