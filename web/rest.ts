// The parts of the page that are not in its first view. A browser on the lab's own machine breaks requests off whenever a
// container's network link comes or goes, and Chromium never asks again for a module that has failed once: so the rest is
// fetched while nothing happens yet, and a page that has still lost a part loads itself again, where it is.
import { PANELS } from './panels.ts';

/** After the first view, milliseconds: it has the line to itself. */
const AFTER_MS = 1500;
/** A page that cannot get a part does not load itself again sooner than this, milliseconds. */
const AGAIN_MS = 30_000;
const RELOADED = 'wardenscope-reloaded';

const DIALOGS: readonly (() => Promise<unknown>)[] = [
  () => import('./apps/push-dialog.ts'),
  () => import('./apps/reset.ts'),
  () => import('./apps/watch.ts'),
  () => import('./driver/people.ts'),
  () => import('./run/read.ts'),
  () => import('./run/recorded.ts'),
];

/** Fetches every panel and dialog, one after another, in a moment. Never fails: what is missing is asked for by its use. */
export function fetchRest(): void {
  setTimeout(async () => {
    for (const load of [...PANELS.map((panel) => panel.load), ...DIALOGS]) await load().catch(() => undefined);
  }, AFTER_MS);
}

/**
 * Loads the page again: its address and storage hold where it is. False when it has just done so; then the reader has to
 * be told.
 */
export function loadAgain(): boolean {
  try {
    const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
    if (Date.now() - last < AGAIN_MS) return false;
    sessionStorage.setItem(RELOADED, String(Date.now()));
  } catch {
    // A private window may refuse: without that note it might never end.
    return false;
  }
  location.reload();
  return true;
}
