// A Warden server in this process, on a node of its own: real kernel, real wshd, the lab in memory. What a test sees of it is
// what a client or the kernel says.
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { type MemoryLab, memoryLab } from '../../server/lab/memory-lab.ts';
import { claimSlot } from '../../server/main/slot.ts';
import { makeStack } from '../../server/main/stack.ts';
import { connectWarden, type WardenConnection } from '../../server/warden/protocol/client.ts';
import { startWarden, type WardenServer } from '../../server/warden/server.ts';
import type { WardenConfig } from '../../server/warden/warden.ts';
import { wshdPort } from '../../server/warden/wshd/index.ts';
import type { TracesOf } from './traces.ts';

export const WSHD = new URL('../../dist/wshd/wshd', import.meta.url).pathname;

/** Why the real back end cannot be tested here; empty where it can. */
export function whyNot(): string {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(WSHD)) return 'needs dist/wshd/wshd (npm run build)';
  return existsSync('/usr/sbin/nft') ? '' : 'needs nft';
}

export interface TestNode {
  lab: MemoryLab;
  dir: string;
  socket: string;
  server: WardenServer;
  config: WardenConfig;
  /** For `traces`: what is this node's. */
  of: TracesOf;
  client: (label?: string) => Promise<WardenConnection>;
  clients: WardenConnection[];
  /** Destroys everything and removes the folder. */
  end(): Promise<void>;
}

export async function startNode(part: Partial<WardenConfig> = {}): Promise<TestNode> {
  const dir = mkdtempSync('/tmp/warden-t-');
  for (const name of ['run', 'stack']) mkdirSync(`${dir}/${name}`);
  const stack = await makeStack(dir, '');
  const name = testLab();
  // A slot as a real lab claims it: suites of others that run meanwhile get other networks, and leave ours out of their sight.
  const slot = claimSlot(name, dir);
  const lab = memoryLab('warden/0', 'real');
  const config: WardenConfig = {
    lab: name,
    slot: slot.slot,
    node: 0,
    depot: `${dir}/depot`,
    run: `${dir}/run`,
    stack,
    graceTime: 300,
    jobOutputLimit: 10 * 1024 * 1024,
    containerRlimits: {},
    allowNetworks: [],
    denyNetworks: [],
    mtu: 1500,
    pidsLimit: 512,
    ...part,
  };
  const socket = `${dir}/warden.sock`;
  const server = await startWarden({ lab, config, socket, wshd: wshdPort(WSHD) });
  const clients: WardenConnection[] = [];
  return {
    lab,
    dir,
    socket,
    server,
    config,
    of: { lab: name, dir, network: `10.254.${16 * slot.slot}.` },
    clients,
    client: async (label = 'test') => {
      const made = await connectWarden({ socket, lab, label, from: 'test', to: 'warden/0' });
      clients.push(made);
      return made;
    },
    async end() {
      for (const c of clients) c.close();
      await server.destroyAll();
      await server.drain();
      await lab.close();
      slot.release();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

let labs = 0;
/** Six letters that no other test process has. */
function testLab(): string {
  labs += 1;
  let n = process.pid * 8 + labs;
  let name = '';
  for (; name.length < 5; n = Math.floor(n / 26)) name += String.fromCharCode(97 + (n % 26));
  return `z${name}`;
}
