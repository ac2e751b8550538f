// A lab for the bench: started as `npm start` does, with a folder of its own, and ended without a trace.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { projectRoot } from '../../server/main/project-root.ts';

export interface BenchLab {
  url: string;
  data: string;
  /** Milliseconds from the start of the command until the page has answered. */
  usableAfter: number;
  stop(): Promise<void>;
}

export interface LabAsked {
  data: string;
  env?: Record<string, string>;
  /** The clone to start in; this one unless said. */
  root?: string;
}

/** Resolves when the first page was answered. */
export async function startBenchLab({ data, env = {}, root = projectRoot() }: LabAsked): Promise<BenchLab> {
  const began = performance.now();
  const flags = ['--port', '0', '--deas', '1', '--data', data];
  const main = spawn(process.execPath, [join(root, 'scripts/start.mjs'), ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    cwd: root,
  });
  let printed = '';
  const ended = new Promise<void>((resolve) => main.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    const take = (text: Buffer) => {
      printed += text;
      const ready = /ready at (\S+?)\/? \(/.exec(printed)?.[1];
      if (ready) resolve(ready);
    };
    main.stdout.on('data', take);
    main.stderr.on('data', take);
    void ended.then(() => reject(new Error(`[bench] could not start a lab: ${printed.trim().split('\n').at(-1)}`)));
  });
  const page = await fetch(`${url}/`);
  await page.text();
  const usableAfter = performance.now() - began;
  if (page.status !== 200) throw new Error(`[bench] could not read the page of the lab: it answered ${page.status}`);
  return {
    url,
    data,
    usableAfter,
    stop: async () => {
      main.kill('SIGTERM');
      await ended;
    },
  };
}

/** What the bench reads of an entry. */
const Line = z.object({
  seq: z.number(),
  at: z.number(),
  t: z.number(),
  proc: z.string(),
  actor: z.string().optional(),
  type: z.string(),
  name: z.string().optional(),
  phase: z.string().optional(),
  value: z.unknown().optional(),
  ms: z.number().optional(),
});
export type Line = z.infer<typeof Line>;

/** The journal's entries as they are on the disk, in order. */
export function journalOf(data: string): Line[] {
  const dir = join(data, 'journal');
  const files = readdirSync(dir).filter((name) => name.endsWith('.jsonl'));
  const lines = files.sort().flatMap((name) => readFileSync(join(dir, name), 'utf8').split('\n').slice(1));
  return lines.filter(Boolean).flatMap((line) => {
    const parsed = Line.safeParse(parse(line));
    return parsed.success ? [parsed.data] : [];
  });
}

/** A line that is just being written is no entry yet. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
