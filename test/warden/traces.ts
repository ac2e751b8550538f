// What one lab has in the kernel, read from /proc, /sys and nft: cgroups, processes (zombies too), mounts, links, rules, files.
// Only this lab's, so that suites of others may run meanwhile; names of links are known from the ids seen before.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { untilReal } from '../../server/clock/real.ts';

export interface TracesOf {
  lab: string;
  /** The lab's folder: depot and sockets are below it. */
  dir: string;
  /** Begin of its addresses, such as `10.254.3.`. */
  network: string;
}

export function traces({ lab, dir, network }: TracesOf): string[] {
  const found: string[] = [];
  // A dead lab of somebody else may have left its node's link on the same slot.
  const ours = (link: string) => link.startsWith(`w-${lab}-`) || /^w-[0-9a-v]{11}-/.test(link);
  for (const controller of readdirSync('/sys/fs/cgroup'))
    for (const name of children(`/sys/fs/cgroup/${controller}/wardenscope-${lab}`))
      found.push(`cgroup ${controller} ${name}`);
  for (const pid of children('/proc').filter((n) => /^\d+$/.test(n))) {
    const text = `${read(`/proc/${pid}/cmdline`)} ${read(`/proc/${pid}/cgroup`)}`;
    const parent = /^PPid:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
    const zombie = /^State:\s+Z/m.test(read(`/proc/${pid}/status`)) && Number(parent) === process.pid;
    if (text.includes(`wardenscope-${lab}`) || text.includes(`sock=${dir}/`) || zombie)
      found.push(`process ${pid} ${text}`);
  }
  for (const line of read('/proc/self/mountinfo').split('\n'))
    if (line.includes(`${dir}/`)) found.push(`mount ${line}`);
  for (const line of execFileSync('ip', ['-o', '-4', 'address'], { encoding: 'utf8' }).split('\n'))
    if (line.includes(` ${network}`) && ours(line.split(/\s+/)[1] ?? '')) found.push(`link ${line.split(/\s+/)[1]}`);
  const rules = execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
  for (const line of rules.split(`table ip wardenscope_${lab}_`)[1]?.split('\n}')[0]?.split('\n') ?? [])
    found.push(`rule ${line.trim()}`);
  for (const root of [`${dir}/depot`, `${dir}/nodes/0/depot`, `${dir}/run`])
    for (const name of children(root)) found.push(`file ${root}/${name}`);
  return found.sort();
}

/** Waits until nothing is there that was not there before; fails with what is. */
export async function expectNoNewTraces(of: TracesOf, before: string[], withinMs = 60_000): Promise<void> {
  const fresh = () => traces(of).filter((t) => !before.includes(t));
  await untilReal(() => fresh().length === 0, withinMs, 20);
  expect(fresh()).toEqual([]);
}

function children(path: string): string[] {
  return existsSync(path)
    ? readdirSync(path, { withFileTypes: true })
        .filter((d) => d.isDirectory() || d.isSocket())
        .map((d) => d.name)
    : [];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
