// What the guest program needs of a test runner: named checks one after the other, each with its line on the serial port.
// A check that fails says so and the next one runs; the plan at the end says how many there were.

/** Milliseconds of the machine's time: how long something may take to be seen, and one check as a whole. */
const PATIENCE = 60_000;
const WHOLE_CHECK = 120_000;

let count = 0;

/** Runs one check and prints its line; the reason of a failure is behind `#`, on the same line. */
export async function check(what: string, body: () => Promise<void> | void): Promise<void> {
  count += 1;
  const began = performance.now();
  try {
    await Promise.race([body(), tooLong()]);
    console.log(`ok ${count} - ${what} # ${(performance.now() - began).toFixed(0)} ms`);
  } catch (e) {
    const why = (e instanceof Error ? (e.stack ?? e.message) : String(e)).replaceAll(/\s*\n\s*/g, ' | ');
    console.log(`not ok ${count} - ${what} # ${why}`);
  }
}

function tooLong(): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`no end after ${WHOLE_CHECK} ms`)), WHOLE_CHECK).unref();
  });
}

/** The last line: without it the run counts as broken off. */
export function plan(): void {
  console.log(`1..${count}`);
}

/** Throws where the two are not the same as JSON; big integers are compared as text. */
export function same(seen: unknown, expected: unknown, what = 'it'): void {
  const [a, b] = [text(seen), text(expected)];
  if (a !== b) throw new Error(`${what} is ${a}, expected ${b}`);
}

export function has(seen: string | readonly string[] | undefined, part: string): void {
  if (!seen?.includes(part)) throw new Error(`${text(seen)} does not have ${text(part)}`);
}

/** Asks until the answer is true. Throws after a minute of the machine's time. */
export async function until(what: string, ask: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!(await ask())) {
    if (performance.now() > deadline) throw new Error(`never seen: ${what}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** Throws unless the promise rejects with this in its text. */
export async function refused(promise: Promise<unknown>, part: string): Promise<void> {
  const said = await promise.then(
    () => 'no refusal',
    (e: unknown) => String(e),
  );
  has(said, part);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v)) ?? 'undefined';
}
