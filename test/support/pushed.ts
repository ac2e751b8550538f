// A lab with a push behind it, for proofs that look at a whole record.
import type { Entry } from '../../machines/journal.ts';
import { debug } from './debug.ts';
import type { RunningLab } from './lab.ts';
import { endOf } from './trace.ts';

/** Pushes hello-node as the page does, at the lab's own speed, and resolves with the record once the router knows it. */
export async function pushed(lab: RunningLab): Promise<Entry[]> {
  const d = debug(lab.url);
  const since = (await d.state()).head;
  await lab.api('POST', '/lab/push', { app: 'hello-node' });
  const known = (e: Entry) =>
    e.seq > since && e.type === 'message' && e.name === 'router.register' && e.phase === 'received' && e.run !== null;
  try {
    await d.entry('the app to be registered', known, 120_000);
  } catch (error) {
    // This is called before the tests of a file: their report of the lab would not come.
    throw new Error(`${error instanceof Error ? error.message : error}\n${endOf(lab)}`);
  }
  return d.journal();
}
