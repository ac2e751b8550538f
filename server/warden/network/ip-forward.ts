// Turns the host's packet forwarding on while any node of any lab needs it, and back off when the last one leaves, if it was
// us who turned it on. Who needs it is a file for each node, so that a killed warden is counted until its lab is cleaned.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

const SWITCH = '/proc/sys/net/ipv4/ip_forward';
const WAS_OFF = 'was-off';
const FOLDER = '/run/wardenscope-forward';

/** Idempotent. `node` is `<lab>-<k>`. */
export function holdForwarding(node: string, folder = FOLDER, file = SWITCH): void {
  mkdirSync(folder, { recursive: true });
  if (readFileSync(file, 'utf8').trim() === '0') {
    writeFileSync(`${folder}/${WAS_OFF}`, '');
    writeFileSync(file, '1');
  }
  writeFileSync(`${folder}/${node}`, '');
}

/** Idempotent. Those whose link is gone (cleaned up without their warden) no longer count. */
export function releaseForwarding(node: string, folder = FOLDER, file = SWITCH, isThere = hasLink): void {
  rmSync(`${folder}/${node}`, { force: true });
  for (const name of names(folder))
    if (name !== WAS_OFF && !isThere(name)) rmSync(`${folder}/${name}`, { force: true });
  const left = names(folder);
  if (left.length === 1 && left[0] === WAS_OFF) {
    writeFileSync(file, '0');
    rmSync(folder, { recursive: true, force: true });
  } else if (left.length === 0) {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hasLink(node: string): boolean {
  return existsSync(`/sys/class/net/w-${node}`);
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
