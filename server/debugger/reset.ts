// Resets the lab to how it was before the first push: no app, no container, no breakpoint, no fault, every gate open.
// The record stays: the journal is append-only and other pages look at it; a reset is a run of its own in it.
import { Router } from 'express';
import type { LabClient } from '../cli/lab-client.ts';
import { realDelay } from '../clock/real.ts';
import type { Journal } from '../journal/journal.ts';
import { answerError, sameOrigin } from './api.ts';
import { deleteApp } from './app-verbs.ts';
import type { Debugger } from './debugger.ts';
import type { PushedApp } from './push.ts';

/** Stop gives a job 10 s before it is killed; twice that must be enough for every container to be gone. */
const GONE_MS = 25_000;
const LOOK_MS = 100;
/** So many looks in a row must find nothing: a container may just be between its request and its folder. */
const QUIET_LOOKS = 4;
/** After so many looks the DEAs are told again: an instance may have come up meanwhile. */
const AGAIN = 20;

export interface ResetDeps {
  journal: Pick<Journal, 'say'>;
  debugger: Pick<Debugger, 'rules' | 'setPace' | 'continue' | 'kernelRecording' | 'removeBreakpoint'>;
  client(): LabClient;
  apps(): PushedApp[];
  /** Takes back orders to lose messages that have not been carried out. */
  keepAll(): void;
  /** Ids of the containers that are there, on all nodes, also half made ones. */
  containers(): string[];
  /** Tells the DEAs to end an app's staging and its instances, whatever its record says. */
  endApp(guid: string): void;
}

export interface ResetReport {
  apps: number;
  breakpoints: number;
  opened: number;
  /** Containers that were not gone in time; empty as a rule. */
  left: string[];
}

/** The router to mount at `/lab`: `POST /reset` answers with a ResetReport when all is gone. */
export function resetRouter(deps: ResetDeps): Router {
  const router = Router();
  let under: Promise<ResetReport> | undefined;
  router.post('/reset', sameOrigin, async (_req, res) => {
    under ??= reset(deps).finally(() => {
      under = undefined;
    });
    res.json(await under);
  });
  router.use(answerError);
  return router;
}

async function reset(deps: ResetDeps): Promise<ResetReport> {
  const { journal, debugger: dbg, containers } = deps;
  journal.say({ type: 'note', actor: 'you', text: 'the lab is reset', begins: 'reset' });
  const breakpoints = dbg.rules().breakpoints.map((b) => b.id);
  for (const id of breakpoints) await dbg.removeBreakpoint(id);
  deps.keepAll();
  await dbg.setPace('real');
  const { opened } = await dbg.continue('reset');

  const doomed = new Set<string>();
  const deadline = performance.now() + GONE_MS;
  let quiet = 0;
  for (let round = 0; quiet < QUIET_LOOKS && performance.now() < deadline; round += 1) {
    // A push that was under way may bring its app only now.
    for (const { guid } of deps.apps()) {
      doomed.add(guid);
      // First the DEAs: a staging that goes on would start an instance of an app that nobody knows any more.
      deps.endApp(guid);
      await deleteApp(deps.client(), guid).catch((error: unknown) => {
        journal.say({ type: 'note', actor: 'you', text: `could not delete ${guid}: ${String(error)}` });
      });
    }
    if (round % AGAIN === AGAIN - 1) doomed.forEach(deps.endApp);
    await realDelay(LOOK_MS);
    quiet = containers().length === 0 && deps.apps().length === 0 ? quiet + 1 : 0;
  }
  // Last: the pushes that were under way have ended by now and cannot turn it on again.
  await dbg.kernelRecording(false);
  return { apps: doomed.size, breakpoints: breakpoints.length, opened: opened.length, left: containers() };
}
