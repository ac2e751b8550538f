// The journal as server-sent events: one event for each entry, its id the `seq`, so that a browser that lost the
// connection goes on where it was; and `event: state` whenever rules, pace or what is held have changed. A reader that asks
// for `?many` gets what came together as one event with an array, its id the last `seq` in it.
import { once } from 'node:events';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { Entry } from '../../machines/journal.ts';
import type { Journal } from '../journal/journal.ts';

/** A transport keep-alive: proxies close connections on which nothing is said. Real time, never held. */
const ALIVE_MS = 15_000;
const position = z.coerce.number().int().min(0).catch(0);

/** Entries in one event at most: a reader takes it in one piece, and shall not stand still for it. */
const MANY = 64;

/** Entries as the text of events: one for each, or one for what comes together. */
export function eventsOf(entries: readonly Entry[], many: boolean): string {
  if (!many) return entries.map((entry) => `id: ${entry.seq}\ndata: ${JSON.stringify(entry)}\n\n`).join('');
  let text = '';
  for (let at = 0; at < entries.length; at += MANY) {
    const together = entries.slice(at, at + MANY);
    text += `id: ${together.at(-1)?.seq}\ndata: ${JSON.stringify(together)}\n\n`;
  }
  return text;
}

export interface StreamDeps {
  journal: Journal;
  /** What `GET /lab/state` answers. */
  state: () => unknown;
  onState: (listener: () => void) => () => void;
  /** The page that reads it takes its place among driver and watchers (driver.ts); it hears of that as events. */
  join?: ((req: Request, say: (event: string, data: unknown) => void) => (() => void) | undefined) | undefined;
}

/** Streams the state, and entries after `Last-Event-ID`, else after `?after=`, else from the beginning; never ends by itself. */
export function streamEntries({ journal, state, onState, join }: StreamDeps, req: Request, res: Response): void {
  const after = position.parse(req.headers['last-event-id'] ?? req.query.after ?? 0);
  res.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  res.write(': the journal\n\n');
  const say = (event: string, data: unknown) => res.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const sayState = () => say('state', state());
  sayState();
  const unsubscribe = onState(sayState);
  const leave = join?.(req, say);
  const stop = journal.stream(after, async (batch) => {
    // A slow reader reads at its own speed; the journal keeps the rest for it.
    if (!res.write(eventsOf(batch, req.query.many !== undefined)) && !res.destroyed)
      await Promise.race([once(res, 'drain'), once(res, 'close')]);
  });
  const alive = setInterval(() => res.write(': still here\n\n'), ALIVE_MS);
  res.on('close', () => {
    clearInterval(alive);
    unsubscribe();
    leave?.();
    stop();
  });
}
