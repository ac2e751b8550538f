// The newest log lines of each app, taken from the journal's stream and held in memory. The wire forms that `cf logs`
// reads (websocket, multipart) are not here yet, nor is anything kept beyond the journal itself.
import express, { type Request, type Response, type Router } from 'express';
import type { Entry } from '../../machines/journal.ts';

/** A line as `GET /lab/apps/:guid/logs` gives it. */
export interface LogLine {
  seq: number;
  /** Wall clock, milliseconds. */
  at: number;
  source: string;
  index: string;
  stream: 'out' | 'err';
  text: string;
}

export interface LoggregatorDeps {
  /** Calls the listener with every entry as it is admitted; returns how to stop. */
  onEntry(listener: (entry: Entry) => void): () => void;
}

export interface Loggregator {
  /** GET /lab/apps/:guid/logs?tail=N */
  router: Router;
  /** The newest `tail` lines of an app, oldest first. */
  lines(app: string, tail?: number): LogLine[];
  /** Follows an app's lines as they come. */
  follow(app: string, listener: (line: LogLine) => void): () => void;
  close(): void;
}

/** Lines kept for each app. */
const KEPT = 1000;

export function createLoggregator(deps: LoggregatorDeps): Loggregator {
  const kept = new Map<string, LogLine[]>();
  const followers = new Map<string, Set<(line: LogLine) => void>>();
  const close = deps.onEntry((entry) => {
    if (entry.type !== 'log' || !entry.app) return;
    const { seq, at, source, index, stream, text } = entry;
    const line: LogLine = { seq, at, source, index, stream, text };
    const lines = kept.get(entry.app) ?? [];
    kept.set(entry.app, lines);
    lines.push(line);
    // Cut in larger pieces: shifting an array of a thousand for every line would cost more than the line.
    if (lines.length > KEPT * 2) lines.splice(0, lines.length - KEPT);
    for (const listener of followers.get(entry.app) ?? []) listener(line);
  });
  const lines = (app: string, tail = KEPT) => (tail > 0 ? (kept.get(app) ?? []).slice(-Math.min(tail, KEPT)) : []);
  const router = express.Router();
  router.get('/lab/apps/:guid/logs', (req: Request, res: Response) => {
    const tail = Number(req.query.tail ?? KEPT);
    if (!Number.isInteger(tail) || tail < 0) {
      res.status(400).json({ error: '[loggregator] could not read the logs: tail must be a number of lines' });
      return;
    }
    res.json({ lines: lines(String(req.params.guid), tail) });
  });
  return {
    router,
    lines,
    follow: (app, listener) => {
      const all = followers.get(app) ?? new Set();
      followers.set(app, all.add(listener));
      return () => {
        all.delete(listener);
        if (all.size === 0) followers.delete(app);
      };
    },
    close,
  };
}
