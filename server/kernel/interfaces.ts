// Interfaces, addresses and the default route of a process's network namespace, from /proc/PID/net alone.
import { readFileSync } from 'node:fs';

/** `interfaces[<name>]` and, where there is one, `route.default`; `addresses` are all local ones of the namespace. */
export function interfacesOf(pid: number): Record<string, unknown> {
  const facts: Record<string, unknown> = {};
  const net = (file: string) => read(`/proc/${pid}/net/${file}`).split('\n').filter(Boolean);
  const routes = net('route')
    .slice(1)
    .map((line) => line.split(/\s+/));
  for (const line of net('dev').slice(2)) {
    const name = line.slice(0, line.indexOf(':')).trim();
    facts[`interfaces[${name}]`] = {
      networks: routes.filter((r) => r[0] === name && r[1] !== '00000000').map((r) => `${dotted(r[1])}/${bits(r[7])}`),
    };
  }
  const addresses = localAddresses(net('fib_trie'));
  if (addresses.length > 0) facts['net.addresses'] = addresses;
  const standard = routes.find((r) => r[1] === '00000000');
  if (standard) facts['net.default_route'] = { interface: standard[0], via: dotted(standard[2]) };
  return facts;
}

/** fib_trie prints an address on one line and what it is on the next: `/32 host LOCAL`. */
function localAddresses(lines: string[]): string[] {
  const found = new Set<string>();
  lines.forEach((line, i) => {
    const address = /\|-- ([\d.]+)/.exec(lines[i - 1] ?? '')?.[1];
    if (address && line.includes('/32 host LOCAL')) found.add(address);
  });
  return [...found].sort();
}

/** /proc/net/route has addresses as one little-endian number in hex. */
function dotted(hex = ''): string {
  return (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
}

function bits(hex = ''): number {
  return Number.parseInt(hex, 16).toString(2).replaceAll('0', '').length;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
