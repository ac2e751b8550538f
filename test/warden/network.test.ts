// The node's firewall and link on the real kernel, in a network namespace of the test's own where rules could meet others.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, describe, expect, it } from 'vitest';
import { createFirewall } from '../../server/warden/network/firewall.ts';
import { holdForwarding, releaseForwarding } from '../../server/warden/network/ip-forward.ts';
import { ensureNodeLink, removeNodeLink } from '../../server/warden/network/node-link.ts';

const can = process.getuid?.() === 0 && existsSync('/usr/sbin/nft');
if (!can) console.log('skipped: firewall and link (needs root and nft)');
const node = 77;
const lab = 'wtest2';
const list = () => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });

describe.skipIf(!can)('the firewall of a node', () => {
  const firewall = createFirewall({
    lab,
    node,
    network: '10.254.255.0/24',
    address: '10.254.255.1',
    allowNetworks: ['10.1.0.0/16'],
    denyNetworks: ['10.0.0.0/8'],
  });
  const container = { id: '0123456789a', address: '10.254.255.6', netIn: [], netOut: [], bandwidth: undefined };
  afterAll(() => firewall.remove());

  it('is built anew with every container’s doors and holes, any number of times', async () => {
    const rules = {
      ...container,
      netIn: [{ hostPort: 61001, containerPort: 8080 }],
      netOut: [{ protocol: 'tcp' as const, network: '10.2.0.0/16', port: 80 }],
      bandwidth: { rate: 1000n, burst: 2000n },
    };
    await firewall.rebuild([rules]);
    await firewall.rebuild([rules]);
    const text = execFileSync('nft', ['list', 'table', 'ip', firewall.table], { encoding: 'utf8' });
    expect(text).toContain('61001 : 10.254.255.6 . 8080');
    expect(text).toContain('ip daddr 10.2.0.0/16 tcp dport 80 accept');
    expect(text).toContain('limit rate over 1000 bytes/second burst 2000 bytes drop');
    expect(text.indexOf('10.1.0.0/16')).toBeLessThan(text.indexOf('10.0.0.0/8 drop'));
    await firewall.removeContainer(rules);
    await firewall.removeContainer(rules);
    expect(list()).not.toMatch(/10\.254\.255\.6|0123456789a/);
  });

  it('refuses a host port that is taken', async () => {
    await firewall.rebuild([]);
    await firewall.addNetIn('10.254.255.6', { hostPort: 61002, containerPort: 1 });
    await expect(firewall.addNetIn('10.254.255.10', { hostPort: 61002, containerPort: 1 })).rejects.toThrow(
      'could not run nft',
    );
  });

  it('opens a container’s chain with its first hole and puts later ones on top', async () => {
    await firewall.rebuild([]);
    await firewall.addNetOut(container, { protocol: 'udp', port: 53 }, 0);
    await firewall.addNetOut(container, { protocol: 'tcp', port: 80 }, 1);
    const text = list();
    expect(text.indexOf('tcp dport 80 accept')).toBeLessThan(text.indexOf('udp dport 53 accept'));
    expect(text).toContain('10.254.255.6 : jump instance_0123456789a');
  });

  it('is gone after remove, also twice', async () => {
    await firewall.remove();
    await firewall.remove();
    expect(list()).not.toContain(firewall.table);
  });
});

describe.skipIf(!can)('the link of a node', () => {
  const link = `w-${lab}-${node}`;
  it('has the node’s address, may be there already, and goes', async () => {
    await ensureNodeLink(link, '10.254.255.1');
    await ensureNodeLink(link, '10.254.255.1');
    expect(execFileSync('ip', ['-o', 'address', 'show', link], { encoding: 'utf8' })).toContain('10.254.255.1/32');
    await removeNodeLink(link);
    await removeNodeLink(link);
    expect(existsSync(`/sys/class/net/${link}`)).toBe(false);
  });
});

describe('forwarding', () => {
  it('is put back only by the last who needed it, and only if we turned it on', () => {
    const root = mkdtempSync(`${tmpdir()}/warden-forward-`);
    const [folder, file] = [`${root}/holders`, `${root}/switch`];
    writeFileSync(file, '0\n');
    holdForwarding('a-0', folder, file);
    holdForwarding('b-0', folder, file);
    releaseForwarding('a-0', folder, file, (name) => name === 'b-0');
    expect(readFileSync(file, 'utf8')).toBe('1');
    releaseForwarding('b-0', folder, file);
    releaseForwarding('b-0', folder, file);
    expect(readFileSync(file, 'utf8')).toBe('0');
    writeFileSync(file, '1\n');
    holdForwarding('a-0', folder, file);
    releaseForwarding('a-0', folder, file);
    expect(readFileSync(file, 'utf8')).toBe('1\n');
    expect(existsSync(folder)).toBe(false);
    rmSync(root, { recursive: true });
  });
});
