// What the debugger keeps over a restart, in DIR/debugger.json: breakpoints and whether it was paused. A file that
// cannot be read costs the breakpoints, never the start.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { Breakpoint } from '../../machines/gates.ts';

const text = z.string().min(1).max(500);

/** The fields of a breakpoint that a client may set; at least one is needed (server/debugger/api.ts). */
export const breakpointFields = z.strictObject({
  kind: z.enum(['delivery', 'effect', 'step', 'script']).optional(),
  proc: text.optional(),
  actor: text.optional(),
  machine: text.optional(),
  name: text.optional(),
  when: z.enum(['before', 'after', 'start', 'end']).optional(),
  transport: z.enum(['http', 'nats', 'warden', 'wsh', 'proxy']).optional(),
  handle: text.optional(),
  app: text.optional(),
  file: text.optional(),
  line: z.number().int().positive().optional(),
  state: text.optional(),
  edge: text.optional(),
  foreground: z.boolean().optional(),
  once: z.boolean().optional(),
  disabled: z.boolean().optional(),
});

const settingsShape = z.object({
  version: z.number().int(),
  paused: z.boolean(),
  beat: z.boolean().default(false),
  kernelRecording: z.boolean(),
  breakpoints: z.array(breakpointFields.extend({ id: text })),
});

export interface Settings {
  /** The rules' version, so that it grows over restarts too. */
  version: number;
  paused: boolean;
  /** The pace between pauses was `beat`. */
  beat: boolean;
  kernelRecording: boolean;
  breakpoints: Breakpoint[];
}

const NONE: Settings = { version: 0, paused: false, beat: false, kernelRecording: false, breakpoints: [] };

/** Reads the settings; none when there is no such file. @param warn hears why a file was not used */
export function readSettings(file: string, warn: (text: string) => void): Settings {
  let raw: string;
  try {
    raw = readFileSync(file, 'utf8');
  } catch {
    return NONE;
  }
  try {
    return settingsShape.parse(JSON.parse(raw));
  } catch (error) {
    warn(`[debugger] could not read ${file}: ${String(error).split('\n')[0]}; starting without breakpoints`);
    return NONE;
  }
}

/** Replaces the file in one step: a kill leaves the old or the new one. */
export function writeSettings(file: string, settings: Settings): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
