// One child process under main: started in a session of its own, restarted when it dies, stopped in order.
// What the child is for, main does not know; what it reports goes to the supervisor.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Order, Report } from './child.ts';
import { PROCESS_VARIABLE, type ProcessConfig } from './config.ts';
import { livingOf } from './living.ts';

/** Real milliseconds before a second, third, … restart; the first is at once. A child that lived 10 s starts afresh. */
const BACKOFF_MS = [0, 200, 500, 1000, 2000, 5000, 10_000];
const LIVED_MS = 10_000;
/** A child that does not end in order within this time is killed. */
const STOP_MS = 8000;
const READY_MS = 60_000;

export interface ChildSpec {
  config: ProcessConfig;
  /** The bundle, absolute. */
  script: string;
  onReport(report: Report): void;
  /** It died without being told to; it is started again after `againMs`. */
  onDeath(death: { proc: string; pid: number; how: string; againMs: number }): void;
  onStart(pid: number): void;
}

export interface Child {
  readonly proc: string;
  /** 0 while it is down. */
  readonly pid: number;
  /** Waits until this life of the process is ready. Rejects with one line when it ends or says nothing for a minute. */
  ready(): Promise<void>;
  order(order: Order): void;
  /** Resolves when this report comes; false when the process is down or dies first, or after `ms`. */
  answer(order: Order, type: Report['type'], ms: number): Promise<boolean>;
  /** Ends it for good: by order, then by force. Resolves when it is reaped. */
  stop(): Promise<void>;
  kill(): void;
}

/** Starts a child and keeps it alive until `stop`. */
export function keepChild({ config, script, onReport, onDeath, onStart }: ChildSpec): Child {
  const { proc, dir, run } = config;
  const pidFile = `${run}/pids/${proc.replace('/', '-')}`;
  const logFile = `${dir}/log/${proc.replace('/', '-')}.log`;
  let child: ChildProcess | undefined;
  let stopping = false;
  let deaths = 0;
  let again: NodeJS.Timeout | undefined;
  let logStart = 0;
  let heard = new Set<Report['type']>();
  const listeners = new Set<() => void>();
  const tell = () => {
    for (const listener of [...listeners]) listener();
  };

  function start(): void {
    mkdirSync(dirname(pidFile), { recursive: true, mode: 0o700 });
    const log = openSync(logFile, 'a', 0o600);
    logStart = statSync(logFile).size;
    const life = spawn(process.execPath, ['--enable-source-maps', script], {
      argv0: `wardenscope ${proc}`,
      detached: true,
      cwd: '/',
      stdio: ['ignore', log, log, 'ipc'],
      env: { ...process.env, [PROCESS_VARIABLE]: JSON.stringify(config) },
    });
    closeSync(log);
    child = life;
    heard = new Set();
    const startedAt = performance.now();
    if (life.pid) {
      writeFileSync(pidFile, JSON.stringify(livingOf(life.pid) ?? {}), { mode: 0o600 });
      onStart(life.pid);
    }
    life.on('message', (message) => {
      const report = Report.safeParse(message);
      if (!report.success) return;
      heard.add(report.data.type);
      tell();
      onReport(report.data);
    });
    life.on('error', () => undefined);
    life.on('exit', (code, signal) => {
      child = undefined;
      rmSync(pidFile, { force: true });
      if (stopping) return tell();
      deaths = performance.now() - startedAt > LIVED_MS ? 0 : deaths;
      const againMs = BACKOFF_MS[Math.min(deaths, BACKOFF_MS.length - 1)] ?? 0;
      deaths += 1;
      again = setTimeout(start, againMs);
      tell();
      onDeath({ proc, pid: life.pid ?? 0, how: signal ?? `exit ${code}`, againMs });
    });
  }

  /** Waits until `probe` gives a value; undefined after `ms`. */
  function when<T>(probe: () => T | undefined, ms: number): Promise<T | undefined> {
    return new Promise((resolve) => {
      const end = (value: T | undefined) => {
        clearTimeout(timer);
        listeners.delete(look);
        resolve(value);
      };
      const look = () => {
        const value = probe();
        if (value !== undefined) end(value);
      };
      const timer = setTimeout(() => end(undefined), ms);
      listeners.add(look);
      look();
    });
  }

  /** What this life wrote last, one line: the cause of a death at the start. */
  function lastWords(): string {
    const lines = readFileSync(logFile).subarray(logStart).toString().trim().split('\n');
    const said = lines.find((line) => /^\S*(Error|Refusal)\b|^\[\w+\]/.test(line)) ?? lines.at(-1) ?? '';
    return said.replace(/^(Uncaught )?(\w*Error|Refusal): /, '') || `no word in ${logFile}`;
  }

  start();
  return {
    proc,
    get pid() {
      return child?.pid ?? 0;
    },
    ready: async () => {
      const life = child;
      const how = await when(() => (heard.has('ready') ? 'ready' : child === life ? undefined : 'died'), READY_MS);
      if (how === 'ready') return;
      throw new Error(
        how === 'died'
          ? `${proc} ended at its start: ${lastWords()}`
          : `${proc} was not ready within a minute: ${lastWords()}`,
      );
    },
    order: (order) => void (child?.connected && child.send(order, () => undefined)),
    answer: async (order, type, ms) => {
      const life = child;
      if (!life?.connected) return false;
      heard.delete(type);
      life.send(order, () => undefined);
      return (await when(() => (child !== life ? false : heard.has(type) ? true : undefined), ms)) ?? false;
    },
    stop: async () => {
      stopping = true;
      clearTimeout(again);
      if (child?.connected) child.send({ type: 'stop' } satisfies Order, () => undefined);
      else child?.kill('SIGTERM');
      const ended = () => (child ? undefined : true);
      if (await when(ended, STOP_MS)) return;
      child?.kill('SIGKILL');
      await when(ended, STOP_MS);
    },
    kill: () => {
      stopping = true;
      clearTimeout(again);
      child?.kill('SIGKILL');
    },
  };
}
