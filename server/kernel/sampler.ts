// Turns pictures of a container's kernel objects into `kernel` entries: only what changed since the last, with what looking
// has cost. When to look is decided by the gates: at each hold, and at each step while kernel recording is on.
import type { Lab, Trail } from '../lab/types.ts';
import { type Diff, diff, type Facts, inspect, tells } from './inspect.ts';

export interface Subject {
  actor: string;
  handle: string;
  /** Cgroup directory by controller. */
  cgroups: Record<string, string>;
  /** Looked at because of periodic traffic. */
  background?: boolean;
}

/**
 * Looks at `pid` and records what is different from the picture that was told last; the first is compared with nothing.
 * What is used up (memory, processor time) goes with what else has changed, and is no news by itself.
 */
export function createSampler(lab: Lab, subject: Subject): (pid: number, trail: Trail) => void {
  let before: Facts = {};
  const { actor, handle, background } = subject;
  const said = { actor, handle, ...(background ? { background } : {}) };
  return (pid, trail) => {
    const began = performance.now();
    const after = inspect(pid, subject.cgroups);
    const changes = diff(before, after);
    if (!tells(changes)) return;
    before = after;
    const ms = Math.round((performance.now() - began) * 1000) / 1000;
    // The first picture of a host's process is long, and the journal keeps only the head of a long value.
    parts(changes).forEach((part, i) => {
      lab.rec.record({ type: 'kernel', ...said, pid, diff: part, ms: i === 0 ? ms : 0 }, trail.cause);
    });
  };
}

const PART = 3000;

/** The same changes in pieces of about 3 kB of JSON. */
function parts(changes: Diff): Diff[] {
  const all: Diff[] = [];
  let size = PART;
  for (const [path, change] of Object.entries(changes)) {
    const length = JSON.stringify([path, change]).length;
    if (size + length > PART) {
      all.push({});
      size = 0;
    }
    size += length;
    all[all.length - 1]![path] = change;
  }
  return all;
}
