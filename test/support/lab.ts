// A whole lab for a test: the processes that `npm start` starts, on a free port with a fresh data folder, and its end.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from '../../scripts/build.mjs';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { connectWarden } from '../../server/warden/protocol/index.ts';
import { type Answer, ask, until } from './cf.ts';
import { trace } from './trace.ts';

export interface LabSetting {
  /** Nodes, 2 unless said. */
  deas?: number;
  /** Further environment variables of main and so of all processes. */
  env?: Record<string, string>;
  /** A data folder that is kept afterwards; a fresh one under /tmp is removed unless the environment says KEEP=1. */
  data?: string;
  /** Further flags. */
  args?: string[];
}

export interface RunningLab {
  url: string;
  /** The lab's id. */
  id: string;
  /** The data folder. */
  data: string;
  dir: string;
  main: ChildProcess;
  /** What main has printed so far. */
  printed(): string;
  /** A request to the lab: JSON in, answer out. */
  api(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Pid of a process by its name in the journal, such as `dea/0`; undefined while it is down. */
  pid(proc: string): number | undefined;
  pids(): Record<string, number>;
  /** `kill -9`; resolves when exactly that process is gone. */
  kill(proc: string): Promise<void>;
  wardenSocket(node: number): string;
  /** Handles that node k's Warden lists. */
  list(node: number): Promise<string[]>;
  /** SIGTERM to main, and waits for its end; resolves with main's exit status. The data folder goes. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

const root = join(import.meta.dirname, '../..');
const READY = /^Wardenscope is ready at (http:\S+?)\/ \(lab (\w+),/m;

/** Starts a lab, built from the sources as they are. Rejects with what main said when it does not come up. */
export async function startLab({ deas = 2, env = {}, data, args = [] }: LabSetting = {}): Promise<RunningLab> {
  await build({ web: env.WARDENSCOPE_TEST_WEB === '1' });
  const fresh = data === undefined;
  const dir = data ?? mkdtempSync(join(tmpdir(), 'ws-lab-'));
  const flags = ['--port', '0', '--data', dir, '--deas', String(deas), ...args];
  const main = spawn(process.execPath, [join(root, 'dist/server/main.js'), ...flags], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env, WARDENSCOPE_LEASH: 'stdin' },
    detached: true,
  });
  let printed = '';
  main.stdout.on('data', (text) => {
    printed += text;
  });
  main.stderr.on('data', (text) => {
    printed += text;
  });
  const ended = new Promise<number | null>((resolve) => main.once('close', (code) => resolve(code)));

  const untrace = trace({ dir, printed: () => printed });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    untrace();
    if (main.exitCode === null && main.signalCode === null) main.kill(signal);
    const code = await ended;
    if (fresh && process.env.KEEP !== '1') rmSync(dir, { recursive: true, force: true });
    return code;
  };
  try {
    const ready = await until(
      'the ready line',
      () => READY.exec(printed) ?? (main.exitCode !== null && 'ended'),
      120_000,
    );
    if (ready === 'ended') throw new Error('main ended');
    const [, url = '', id = ''] = ready;
    return running({ url, id, dir, main, printed: () => printed, stop });
  } catch (error) {
    await stop();
    throw new Error(`the lab did not come up: ${error}\n${printed}`);
  }
}

function running(of: Pick<RunningLab, 'url' | 'id' | 'dir' | 'main' | 'printed' | 'stop'>): RunningLab {
  const { url, id, dir, main } = of;
  const pids = () => pidsOf(id, main.pid ?? 0);
  const wardenSocket = (node: number) => `${dir}/nodes/${node}/warden.sock`;
  return {
    ...of,
    data: dir,
    api: (method, path, body, headers = {}) =>
      ask(`${url}${path}`, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      }),
    pids,
    pid: (proc) => pids()[proc],
    kill: async (proc) => {
      const pid = pids()[proc];
      if (!pid) throw new Error(`no process ${proc} to kill; there are ${Object.keys(pids()).join(' ')}`);
      process.kill(pid, 'SIGKILL');
      await until(`${proc} (${pid}) to be gone`, () => pids()[proc] !== pid);
    },
    wardenSocket,
    list: async (node) => {
      const lab = memoryLab('test', 'real');
      const warden = await connectWarden({
        socket: wardenSocket(node),
        lab,
        label: 'test',
        from: 'test',
        to: `warden:${node}`,
      });
      try {
        return (await warden.request('List', {}, { cause: null })).handles;
      } finally {
        warden.close();
      }
    },
  };
}

/** Reads the run folder's pid files and believes only those whose process main has started and that lives. */
function pidsOf(id: string, main: number): Record<string, number> {
  const folder = `/run/wardenscope/${id}/pids`;
  const found: Record<string, number> = { main };
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    try {
      const { pid }: { pid: number } = JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      if (/^State:\s+Z/m.test(status) || Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) !== main) continue;
      found[name.replace('-', '/')] = pid;
    } catch {
      // It ended between two reads.
    }
  }
  return found;
}
