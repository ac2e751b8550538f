// What the kernel holds that a lab could leave behind, read from /proc, /sys and the tools themselves, never from our
// journal. Things of other labs that run on this machine meanwhile are left out.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { expect } from 'vitest';

/** Sorted names of things, by kind. */
export interface Kernel {
  mounts: string[];
  links: string[];
  cgroups: string[];
  nft: string[];
  loops: string[];
  processes: string[];
  runFolders: string[];
}

/** The kernel as it is now. */
export function kernelNow(): Kernel {
  const others = [...otherLabs()];
  others.push(...linksOf(others));
  const ours = (thing: string) => !others.some((mark) => thing.includes(mark));
  const sorted = (all: string[]) => all.filter(ours).sort();
  return {
    mounts: sorted(mounts()),
    links: sorted(links()),
    cgroups: sorted(cgroups()),
    nft: sorted(nft()),
    loops: sorted(loops()),
    processes: sorted(processes(others)),
    runFolders: sorted(children('/run/wardenscope').filter((name) => name !== 'slots')),
  };
}

/**
 * Waits until nothing is left that was not there before; fails with what is. Things that went away are no matter.
 * @param living pids of the lab's own processes, which may have been replaced by new ones meanwhile
 */
export async function expectNothingLeft(
  before: Kernel,
  ms = 60_000,
  living: () => readonly number[] = () => [],
): Promise<void> {
  const deadline = Date.now() + ms;
  for (;;) {
    const left = newSince(before);
    const known = living();
    left.processes = left.processes.filter((line) => !known.includes(Number.parseInt(line, 10)));
    if (Object.values(left).every((names) => names.length === 0)) return;
    if (Date.now() > deadline) expect(left).toEqual(Object.fromEntries(Object.keys(left).map((kind) => [kind, []])));
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** What is there now and was not before, by kind. */
export function newSince(before: Kernel): Kernel {
  const now = kernelNow();
  const added = (kind: keyof Kernel) => {
    const known = new Set(before[kind]);
    return now[kind].filter((name) => !known.has(name));
  };
  return {
    mounts: added('mounts'),
    links: added('links'),
    cgroups: added('cgroups'),
    nft: added('nft'),
    loops: added('loops'),
    processes: added('processes'),
    runFolders: added('runFolders'),
  };
}

/** Ids and data folders of labs that live now and were not started by this test process. */
function otherLabs(): string[] {
  return children('/run/wardenscope/slots').flatMap((slot) => {
    try {
      const claim: unknown = JSON.parse(readFileSync(`/run/wardenscope/slots/${slot}`, 'utf8'));
      if (typeof claim !== 'object' || claim === null || !('lab' in claim) || !('dir' in claim) || !('owner' in claim))
        return [];
      const { pid } = claim.owner as { pid: number };
      if (!existsSync(`/proc/${pid}`) || ancestors(pid).includes(process.pid)) return [];
      const number = Number(slot) * 16;
      const nets = Array.from({ length: 16 }, (_, k) => `10.254.${number + k}.`);
      return [String(claim.lab), `${claim.dir}/`, ...nets];
    } catch {
      return [];
    }
  });
}

/** Names of the host's ends of other labs' containers: their addresses say whose they are. */
function linksOf(others: string[]): string[] {
  const addresses = lines(output('ip', ['-o', '-4', 'address'])).filter((line) =>
    others.some((mark) => line.includes(mark)),
  );
  return addresses.map((line) => line.split(/\s+/)[1] ?? '').filter((name) => name.startsWith('w-'));
}

function mounts(): string[] {
  return lines(readFileSync('/proc/self/mountinfo', 'utf8')).map((line) => {
    const [left = '', right = ''] = line.split(' - ');
    return `${left.split(' ')[4]} ${right.split(' ')[0]}`;
  });
}

function links(): string[] {
  return lines(output('ip', ['-o', '-4', 'address']))
    .map((line) =>
      line
        .replace(/\s+/g, ' ')
        .replace(/ valid_lft.*| metric.*/, '')
        .replace(/^\d+: /, ''),
    )
    .concat(children('/sys/class/net').filter((name) => !/^w-[0-9a-v]{11}-/.test(name)));
}

function cgroups(): string[] {
  const walk = (dir: string): string[] =>
    readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => [`${dir}/${entry.name}`, ...below(`${dir}/${entry.name}`)]);
  const below = (dir: string): string[] => {
    try {
      return walk(dir);
    } catch {
      return [];
    }
  };
  return below('/sys/fs/cgroup').filter((dir) => dir.includes('wardenscope'));
}

function nft(): string[] {
  // Counters move by themselves; handles are not shown without -a.
  const text = output('nft', ['-s', 'list', 'ruleset']);
  return [...text.matchAll(/^table (\S+ \S+) \{$([\s\S]*?)^\}$/gm)].flatMap(([, table = '', body = '']) =>
    lines(body).map((line) => `${table}: ${line.trim()}`),
  );
}

function loops(): string[] {
  return children('/sys/block').filter(
    (name) => name.startsWith('loop') && existsSync(`/sys/block/${name}/loop/backing_file`),
  );
}

/** Processes of any lab, and zombies that a lab could have made, with pid, so that a new one is seen. */
function processes(others: string[]): string[] {
  const own = namespaceOf(process.pid);
  return children('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name);
      const status = readOr(`/proc/${pid}/status`);
      const field = (key: string) => new RegExp(`^${key}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? '';
      const command = readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
      const zombie = field('State').startsWith('Z');
      const elsewhere = !zombie && namespaceOf(pid) !== own && namespaceOf(pid) !== '';
      const wshd = /^wshd\b/.test(command) || field('Name') === 'wshd' || /\/wshd/.test(linkOr(`/proc/${pid}/exe`));
      const lab =
        /^wardenscope /.test(command) ||
        elsewhere ||
        wshd ||
        (zombie && /wshd|wsh|wardenscope|node|^ip$|^nft$/.test(field('Name')));
      if (!lab) return [];
      const group = readOr(`/proc/${pid}/cgroup`);
      const chain = ancestors(pid);
      if (
        others.some(
          (mark) =>
            command.includes(mark) ||
            group.includes(mark) ||
            chain.some((p) => readOr(`/proc/${p}/cmdline`).includes(mark)),
        )
      )
        return [];
      if (zombie && !chain.includes(process.pid) && Number(field('PPid')) !== 1) return [];
      if (/^wardenscope /.test(command) && !chain.includes(process.pid) && isOfAnotherSession(chain)) return [];
      return [`${pid} ${field('Name')} ${zombie ? 'zombie' : command}`.trim()];
    });
}

/** Under a living main that is not ours: another engineer's or another suite's lab. */
function isOfAnotherSession(chain: number[]): boolean {
  return chain.some((pid) => pid !== process.pid && /^wardenscope main/.test(readOr(`/proc/${pid}/cmdline`)));
}

function ancestors(pid: number): number[] {
  const chain = [pid];
  for (let at = pid; at > 1 && chain.length < 64; ) {
    at = Number(/^PPid:\s+(\d+)/m.exec(readOr(`/proc/${at}/status`))?.[1] ?? 0);
    if (at > 0) chain.push(at);
  }
  return chain;
}

function namespaceOf(pid: number): string {
  return linkOr(`/proc/${pid}/ns/pid`);
}

function linkOr(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function children(dir: string): string[] {
  return existsSync(dir) ? readdirSync(dir) : [];
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '');
}

function output(command: string, args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
}
