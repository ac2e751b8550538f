// Placeholder actors of the machines: they say by name what the server, the browser or a test has to provide.
// They never do anything themselves.
import { type AnyEventObject, fromCallback, fromPromise } from 'xstate';

/** An effect that is provided elsewhere (`server/lab/host.ts` effect()). Fails with `not provided: <name>`. */
export function notProvided<O, I>(name: string) {
  return fromPromise<O, I>(async () => {
    throw new Error(`not provided: ${name}`);
  });
}

/** A long-lived source of facts that is provided elsewhere (`server/lab/host.ts` listen()). */
export function nothingHeard<I>(name: string) {
  return fromCallback<AnyEventObject, I>(() => {
    throw new Error(`not provided: ${name}`);
  });
}
