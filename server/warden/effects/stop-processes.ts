// Ends everything in a container but PID 1 (warden: stop.sh): TERM to all of it each second of lab time, KILL after ten.
import { untilReal } from '../../clock/real.ts';
import { killAnyway } from '../process.ts';
import type { Container, Warden } from '../warden.ts';

const GRACE_SECONDS = 10;
/** How often the kernel is asked whether they are gone, and how long one asking may take, real ms. */
const LOOK_EVERY = 5;
const LOOK_FOR = 60_000;

/** Idempotent. Thaws first: a frozen process takes no signal. Waits on the kernel, and for the next second on lab time. */
export async function stopProcesses(
  warden: Warden,
  c: Container,
  { kill, signal }: { kill: boolean; signal: AbortSignal },
): Promise<void> {
  c.cgroup.freezeJobs(false);
  const ended = () => others(c).length === 0;
  for (let second = 0; !ended() && !signal.aborted; second += 1) {
    const force = kill || second >= GRACE_SECONDS;
    for (const pid of others(c)) killAnyway(pid, force ? 'SIGKILL' : 'SIGTERM');
    let due = false;
    const timer = warden.lab.clock.after(1000, 'limit', `stop ${c.handle}`, () => {
      due = true;
    });
    await untilReal(() => ended() || due || signal.aborted, LOOK_FOR, LOOK_EVERY);
    timer.cancel();
  }
  // Link answers once the jobs' statuses are here; the processes have ended, so that this is a matter of reading.
  await Promise.race([Promise.all(c.jobs.all().map((j) => j.ended)), untilReal(() => false, 2000, 50)]);
}

function others(c: Container): number[] {
  return c.cgroup.pids().filter((pid) => pid !== c.init?.pid);
}
