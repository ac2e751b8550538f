// Removes all of a container from the kernel and the disk (warden: destroy.sh). Works from the id alone, so that what a
// killed server left is removed by the same steps; returns only when everything is seen to be gone.
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { untilReal } from '../../clock/real.ts';
import { run } from '../network/command.ts';
import { removeLink } from '../network/node-link.ts';
import { isAlive, killAnyway, killIfSame, processesWith, startedAt } from '../process.ts';
import { type Container, hostInterface, type Warden } from '../warden.ts';
import { endsOf } from './acquire.ts';
import { leaveWshd } from './connect-to-wshd.ts';
import { deleteSnapshot } from './write-snapshot.ts';

/** Real ms: what the kernel needs is about 20; beyond these something is wrong and is said. */
const PROCESSES_WITHIN = 10_000;
const CGROUPS_WITHIN = 5000;
/** The host's end of the link goes by itself about 16 ms after PID 1; it is deleted only where it does not. */
const LINK_BY_ITSELF_WITHIN = 500;

/** Idempotent. Throws with everything that could not be removed; the container then keeps its ids. */
export async function tearDown(warden: Warden, c: Container): Promise<void> {
  deleteSnapshot(c);
  leaveWshd(c);
  // Whoever still waits for a job has an answer: its status is not known any more.
  for (const job of c.jobs.all()) job.reader.onLost();
  const failures: string[] = [];
  const attempt = async (what: () => Promise<unknown> | unknown) => {
    try {
      await what();
    } catch (e) {
      failures.push(e instanceof Error ? e.message : String(e));
    }
  };
  await attempt(() => endProcesses(c));
  await Promise.all([
    attempt(() => removeCgroups(c)),
    attempt(() => removeFromFirewall(warden, c)),
    attempt(() => waitForLink(c)),
    attempt(() => unmountLeftovers(c)),
    attempt(() => rm(c.socket, { force: true })),
    attempt(() => rm(`${c.path}/upper`, { recursive: true, force: true })),
  ]);
  // Its folder goes last and only when all else is gone: by it the next server knows that there is something to remove.
  if (failures.length === 0) await attempt(() => rm(c.path, { recursive: true, force: true }));
  if (failures.length > 0) throw new Error(`[warden] could not destroy container ${c.handle}: ${failures.join('; ')}`);
}

/** PID 1 takes all of its pid namespace with it; what entered from the host is in the cgroup only. */
async function endProcesses(c: Container): Promise<void> {
  if (existsSync(c.cgroup.paths.freezer ?? c.cgroup.paths.unified ?? '')) c.cgroup.freezeJobs(false);
  const init = c.init;
  // A starter that is not our child is known by the socket it was told; it ends after PID 1, or with its broken boot.
  const starters = c.booted ? [] : processesWith(`sock=${c.socket}`);
  if (init) killIfSame(init.pid, init.started, 'SIGKILL');
  const gone = () => {
    if (!c.cgroup.killAll()) for (const pid of c.cgroup.pids()) killAnyway(pid, 'SIGKILL');
    return c.cgroup.pids().length === 0 && !(init && startedAt(init.pid) === init.started) && !starters.some(isAlive);
  };
  if (!(await untilReal(gone, PROCESSES_WITHIN, 1))) {
    throw new Error(`processes are left: ${[...c.cgroup.pids(), ...starters.filter(isAlive)].join(', ')}`);
  }
  if (c.booted) await c.booted.ended;
}

async function removeCgroups(c: Container): Promise<void> {
  let last: unknown;
  const removed = await untilReal(
    () => {
      try {
        c.cgroup.remove();
        return true;
      } catch (e) {
        last = e;
        return false;
      }
    },
    CGROUPS_WITHIN,
    5,
  );
  if (!removed) throw last;
}

async function removeFromFirewall(warden: Warden, c: Container): Promise<void> {
  if (c.network === undefined) return;
  const rules = { id: c.id, address: endsOf(c).container, netIn: c.netIn, netOut: c.netOut, bandwidth: c.bandwidth };
  await warden.firewall.removeContainer(rules);
}

async function waitForLink(c: Container): Promise<void> {
  const link = hostInterface(c.id);
  const gone = () => !existsSync(`/sys/class/net/${link}`);
  if (!(await untilReal(gone, LINK_BY_ITSELF_WITHIN, 2))) await removeLink(link);
}

/** A container's mounts are in its own namespace; one on the host can only come from a boot that broke in a bad moment. */
async function unmountLeftovers(c: Container): Promise<void> {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((at) => at === c.path || at.startsWith(`${c.path}/`));
  for (const at of points.reverse()) await run('umount', ['-l', at]);
}
