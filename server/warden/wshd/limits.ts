// Linux's numbers of what C knows by number only: resource limits and capabilities.

const UNLIMITED = 2n ** 64n - 1n;

/** By the Warden protocol's names, in the order of Linux's numbers, with the defaults of 2014. */
const LIMITS: [name: string, value: bigint][] = [
  ['cpu', UNLIMITED],
  ['fsize', UNLIMITED],
  ['data', UNLIMITED],
  ['stack', 8n << 20n],
  ['core', 0n],
  ['rss', UNLIMITED],
  ['nproc', 1024n],
  ['nofile', 1024n],
  ['memlock', 65536n],
  ['as', UNLIMITED],
  ['locks', UNLIMITED],
  ['sigpending', 1024n],
  ['msgqueue', 819200n],
  ['nice', 0n],
  ['rtprio', 0n],
];

export const limitName = (n: number) => LIMITS[n]?.[0] ?? `limit ${n}`;

/** wshd's texts for all limits, soft and hard; -1 is unlimited. Throws where a name is none of 2014's. */
export function limitTexts(asked: Record<string, bigint | number>): string[] {
  const unknown = Object.keys(asked).find((name) => LIMITS.every(([known]) => known !== name));
  if (unknown !== undefined) throw new Error(`[wshd] could not limit ${unknown}: there is no such limit`);
  return LIMITS.map(([name, value], n) => `limit${n}=${asked[name] ?? value}`);
}

/** Chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service, net_raw, sys_chroot, audit_write, setfcap. */
const KEPT = [0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31];

/** The most that a program in a container may get, as wshd's text. */
export const capabilitiesText = `capabilities=${KEPT.reduce((mask, n) => mask + 2 ** n, 0).toString(16)}`;
