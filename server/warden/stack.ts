// Which base tree a container stands on and which of the host's directories are bound on top of it. The stack itself is
// written by server/main/stack.ts or given by the user; here it is only read.
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { WardenError } from './protocol/messages.ts';
import type { BindMount, Container, Warden } from './warden.ts';

const Stack = z.object({ binds: z.array(z.object({ src: z.string(), dst: z.string() })) });

/** The lower layer: a stack folder's `rootfs`, or a plain tree that Create asked for. */
export function lowerOf(warden: Warden, c: Pick<Container, 'options'>): string {
  const folder = c.options.rootfs ?? warden.config.stack;
  if (existsSync(`${folder}/stack.json`)) return `${folder}/rootfs`;
  if (!existsSync(folder)) throw new WardenError(`rootfs does not exist: ${folder}`);
  return folder;
}

/** Read-only binds of the stack, then what Create asked for: a later one lies on top. */
export function bindsOf(warden: Warden, c: Pick<Container, 'options'>): BindMount[] {
  const folder = c.options.rootfs ?? warden.config.stack;
  if (!existsSync(`${folder}/stack.json`)) return c.options.binds;
  const stack = Stack.parse(JSON.parse(readFileSync(`${folder}/stack.json`, 'utf8')));
  return [...stack.binds.map((b) => ({ source: b.src, target: b.dst, readOnly: true })), ...c.options.binds];
}
