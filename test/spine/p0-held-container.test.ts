// P0: one container, held. Hand-made bytes on Warden's socket; the witness at each hold is /proc, read by this test.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Entry, StepBody } from '../../machines/journal.ts';
import { until } from '../support/cf.ts';
import { type Debug, debug, type Held } from '../support/debug.ts';
import { expectNothingLeft, kernelNow } from '../support/kernel.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

let before: ReturnType<typeof kernelNow>;
let lab: RunningLab;
let d: Debug;
beforeAll(async () => {
  before = kernelNow();
  lab = await startLab({ deas: 1 });
  d = debug(lab.url);
}, 300_000);
afterAll(async () => {
  await lab?.stop();
  await expectNothingLeft(before);
}, 300_000);
afterEach(async () => {
  for (const b of (await d.state()).breakpoints) await d.clear(b.id);
  await d.go();
});

/** Speaks Warden's wire with hand-made bytes: no code of ours encodes or decodes here. */
function rawWarden(path: string) {
  const socket: Socket = connect(path);
  let inbox = Buffer.alloc(0);
  let closed = false;
  socket.on('data', (b) => {
    inbox = Buffer.concat([inbox, b]);
  });
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => undefined);
  const takeFrame = (): Buffer | undefined => {
    const end = inbox.indexOf('\r\n');
    if (end < 0) return undefined;
    const size = Number(inbox.subarray(0, end).toString());
    if (inbox.length < end + 2 + size + 2) return undefined;
    const frame = inbox.subarray(end + 2, end + 2 + size);
    expect(inbox.subarray(end + 2 + size, end + 4 + size).toString()).toBe('\r\n');
    inbox = inbox.subarray(end + 4 + size);
    return frame;
  };
  return {
    send(type: number, payload: Buffer = Buffer.alloc(0)) {
      const message = Buffer.concat([Buffer.from([0x08, type, 0x12, payload.length]), payload]);
      socket.write(Buffer.concat([Buffer.from(`${message.length}\r\n`), message, Buffer.from('\r\n')]));
    },
    /** The next frame, or undefined after the connection was closed. */
    answer: (ms = 60_000) =>
      until('a frame from Warden', () => takeFrame() ?? (closed ? Buffer.alloc(0) : undefined), ms),
    get waiting() {
      return inbox.length === 0 && !closed;
    },
    end: () => socket.destroy(),
  };
}
const text = (field: number, s: string) => Buffer.concat([Buffer.from([(field << 3) | 2, s.length]), Buffer.from(s)]);
const CREATE = 11;
const DESTROY = 13;
const PING = 91;
const LIST = 92;

/** Host pids of PID 1 of this lab's containers, found by pid namespace, title and starter, without asking anybody. */
function initPids(): number[] {
  return readdirSync('/proc')
    .filter((f) => /^\d+$/.test(f))
    .map(Number)
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        const ids = /^NSpid:\s+(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? [];
        if (ids.length !== 2 || ids[1] !== '1') return false;
        const starter = readFileSync(`/proc/${/^PPid:\s+(\d+)/m.exec(status)?.[1]}/cmdline`, 'utf8');
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('wshd: ') && starter.includes(`/${lab.id}/`);
      } catch {
        return false;
      }
    });
}
const identity = (path: string) => {
  const s = statSync(path);
  return `${s.dev}:${s.ino}`;
};
const NAMESPACES = ['mnt', 'pid', 'net', 'uts', 'ipc', 'user', 'cgroup'];
const mountsOf = (pid: number) =>
  readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .trim()
    .split('\n')
    .map((l) => {
      const [left = '', right = ''] = l.split(' - ');
      return { root: left.split(' ')[3] ?? '', at: left.split(' ')[4] ?? '', type: right.split(' ')[0] ?? '' };
    });
/** The inspector's picture: the diffs of all its samples so far, applied one after the other. */
function inspected(entries: Entry[], handle: string) {
  const facts = new Map<string, unknown>();
  let pid: number | undefined;
  for (const e of entries) {
    if (e.type !== 'kernel' || e.handle !== handle) continue;
    pid = e.pid;
    for (const [path, [, after]] of Object.entries(e.diff)) {
      if (after === null) facts.delete(path);
      else facts.set(path, after);
    }
  }
  const mounts = [...facts].flatMap(([path, fact]) => {
    const [, at] = /^mounts\[(.*)\](?:#\d+)?$/.exec(path) ?? [];
    const { root, type } = fact as { root: string; type: string };
    return at === undefined ? [] : [`${type} ${root} at ${at}`];
  });
  const inode = (ns: string) => (facts.get(`ns.${ns}`) as { inode: number } | undefined)?.inode;
  return { pid, namespaces: NAMESPACES.map((ns) => [ns, inode(ns)]), root: facts.get('root'), mounts: mounts.sort() };
}

/** The same picture, read here. */
const seenHere = (pid: number) => ({
  pid,
  namespaces: NAMESPACES.map((ns) => [ns, Number(/\d+/.exec(readlinkSync(`/proc/${pid}/ns/${ns}`))?.[0])]),
  root: identity(`/proc/${pid}/root/`),
  mounts: mountsOf(pid)
    .map(({ root, at, type }) => `${type} ${root} at ${at}`)
    .sort(),
});

describe('one container, held', () => {
  it('boots from hand-made bytes, held before and after every step, and /proc agrees with the inspector at each hold', async () => {
    await d.breakAt({ kind: 'step', handle: 'p0-steps' });
    const w = rawWarden(lab.wardenSocket(0));
    const known = new Set(initPids());
    w.send(CREATE, text(3, 'p0-steps'));
    const seen: string[] = [];
    const compared: string[] = [];
    let pid: number | undefined;
    let opened = '';
    let last: Held | undefined;
    const hostRoot = identity('/');
    for (;;) {
      const held = await until(
        'the next hold or the answer',
        async () =>
          (await d.state()).held.find((h) => h.gate !== opened && h.point.handle === 'p0-steps') ??
          (w.waiting ? undefined : 'answered'),
      );
      if (held === 'answered') break;
      last = held;
      const { name, when, file, line } = held.point;
      seen.push(`${name}/${when}`);
      expect(w.waiting, `Create has no answer at ${name}/${when}`).toBe(true);
      expect(file, name).toMatch(/\.c$/);
      expect(line).toBeGreaterThan(0);
      pid ??= initPids().find((p) => !known.has(p));
      if (pid !== undefined && initPids().includes(pid)) {
        // The gate is announced a moment before the sample is taken.
        await until(`the inspector to agree with /proc at ${name}/${when}`, async () => {
          expect(inspected(await d.journal(), 'p0-steps')).toEqual(seenHere(pid ?? 0));
          return true;
        });
        compared.push(`${name}/${when}`);
        const mounts = mountsOf(pid);
        if (name === 'pivot_root' && when === 'before') {
          expect(identity(`/proc/${pid}/root/`)).toBe(hostRoot);
          expect(mounts.some((m) => m.type === 'overlay')).toBe(true);
        }
        if (name === 'pivot_root' && when === 'after') {
          expect(identity(`/proc/${pid}/root/`)).not.toBe(hostRoot);
          expect(mounts.find((m) => m.at === '/')?.type).toBe('overlay');
          expect(
            mounts.filter((m) => m.at.startsWith('/mnt')).length,
            'the host tree hangs under put-old',
          ).toBeGreaterThan(3);
        }
        if (name === 'umount_old' && when === 'after')
          expect(mounts.filter((m) => m.at.startsWith('/mnt'))).toEqual([]);
      }
      if (pid !== undefined && /child|pivot_root|proc|devpts|hostname|umount_old/.test(name))
        // The gate is announced a moment before its process blocks.
        await until(`${name}/${when} to wait on its control descriptor`, () =>
          /^(0|45|47|7|271) 0x3 |^7 /.test(readFileSync(`/proc/${pid}/syscall`, 'utf8')),
        );
      opened = held.gate;
      await d.open(held.gate);
    }
    expect(last).toBeDefined();
    const answer = await w.answer();
    expect([...answer.subarray(0, 2)]).toEqual([0x08, CREATE]);
    expect(answer.toString()).toContain('p0-steps');
    for (const step of [
      'clone/after',
      'map_ids/before',
      'overlay/after',
      'veth/after',
      'join_cgroups/after',
      'pivot_root/before',
      'pivot_root/after',
      'proc/after',
      'hostname/after',
      'umount_old/after',
    ])
      expect(seen).toContain(step);
    // From the clone on, at each hold without exception.
    expect(compared).toEqual(seen.slice(seen.indexOf('clone/after')));
    expect(compared.length).toBeGreaterThan(20);
    expect(pid).toBeDefined();
    for (const ns of ['user', 'mnt', 'pid', 'net', 'ipc', 'uts', 'cgroup'])
      expect(readlinkSync(`/proc/${pid}/ns/${ns}`), ns).not.toBe(readlinkSync(`/proc/self/ns/${ns}`));
    for (const group of ['cpu', 'cpuacct', 'memory', 'devices', 'pids', 'freezer'])
      expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toMatch(new RegExp(`:${group}:/wardenscope-[^/]+/instance-`));
    const steps = (await d.journal()).filter(
      (e): e is Entry & StepBody => e.type === 'step' && e.handle === 'p0-steps' && e.when === 'after',
    );
    expect(steps.every((s) => s.result !== undefined && (s.result ?? -1) >= 0)).toBe(true);
    w.send(DESTROY, text(1, 'p0-steps'));
    expect([...(await w.answer()).subarray(0, 2)]).toEqual([0x08, DESTROY]);
    expect(() => statSync(`/proc/${pid}`), 'Destroy answers when PID 1 is gone').toThrow();
    w.end();
  }, 300_000);

  it('executes nothing on its way but wshd itself, once, as strace sees it', async (context) => {
    const why = spawnSync('strace', ['-V']).error && 'strace is not installed; type: apt-get install strace';
    if (why) {
      console.log(`skipped: one execve in a boot: ${why}`);
      context.skip(why);
    }
    const warden = lab.pid('warden/0') ?? 0;
    const strace = spawn('strace', [
      '-f',
      '-qq',
      '-e',
      'trace=execve,execveat',
      '-e',
      'signal=none',
      '-p',
      `${warden}`,
    ]);
    let told = '';
    strace.stderr.on('data', (text) => {
      told += text;
    });
    const ended = new Promise((resolve) => strace.once('close', resolve));
    try {
      await until('strace to hold every thread of warden', () =>
        readdirSync(`/proc/${warden}/task`).every((task) =>
          readFileSync(`/proc/${warden}/task/${task}/status`, 'utf8').includes(`TracerPid:\t${strace.pid}\n`),
        ),
      );
      const w = rawWarden(lab.wardenSocket(0));
      w.send(CREATE, text(3, 'p0-traced'));
      expect((await w.answer()).toString()).toContain('p0-traced');
      w.send(DESTROY, text(1, 'p0-traced'));
      await w.answer();
      w.end();
    } finally {
      strace.kill('SIGINT');
      await ended;
    }
    const calls = told.split('\n').filter((line) => /exec\w*\(/.test(line));
    expect(calls).toEqual([expect.stringMatching(/execve\("[^"]*\/wshd", \["wshd: [^"]*", "boot"/)]);
  }, 300_000);

  it('while one boot is held, a second connection answers Ping and a second Create is answered', async () => {
    await d.breakAt({ kind: 'step', name: 'pivot_root', when: 'before', handle: 'p0-held' });
    const first = rawWarden(lab.wardenSocket(0));
    first.send(CREATE, text(3, 'p0-held'));
    const held = await d.held('pivot_root', (h) => h.point.handle === 'p0-held');
    const second = rawWarden(lab.wardenSocket(0));
    second.send(PING);
    expect([...(await second.answer())]).toEqual([0x08, PING, 0x12, 0x00]);
    second.send(CREATE, text(3, 'p0-free'));
    expect((await second.answer()).toString()).toContain('p0-free');
    expect(first.waiting).toBe(true);
    await d.open(held.gate);
    expect((await first.answer()).toString()).toContain('p0-held');
    for (const h of ['p0-held', 'p0-free']) {
      second.send(DESTROY, text(1, h));
      expect([...(await second.answer()).subarray(0, 2)]).toEqual([0x08, DESTROY]);
    }
    first.end();
    second.end();
  }, 300_000);

  it('kill -9 of warden while a boot is held: the boot ends by itself and nothing is left that List does not name', async () => {
    const clean = kernelNow();
    const known = new Set(initPids());
    await d.breakAt({ kind: 'step', name: 'proc', when: 'before', handle: 'p0-dies', once: true });
    const w = rawWarden(lab.wardenSocket(0));
    w.send(CREATE, text(3, 'p0-dies'));
    await d.held('proc', (h) => h.point.handle === 'p0-dies');
    const pid = initPids().find((p) => !known.has(p));
    expect(pid).toBeDefined();
    await lab.kill('warden/0');
    await until('the boot to end', () => !initPids().includes(pid ?? 0));
    const next = await until('the next warden', async () => {
      const n = rawWarden(lab.wardenSocket(0));
      n.send(LIST);
      const a = await n.answer(1000);
      n.end();
      return a.length > 0 && a;
    });
    expect(next.toString()).not.toContain('p0-dies');
    await expectNothingLeft(clean, 60_000, () => Object.values(lab.pids()));
    w.end();
  }, 300_000);

  it('kill -9 of the journal’s process while held: back within 10 s, the gate is listed again and opens', async () => {
    await d.breakAt({ kind: 'step', name: 'hostname', when: 'before', handle: 'p0-journal', once: true });
    const w = rawWarden(lab.wardenSocket(0));
    w.send(CREATE, text(3, 'p0-journal'));
    const held = await d.held('hostname', (h) => h.point.handle === 'p0-journal');
    await lab.kill('control');
    // After ten real seconds without the journal the gate would have opened and would not be listed.
    const again = await d.held('the same gate', (h) => h.gate === held.gate);
    expect(w.waiting).toBe(true);
    await d.open(again.gate);
    expect((await w.answer()).toString()).toContain('p0-journal');
    const seqs = (await d.journal()).map((e) => e.seq);
    expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    w.send(DESTROY, text(1, 'p0-journal'));
    await w.answer();
    w.end();
  }, 300_000);
});
