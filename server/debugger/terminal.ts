// Terminals in the page: a WebSocket whose other end is a shell inside a container, in the leaf `visit`, started by wshd
// itself. It works while the container is held or frozen; it is never journaled, and no gate holds it.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import { afterReal } from '../clock/real.ts';
import type { Journal } from '../journal/journal.ts';
import { nullLab } from '../lab/lab.ts';
import { type Role, roleOf } from '../main/token.ts';
import { connectWshd } from '../warden/wshd/index.ts';
import { bootingHere, containersHere } from './containers-here.ts';

export interface TerminalDeps {
  dir: string;
  run: string;
  /** Asked for where the listen address is wide; empty otherwise. */
  token: string;
  journal: Journal;
  /** Whether this request may open one: a watcher may only look. */
  mayEnter?: (req: IncomingMessage, role: Role) => boolean;
}

/** What the page may say beside keys, which are binary frames. */
const Said = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('resize'),
    cols: z.number().int().min(1).max(1000),
    rows: z.number().int().min(1).max(1000),
  }),
  z.object({ type: z.literal('close') }),
]);
/** What it hears beside output, which is binary: `note` says in one sentence what is unusual about this shell. */
export type TerminalNews =
  /** `kinds`: the namespaces that this shell is in, where it comes from the host. */
  | { type: 'ready'; via: 'wshd' | 'nsenter'; note?: string; kinds?: string[] }
  | { type: 'exit'; status: number }
  | { type: 'error'; error: string };

interface Size {
  cols: number;
  rows: number;
}
interface Shell {
  via: 'wshd' | 'nsenter';
  note?: string;
  kinds?: string[];
  keys(bytes: Buffer): void;
  resize(size: Size): void;
  end(): void;
}
interface Ear {
  output(bytes: Buffer): void;
  exit(status: number): void;
}

const PATH = /^\/lab\/terminal\/([^/]+)$/;
const query = z.object({
  user: z.enum(['root', 'vcap']).default('vcap'),
  cols: z.coerce.number().int().min(1).max(1000).default(80),
  rows: z.coerce.number().int().min(1).max(1000).default(24),
});
/** Real milliseconds for a greeting that comes at once where wshd serves. */
const GREETING_MS = 300;
/** Output that the browser has not taken yet, bytes: what is over it is left out, and the terminal says so. */
const AHEAD = 4 << 20;

/**
 * The front door's `upgrade`: `/lab/terminal/<handle>?user=root|vcap&cols=&rows=`. Other paths are 404, a page of another
 * origin 403, a missing token 401, a watcher's link 403. A container that is not there, or not far enough, is told in a frame of type `error`.
 */
export function createTerminals(deps: TerminalDeps): (req: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const server = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 });
  return (req, socket, head) => {
    const url = new URL(req.url ?? '/', 'http://lab');
    const handle = PATH.exec(url.pathname)?.[1];
    const { origin } = req.headers;
    const foreign = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== req.headers.host);
    const asked = query.safeParse(Object.fromEntries(url.searchParams));
    if (!handle) return refuse(socket, '404 Not Found');
    if (foreign) return refuse(socket, '403 Forbidden');
    const role = roleOf(req, deps.token);
    if (!role) return refuse(socket, '401 Unauthorized');
    if (deps.mayEnter?.(req, role) === false) return refuse(socket, '403 Forbidden');
    if (!asked.success) return refuse(socket, '400 Bad Request');
    server.handleUpgrade(req, socket, head, (ws) => void serve(deps, ws, decodeURIComponent(handle), asked.data));
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function serve(deps: TerminalDeps, ws: WebSocket, handle: string, asked: z.infer<typeof query>): Promise<void> {
  const say = (news: TerminalNews) => ws.send(JSON.stringify(news));
  let shell: Shell | undefined;
  let size: Size = asked;
  let skipped = false;
  const early: Buffer[] = [];
  ws.on('error', () => ws.terminate());
  ws.on('close', () => shell?.end());
  ws.on('message', (data: RawData, binary: boolean) => {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.concat(Array.isArray(data) ? data : [Buffer.from(data)]);
    if (binary) return void (shell ? shell.keys(bytes) : early.push(bytes));
    const said = Said.safeParse(json(bytes));
    if (!said.success) return ws.close(1003, 'a frame that no terminal sends');
    if (said.data.type === 'close') return ws.close();
    size = said.data;
    shell?.resize(size);
  });
  const ear: Ear = {
    output(bytes) {
      if (ws.bufferedAmount < AHEAD) {
        skipped = false;
        ws.send(bytes);
      } else if (!skipped) {
        skipped = true;
        ws.send(Buffer.from('\r\n[output left out: the page is behind]\r\n'));
      }
    },
    exit(status) {
      say({ type: 'exit', status });
      ws.close(1000);
    },
  };
  try {
    shell = await open(deps, handle, asked.user, size, ear);
    if (ws.readyState !== ws.OPEN) return shell.end();
    const { via, note, kinds } = shell;
    say({ type: 'ready', via, ...(note ? { note } : {}), ...(kinds ? { kinds } : {}) });
    shell.resize(size);
    for (const bytes of early.splice(0)) shell.keys(bytes);
  } catch (error) {
    say({ type: 'error', error: error instanceof Error ? error.message : String(error) });
    ws.close(1011);
  }
}

/** Through wshd where it serves, else from the host. Throws one sentence for the reader. */
async function open(deps: TerminalDeps, handle: string, user: 'root' | 'vcap', size: Size, ear: Ear): Promise<Shell> {
  const known = containersHere(deps).find((c) => c.handle === handle || c.id === handle);
  const booting = known ? undefined : bootingHere(deps.journal, handle);
  if (known) return viaWshd(known.socket, handle, known.pid, user, size, ear);
  if (!booting) throw new Error(`There is no container ${handle}; the list of containers names those that are.`);
  // The socket listens from the first step on, but nobody answers there before wshd serves.
  const served = await greeted(`${deps.run}/${booting.id}.sock`, handle);
  if (served) return viaWshd(`${deps.run}/${booting.id}.sock`, handle, booting.pid, user, size, ear);
  return viaHost(handle, booting, size, ear);
}

/** Whether wshd says hello soon. */
async function greeted(path: string, handle: string): Promise<boolean> {
  const client = connectWshd(nullLab('terminal'), { path, handle });
  void client.then((late) => late.close()).catch(() => undefined);
  return new Promise((resolve) => {
    const cancel = afterReal(GREETING_MS, () => resolve(false));
    client.then(
      () => resolve(true),
      () => resolve(false),
    );
    void client.finally(cancel).catch(() => undefined);
  });
}

async function viaWshd(path: string, handle: string, init: number, user: string, size: Size, ear: Ear): Promise<Shell> {
  // A lab of its own that records and holds nothing: looking must not change what is looked at.
  const client = await connectWshd(nullLab('terminal'), { path, handle, init });
  // Numbers of this height are hung up and forgotten by wshd when their client goes (wshd/proto.h, BOUND).
  const job = randomInt(0x80000000, 0xffffffff);
  try {
    const argv = ['/bin/bash', '-l'];
    const env = ['TERM=xterm-256color', 'LANG=C.UTF-8'];
    await client.spawn({ job, user, argv, env, tty: size, leaf: 'visit' }, { cause: null });
  } catch (error) {
    client.close();
    throw error;
  }
  client.attach(
    job,
    { lossless: false },
    {
      onOutput: (_stream, bytes) => ear.output(bytes),
      onExit(status) {
        ear.exit(status);
        client.forget(job);
        client.close();
      },
      onLost: () => ear.exit(255),
    },
  );
  return {
    via: 'wshd',
    keys: (bytes) => void client.stdin(job, bytes).catch(() => undefined),
    resize: ({ cols, rows }) => client.resize(job, cols, rows),
    end: () => client.close(),
  };
}

/** The kinds of namespace by /proc's names, with nsenter's flag. */
const NAMESPACES = { user: '-U', mnt: '-m', uts: '-u', ipc: '-i', net: '-n', pid: '-p', cgroup: '-C' } as const;

/** Enters from the host what there is of a container that is held in its boot. Root only: there is no vcap yet. */
function viaHost(handle: string, { pid, init }: { pid: number; init: boolean }, size: Size, ear: Ear): Shell {
  const own = Object.entries(NAMESPACES).filter(([kind]) => init && isOwn(pid, kind));
  if (own.length === 0)
    throw new Error(`${handle} is not up yet: its starter (pid ${pid}) has made no namespace. Step on and try again.`);
  // Without a map no id exists in its user namespace yet; the host's own credentials go on.
  const enter = own.filter(([kind]) => kind !== 'user' || mapped(pid));
  const flags = enter.map(([, flag]) => flag).join(' ');
  const inside = `nsenter -t ${pid} ${flags} -r -w ${enter.length === own.length ? '' : '--preserve-credentials'} --`;
  const shell = `stty cols ${size.cols} rows ${size.rows}; exec ${inside} /bin/bash --norc`;
  const child: ChildProcess = spawn('script', ['-qefc', shell, '/dev/null'], {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, TERM: 'xterm-256color', PS1: `${handle} (held boot)# `, SHELL: '/bin/sh' },
  });
  child.stdout?.on('data', (bytes: Buffer) => ear.output(bytes));
  child.stderr?.on('data', (bytes: Buffer) => ear.output(bytes));
  child.stdin?.on('error', () => undefined);
  child.once('error', () => ear.exit(127));
  child.once('exit', (code) => ear.exit(code ?? 255));
  const kinds = enter.map(([kind]) => kind);
  return {
    via: 'nsenter',
    note: `wshd does not serve yet. This shell comes from the host, as its root, through what is there so far: ${kinds.join(', ')}.`,
    kinds,
    keys: (bytes) => void child.stdin?.write(bytes),
    resize: () => undefined,
    // Its terminal goes, and the shell with it.
    end: () => void child.kill('SIGHUP'),
  };
}

function isOwn(pid: number, kind: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`) !== readlinkSync(`/proc/self/ns/${kind}`);
  } catch {
    return false;
  }
}

function mapped(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/uid_map`, 'utf8').trim() !== '';
  } catch {
    return false;
  }
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
