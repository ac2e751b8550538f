// What an exit status means and what to do next about a failure: pure, from a card. The words for it, in each language,
// are the page's (web/apps/words.ts).
import type { FailureCard } from './failure-card.ts';

/** Names of the signals that end programs, by number (Linux). */
const SIGNALS: Record<number, string> = {
  1: 'SIGHUP',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL',
  5: 'SIGTRAP',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

export type ExitMeaning =
  | { type: 'done' }
  | { type: 'failed'; status: number }
  | { type: 'not-executable' }
  | { type: 'not-found' }
  | { type: 'signal'; signal: number; name: string }
  | { type: 'unknown' };

/** What a job's status says. As a shell has it: 126, 127, and 128 + n for signal n; -1 where nobody was told. */
export function exitMeaning(status: number): ExitMeaning {
  if (status === 0) return { type: 'done' };
  if (status < 0) return { type: 'unknown' };
  if (status === 126) return { type: 'not-executable' };
  if (status === 127) return { type: 'not-found' };
  const signal = status - 128;
  const name = SIGNALS[signal];
  return name ? { type: 'signal', signal, name } : { type: 'failed', status };
}

export type Advice =
  /** The app would get as far with another buildpack. */
  | { type: 'buildpack' }
  /** Stage again and hold before the container goes. */
  | { type: 'debug' }
  /** Stage again and hold before this very line. */
  | { type: 'hold-line'; at: string }
  | { type: 'memory'; mb: number }
  /** The app listens elsewhere, or on nothing. */
  | { type: 'port' }
  /** Nobody has room for it: ask for less. */
  | { type: 'less' }
  /** It is held: a terminal opens in its container. */
  | { type: 'look'; handle: string }
  | { type: 'again' };

const MB = 1024 * 1024;

/** What to do next, the most promising first. */
export function adviceFor(card: FailureCard): Advice[] {
  const { failure, problem, oom, usage } = card;
  const advice: Advice[] = [];
  if (failure.held !== null && failure.handle !== null) advice.push({ type: 'look', handle: failure.handle });
  // Only where the kernel has said so: who was killed by somebody else gains nothing by more memory.
  if (oom) {
    advice.push({ type: 'memory', mb: Math.ceil(((usage?.memoryLimit ?? 256 * MB) / MB) * 2) });
  }
  if (failure.kind === 'staging') {
    // Held, it has no name yet: the runner's own word is read when it goes on.
    const inBuildpack = failure.held !== null && card.lines.length > 0;
    if (inBuildpack || /NoAppDetected|CompileFailed|ReleaseFailed/.test(problem.type))
      advice.push({ type: 'buildpack' });
    const line = card.failing ?? card.lines.at(-1);
    if (failure.held === null) advice.push({ type: 'debug' });
    if (line) advice.push({ type: 'hold-line', at: `${line.file}:${line.line}` });
  }
  if (/health check|accept connections/i.test(problem.message)) advice.push({ type: 'port' });
  if (/enough resources|no available|stager/i.test(problem.message)) advice.push({ type: 'less' });
  if (failure.kind !== 'staging' && failure.held === null) advice.push({ type: 'again' });
  return advice;
}
