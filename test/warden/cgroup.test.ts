// Cgroups on the real kernel: version 1 where this machine has it, version 2's files on a folder that looks like them.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, describe, expect, it } from 'vitest';
import { untilReal } from '../../server/clock/real.ts';
import { createCgroupV1 } from '../../server/warden/cgroup/v1.ts';
import { createCgroupV2, sharesOf, weightOf } from '../../server/warden/cgroup/v2.ts';

const V1 = '/sys/fs/cgroup';
const can = process.getuid?.() === 0 && existsSync(`${V1}/memory/memory.limit_in_bytes`);
if (!can) console.log('skipped: cgroup v1 (needs root and mounted v1 controllers)');

describe.skipIf(!can)('cgroups of version 1', () => {
  const tree = createCgroupV1(V1, `wardenscope-wtest${process.pid}`);
  const c = tree.container('00000000001');
  afterEach(() => {
    c.remove();
    tree.removeLab();
  });

  it('are made twice without harm and are gone after remove, also twice', () => {
    c.make();
    c.make();
    for (const path of Object.values(c.paths)) expect(existsSync(path)).toBe(true);
    c.remove();
    c.remove();
    for (const path of Object.values(c.paths)) expect(existsSync(path)).toBe(false);
  });

  it('answer what the kernel reports for memory, raised and lowered, and for shares', () => {
    c.make();
    for (const mib of [64n, 256n, 32n]) {
      expect(c.limitMemory(mib << 20n).bytes).toBe(mib << 20n);
      expect(c.memoryStat().hierarchical_memory_limit).toBe(mib << 20n);
    }
    expect(c.limitCpu(256n)).toBe(256n);
    // The kernel's least value: what was asked is not what is answered.
    expect(c.limitCpu(1n)).toBe(2n);
  });

  it('allow the original’s devices and no other', () => {
    c.make();
    expect(readFileSync(`${c.paths.devices}/devices.list`, 'utf8').trim().split('\n').sort()).toEqual(
      ['c 1:3 rw', 'c 1:5 rw', 'c 1:8 rw', 'c 1:9 rw', 'c 5:0 rw', 'c 5:2 rw', 'c 136:* rw'].sort(),
    );
  });

  it('see, freeze and thaw a process that joined the leaf jobs', async () => {
    c.make();
    const join = c.joins('jobs').map((p) => `echo 0 > ${p}/tasks`);
    const child = spawn('sh', ['-c', `${join.join(' && ')} && exec sleep 60`]);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    await untilReal(() => c.pids().includes(child.pid ?? 0), 60_000);
    expect(c.pids()).toEqual([child.pid]);
    c.freezeJobs(true);
    const state = () => readFileSync(`${c.paths.freezer}/jobs/freezer.state`, 'utf8').trim();
    expect(await untilReal(() => state() === 'FROZEN', 60_000)).toBe(true);
    child.kill('SIGKILL');
    c.freezeJobs(false);
    await ended;
    expect(await untilReal(() => c.pids().length === 0, 60_000)).toBe(true);
  });
});

describe('cgroups of version 2', () => {
  it('turn shares into weights and back without growing', () => {
    expect([weightOf(2n), weightOf(1024n), weightOf(262144n), weightOf(1n)]).toEqual([1n, 39n, 10000n, 1n]);
    for (const weight of [1n, 2n, 39n, 5000n, 10000n]) expect(weightOf(sharesOf(weight))).toBe(weight);
  });

  it('refuse a place without the controllers by name, and leave nothing there', () => {
    const root = mkdtempSync(`${tmpdir()}/warden-v2-`);
    writeFileSync(`${root}/cgroup.controllers`, 'cpuset cpu io');
    expect(() => createCgroupV2(root, 'lab').makeLab()).toThrow('does not have the controllers memory pids');
    expect(existsSync(`${root}/lab`)).toBe(false);
    rmSync(root, { recursive: true });
  });

  it('write and read the files of the same interface', () => {
    const root = mkdtempSync(`${tmpdir()}/warden-v2-`);
    const c = createCgroupV2(root, 'lab').container('1');
    const at = (file: string) => `${root}/lab/instance-1/${file}`;
    mkdirSync(`${root}/lab/instance-1`, { recursive: true });
    for (const dir of [root, `${root}/lab`, `${root}/lab/instance-1`]) {
      writeFileSync(`${dir}/cgroup.controllers`, 'cpuset cpu io memory pids');
      writeFileSync(`${dir}/cgroup.subtree_control`, '');
    }
    c.make();
    expect(readFileSync(`${root}/lab/cgroup.subtree_control`, 'utf8')).toBe('+cpu +memory +pids');
    const files = { 'memory.max': 'max', 'memory.swap.max': 'max', 'cpu.weight': '10', 'pids.max': 'max' };
    for (const [file, text] of Object.entries(files)) writeFileSync(at(file), text);
    writeFileSync(at('memory.events'), 'low 0\noom 1\noom_kill 2\n');
    writeFileSync(at('memory.stat'), 'anon 4096\nfile 8192\n');
    writeFileSync(at('cpu.stat'), 'usage_usec 2000000\nuser_usec 1500000\nsystem_usec 500000\n');
    for (const leaf of ['init', 'jobs', 'visit']) writeFileSync(at(`${leaf}/cgroup.procs`), '');
    writeFileSync(at('jobs/cgroup.procs'), '12\n13\n');
    expect(c.limitMemory(1048576n)).toEqual({ bytes: 1048576n, swapLimited: true });
    expect(readFileSync(at('memory.swap.max'), 'utf8').startsWith('0')).toBe(true);
    expect(c.limitCpu(1024n)).toBe(sharesOf(39n));
    expect(c.oomKills()).toBe(2);
    expect(c.memoryStat()).toMatchObject({ rss: 4096n, total_cache: 8192n, hierarchical_memory_limit: 1048576n });
    expect(c.cpuStat()).toEqual({ usage: 2_000_000_000n, user: 150n, system: 50n });
    expect(c.pids()).toEqual([12, 13]);
    expect(c.joins('visit')).toEqual([at('visit')]);
    rmSync(root, { recursive: true });
  });
});
