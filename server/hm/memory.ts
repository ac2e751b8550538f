// What nobody can tell the health manager again after a restart: crash counts, and orders between decision and message
// (hm9000 had them in its store, etcd, which outlived it). Desired and actual state are asked for and heard anew.
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const base = {
  key: z.string(),
  droplet: z.string(),
  version: z.string(),
  index: z.number(),
  sendOn: z.number(),
  keepAliveMs: z.number(),
};
const StartOrder = z.object({
  ...base,
  type: z.literal('start'),
  reason: z.enum(['missing', 'crashed', 'evacuating']),
  priority: z.number(),
  unverified: z.boolean(),
});
const StopOrder = z.object({
  ...base,
  type: z.literal('stop'),
  reason: z.enum(['extra', 'duplicate', 'evacuation complete', 'not desired']),
  instance: z.string(),
});
const Memory = z.object({
  crashes: z.array(
    z.object({ droplet: z.string(), version: z.string(), index: z.number(), count: z.number(), changed: z.number() }),
  ),
  orders: z.array(
    z.object({ order: z.discriminatedUnion('type', [StartOrder, StopOrder]), sentOn: z.number().optional() }),
  ),
});

/** All times are lab time in milliseconds, which goes on over a restart. */
export type Memory = z.infer<typeof Memory>;

/** What an earlier life kept; nothing when there is no such file or it cannot be read. */
export function readMemory(file: string): Memory {
  try {
    return Memory.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return { crashes: [], orders: [] };
  }
}

/** Answers a function that replaces the file in one step where the memory differs from what it wrote last. */
export function memoryWriter(file: string): (memory: Memory) => void {
  let written = '';
  return (memory) => {
    const text = JSON.stringify(memory);
    if (text === written) return;
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
    written = text;
  };
}
