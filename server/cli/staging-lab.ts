// The lab that `wardenscope stage` uses: the running one if it has the wanted stack, else one of its own on a folder
// under /tmp, which ends with the verb.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../main/project-root.ts';
import { Refusal } from '../main/refusal.ts';
import { findLab, isOwnLab, type LabClient, runningLabs } from './lab-client.ts';

export interface StagingLab {
  client: LabClient;
  /** Whether the lab outlives the verb. */
  kept: boolean;
  end(): Promise<void>;
}

/** Finds or starts a lab. `stack` is the folder or archive that was asked for. */
export async function labForStaging(data: string | undefined, stack: string | undefined): Promise<StagingLab> {
  const wanted = stack === undefined ? undefined : resolve(process.env.INIT_CWD ?? '.', stack);
  const fits = runningLabs().filter((lab) => (data === undefined || lab.dir === data) && hasStack(lab.stack, wanted));
  const [fit] = data === undefined && fits.length > 1 ? fits.filter(isOwnLab) : fits;
  if (fit) return { client: findLab(fit.dir), kept: true, end: async () => undefined };
  const dir = mkdtempSync(join(tmpdir(), 'wardenscope-stage-'));
  process.stderr.write(`starting a lab of its own in ${dir}\n`);
  const flags = ['--port', '0', '--deas', '1', '--data', dir, ...(wanted ? ['--stack', wanted] : [])];
  const main = spawn(process.execPath, [join(projectRoot(), 'scripts/start.mjs'), ...flags], {
    // The lab holds the other end of its stdin: it does not outlive this verb, however that ends.
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, WARDENSCOPE_LEASH: 'stdin' },
  });
  const ended = new Promise<void>((done) => main.once('exit', () => done()));
  const end = async () => {
    main.kill('SIGTERM');
    await ended;
    rmSync(dir, { recursive: true, force: true });
  };
  const ready = new Promise<void>((done) => {
    main.stdout.on('data', (text) => String(text).includes('Wardenscope is ready at ') && done());
  });
  const up = await Promise.race([ready.then(() => true), ended.then(() => false)]);
  if (up) return { client: findLab(dir), kept: false, end };
  rmSync(dir, { recursive: true, force: true });
  throw new Refusal('The lab for staging did not come up (see above).');
}

function hasStack(folder: string, wanted: string | undefined): boolean {
  if (wanted === undefined) return true;
  try {
    const { name } = z.object({ name: z.string() }).parse(JSON.parse(readFileSync(join(folder, 'stack.json'), 'utf8')));
    return name === wanted;
  } catch {
    return false;
  }
}
