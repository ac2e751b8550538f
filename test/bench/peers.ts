// runc and bwrap, each running a static `true` in a container of its own: what our figures are compared with.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Peer {
  name: string;
  /** Runs `true` in a fresh container and waits for it. */
  run(round: number): void;
  /** Why it is left out; undefined where it works. */
  missing?: string;
}

/** Both peers over one root file system under `folder`, each tried once. */
export function peersIn(folder: string): Peer[] {
  const bundle = join(folder, 'bundle');
  const rootfs = join(bundle, 'rootfs');
  for (const dir of ['proc', 'dev', 'sys']) mkdirSync(join(rootfs, dir), { recursive: true });
  writeFileSync(join(folder, 'true.c'), 'int main(void) { return 0; }\n');
  spawnSync('gcc', ['-O2', '-static', '-o', join(rootfs, 'true'), join(folder, 'true.c')]);
  if (works('runc', ['spec', '-b', bundle])) {
    const file = join(bundle, 'config.json');
    const spec = JSON.parse(readFileSync(file, 'utf8'));
    spec.process.terminal = false;
    spec.process.args = ['/true'];
    writeFileSync(file, JSON.stringify(spec));
  }
  const runc = (round: number) => ['run', '-b', bundle, `ws-bench-${process.pid}-${round}`];
  const bwrap = ['--unshare-all', '--ro-bind', rootfs, '/', '/true'];
  return [peer('runc run true', 'runc', 'runc', runc), peer('bwrap true', 'bwrap', 'bubblewrap', () => bwrap)];
}

function peer(name: string, tool: string, debian: string, args: (round: number) => string[]): Peer {
  const works0 = works(tool, args(-1));
  return {
    name,
    run: (round) => void works(tool, args(round)),
    ...(works0 ? {} : { missing: `${name}: not installed or could not run here; apt-get install ${debian}` }),
  };
}

function works(tool: string, args: string[]): boolean {
  return spawnSync(tool, args, { stdio: 'ignore' }).status === 0;
}
