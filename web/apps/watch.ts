// Whether the push that this page began has failed, from the record. Loaded when something has failed at all.
import { type Failure, failuresAt } from '../../machines/failure.ts';
import type { Model } from '../model.ts';
import { appsNow } from './apps-at.ts';

/** The first failure of the pushed app since then; undefined while there is none. */
export function failureOfPush({ entries, pushed }: Model): Failure | undefined {
  const head = entries.at(-1)?.seq ?? 0;
  const app = appsNow(entries, head).find((a) => a.name === pushed?.name)?.guid;
  return failuresAt(entries, head).find((f) => f.app === app && f.seq > (pushed?.since ?? 0));
}
