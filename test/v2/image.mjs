// The disk of the virtual machine: an ext4 image with this host's own node, shell and network tools, wshd, and the guest
// program as one bundle. Fetches Debian's cloud kernel as a package file and unpacks it; it is never installed here.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { installDebian, isThere, root } from '../../scripts/deps.mjs';

const META = 'linux-image-cloud-amd64';
/** The file that shows that a fetched kernel is whole. */
const WHOLE = 'whole';
const MEBIBYTES = 512;

/** What the guest program, warden and the scripts in containers call. */
const PROGRAMS = (
  'node bash sh tar nft ip tc mount umount unshare cat chmod chown cp env head hostname id ls mkdir mkfifo mv ln rm sed sleep stat sync ' +
  'tail stty touch tr true'
).split(' ');
/** Folders of the kernel's modules that hold what warden needs, beside everything those need. */
const MODULES = ['net', 'lib', 'crypto', 'arch', 'fs/overlayfs', 'drivers/net/veth.ko', 'drivers/net/dummy.ko'];
const NOT_THERE_OF_ITSELF = [
  'overlay',
  'veth',
  'dummy',
  'nf_tables',
  'nft_nat',
  'nft_masq',
  'nft_ct',
  'nft_limit',
  'sch_tbf',
];

/**
 * The kernel, fetched once for each checkout into `dist/vm`. Throws one line, to be printed as the reason for skipping.
 * @param {(text: string) => void} say
 * @returns {{ kernel: string, modules: string, busybox: string, release: string }}
 */
export function fetchKernel(say) {
  installDebian(say, [
    ['qemu-system-x86_64', 'qemu-system-x86'],
    ['mke2fs', 'e2fsprogs'],
  ]);
  for (const tool of ['qemu-system-x86_64', 'mke2fs', 'dpkg-deb'])
    if (!isThere(tool)) throw new Error(`${tool} is not installed`);
  const home = join(root, 'dist/vm');
  if (!existsSync(join(home, WHOLE))) {
    const fresh = mkdtempSync(join(mkdirs(dirname(home)), 'vm-'));
    try {
      download(fresh, say);
      rmSync(home, { recursive: true, force: true });
      renameSync(fresh, home);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  const release = readdirSync(join(home, 'lib/modules'))[0];
  const modules = join(home, 'lib/modules', release);
  return { kernel: join(home, `boot/vmlinuz-${release}`), modules, busybox: join(home, 'bin/busybox'), release };
}

function download(folder, say) {
  if (!isThere('apt-get')) throw new Error(`no apt-get here to fetch ${META} with`);
  const wanted = () => {
    const said = spawnSync('apt-cache', ['depends', META], { encoding: 'utf8' }).stdout ?? '';
    return /Depends: (linux-image-\S+)/.exec(said)?.[1];
  };
  if (!wanted()) spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore' });
  const image = wanted();
  if (!image) throw new Error(`apt does not know ${META}`);
  say(`fetching ${image} (27 MB; unpacked, not installed)`);
  const get = () =>
    spawnSync('apt-get', ['download', '-q', image, 'busybox-static'], { cwd: folder, encoding: 'utf8' });
  let got = get();
  if (got.status !== 0) {
    spawnSync('apt-get', ['update', '-q'], { stdio: 'ignore' });
    got = get();
  }
  if (got.status !== 0) throw new Error(`could not fetch ${image}: ${got.stderr?.trim().split('\n').at(-1)}`);
  for (const name of readdirSync(folder).filter((n) => n.endsWith('.deb'))) {
    must('dpkg-deb', ['-x', join(folder, name), folder]);
    rmSync(join(folder, name));
  }
  writeFileSync(join(folder, WHOLE), '');
}

/** Bundles the guest program and writes the image `file`. `folder` is for what is in between. */
export async function makeImage({ folder, file, modules, busybox, release }) {
  const tree = join(folder, 'tree');
  for (const path of [
    'etc',
    'dev',
    'proc',
    'sys',
    'run',
    'tmp',
    'root',
    'var',
    'mnt',
    'usr/bin',
    'usr/lib',
    'lab/test/v2',
  ])
    mkdirs(join(tree, path));
  // A merged /usr, as on every Debian of today: the default stack binds it into containers.
  for (const name of ['bin', 'sbin']) symlinkSync('usr/bin', join(tree, name));
  for (const name of ['lib', 'lib64']) symlinkSync(`usr/${name}`, join(tree, name));
  symlinkSync('bin', join(tree, 'usr/sbin'));
  mkdirs(join(tree, 'usr/lib64'));
  copyPrograms(tree);
  copyFileSync(busybox, join(tree, 'usr/bin/busybox'));
  for (const name of ['modprobe', 'poweroff']) symlinkSync('busybox', join(tree, 'usr/bin', name));
  copyModules(tree, { modules, busybox, release });
  writeFileSync(
    join(tree, 'etc/passwd'),
    'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n',
  );
  writeFileSync(join(tree, 'etc/group'), 'root:x:0:\nnogroup:x:65534:\n');
  mkdirs(join(tree, 'lab/dist/wshd'));
  copyFileSync(join(root, 'dist/wshd/wshd'), join(tree, 'lab/dist/wshd/wshd'));
  writeFileSync(join(tree, 'init'), INIT, { mode: 0o755 });
  await bundle(join(tree, 'lab/test/v2/guest.mjs'));
  must('mke2fs', ['-q', '-t', 'ext4', '-O', '^has_journal', '-d', tree, file, `${MEBIBYTES}M`]);
  rmSync(tree, { recursive: true, force: true });
}

/** PID 1 of the virtual machine: mounts, modules, the guest program with its lines on the second serial port, off. */
const INIT = `#!/bin/bash
export PATH=/usr/bin HOME=/root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /run
[ -c /dev/ttyS1 ] || mount -t devtmpfs dev /dev
ip link set lo up
for name in ${NOT_THERE_OF_ITSELF.join(' ')}; do modprobe $name || echo "no module $name"; done
cd /lab
stty -F /dev/ttyS1 raw 2>/dev/null
node test/v2/guest.mjs > /dev/ttyS1
echo "guest program ended with $?"
sync
poweroff -f
`;

function copyPrograms(tree) {
  const libraries = new Set();
  for (const name of PROGRAMS) {
    const found = ['/usr/bin', '/usr/sbin', '/bin', '/sbin', dirname(process.execPath)]
      .map((dir) => (name === 'node' ? process.execPath : join(dir, name)))
      .find((path) => existsSync(path));
    if (!found) throw new Error(`${name} is not installed`);
    copyFileSync(realpathSync(found), join(tree, 'usr/bin', name));
    const said = spawnSync('ldd', [found], { encoding: 'utf8' }).stdout ?? '';
    for (const [, path] of said.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)) libraries.add(path);
  }
  for (const path of libraries) {
    const to = path.startsWith('/usr') ? path : `/usr${path}`;
    mkdirs(join(tree, dirname(to)));
    copyFileSync(realpathSync(path), join(tree, to));
  }
}

function copyModules(tree, { modules, busybox, release }) {
  const to = join(tree, 'usr/lib/modules', release);
  for (const name of MODULES) {
    mkdirs(dirname(join(to, 'kernel', name)));
    if (existsSync(join(modules, 'kernel', name)))
      cpSync(join(modules, 'kernel', name), join(to, 'kernel', name), { recursive: true });
  }
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    if (existsSync(join(modules, name))) copyFileSync(join(modules, name), join(to, name));
  must(busybox, ['depmod', '-b', tree, release]);
}

async function bundle(file) {
  const { rolldown } = await import('rolldown');
  const made = await rolldown({ cwd: root, input: 'test/v2/guest.ts', platform: 'node', logLevel: 'silent' });
  await made.write({ file, format: 'esm', codeSplitting: false });
  await made.close();
}

function mkdirs(path) {
  mkdirSync(path, { recursive: true });
  return path;
}

function must(command, args) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.error?.message ?? done.stderr.trim()}`);
}
