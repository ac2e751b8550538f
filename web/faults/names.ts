// Which messages there are to lose: the names that the record has seen, with what differs from one to the next left open.
import type { Entry } from '../../machines/journal.ts';

/** Newest entries that are looked at. */
const LATEST = 3000;
/** Known before anything has happened: the one that starts a second instance, staging, a container's making. */
const CLASSICS = ['dea.*.start', 'staging.*.start', 'CreateRequest', 'health.start'];

/** Patterns for `POST /lab/faults`, the usual ones first; each once. */
export function messageNames(entries: readonly Entry[]): string[] {
  const seen = new Set(CLASSICS);
  for (const e of entries.slice(-LATEST)) {
    if (e.type !== 'message' || e.phase !== 'received' || e.background || e.transport === 'proxy') continue;
    // An answer is part of its question.
    if (/^\d{3} /.test(e.name) || e.name.startsWith('_INBOX') || e.name.endsWith('Response')) continue;
    seen.add(patternOf(e.name));
  }
  return [...seen];
}

/** `dea.0-3f2c….start` → `dea.*.start`; ids in paths likewise. */
function patternOf(name: string): string {
  return name.replace(/[0-9a-f]{8}-[0-9a-f-]{27,}|[0-9]+-[0-9a-f]{16,}|[0-9a-f]{16,}/gi, '*').replace(/:guid\b/g, '*');
}
