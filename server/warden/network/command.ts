// Runs a network tool (nft, ip, tc) with text on its standard input. Used for what is rare; nothing of a Create comes here.
import { spawn } from 'node:child_process';

/** The tool's standard output. Rejects with its own words; `hint` names the Debian package. */
export function run(tool: 'nft' | 'ip' | 'tc' | 'umount', args: string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (d) => (out += d));
    child.stderr.on('data', (d) => (err += d));
    child.stdin.on('error', () => undefined);
    child.once('error', (e) =>
      reject(new Error(`[warden] could not run ${tool}: ${e.message}; install ${PACKAGE[tool]}`)),
    );
    child.once('close', (status) => {
      if (status === 0) resolve(out);
      else
        reject(new Error(`[warden] could not run ${tool} ${args.join(' ')}: ${err.trim().split('\n')[0] ?? status}`));
    });
    child.stdin.end(input);
  });
}

const PACKAGE = { nft: 'nftables', ip: 'iproute2', tc: 'iproute2', umount: 'mount' } as const;
