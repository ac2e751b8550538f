// What warden needs of wshd: to boot one and to talk to its PID 1. server/warden/wshd implements it; wiring is in main.ts.
import type { Lab, Trail } from '../lab/types.ts';

export interface BootRequest {
  lab: Lab;
  handle: string;
  /** `container:<id>`. */
  actor: string;
  /** The first word that ps shows: `wshd: <id>`. */
  title: string;
  /** `key=value` texts as in ARCHITECTURE 'wshd'. */
  keys: string[];
  trail: Trail;
  signal: AbortSignal;
  /** At each step that is looked at: `subject` is PID 1 as soon as it exists, before that the starter. */
  onSample: (subject: number, cause: Trail) => void;
}

export interface BootedWshd {
  /** PID 1 by the host's number. */
  pid: number;
  /** The starter; undefined once it was reaped. */
  starter: number | undefined;
  /** Resolves when the starter was reaped, which is when PID 1 was. */
  ended: Promise<void>;
}

export interface SpawnOptions {
  job: number;
  user: 'root' | 'vcap';
  args: string[];
  env: string[];
  /** `nofile=1024` by the protocol's names. */
  rlimits: Record<string, bigint>;
  leaf: 'jobs' | 'visit';
  handle: string;
  actor: string;
  trail: Trail;
  onSample: (subject: number, cause: Trail) => void;
}

export interface JobListener {
  onOutput(stream: 'stdout' | 'stderr', bytes: Buffer): void;
  /** 0–255, 128 + n for a signal; after all output. */
  onExit(status: number): void;
  /** The connection was lost before the end. */
  onLost(): void;
}

export interface KnownJob {
  job: number;
  /** Undefined while it runs. */
  status: number | undefined;
}

export interface Wshd {
  spawn(options: SpawnOptions): Promise<{ pid: number }>;
  /** From what the rings still have. A lossless reader holds the writer back. */
  attach(job: number, lossless: boolean, listener: JobListener): void;
  /** Resolves when wshd has taken the bytes. */
  stdin(job: number, bytes: Buffer): Promise<void>;
  endStdin(job: number): Promise<void>;
  signal(job: number, signal: number): void;
  /** Frees what wshd keeps of an ended job. */
  forget(job: number): void;
  list(): Promise<KnownJob[]>;
  onClose(listener: () => void): void;
  close(): void;
}

export interface WshdPort {
  boot(request: BootRequest): Promise<BootedWshd>;
  /** Rejects when nobody listens on `socket`. */
  connect(options: {
    lab: Lab;
    socket: string;
    handle: string;
    actor: string;
    trail: Trail;
    /** PID 1 by the host's number: with it, steps of jobs carry host pids. */
    init?: number;
  }): Promise<Wshd>;
}
