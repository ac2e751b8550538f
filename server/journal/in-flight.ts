// Which effects are under way, read from the journal as it grows: what "finishing: compile" means. It holds nothing up.
import type { Entry } from '../../machines/journal.ts';
import { monotonic } from '../clock/mono.ts';
import type { Journal } from './journal.ts';

export interface Effect {
  actor: string;
  name: string;
  /** CLOCK_MONOTONIC milliseconds at its start. */
  since: number;
  seq: number;
  /** Null for what a component does all the time, such as a DEA's heartbeat. */
  run: string | null;
}

export interface InFlight {
  /** Effects that have started and not ended, the oldest first. Long-lived ones (`listen`) are among them. */
  all(): Effect[];
  /** Whether one began less than `ms` real milliseconds ago. */
  young(ms: number): boolean;
}

/** Follows the journal from its present head. */
export function createInFlight(journal: Journal): InFlight {
  const running = new Map<string, Effect>();

  function see(entry: Entry): void {
    if (entry.type !== 'effect' || entry.background) return;
    const key = `${entry.proc} ${entry.actor} ${entry.name}`;
    if (entry.phase === 'start')
      running.set(key, { actor: entry.actor, name: entry.name, since: monotonic(), seq: entry.seq, run: entry.run });
    else running.delete(key);
  }

  journal.stream(journal.head, (batch) => batch.forEach(see));
  journal.observe({
    onGone(peer) {
      for (const key of running.keys()) if (key.startsWith(`${peer.proc} `)) running.delete(key);
    },
  });

  return {
    all: () => [...running.values()],
    young: (ms) => [...running.values()].some((effect) => monotonic() - effect.since < ms),
  };
}
