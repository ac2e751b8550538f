// Before a lesson begins, a push that is still under way comes to its end: it would run through the lesson's first pictures.
import { appsNow, phaseOf } from '../apps/apps-at.ts';
import type { Model } from '../model.ts';

/** So long is waited at most, milliseconds: a push that takes longer goes on beside the lesson. */
const PATIENCE_MS = 20_000;
const LOOK_MS = 250;

/** Whether somebody's push is on its way, as the record and the lab say it. */
export function pushUnderWay({ entries, lab }: Pick<Model, 'entries' | 'lab'>): boolean {
  if (lab?.held.some((h) => h.by === 'beat')) return true;
  const head = entries.at(-1)?.seq ?? 0;
  return appsNow(entries, head).some((app) => ['staging', 'starting'].includes(phaseOf(app)));
}

/**
 * Resolves once nothing is under way, at once where nothing goes on by itself, and after a while in any case.
 * @param now the model as it then is
 */
export async function settled(now: () => Pick<Model, 'entries' | 'lab'>): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  // Between two of its requests a push looks as if it were over.
  for (let quiet = 0; quiet < 2 && performance.now() < end; ) {
    const model = now();
    if (model.lab?.paused || model.lab?.held.some((h) => h.by !== 'beat')) return;
    quiet = pushUnderWay(model) ? 0 : quiet + 1;
    await new Promise((later) => setTimeout(later, LOOK_MS));
  }
}
