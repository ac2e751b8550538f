// Log lines of an app as the command line shows them. Asks the lab for the newest lines; keeps nothing.
import { z } from 'zod';
import type { LabClient } from './lab-client.ts';

const Line = z.object({ seq: z.number(), source: z.string(), index: z.string(), stream: z.string(), text: z.string() });
export type LogLine = z.infer<typeof Line>;

/** The newest `tail` lines, oldest first. */
export async function logs(client: LabClient, guid: string, tail = 1000): Promise<LogLine[]> {
  return z.object({ lines: z.array(Line) }).parse(await client.call('GET', `/lab/apps/${guid}/logs?tail=${tail}`))
    .lines;
}

/** Prints each line that comes from now on, once and in order. Lines of earlier runs are not shown. */
export async function printNew(client: LabClient, guid: string): Promise<(lines: LogLine[]) => void> {
  return printFrom((await logs(client, guid)).at(-1)?.seq ?? 0);
}

/** Prints lines whose number is above `seen`, each once. */
export function printFrom(seen: number): (lines: LogLine[]) => void {
  let last = seen;
  return (lines) => {
    for (const line of lines.filter(({ seq }) => seq > last)) process.stdout.write(`${lineText(line)}\n`);
    last = Math.max(last, lines.at(-1)?.seq ?? 0);
  };
}

export function lineText({ source, index, stream, text }: LogLine): string {
  return `[${source}${index === '' ? '' : `/${index}`}] ${stream === 'err' ? 'ERR' : 'OUT'} ${text}`;
}
