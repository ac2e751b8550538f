// One row for each ability: what it is for, how it is tried, what to type when it is missing. Data and trials only.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { openCgroups } from '../warden/cgroup/cgroup.ts';
import type { Ability, Patient } from './index.ts';

interface Finding {
  here: Ability['here'];
  seen: string;
  typeThis?: string;
}

interface Trial extends Pick<Ability, 'name' | 'means' | 'type'> {
  probe(patient: Patient): Finding | Promise<Finding>;
}

const execute = promisify(execFile);
const GIB = 1024 ** 3;

export const abilities: Trial[] = [
  {
    name: 'root',
    means: 'full tier: everything is real',
    type: 'sudo npm start',
    probe: () => yesIf(process.getuid?.() === 0, `uid ${process.getuid?.()}`),
  },
  {
    name: 'user namespace',
    means: "root inside is nobody outside; a mount in it is the container's own",
    type: 'sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
    probe: () =>
      trial(
        'unshare',
        ['--user', '--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt'],
        'a mount inside worked',
      ),
  },
  {
    name: 'overlay',
    means: 'containers share the stack and write to a layer of their own',
    type: 'modprobe overlay',
    probe: () => trial('unshare', ['--mount', 'sh', '-c', OVERLAY], 'mounted in a namespace of its own'),
  },
  {
    name: 'cgroups',
    means: 'limits and counters for memory, cpu, processes',
    type: 'mount -t cgroup2 none /sys/fs/cgroup',
    probe: () => cgroups(),
  },
  {
    name: 'veth',
    means: 'each container has its own network',
    type: 'apt-get install iproute2; modprobe veth',
    probe: () =>
      trial(
        'unshare',
        ['--net', 'ip', 'link', 'add', 'w-doctor', 'type', 'veth', 'peer', 'name', 'w-doctor-p'],
        'made in a namespace of its own',
      ),
  },
  {
    name: 'nftables',
    means: 'NetIn doors and NetOut rules',
    type: 'apt-get install nftables',
    probe: () =>
      trial(
        'unshare',
        ['--net', 'nft', 'add', 'table', 'ip', 'wardenscope_doctor'],
        'a table in a namespace of its own',
      ),
  },
  {
    name: 'wshd',
    means: 'the container core; without it only the insecure tier',
    type: 'apt-get install gcc make musl-tools libc6-dev, then npm run build',
    probe: async ({ wshd }) => {
      if (!existsSync(wshd)) return { here: 'no', seen: `${wshd} is not there` };
      return trial(wshd, ['--steps'], 'built and runs');
    },
  },
  {
    name: 'compiler',
    means: 'builds wshd when it changes',
    type: 'apt-get install gcc make musl-tools libc6-dev',
    probe: async () => yesIf(await has('musl-gcc'), (await has('gcc')) ? 'musl-gcc' : 'no gcc'),
  },
  {
    name: 'node for apps',
    means: 'the Node.js buildpack vendors this Node with its libraries',
    type: '',
    probe: async () => {
      const { stdout } = await execute('ldd', [process.execPath]);
      return yesIf(!stdout.includes('not found'), `${process.version} at ${process.execPath}`);
    },
  },
  {
    name: 'git',
    means: 'buildpacks by URL',
    type: 'apt-get install git',
    probe: () => trial('git', ['--version'], 'found'),
  },
  {
    name: 'disk',
    means: 'droplets, caches, the journal',
    type: 'npm start -- --data DIR on a larger disk',
    probe: async ({ dir }) => {
      const { bavail, bsize } = await statfs(dir);
      const free = bavail * bsize;
      return yesIf(free > 2 * GIB, `${(free / GIB).toFixed(1)} GiB free`);
    },
  },
  {
    name: 'disk limits',
    means: 'LimitDisk answers as the original with quotas off: nothing stops a container from filling the disk',
    type: '',
    probe: () => ({ here: 'off', seen: 'the depot is a plain folder without quotas' }),
  },
];

const OVERLAY = [
  'mount -t tmpfs none /mnt',
  'mkdir /mnt/l /mnt/u /mnt/w /mnt/m',
  'mount -t overlay overlay -o lowerdir=/mnt/l,upperdir=/mnt/u,workdir=/mnt/w /mnt/m',
].join(' && ');

/** Makes a lab's directory as warden does at its start, and takes it away again. */
function cgroups(): Finding {
  try {
    const tree = openCgroups(`doctor-${process.pid}`);
    tree.removeLab();
    return { here: 'yes', seen: `v${tree.version}: ${tree.controllers.join(' ')}` };
  } catch (error) {
    const seen = error instanceof Error ? error.message.replace('[warden] ', '') : String(error);
    // Mounting helps only where nothing is mounted; the other refusals say by themselves what helps.
    const [, remedy = ''] = /move them into a leaf: (.*)$/.exec(seen) ?? [];
    return { here: 'no', seen, typeThis: seen.includes('mount -t') ? undefined : remedy };
  }
}

function yesIf(condition: boolean, seen: string): Finding {
  return { here: condition ? 'yes' : 'no', seen };
}

/** Runs a program to its end; its first line of complaint is what was seen when it fails. */
async function trial(command: string, args: string[], seen: string): Promise<Finding> {
  try {
    await execute(command, args, { timeout: 10_000 });
    return { here: 'yes', seen };
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error && String(error.stderr).trim().split('\n')[0];
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { here: 'no', seen: missing ? `${command} is not installed` : said || String(error) };
  }
}

async function has(command: string): Promise<boolean> {
  return (process.env.PATH ?? '').split(':').some((dir) => existsSync(`${dir}/${command}`));
}
