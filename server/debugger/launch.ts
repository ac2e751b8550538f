// What follows once an app's record is there: bits, staging and start through the Cloud Controller's own API, with the
// kernel recorded and the wanted holds set meanwhile. Used by a push of the page and by its *restage*.
import type { Entry } from '../../machines/journal.ts';
import { Resource, uploadZip } from '../cli/cf-push.ts';
import type { LabClient } from '../cli/lab-client.ts';
import type { Journal } from '../journal/journal.ts';
import type { Debugger } from './debugger.ts';
import { setHolds } from './holds.ts';

export interface LaunchDeps {
  journal: Pick<Journal, 'head' | 'stream' | 'say'>;
  debugger: Pick<Debugger, 'rules' | 'kernelRecording' | 'addBreakpoint' | 'removeBreakpoint'>;
}

export interface Launch {
  client: LabClient;
  name: string;
  /** The app's guid once its record is there. */
  recorded: Promise<string>;
  /** The folder whose files are uploaded; without it the app's package stays. */
  folder?: string | undefined;
  hold?: string | undefined;
  /** Makes a new droplet even where the files are the old ones. */
  restage: boolean;
}

export interface Launcher {
  /** Names under way: one push of a name at a time. */
  under: { has(name: string): boolean };
  /** Resolves when nothing of this name is under way (any more). */
  settled(name: string): Promise<void>;
  /** To a running instance or a failure. Never rejects: a failure is a note in the journal. */
  launch(one: Launch): Promise<void>;
}

export function createLauncher({ journal, debugger: dbg }: LaunchDeps): Launcher {
  const under = new Map<string, Promise<void>>();
  const recorder = createRecorder(dbg);

  async function carryOut(one: Launch, settle: () => void): Promise<void> {
    const { client, name, recorded, folder, hold, restage } = one;
    const release = await recorder.on();
    let takeBack = async () => {};
    try {
      const guid = await recorded;
      if (folder) await uploadZip(client, `/v2/apps/${guid}/bits?async=true`, folder, 'application');
      takeBack = await setHolds(dbg, hold, guid);
      const { ended, leave } = outcome(journal, guid);
      try {
        await start(client, guid, restage);
        await ended;
      } finally {
        leave();
      }
    } catch (error) {
      const text = `could not push ${name}: ${error instanceof Error ? error.message : String(error)}`;
      const guid = await recorded.catch(() => undefined);
      journal.say({ type: 'note', actor: 'you', text, ...(guid ? { data: { app: guid } } : {}) });
    } finally {
      // Before the rest, which waits for every process: whoever was refused may try again at once.
      settle();
      await takeBack();
      await release();
    }
  }

  return {
    under,
    settled: (name) => under.get(name) ?? Promise.resolve(),
    launch(one) {
      let done = () => {};
      under.set(one.name, new Promise((resolve) => (done = resolve)));
      return carryOut(one, () => {
        under.delete(one.name);
        done();
      });
    },
  };
}

/** As `cf` does: stop what runs, then start; what is already staged is staged again where that is asked for. */
async function start(client: LabClient, guid: string, restage: boolean): Promise<void> {
  const { entity } = Resource.parse(await client.cf('GET', `/v2/apps/${guid}`));
  if (restage && entity.package_state === 'STAGED') {
    await client.cf('POST', `/v2/apps/${guid}/restage`);
    return;
  }
  if (entity.state === 'STARTED') await client.cf('PUT', `/v2/apps/${guid}`, { state: 'STOPPED' });
  await client.cf('PUT', `/v2/apps/${guid}`, { state: 'STARTED' });
}

/** Resolves when an instance of the app is RUNNING or CRASHED, or its machine has given up on it or was told to stop. */
function outcome(journal: LaunchDeps['journal'], guid: string) {
  let end: () => void;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const ours = new Set<string>();
  let begun = false;
  const over = (e: Entry): boolean => {
    if (e.type !== 'transition') return false;
    const state = topState(e.value);
    if (e.machine === 'instance') {
      if (e.event === 'xstate.init' && e.context.app === guid) ours.add(e.actor);
      return ours.has(e.actor) && (state === 'RUNNING' || state === 'CRASHED');
    }
    if (e.actor !== `app:${guid}`) return false;
    begun ||= state === 'staging' || state === 'starting';
    // Stopped meanwhile, by whomever: then nothing will run. Before it began, that is our own doing.
    return state === 'failed' || state === 'deleted' || (begun && state === 'stopped');
  };
  const leave = journal.stream(journal.head, (batch) => {
    if (batch.some(over)) end();
  });
  return { ended, leave };
}

/** `RUNNING` of `{ RUNNING: 'serving' }`. */
function topState(value: unknown): string | undefined {
  return typeof value === 'object' && value !== null ? Object.keys(value)[0] : String(value);
}

/** Kernel recording for as long as somebody pushes; what was on before stays on. */
function createRecorder(dbg: LaunchDeps['debugger']) {
  let pushes = 0;
  let ours = false;
  return {
    async on(): Promise<() => Promise<void>> {
      pushes += 1;
      if (!dbg.rules().kernelRecording) {
        ours = true;
        await dbg.kernelRecording(true, 'passing');
      }
      return async () => {
        pushes -= 1;
        if (pushes > 0 || !ours) return;
        ours = false;
        await dbg.kernelRecording(false, 'passing');
      };
    },
  };
}
