// Which host names are the lab's own. Apps own every other name below the shared domain; a name outside of both is
// answered like an unknown route, so that a foreign page cannot reach the lab under a name of its choice.
import { isIP } from 'node:net';
import { hostname } from 'node:os';

/** `api.<domain>` and kin: never given to an app, whoever registers them. */
const SYSTEM_LABELS = ['api', 'uaa', 'login', 'loggregator', 'doppler', 'hm9000', 'wardenscope'];

/** The Host header without its port, lower case; empty when there is none. */
export function hostOf(header: string | undefined): string {
  const text = (header ?? '').trim().toLowerCase();
  const bracketed = /^\[([^\]]*)\]/.exec(text);
  return bracketed ? bracketed[1]! : text.replace(/:\d*$/, '').replace(/\.$/, '');
}

/** Whether requests for this host go to the lab's own pages and APIs. An empty host is an HTTP/1.0 client of ours. */
export function isSystemHost(host: string, domain: string, listen: string): boolean {
  if (host === '' || host === 'localhost' || host === domain || host === listen.toLowerCase()) return true;
  if (isIP(host) !== 0 || host === hostname().toLowerCase()) return true;
  return SYSTEM_LABELS.some((label) => host === `${label}.${domain}`);
}
