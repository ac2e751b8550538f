// The node's own address on a link of its own, so that NetIn ports are there and nowhere else. Not the containers' links:
// wshd's starter makes those.
import { existsSync } from 'node:fs';
import { run } from './command.ts';

export function nodeLinkName(lab: string, node: number): string {
  return `w-${lab}-${node}`;
}

/** Makes the link and gives it the address. Adopts one that is there. A dummy where the kernel has it, else a bridge. */
export async function ensureNodeLink(name: string, address: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${name}`)) {
    await run('ip', ['link', 'add', name, 'type', 'dummy']).catch(() =>
      run('ip', ['link', 'add', name, 'type', 'bridge']),
    );
  }
  await run('ip', ['-batch', '-'], `addr replace ${address}/32 dev ${name}\nlink set ${name} up\n`);
}

/** Idempotent. */
export async function removeNodeLink(name: string): Promise<void> {
  await removeLink(name);
}

/** Removes any link of ours by name; one that is gone (or goes at this moment) is fine. */
export async function removeLink(name: string): Promise<void> {
  if (!existsSync(`/sys/class/net/${name}`)) return;
  await run('ip', ['link', 'del', name]).catch((e) => {
    if (existsSync(`/sys/class/net/${name}`)) throw e;
  });
}
