// Puts journal, clock and debugger together in the order that restarts need: everything is attached before the first
// process is welcomed. This is wiring only.
import { join } from 'node:path';
import type { Router } from 'express';
import { type ClockOwner, createClockOwner } from '../clock/owner.ts';
import { createSkipper, type Skipper } from '../clock/skip.ts';
import { createInFlight } from '../journal/in-flight.ts';
import { type Journal, type JournalOptions, openJournal } from '../journal/journal.ts';
import { openLab } from '../lab/lab.ts';
import type { Lab } from '../lab/types.ts';
import { type DebuggerApiDeps, debuggerRouter } from './api.ts';
import { createDebugger, type Debugger } from './debugger.ts';

export interface SpineOptions extends JournalOptions {
  /** The process that this runs in: `control`. */
  proc: string;
  jitter?: number;
  gatesDisabled?: boolean;
  /** Who of several pages drives (driver.ts). */
  join?: DebuggerApiDeps['join'];
}

export interface Spine {
  journal: Journal;
  clock: ClockOwner;
  skipper: Skipper;
  debugger: Debugger;
  /** This process's own lab, over the same link without a socket. */
  lab: Lab;
  /** To mount at `/lab`. */
  router: Router;
  close(): Promise<void>;
}

/**
 * Opens the lab's journal and listens on its socket; other processes can `openLab` from then on.
 * @throws when the data folder cannot be read or the socket cannot be made
 */
export async function openSpine(options: SpineOptions): Promise<Spine> {
  const { proc, dir, socket, jitter, gatesDisabled } = options;
  const journal = openJournal(options);
  const clock = createClockOwner(journal);
  const inFlight = createInFlight(journal);
  const skipper = createSkipper(journal, clock, inFlight);
  const dbg = createDebugger({ journal, clock, skipper, inFlight, file: join(dir, 'debugger.json'), gatesDisabled });
  await journal.listen();
  const lab = await openLab({ proc, role: 'control', socket, dial: journal.localLink(), jitter, gatesDisabled });
  return {
    journal,
    clock,
    skipper,
    debugger: dbg,
    lab,
    router: debuggerRouter({ journal, clock, skipper, inFlight, debugger: dbg, join: options.join }),
    async close() {
      await lab.close();
      clock.close();
      await journal.close();
    },
  };
}
