// The node's firewall table (reference 6.7 retold in nftables). Made once when warden starts; a Create adds nothing to it,
// a NetIn one map element, the first NetOut of a container one chain. Everything of it is gone with `remove`.
import type { Bandwidth } from './bandwidth.ts';
import { run } from './command.ts';
import { type NetOutRule, netOutMatch } from './net-out.ts';

export interface NetIn {
  hostPort: number;
  containerPort: number;
}

/** What one container has in the table. */
export interface ContainerRules {
  id: string;
  address: string;
  netIn: NetIn[];
  netOut: NetOutRule[];
  bandwidth: Bandwidth | undefined;
}

export interface Firewall {
  readonly table: string;
  /** Makes the table anew with all of these containers. Idempotent. */
  rebuild(containers: ContainerRules[]): Promise<void>;
  /** Rejects when the host port is taken. */
  addNetIn(address: string, rule: NetIn): Promise<void>;
  /** Opens one hole; `count` is how many the container has already. */
  addNetOut(container: Pick<ContainerRules, 'id' | 'address'>, rule: NetOutRule, count: number): Promise<void>;
  /** Drops what the container sends beyond this. Replaces what was set before. */
  limitOutgoing(id: string, bandwidth: Bandwidth): Promise<void>;
  /** Takes out all that this container has. Idempotent. */
  removeContainer(container: ContainerRules): Promise<void>;
  /** Removes the table. Idempotent. */
  remove(): Promise<void>;
}

export interface FirewallOptions {
  lab: string;
  node: number;
  /** The node's network and address (`10.254.3.0/24`, `10.254.3.1`). */
  network: string;
  address: string;
  allowNetworks: string[];
  denyNetworks: string[];
}

export function createFirewall(options: FirewallOptions): Firewall {
  const table = `wardenscope_${options.lab}_${options.node}`;
  const nft = (text: string) => run('nft', ['-f', '-'], text);
  return {
    table,
    async rebuild(containers) {
      const elements = containers.flatMap((c) => [
        ...c.netIn.map((n) => netInElement(table, 'add', c.address, n)),
        ...(c.netOut.length > 0 ? openChain(table, c) : []),
        ...c.netOut.map((rule) => hole(table, c.id, rule)),
        ...(c.bandwidth ? police(table, c.id, c.bandwidth) : []),
      ]);
      // `add` before `delete`: deleting a table that is not there is an error, adding one that is there is not.
      await nft([`add table ip ${table}`, `delete table ip ${table}`, base(table, options), ...elements].join('\n'));
    },
    addNetIn: async (address, rule) => void (await nft(netInElement(table, 'create', address, rule))),
    async addNetOut(container, rule, count) {
      const first = count === 0 ? openChain(table, container) : [];
      await nft([...first, hole(table, container.id, rule)].join('\n'));
    },
    limitOutgoing: async (id, bandwidth) => void (await nft(police(table, id, bandwidth).join('\n'))),
    async removeContainer(c) {
      const lines = c.netIn.map((n) => netInElement(table, 'delete', c.address, n));
      if (c.netOut.length > 0) {
        lines.push(`delete element ip ${table} instances { ${c.address} }`);
        lines.push(`flush chain ip ${table} instance_${c.id}`, `delete chain ip ${table} instance_${c.id}`);
      }
      if (c.bandwidth) {
        lines.push(`delete element ip ${table} senders { "w-${c.id}-0" }`);
        lines.push(`flush chain ip ${table} bandwidth_${c.id}`, `delete chain ip ${table} bandwidth_${c.id}`);
      }
      if (lines.length === 0) return;
      // One transaction first; line by line where something of it is gone already.
      await nft(lines.join('\n')).catch(async () => {
        for (const line of lines) await nft(line).catch(ignoreMissing);
      });
    },
    remove: async () => void (await nft(`add table ip ${table}\ndelete table ip ${table}`)),
  };
}

/**
 * NetIn ports are at the node's address only, and only for what comes from this host or from a container: a packet that
 * arrives on any other interface is not translated. Outbound traffic is free unless a network is denied (baseline of 2014).
 */
function base(table: string, o: FirewallOptions): string {
  const deny = o.denyNetworks.map((n) => `ip daddr ${n} drop`);
  const allow = o.allowNetworks.map((n) => `ip daddr ${n} return`);
  return `table ip ${table} {
  map netin { type inet_service : ipv4_addr . inet_service; }
  map instances { type ipv4_addr : verdict; }
  map senders { type ifname : verdict; }
  chain bandwidth { type filter hook prerouting priority -250; policy accept;
    iifname vmap @senders
  }
  chain prerouting { type nat hook prerouting priority dstnat; policy accept;
    iifname "w-*" ip daddr ${o.address} dnat ip to tcp dport map @netin
  }
  chain output { type nat hook output priority -100; policy accept;
    ip daddr ${o.address} dnat ip to tcp dport map @netin
  }
  chain postrouting { type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${o.network} oifname != "w-*" oifname != "lo" masquerade
    ip saddr ${o.network} ip daddr ${o.network} ct status dnat masquerade
  }
  chain warden_default {
    ct state established,related accept
    ${[...allow, ...deny].join('\n    ')}
  }
  chain forward { type filter hook forward priority filter; policy accept;
    ip saddr ${o.network} ip saddr vmap @instances
    ip saddr ${o.network} jump warden_default
  }
}`;
}

function netInElement(table: string, verb: 'add' | 'create' | 'delete', address: string, n: NetIn): string {
  const value = verb === 'delete' ? '' : ` : ${address} . ${n.containerPort}`;
  return `${verb} element ip ${table} netin { ${n.hostPort}${value} }`;
}

function openChain(table: string, c: { id: string; address: string }): string[] {
  const chain = `instance_${c.id}`;
  return [
    `add chain ip ${table} ${chain}`,
    `add rule ip ${table} ${chain} goto warden_default`,
    `add element ip ${table} instances { ${c.address} : jump ${chain} }`,
  ];
}

/** A policer for what comes out of the container; the original's tc policer is a module that many kernels lack. */
function police(table: string, id: string, { rate, burst }: Bandwidth): string[] {
  const chain = `bandwidth_${id}`;
  return [
    `add chain ip ${table} ${chain}`,
    `flush chain ip ${table} ${chain}`,
    `add rule ip ${table} ${chain} limit rate over ${rate} bytes/second burst ${burst} bytes drop`,
    `add element ip ${table} senders { "w-${id}-0" : jump ${chain} }`,
  ];
}

/** At the top, as the original inserts it. `accept` where the original returns to an accepting FORWARD. */
function hole(table: string, id: string, rule: NetOutRule): string {
  return `insert rule ip ${table} instance_${id} ${netOutMatch(rule)} accept`;
}

function ignoreMissing(e: unknown): void {
  if (!(e instanceof Error) || !/No such file/.test(e.message)) throw e;
}
