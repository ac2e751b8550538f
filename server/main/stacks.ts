// The stacks that this lab offers, by name: always the host's own system under the original's only name, and before it the
// one that `--stack` gave. Making the trees is stack.ts; which of them an app has is the Cloud Controller's to know.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { ProcessConfig } from './config.ts';

/** What the original's Cloud Controller called its only stack. */
export const HOST_STACK = 'lucid64';

const Named = z.object({ name: z.string() });

export interface LabStack {
  name: string;
  /** With `rootfs/` and `stack.json`. */
  folder: string;
}

/** The first is what an app gets that asks for none, and what Warden takes when a Create names no rootfs. */
export function stacksOf({ stack, hostStack }: Pick<ProcessConfig, 'stack' | 'hostStack'>): [LabStack, ...LabStack[]] {
  const host = { name: HOST_STACK, folder: hostStack };
  if (stack === hostStack) return [host];
  const { name } = Named.parse(JSON.parse(readFileSync(`${stack}/stack.json`, 'utf8')));
  return [{ name, folder: stack }, host];
}
