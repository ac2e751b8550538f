// Thins out a source of log lines that says more than a reader can follow, and says how much was left out.
// Only the record is thinned: the lines themselves go wherever they went.
import type { LogBody } from '../../machines/journal.ts';
import { monotonic } from '../clock/mono.ts';

/** Lines of one source that are recorded in one real second. */
export const LINES_PER_SECOND = 1000;
const SECOND_MS = 1000;

interface Source {
  began: number;
  lines: number;
  leftOut: number;
  last: LogBody;
  timer?: NodeJS.Timeout;
}

export interface LogRate {
  /** Whether this line is recorded, and first, if lines were left out before it, the line that says so. */
  line(body: LogBody): { keep: boolean; leftOut?: LogBody };
}

/** @param late records that lines were left out, when no further line comes to say it with */
export function createLogRate(late: (leftOut: LogBody) => void): LogRate {
  const sources = new Map<string, Source>();

  function closed(source: Source): LogBody | undefined {
    clearTimeout(source.timer);
    if (source.leftOut === 0) return undefined;
    const text = `… ${source.leftOut} lines left out: more than ${LINES_PER_SECOND} in a second`;
    source.leftOut = 0;
    return { ...source.last, text };
  }

  return {
    line(body) {
      const key = `${body.actor} ${body.source} ${body.index} ${body.stream}`;
      const now = monotonic();
      const source = sources.get(key);
      if (!source || now - source.began >= SECOND_MS) {
        const leftOut = source && closed(source);
        sources.set(key, { began: now, lines: 1, leftOut: 0, last: body });
        return { keep: true, leftOut };
      }
      source.lines += 1;
      if (source.lines <= LINES_PER_SECOND) return { keep: true };
      source.leftOut += 1;
      source.last = body;
      source.timer ??= setTimeout(() => {
        sources.delete(key);
        const leftOut = closed(source);
        if (leftOut) late(leftOut);
      }, SECOND_MS).unref();
      return { keep: false };
    },
  };
}
