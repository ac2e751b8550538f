// Real time, for the few things that must not stand still with lab time: the journal's own patience, and waiting for
// processes to answer the debugger. Nothing of the flow may use it.

/** Runs `fn` once after `ms` real milliseconds; the returned function cancels it. Never keeps the process alive. */
export function afterReal(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Resolves after `ms` real milliseconds. */
export function realDelay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Looks every `everyMs` real milliseconds until `done` is true or `withinMs` are over.
 * @returns whether `done` became true
 */
export async function untilReal(done: () => boolean, withinMs: number, everyMs = 2): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!done()) {
    if (performance.now() >= deadline) return false;
    await realDelay(everyMs);
  }
  return true;
}
