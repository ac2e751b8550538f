// Removes what a lab left in the kernel when no process of ours owns it any more: after a power cut, a kill -9, or a
// warden that could not finish. Finds things by the lab's id and data folder only; never touches another lab's.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { readClaim } from './claim.ts';
import { RUN_BASE } from './config.ts';
import { cgroupsOf, everyGroup, pidsIn } from './containers-left.ts';
import { gone, isAlive, Living, livingOf, signal } from './living.ts';
import { SLOT_FOLDER } from './slot.ts';

export interface Tidied {
  processes: number;
  mounts: number;
  cgroups: number;
  links: number;
  tables: number;
}

/** The lab's own processes that outlived their main, by the pid files in its run folder. */
export function orphansOf(lab: string): Living[] {
  const folder = `${RUN_BASE}/${lab}/pids`;
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const parsed = Living.safeParse(parseFile(`${folder}/${name}`));
    return parsed.success && isAlive(parsed.data) ? [parsed.data] : [];
  });
}

/** Ends the dead main's children. They leave by themselves when their line breaks; this waits, then makes sure. */
export async function endOrphans(lab: string): Promise<void> {
  const left = await gone(orphansOf(lab), 3000);
  for (const orphan of left) signal(orphan, 'SIGKILL');
  await gone(left, 3000);
}

/** Removes everything of a lab in the kernel and its run folder. Idempotent. The data folder's contents stay. */
export async function tidyLab(lab: string, dir: string): Promise<Tidied> {
  await endOrphans(lab);
  const processes = await endContainers(lab, dir);
  const mounts = unmountUnder(`${dir}/nodes/`);
  const cgroups = removeCgroups(lab);
  const links = removeLinks(lab);
  const tables = removeTables(lab);
  rmSync(`${RUN_BASE}/${lab}`, { recursive: true, force: true });
  return { processes, mounts, cgroups, links, tables };
}

/** `wardenscope clean`: tidies every lab on this host whose main is gone, and gives its slot back. */
export async function tidyDeadLabs(say: (text: string) => void): Promise<void> {
  for (const { lab, dir, slots } of deadLabs()) {
    const { processes, mounts, cgroups, links, tables } = await tidyLab(lab, dir);
    for (const slot of slots) rmSync(slot, { force: true });
    say(
      `lab ${lab} (${dir}): removed ${processes} processes, ${mounts} mounts, ${cgroups} cgroups, ${links} links, ${tables} firewall tables`,
    );
  }
}

const Addresses = z.array(
  z.object({
    ifname: z.string().optional(),
    addr_info: z.array(z.object({ local: z.string().optional() })).optional(),
  }),
);

/**
 * Removes node links, with their firewall tables, that have an address of this slot and belong to another lab: two links
 * with one address would swallow each other's packets. Who had them is gone, or the slot would not be ours.
 */
export function removeLeftOnSlot(lab: string, slot: number): void {
  const nets = Array.from({ length: 16 }, (_, k) => `10.254.${slot * 16 + k}.`);
  const links = Addresses.safeParse(listed('ip', ['-j', '-4', 'address'])).data ?? [];
  const others = links.flatMap(({ ifname = '', addr_info = [] }) => {
    const [, owner] = /^w-([a-z2-7]{6})-\d+$/.exec(ifname) ?? [];
    const here = addr_info.some(({ local = '' }) => nets.some((net) => local.startsWith(net)));
    return owner && owner !== lab && here ? [owner] : [];
  });
  for (const owner of new Set(others)) {
    removeLinks(owner);
    removeTables(owner);
  }
}

/** Labs that a slot or a run folder names and whose main is gone, with the slots that are still theirs. */
function deadLabs(): { lab: string; dir: string; slots: string[] }[] {
  const files = (folder: string, name = '') =>
    existsSync(folder) ? readdirSync(folder).map((n) => `${folder}/${n}${name}`) : [];
  const slots = files(SLOT_FOLDER).filter((file) => /\/\d+$/.test(file));
  const claims = [...slots, ...files(RUN_BASE, '/owner')].flatMap((file) => {
    const said = readClaim(file);
    return said ? [{ ...said, file }] : [];
  });
  const living = new Set(claims.filter(({ owner }) => isAlive(owner)).map(({ lab }) => lab));
  const dead = new Map(claims.filter(({ lab }) => !living.has(lab)).map(({ lab, dir }) => [lab, dir]));
  return [...dead].map(([lab, dir]) => ({
    lab,
    dir,
    slots: claims.filter((c) => c.lab === lab && slots.includes(c.file)).map(({ file }) => file),
  }));
}

async function endContainers(lab: string, dir: string): Promise<number> {
  const groups = cgroupsOf(lab);
  // A SIGKILL to a frozen task takes effect at the thaw only.
  for (const group of groups) thaw(group);
  const inside = [...new Set(groups.flatMap(pidsIn))].flatMap((pid) => livingOf(pid) ?? []);
  const starters = startersOf(lab, dir).flatMap((pid) => livingOf(pid) ?? []);
  const all = [...new Map([...inside, ...starters].map((living) => [living.pid, living])).values()];
  for (const living of inside) signal(living, 'SIGKILL');
  // A starter ends with its PID 1 and reaps it; killed before, it would leave a zombie to the host's init.
  for (const living of await gone(all, 2000)) signal(living, 'SIGKILL');
  await gone(all, 5000);
  return all.length;
}

/** Starters and boots of this lab: they run our wshd and name the lab's folders in their command line or environment. */
function startersOf(lab: string, dir: string): number[] {
  return pids().filter((pid) => {
    try {
      if (!/\/wshd( \(deleted\))?$/.test(readlinkSync(`/proc/${pid}/exe`))) return false;
      const text = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      return (
        text.includes(`${dir}/nodes/`) || text.includes(`${RUN_BASE}/${lab}/`) || text.includes(`wardenscope-${lab}`)
      );
    } catch {
      return false;
    }
  });
}

function thaw(group: string): void {
  for (const dir of everyGroup(group)) {
    for (const [file, text] of [
      ['freezer.state', 'THAWED'],
      ['cgroup.freeze', '0'],
    ] as const) {
      if (existsSync(`${dir}/${file}`)) attempt(() => writeFileSync(`${dir}/${file}`, text));
    }
  }
}

function removeCgroups(lab: string): number {
  return cgroupsOf(lab)
    .flatMap(everyGroup)
    .filter((dir) => attempt(() => rmdirSync(dir))).length;
}

function unmountUnder(prefix: string): number {
  const points = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8))),
    )
    .filter((point) => point.startsWith(prefix));
  return points.reverse().filter((point) => run('umount', ['-l', point])).length;
}

function removeLinks(lab: string): number {
  if (!existsSync('/sys/class/net')) return 0;
  const names = readdirSync('/sys/class/net').filter((name) => name.startsWith(`w-${lab}-`));
  return names.filter((name) => run('ip', ['link', 'delete', name])).length;
}

const Tables = z.object({
  nftables: z.array(z.object({ table: z.object({ family: z.string(), name: z.string() }).optional() })),
});

function removeTables(lab: string): number {
  const tables = Tables.safeParse(listed('nft', ['-j', 'list', 'tables'])).data?.nftables ?? [];
  return tables.filter(
    ({ table }) =>
      table?.name.startsWith(`wardenscope_${lab}`) && run('nft', ['delete', 'table', table.family, table.name]),
  ).length;
}

/** What a tool prints as JSON; undefined when it cannot be asked. */
function listed(command: string, args: string[]): unknown {
  try {
    return JSON.parse(execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return undefined;
  }
}

function pids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function parseFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function run(command: string, args: string[]): boolean {
  return attempt(() => execFileSync(command, args, { stdio: 'ignore' }));
}

function attempt(what: () => unknown): boolean {
  try {
    what();
    return true;
  } catch {
    return false;
  }
}
