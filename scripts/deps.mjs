// What has to be installed before anything of ours runs: Node's age, npm packages, Debian packages. Plain JavaScript
// without dependencies, because it runs on a fresh clone.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Oldest Node that is supported: [major, minor]. */
const OLDEST = [20, 19];

/** Debian packages by the file or command that shows that they are there. */
const DEBIAN = [
  ['gcc', 'gcc'],
  ['make', 'make'],
  ['musl-gcc', 'musl-tools'],
  ['/usr/include/stdio.h', 'libc6-dev'],
  ['ip', 'iproute2'],
  ['nft', 'nftables'],
  ['bash', 'bash'],
  ['git', 'git'],
  ['unzip', 'unzip'],
  ['zip', 'zip'],
  ['unshare', 'util-linux'],
  ['mount', 'mount'],
  ['/etc/ssl/certs/ca-certificates.crt', 'ca-certificates'],
];

/** Only what tests and the bench compare with. */
export const DEBIAN_FOR_TESTS = [
  ['nats-server', 'nats-server'],
  ['curl', 'curl'],
  ['strace', 'strace'],
  ['python3', 'python3-minimal'],
  ['chromium', 'chromium'],
];

/** One sentence when this Node is too old, else undefined. */
export function nodeTooOld(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return undefined;
  return `Wardenscope needs Node ${OLDEST.join('.')} or newer, and this is Node ${version}; install a newer one from nodejs.org or with nvm.`;
}

/** Installs npm packages when node_modules does not agree with the lock file. Throws one line. */
export function installNpm(say) {
  if (npmAgrees()) return;
  say('installing npm packages (npm ci), which takes a minute or less');
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (done.error) throw new Error(`npm could not be run (${done.error.message}); install npm beside Node.`);
  if (done.status !== 0)
    throw new Error('npm ci failed (see above); is the registry reachable? Then type npm ci again.');
}

/** Whether what npm says is installed has every package of the lock file that this machine needs, at its version. */
function npmAgrees() {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, { version, optional, peer }]) => path === '' || optional || peer || found[path]?.version === version,
  );
}

/**
 * Installs missing Debian packages where that is possible (root and apt-get); says what to type where it is not.
 * Never fails: what is missing shows in the doctor's table and where it is needed.
 */
export function installDebian(say, list = DEBIAN) {
  const missing = list.filter(([sign]) => !isThere(sign)).map(([, name]) => name);
  if (missing.length === 0) return;
  const typed = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.platform !== 'linux' || !isThere('apt-get')) {
    say(`these packages are missing and have to be installed by hand here: ${missing.join(' ')}`);
  } else if (process.getuid() !== 0) {
    say(`these Debian packages are missing; to install them, type: sudo ${typed}`);
  } else {
    say(`installing Debian packages: ${missing.join(' ')}`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const apt = (...args) => spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 2] }).status === 0;
    const install = ['install', '-y', '-q', '--no-install-recommends', ...missing];
    if (!apt(...install)) apt('update', '-q') && apt(...install);
    const left = list.filter(([sign]) => !isThere(sign)).map(([, name]) => name);
    if (left.length > 0) say(`could not install ${left.join(' ')}; try: ${typed}`);
  }
}

export function isThere(sign) {
  if (sign.startsWith('/')) return existsSync(sign);
  const path = `${process.env.PATH ?? ''}:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin`;
  return path.split(':').some((dir) => dir !== '' && existsSync(join(dir, sign)));
}
