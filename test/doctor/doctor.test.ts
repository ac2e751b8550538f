// The doctor tries things for real and leaves nothing; what it says agrees with what this test finds by itself.
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { describe, expect, it } from 'vitest';
import { doctorTable, examine } from '../../server/doctor/index.ts';
import { expectNothingLeft, kernelNow } from '../support/kernel.ts';

const patient = { dir: tmpdir(), wshd: '/does/not/exist' };

describe('the doctor', () => {
  it('says yes exactly where the thing itself works, and leaves nothing behind', async () => {
    const before = kernelNow();
    const found = Object.fromEntries((await examine(patient)).map((a) => [a.name, a]));
    const works = (command: string, ...args: string[]) => (spawnSync(command, args).status === 0 ? 'yes' : 'no');
    expect(found['user namespace']?.here).toBe(works('unshare', '-Urm', 'mount', '-t', 'tmpfs', 'x', '/mnt'));
    expect(found.nftables?.here).toBe(works('unshare', '-n', 'nft', 'add', 'table', 'ip', 'x'));
    expect(found.git?.here).toBe(works('git', '--version'));
    await expectNothingLeft(before);
  });

  it('says why something is off and what to type', async () => {
    const wshd = (await examine(patient)).find((a) => a.name === 'wshd');
    expect(wshd).toMatchObject({ here: 'no', seen: '/does/not/exist is not there' });
    expect(wshd?.type).toMatch(/apt-get install .*gcc/);
  });

  it('says that disk limits are off and why', async () => {
    const quota = (await examine(patient)).find((a) => a.name === 'disk limits');
    expect(quota?.here).toBe('off');
    expect(quota?.means).toMatch(/LimitDisk answers as the original with quotas off/);
  });

  it('prints one row for each ability, no wider than a terminal', async () => {
    const found = await examine(patient);
    const [head, ...lines] = doctorTable(found).split('\n');
    expect(head).toMatch(/^ability +here +.*what it means, what to type$/);
    const rows = lines.filter((line) => !line.startsWith(' '));
    expect(rows.map((line) => line.split('  ')[0])).toEqual(found.map((a) => a.name));
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(100);
    const missing = found.find((a) => a.name === 'wshd');
    expect(lines.some((line) => line.endsWith(`type: ${missing?.type}`))).toBe(true);
  });
});
