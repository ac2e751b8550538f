// Debian's nats-server as a process of the test's own, on loopback.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';

export interface NatsServer {
  port: number;
  stop(): Promise<void>;
}

/** Where it is installed; undefined where it is not. */
export const NATS_SERVER = whereIs('nats-server');

/** @param asked a port, 0 for a free one */
export async function startNatsServer(asked: number, user: string, password: string): Promise<NatsServer> {
  const args = ['-a', '127.0.0.1', '-p', String(asked === 0 ? -1 : asked), '--user', user, '--pass', password];
  const child = spawn(NATS_SERVER ?? 'nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const port = await listeningPort(child);
  return {
    port,
    stop: () =>
      new Promise((resolve) => {
        child.once('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}

function whereIs(program: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `PATH=$PATH:/usr/sbin:/sbin command -v ${program}`])
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

/** Reads the port from its log. */
function listeningPort(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let log = '';
    child.once('exit', () => reject(new Error(`nats-server ended: ${log}`)));
    child.stderr?.on('data', (chunk) => {
      log += chunk;
      const port = /client connections on 127\.0\.0\.1:(\d+)/.exec(log)?.[1];
      if (port && log.includes('Server is ready')) resolve(Number(port));
    });
  });
}
