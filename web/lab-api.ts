// The debugger's HTTP API as the page uses it, and the live stream of entries. The only file that talks to the server.
// Both come from one source: the lab, or a recorded run that is played instead (web/run).
import type { Breakpoint } from '../machines/gates.ts';
import type { Entry, GatePoint } from '../machines/journal.ts';
import { CLIENT_HEADER, clientId, readName } from './driver/client.ts';
import type { SeatView, Told } from './driver/seat.ts';
import type { Language } from './model.ts';

export interface Held {
  gate: string;
  point: GatePoint;
  by: string;
}

export type Pace = 'real' | 'beat' | 'hand';

export interface LabState {
  pace?: Pace;
  lab: string;
  /** Lab time, milliseconds. */
  lt: number;
  running: boolean;
  paused: boolean;
  held: Held[];
  breakpoints: Breakpoint[];
  /** Samples of processes and cgroups are recorded; a recorded run does not tell. */
  kernelRecording?: boolean;
  procs: { proc: string; pid?: number }[];
  /** The newest `seq`. */
  head: number;
}

/** What an app said to a visitor; `base64` where its body is no text. */
export interface AppAnswer {
  host: string;
  path: string;
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
  encoding: 'utf8' | 'base64';
  cut: boolean;
  /** Real milliseconds. */
  ms: number;
  /** Which instance answered; null where none did. */
  answerer: { address: string; app: string; name: string; index: number | null; node: number | null } | null;
  /** The first entry of this request. */
  seq: number | null;
}

export interface Question {
  app: string;
  path: string;
  method?: string;
  body?: string;
}

/** What can be broken now. */
export interface FaultsView {
  apps: { app: string; name: string; index: number; state: string; handle: string }[];
  components: { proc: string; pid: number }[];
  containers: { handle: string; node: number; frozen: boolean; memoryBytes: number }[];
  drops: { id: string; name?: string; transport?: string; seq?: number }[];
}

/** How others can watch: links with their token, one for each address of this machine. */
export interface ShareView {
  wide: boolean;
  watch: string[];
  drive: string[];
}

/** A source file in full. */
export interface SourceText {
  file: string;
  text: string;
}

/**
 * What a command answered: its JSON, or why not, in one line for the reader. `status` 0 means nobody answered, `watching`
 * that another page drives.
 */
export type Answer<T> =
  | { ok: true; value: T }
  /** `field`: the one of a form that was wrong. */
  | { ok: false; status: number; error: string; watching?: true; field?: string };

/** What can be pushed and what was. */
export interface AppsView {
  samples: string[];
  /** The samples with a line about each, in both languages, and what goes well with it. */
  sheet: { name: string; en: string; ja: string; buildpack?: string; memory?: number }[];
  apps: { name: string; guid: string; state: string; url: string }[];
  buildpacks: string[];
  stacks: string[];
}

/** A push that was taken; without `guid` where it is held before the app's record was made. */
export interface Pushed {
  name: string;
  guid?: string;
  url: string;
}

/** What can be done to an app, as the last part of its path. */
export type AppVerb = 'start' | 'stop' | 'restart' | 'restage' | 'scale';

export const labApi = {
  state: () => call<LabState>('GET', '/lab/state'),
  journal: (after: number) => call<Entry[] | { entries: Entry[] }>('GET', `/lab/journal?after=${after}&limit=5000`),
  pace: (pace: Pace) => call('POST', '/lab/pace', { pace }),
  /** What is held at this gate of the pace `beat` has been shown: it may go on. */
  motionEnded: (gate: string) => call('POST', '/lab/motion-ended', { gate }),
  pause: () => call('POST', '/lab/pause', {}),
  continue: () => call('POST', '/lab/continue', {}),
  /** Opens the oldest gate, or the one given, until the next closes. */
  step: (gate?: string) => call('POST', '/lab/step', gate ? { gate } : {}),
  /** Opens that gate (or the oldest) and runs to the same actor's next, to something deeper, or to something higher. */
  over: (gate?: string) => call('POST', '/lab/over', gate ? { gate } : {}),
  into: (gate?: string) => call('POST', '/lab/into', gate ? { gate } : {}),
  out: (gate?: string) => call('POST', '/lab/out', gate ? { gate } : {}),
  /** Goes on until this point is reached, once. */
  runTo: (at: Omit<Breakpoint, 'id'>) => call('POST', '/lab/run-to', at),
  /** A source file by the name that `machines/source-place.ts` gives it. */
  source: (file: string) => call<SourceText>('GET', `/lab/source?file=${encodeURIComponent(file)}`),
  open: (gate: string) => call('POST', '/lab/open', { gate }),
  skip: (to: { ms: number } | { to: 'next' }) => call('POST', '/lab/skip', to),
  addBreakpoint: (b: Omit<Breakpoint, 'id'>) => call<Breakpoint>('POST', '/lab/breakpoints', b),
  /** Switches a breakpoint on or off without forgetting it. */
  switchBreakpoint: (id: string, disabled: boolean) =>
    call('PATCH', `/lab/breakpoints/${encodeURIComponent(id)}`, { disabled }),
  removeBreakpoint: (id: string) => call('DELETE', `/lab/breakpoints/${encodeURIComponent(id)}`),
  push: (app: string) => call<Pushed>('POST', '/lab/push', { app }),
  apps: () => call<AppsView>('GET', '/lab/apps'),
  /** A sample with settings; an app of its own goes by `upload`. */
  pushWith: (order: Record<string, unknown>) => call<Pushed>('POST', '/lab/push', order),
  /** `done: false`: it is held or takes its time; should it fail later, the record says so. */
  app: (guid: string, verb: AppVerb, body: Record<string, unknown> = {}) =>
    call<{ done: boolean }>('POST', `/lab/apps/${encodeURIComponent(guid)}/${verb}`, body),
  deleteApp: (guid: string) => call<{ done: boolean }>('DELETE', `/lab/apps/${encodeURIComponent(guid)}`),
  /** Every app, breakpoint and fault gone, every gate open; the record stays. */
  reset: () => call<{ apps: number; left: string[] }>('POST', '/lab/reset', {}),
  /** A visitor's request to an app, through the router. */
  ask: (app: string, path: string, more: Partial<Question> = {}) =>
    call<AppAnswer>('POST', '/lab/ask', { app, path, ...more }),
  recordKernel: (on: boolean) => call('POST', '/lab/kernel-recording', { on }),
  fault: (order: { what: string } & Record<string, string | number>) => call('POST', '/lab/faults', order),
  faults: () => call<FaultsView>('GET', '/lab/faults'),
  cancelDrop: (id: string) => call('DELETE', `/lab/faults/drops/${encodeURIComponent(id)}`),
  share: () => call<ShareView>('GET', '/lab/driver/share'),
  takeOver: () => call('POST', '/lab/driver/take', {}),
  askToDrive: () => call('POST', '/lab/driver/ask', {}),
  handOver: (to: number) => call('POST', '/lab/driver/hand-over', { to }),
  decline: (to: number) => call('POST', '/lab/driver/decline', { to }),
  rename: (name: string) => call('POST', '/lab/driver/name', { name }),
  /** What this page looks at, for those who follow its driver. */
  place: (place: string) => call('POST', '/lab/driver/place', { place }),
  /** Pushes a sample under another name than its folder's. */
  pushAs: (app: string, name: string) => call<{ name: string; url: string }>('POST', '/lab/push', { app, name }),
};

/** Where the page's record and its answers come from. */
export interface Source {
  /** Hands over the whole record, then every new entry. Resolves with how to end it. */
  follow(listener: Listener): Promise<() => void>;
  call<T>(method: string, path: string, body?: unknown): Promise<Answer<T>>;
}

const liveLab: Source = { follow: followLab, call: callLab };
let source = liveLab;

/** From now on this is asked; null is the lab. Who follows the one before has to end that. */
export function useSource(other: Source | null): void {
  source = other ?? liveLab;
}

/**
 * Hands over the whole journal, then every new entry, in order and without gaps.
 * @returns how to end it
 */
export function follow(listener: Listener): Promise<() => void> {
  return source.follow(listener);
}

function call<T = unknown>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  return source.call<T>(method, path, body);
}

/** Whether a lab serves this page; if not, why, as far as the server can say. */
export async function whoServes(): Promise<{ lab: true } | { lab: false; why: Record<Language, string> | null }> {
  try {
    // Relative: a page from a static server may live anywhere below its root.
    const answer = await fetch(new URL('lab/state', document.baseURI));
    const text = await answer.text();
    // A lab that wants its token, or is just starting, is a lab all the same.
    if (!answer.ok) return [404, 405, 501].includes(answer.status) ? { lab: false, why: null } : { lab: true };
    if (!text.startsWith('{')) return { lab: false, why: null };
    const said: { tier?: string; why?: Record<Language, string> } = JSON.parse(text);
    return said.tier === 'recorded' ? { lab: false, why: said.why ?? null } : { lab: true };
  } catch {
    // Nobody answers: a lab that is being restarted comes back, and following it goes on by itself.
    return { lab: true };
  }
}

let watching: ((sentence: string) => void) | undefined;

/** Hears of every order that was refused because another page drives. */
export function onWatching(listener: (sentence: string) => void): void {
  watching = listener;
}

/** Orders that may be given twice. */
const TWICE = /^\/lab\/(motion-ended|open|pace|pause|continue)$/;
/** A browser breaks its requests off when a network link comes or goes, as one does with each container: once more then. */
const AGAIN_AFTER_MS = 250;

async function callLab<T = unknown>(method: string, path: string, body?: unknown, again = true): Promise<Answer<T>> {
  try {
    const mine = { [CLIENT_HEADER]: clientId() };
    const init =
      body === undefined
        ? { headers: mine }
        : { headers: { ...mine, 'content-type': 'application/json' }, body: JSON.stringify(body) };
    const answer = await fetch(path, { method, ...init });
    const text = await answer.text();
    if (answer.status === 409 && /"watching":true/.test(text)) {
      watching?.(reason(text));
      return { ok: false, status: 409, error: reason(text), watching: true };
    }
    return answered(answer.status, text);
  } catch (error) {
    if (again && (method === 'GET' || TWICE.test(path))) {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
      return callLab<T>(method, path, body, false);
    }
    return { ok: false, status: 0, error: error instanceof Error ? error.message : String(error) };
  }
}

function answered<T>(status: number, text: string): Answer<T> {
  if (status < 300) return { ok: true, value: (text === '' ? undefined : JSON.parse(text)) as T };
  const field = /"field":"(\w+)"/.exec(text)?.[1];
  return { ok: false, status, error: reason(text) || `${status}`, ...(field ? { field } : {}) };
}

/**
 * Pushes an app's own files as one form. `fetch` cannot tell how far an upload is, so this is the old way.
 * @param onProgress hears the sent share of the bytes, 0 to 1
 */
export function upload(form: FormData, onProgress: (share: number) => void): Promise<Answer<Pushed>> {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('POST', '/lab/push');
    request.setRequestHeader(CLIENT_HEADER, clientId());
    request.upload.onprogress = (e) => e.lengthComputable && onProgress(e.loaded / e.total);
    request.onload = () => {
      const { status, responseText } = request;
      if (status === 409 && /"watching":true/.test(responseText)) watching?.(reason(responseText));
      resolve(answered<Pushed>(status, responseText));
    };
    request.onerror = () => resolve({ ok: false, status: 0, error: 'the upload was cut off' });
    request.send(form);
  });
}

function reason(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'error' in parsed) return String(parsed.error);
  } catch {
    // Not JSON: the text itself is the reason.
  }
  return text.startsWith('<') ? '' : (text.split('\n')[0] ?? '');
}

export interface Listener {
  /** Rules, pace or what is held have changed. */
  state(state: LabState): void;
  entries(added: Entry[]): void;
  link(link: 'connecting' | 'live' | 'lost'): void;
  /** Who drives and who watches has changed; and what only this page is told of it. */
  seat?(seat: SeatView): void;
  told?(news: Told): void;
  /** The page's cursor, for a source that plays: where it is, and to move it. */
  cursor(): number | null;
  seek(cursor: number | null): void;
}

/** The record is read page by page; the stream goes on from there, and the browser resumes it by itself with Last-Event-ID. */
async function followLab(listener: Listener): Promise<() => void> {
  let last = 0;
  let waiting: Promise<void> = Promise.resolve();
  const add = (entries: Entry[]) => {
    const fresh = entries.filter((e) => e.seq > last);
    last = fresh.at(-1)?.seq ?? last;
    if (fresh.length > 0) listener.entries(fresh);
  };
  const catchUp = async () => {
    for (;;) {
      const page = await labApi.journal(last);
      if (!page.ok) return;
      const entries = Array.isArray(page.value) ? page.value : page.value.entries;
      if (entries.length === 0) return;
      add(entries);
    }
  };
  listener.link('connecting');
  await catchUp();
  const me = new URLSearchParams({ client: clientId(), name: readName() });
  const stream = new EventSource(`/lab/stream?many&after=${last}&${me}`);
  stream.onopen = () => listener.link('live');
  stream.onerror = () => listener.link('lost');
  stream.addEventListener('state', (event: MessageEvent<string>) => listener.state(JSON.parse(event.data)));
  stream.addEventListener('seat', (event: MessageEvent<string>) => listener.seat?.(JSON.parse(event.data)));
  stream.addEventListener('told', (event: MessageEvent<string>) => listener.told?.(JSON.parse(event.data)));
  stream.onmessage = (event: MessageEvent<string>) => {
    // What came together: an event and a turn of the loop for each entry would be most of the work of a thousand a second.
    const together: Entry[] = JSON.parse(event.data);
    waiting = waiting.then(async () => {
      if ((together[0]?.seq ?? 0) > last + 1) await catchUp();
      add(together);
    });
  };
  return () => stream.close();
}
