// Whether an app that has just been spawned is up (dea_ng: health_check/*, reference 1.12): its port accepts a
// connection, or it has no route and nothing to check. Idempotent: it only looks. Intervals and limits are lab time.
import { connect } from 'node:net';
import type { DeaDeps, Doing } from '../deps.ts';
import type { Unhosted } from '../instances.ts';
import { HEALTH_RETRY_MS } from '../settings.ts';

export async function checkHealth(deps: DeaDeps, one: Unhosted, doing: Doing): Promise<{ healthy: boolean }> {
  if (one.uris.length === 0 || one.hostPort === null) return { healthy: true };
  const seconds = one.message.health_check_timeout;
  const limit = seconds ? seconds * 1000 : deps.settings.healthCheckMs;
  return { healthy: await accepts(deps, { host: deps.settings.address, port: one.hostPort }, limit, doing) };
}

/** Connects again 0.5 s after each refusal until `limitMs` have passed. */
export async function accepts(
  { lab }: Pick<DeaDeps, 'lab'>,
  to: { host: string; port: number },
  limitMs: number,
  { signal }: Pick<Doing, 'signal'>,
): Promise<boolean> {
  let late = false;
  const attempts = new Set<() => void>();
  const limit = lab.clock.after(limitMs, 'limit', `health check of port ${to.port}`, () => {
    late = true;
    for (const giveUp of attempts) giveUp();
  });
  try {
    while (!late && !signal.aborted) {
      if (await connects(to, attempts)) return true;
      if (!late) await lab.clock.sleep(HEALTH_RETRY_MS, 'wait', 'health check');
    }
    return false;
  } finally {
    limit.cancel();
  }
}

function connects(to: { host: string; port: number }, attempts: Set<() => void>): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to);
    const end = (connected: boolean) => {
      attempts.delete(giveUp);
      socket.destroy();
      resolve(connected);
    };
    const giveUp = () => end(false);
    attempts.add(giveUp);
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
