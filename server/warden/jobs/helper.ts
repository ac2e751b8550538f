// Runs a small program of ours inside a container, in the leaf `visit`, which is never frozen: CopyIn and CopyOut work while
// an app is held. It is no job of the client's: no table, no snapshot.
import type { Readable } from 'node:stream';
import { createSampler } from '../../kernel/sampler.ts';
import { WardenError } from '../protocol/messages.ts';
import type { Container, Trail, Warden } from '../warden.ts';

export interface HelperOptions {
  args: string[];
  stdin?: Readable;
  onStdout?: (bytes: Buffer) => void;
  trail: Trail;
}

/** Its exit status and what it said on stderr (the last 4 KiB). */
export async function runHelper(
  warden: Warden,
  c: Container,
  { args, stdin, onStdout, trail }: HelperOptions,
): Promise<{ status: number; stderr: string }> {
  const { wshd } = c;
  if (!wshd) throw new WardenError('could not run a helper: wshd has ended');
  const job = warden.newJobId();
  let stderr = '';
  await wshd.spawn({
    job,
    user: 'vcap',
    args,
    env: [],
    rlimits: {},
    leaf: 'visit',
    handle: c.handle,
    actor: `container:${c.id}`,
    trail,
    onSample: createSampler(warden.lab, { actor: `container:${c.id}`, handle: c.handle, cgroups: c.cgroup.paths }),
  });
  const ended = new Promise<number>((resolve) => {
    wshd.attach(job, true, {
      onOutput: (name, bytes) => {
        if (name === 'stdout') onStdout?.(bytes);
        else stderr = (stderr + bytes.toString('utf8')).slice(-4096);
      },
      onExit: resolve,
      onLost: () => resolve(255),
    });
  });
  let over = false;
  const fed = (async () => {
    for await (const chunk of stdin ?? []) {
      if (over) break;
      await wshd.stdin(job, Buffer.from(chunk));
    }
    await wshd.endStdin(job);
  })();
  // A helper that ends early leaves its input unread; its status says why.
  fed.catch(() => undefined);
  const status = await ended;
  over = true;
  stdin?.destroy();
  wshd.forget(job);
  return { status, stderr: stderr.trim() };
}
