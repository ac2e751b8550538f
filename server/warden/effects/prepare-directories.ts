// Makes a container's folder in the depot and the few files of its own that lie above the base tree (warden: skeleton
// setup.sh). Runs before any process of the container exists, so that the host may still write there.
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { lowerOf } from '../stack.ts';
import type { Container, Warden } from '../warden.ts';
import { endsOf } from './acquire.ts';

const VCAP = 'vcap:x:1000:1000:vcap:/home/vcap:/bin/bash';

/** Idempotent. Abortable: tearDown removes the folder whatever is in it. */
export async function prepareDirectories(warden: Warden, c: Container): Promise<void> {
  mkdirSync(c.path, { recursive: true, mode: 0o700 });
  for (const name of ['upper', 'work', 'mnt', 'run']) mkdirSync(`${c.path}/${name}`, { recursive: true });
  const lower = lowerOf(warden, c);
  const uid = c.uid ?? 0;
  const etc = `${c.path}/upper/etc`;
  mkdirSync(etc, { recursive: true });
  chownSync(etc, uid, uid);
  const files: Record<string, string> = {
    hostname: `${c.id}\n`,
    hosts: `127.0.0.1 localhost\n${endsOf(c).container} ${c.id}\n`,
    'resolv.conf': resolvConf(endsOf(c).host),
    ...withVcap(lower),
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(`${etc}/${name}`, text);
    chownSync(`${etc}/${name}`, uid, uid);
  }
}

/** The host's, unless it asks only itself: then the host's end of the container's link. */
function resolvConf(hostEnd: string): string {
  const text = read('/etc/resolv.conf');
  const servers = [...text.matchAll(/^nameserver\s+(\S+)/gm)].map((m) => m[1]!);
  return servers.length > 0 && servers.every((s) => s.startsWith('127.')) ? `nameserver ${hostEnd}\n` : text;
}

/** A base tree without the user that every app runs as gets one. */
function withVcap(lower: string): Record<string, string> {
  const passwd = read(`${lower}/etc/passwd`);
  if (/^vcap:/m.test(passwd)) return {};
  const group = read(`${lower}/etc/group`);
  return {
    passwd: `${passwd || 'root:x:0:0:root:/root:/bin/bash\n'}${VCAP}\n`,
    group: `${group || 'root:x:0:\n'}vcap:x:1000:\n`,
  };
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
