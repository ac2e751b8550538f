// The kernel inspector against a process in namespaces of its own, made by util-linux, not by us.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilReal } from '../../server/clock/real.ts';
import { diff, inspect, tells } from '../../server/kernel/inspect.ts';

const can = process.getuid?.() === 0;
if (!can) console.log('skipped: inspector on foreign namespaces (needs root)');

describe.skipIf(!can)('the inspector', () => {
  let child: ChildProcess;
  let pid: number;
  const script = 'mount -t tmpfs "a b" /mnt && ip link set lo up && exec sleep 60';
  beforeAll(async () => {
    child = spawn('unshare', ['-mnui', 'sh', '-c', script], { stdio: 'ignore' });
    pid = child.pid ?? 0;
    const ready = await untilReal(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep'), 60_000);
    expect(ready).toBe(true);
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  });

  it('names each namespace by its inode and says whose it is', () => {
    const facts = inspect(pid, {});
    for (const [name, own] of Object.entries({ mnt: true, net: true, uts: true, ipc: true, pid: false, user: false })) {
      const inode = Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${name}`))?.[0]);
      expect(facts[`ns.${name}`]).toEqual({ inode, own });
    }
  });

  it('shows mounts with their spaces, ids, capabilities, root and interfaces', () => {
    const facts = inspect(pid, {});
    expect(facts['mounts[/mnt]']).toMatchObject({ type: 'tmpfs', source: 'a b' });
    expect(facts['ids.uid']).toEqual([0, 0, 0, 0]);
    expect(facts['capabilities.effective']).toBe(
      /CapEff:\s+(\w+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1],
    );
    const root = statSync('/', { bigint: true });
    expect(facts.root).toBe(`${root.dev}:${root.ino}`);
    expect(Object.keys(facts).filter((k) => k.startsWith('interfaces['))).toContain('interfaces[lo]');
    expect(facts['net.addresses']).toEqual(['127.0.0.1']);
    expect(facts['net.default_route']).toBeUndefined();
  });

  it('gives only what changed, with what it was', () => {
    const facts = inspect(pid, {});
    expect(diff(facts, inspect(pid, {}))).toEqual({});
    const changes = diff(inspect(process.pid, {}), facts);
    expect(changes['ns.net']?.[1]).toMatchObject({ own: true });
    expect(changes['mounts[/mnt]']?.[0]).toBeNull();
    expect(diff({ a: 1, b: [1] }, { b: [1], c: 2 })).toEqual({ a: [1, null], c: [null, 2] });
  });

  it('takes what is only used up for no news by itself', () => {
    expect(tells({ 'cgroup.memory.usage_in_bytes': ['4096', '8192'] })).toBe(false);
    expect(tells({ 'cgroup.memory.current': ['4096', '8192'], 'cgroup.memory.max': ['max', '8192'] })).toBe(true);
    expect(tells({})).toBe(false);
  });

  it('has no facts of a process that is not there', () => {
    expect(inspect(0x3fffff, {})).toEqual({});
  });
});
