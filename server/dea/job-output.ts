// Turns what a job of a container writes into `log` entries, beside Warden and without holding the job back. A late reader
// gets the last 64 KiB of each stream (behaviour 15); what was lost before is said.
import { basename } from 'node:path';
import type { Cause, Lab, Timer } from '../lab/types.ts';
import { type AppLog, type LogSource, lineSplitter } from './app-log.ts';
import { type Positions, readJob } from './wshd-reader.ts';

export interface Follow {
  /** As Info gives it; its last part is the container's id. */
  containerPath: string;
  jobId: number;
  source: LogSource;
  /** What a line follows from, asked for each line. */
  cause: () => Cause;
}

export interface JobOutput {
  /** Every line becomes a `log` entry; answers how to stop. Tries again for as long as nobody stops it. */
  follow(options: Follow): () => void;
}

const AGAIN_MS = 500;

/** @param run folder of the containers' wshd sockets, `<run>/<id>.sock` */
export function createJobOutput(lab: Lab, log: AppLog, run: string): JobOutput {
  return {
    follow: ({ containerPath, jobId, source, cause }) => {
      const socket = `${run}/${basename(containerPath)}.sock`;
      const lines = {
        out: lineSplitter((text) => log.line(source, 'out', text, cause())),
        err: lineSplitter((text) => log.line(source, 'err', text, cause())),
      };
      let again: Timer | undefined;
      let stopReading: () => void = () => undefined;
      const flush = () => {
        lines.out.end();
        lines.err.end();
      };
      const read = (from: Positions) => {
        stopReading = readJob(socket, jobId, from, {
          onOutput: (stream, bytes) => lines[stream].push(bytes),
          onLost: (stream, bytes) =>
            log.line(source, stream, `… ${bytes} bytes were overwritten before anybody read them`, cause()),
          onEnd: flush,
          onBroken: (positions) => {
            again = lab.clock.after(AGAIN_MS, 'beat', `output of ${source.actor}`, () => read(positions));
          },
        });
      };
      read({ out: 0n, err: 0n });
      return () => {
        again?.cancel();
        stopReading();
        flush();
      };
    },
  };
}
