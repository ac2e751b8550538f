// One job as the server sees it: what it has said so far, how it ended, who waits (warden: container/job.rb). wshd owns the
// process and its pipes; this only reads.
import { StringDecoder } from 'node:string_decoder';
import type { Cause } from '../../lab/types.ts';
import type { JobListener } from '../wshd-port.ts';

export type StreamName = 'stdout' | 'stderr';

export interface JobEnd {
  status: number;
  stdout: string;
  stderr: string;
}

export interface Job {
  readonly id: number;
  readonly discardOutput: boolean;
  readonly logTag: string;
  /** Undefined while it runs. */
  readonly status: number | undefined;
  /** An event text of its end, such as `command exceeded maximum output`. */
  readonly error: string | undefined;
  readonly ended: Promise<JobEnd>;
  /** The fault that killed it, if one did: its end follows from that. */
  killedBy: Cause;
  /** What there was so far, then what comes; never after `ended`. Returns how to stop. */
  listen(onChunk: (name: StreamName, data: string) => void): () => void;
  /** Feeds it from wshd. */
  readonly reader: JobListener;
}

export interface JobOptions {
  id: number;
  discardOutput: boolean;
  logTag: string;
  /** Bytes of both streams together; no limit with discardOutput. */
  outputLimit: number;
  /** Ends the process when its output is over the limit. */
  terminate: () => void;
  onEnd: (job: Job) => void;
}

export const OUTPUT_EXCEEDED = 'command exceeded maximum output';
/** Also what a lost link and the output limit give, as in the original. */
const UNKNOWN_STATUS = 255;
/** What a late reader of a job with discarded output can still get, bytes of each stream. */
const RING = 64 * 1024;

export function createJob(options: JobOptions): Job {
  const kept: Record<StreamName, string[]> = { stdout: [], stderr: [] };
  // A character may be cut in two by the pipe; each stream keeps its half until the rest is there.
  const decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };
  const listeners = new Set<(name: StreamName, data: string) => void>();
  let bytes = 0;
  let status: number | undefined;
  let error: string | undefined;
  let settle: (end: JobEnd) => void = () => undefined;
  const ended = new Promise<JobEnd>((resolve) => {
    settle = resolve;
  });

  function say(name: StreamName, text: string): void {
    if (text === '') return;
    kept[name].push(text);
    if (options.discardOutput) trim(kept[name]);
    for (const listener of listeners) listener(name, text);
  }

  function end(result: number): void {
    if (status !== undefined) return;
    for (const name of ['stdout', 'stderr'] as const) say(name, decoders[name].end());
    status = result;
    const all = (name: StreamName) => (options.discardOutput ? '' : kept[name].join(''));
    options.onEnd(job);
    settle({ status: result, stdout: all('stdout'), stderr: all('stderr') });
  }

  const job: Job = {
    id: options.id,
    discardOutput: options.discardOutput,
    logTag: options.logTag,
    get status() {
      return status;
    },
    get error() {
      return error;
    },
    ended,
    killedBy: null,
    listen(onChunk) {
      for (const name of ['stdout', 'stderr'] as const) for (const text of kept[name]) onChunk(name, text);
      listeners.add(onChunk);
      return () => listeners.delete(onChunk);
    },
    reader: {
      onOutput(name, chunk) {
        if (status !== undefined) return;
        const room = options.discardOutput ? chunk.length : options.outputLimit - bytes;
        bytes += chunk.length;
        say(name, decoders[name].write(chunk.length > room ? chunk.subarray(0, room) : chunk));
        if (chunk.length <= room) return;
        error = OUTPUT_EXCEEDED;
        options.terminate();
        end(UNKNOWN_STATUS);
      },
      onExit: end,
      onLost: () => end(UNKNOWN_STATUS),
    },
  };
  return job;
}

function trim(texts: string[]): void {
  let size = texts.reduce((sum, t) => sum + t.length, 0);
  while (texts.length > 1 && size - texts[0]!.length >= RING) size -= texts.shift()!.length;
}
