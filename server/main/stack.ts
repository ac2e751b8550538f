// The root file system that containers start from: the host's /usr read-only over a base tree that we write, or what
// `--stack` names. Makes `DIR/stack/<hash>/{rootfs,stack.json}`; mounting it is warden's.
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { extract } from 'tar';
import { z } from 'zod';
import { Refusal } from './refusal.ts';

/** Grows when the base tree that we write changes, so that an old one is not used again. */
const BASE_VERSION = 2;

export const StackFile = z.object({
  name: z.string(),
  /** Host paths that are bound read-only over the tree, in order. */
  binds: z.array(z.object({ src: z.string(), dst: z.string() })),
});
export type StackFile = z.infer<typeof StackFile>;

/** The user that staging tasks and apps run as, in every stack. */
export const VCAP = { name: 'vcap', uid: 1000, gid: 1000, home: '/home/vcap' } as const;

/** Links of a merged /usr; a host that has directories instead gets them bound. */
const USR_LINKS = ['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'];

/** What is copied from the host's /etc: how programs under /usr find their libraries, names and certificates. */
const ETC = [
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'alternatives',
  'ssl/certs',
  'ssl/openssl.cnf',
  'ca-certificates.conf',
  'services',
  'protocols',
  'mime.types',
  'localtime',
  'debian_version',
  'os-release',
];

/** Folders of the base tree with their modes. */
const FOLDERS: Record<string, number> = {
  app: 0o755,
  dev: 0o755,
  etc: 0o755,
  home: 0o755,
  mnt: 0o755,
  opt: 0o755,
  proc: 0o555,
  root: 0o700,
  run: 0o755,
  srv: 0o755,
  sys: 0o555,
  tmp: 0o1777,
  usr: 0o755,
  var: 0o755,
  'var/cache': 0o755,
  'var/lib': 0o755,
  'var/log': 0o755,
  'var/tmp': 0o1777,
};

/** Makes the stack unless it is there, and returns its folder. `asked` is what `--stack` says, empty for the default. */
export async function makeStack(dir: string, asked: string): Promise<string> {
  const plan = asked === '' ? defaultPlan() : askedPlan(asked);
  const folder = join(dir, 'stack', plan.hash.slice(0, 12));
  if (existsSync(join(folder, 'stack.json'))) return folder;
  const temporary = mkdtempSync(join(dir, 'stack', '.new-'));
  try {
    await plan.write(join(temporary, 'rootfs'));
    writeFileSync(join(temporary, 'stack.json'), `${JSON.stringify(plan.file, null, 2)}\n`);
    chmodSync(temporary, 0o755);
    rmSync(folder, { recursive: true, force: true });
    renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}

interface Plan {
  hash: string;
  file: StackFile;
  write(root: string): Promise<void> | void;
}

function defaultPlan(): Plan {
  const etc = ETC.filter((path) => existsSync(`/etc/${path}`));
  const seen = [...etc, 'resolv.conf'].map((path) => signature(`/etc/${path}`));
  const own = USR_LINKS.filter((name) => isFolder(`/${name}`));
  const file = { name: 'default', binds: ['usr', ...own].map((name) => ({ src: `/${name}`, dst: `/${name}` })) };
  return {
    hash: sha(JSON.stringify([BASE_VERSION, seen, file])),
    file,
    write: (root) => {
      for (const [path, mode] of Object.entries({ ...FOLDERS, ...Object.fromEntries(own.map((n) => [n, 0o755])) })) {
        mkdirSync(join(root, path), { recursive: true });
        chmodSync(join(root, path), mode);
      }
      chmodSync(root, 0o755);
      for (const name of USR_LINKS) if (isLink(`/${name}`)) symlinkSync(readlinkSync(`/${name}`), join(root, name));
      symlinkSync('/run', join(root, 'var/run'));
      makeHome(root);
      for (const path of etc) {
        mkdirSync(dirname(join(root, 'etc', path)), { recursive: true });
        // Links stay links: those of alternatives and certificates lead into /usr, which is bound.
        cpSync(`/etc/${path}`, join(root, 'etc', path), { recursive: true, verbatimSymlinks: true });
      }
      for (const [name, text] of Object.entries(etcTexts()))
        writeFileSync(join(root, 'etc', name), text, { mode: 0o644 });
    },
  };
}

function askedPlan(asked: string): Plan {
  if (!existsSync(asked))
    throw new Refusal(`The stack ${asked} does not exist; --stack takes a folder or a tar archive.`);
  const path = realpathSync(asked);
  const folder = isFolder(path);
  if (folder && existsSync(join(path, 'rootfs')) && !existsSync(join(path, 'etc')))
    return askedPlan(join(path, 'rootfs'));
  const has = folder && hasVcap(path);
  return {
    hash: sha(`${BASE_VERSION} ${path} ${has} ${folder ? '' : signature(path)}`),
    file: { name: path, binds: [] },
    write: async (root) => {
      // A folder with its vcap is used where it is: the lower layer is never written to.
      if (has) return symlinkSync(path, root);
      mkdirSync(root, { mode: 0o755 });
      if (folder) cpSync(path, root, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
      else await unpack(path, root);
      if (!isFolder(join(root, 'etc')))
        throw new Refusal(`The stack ${asked} has no /etc: it is not a root file system.`);
      addVcap(root);
    },
  };
}

/** Unpacks with checked paths: nothing absolute, nothing with `..`, no device nodes (node-tar refuses and skips). */
async function unpack(archive: string, root: string): Promise<void> {
  try {
    await extract({ file: archive, cwd: root, preserveOwner: true, strict: false, unlink: true });
  } catch (error) {
    throw new Refusal(`The stack ${archive} cannot be unpacked (${error instanceof Error ? error.message : error}).`);
  }
}

function addVcap(root: string): void {
  for (const [path, mode] of Object.entries({ app: 0o755, proc: 0o555, dev: 0o755, sys: 0o555, tmp: 0o1777 })) {
    if (existsSync(join(root, path))) continue;
    mkdirSync(join(root, path));
    chmodSync(join(root, path), mode);
  }
  makeHome(root);
  if (hasVcap(root)) return;
  append(join(root, 'etc/passwd'), `${VCAP.name}:x:${VCAP.uid}:${VCAP.gid}::${VCAP.home}:/bin/bash\n`);
  append(join(root, 'etc/group'), `${VCAP.name}:x:${VCAP.gid}:\n`);
}

function makeHome(root: string): void {
  mkdirSync(join(root, VCAP.home), { recursive: true, mode: 0o755 });
  chownSync(join(root, VCAP.home), VCAP.uid, VCAP.gid);
}

/** Appends to a regular file of a foreign tree; a link in its place is replaced, never followed out of the tree. */
function append(path: string, line: string): void {
  const before = existsSync(path) && !isLink(path) ? readFileSync(path, 'utf8') : '';
  rmSync(path, { force: true });
  writeFileSync(path, `${before}${before && !before.endsWith('\n') ? '\n' : ''}${line}`, { mode: 0o644 });
}

function hasVcap(root: string): boolean {
  const path = join(root, 'etc/passwd');
  return existsSync(path) && !isLink(path) && /^vcap:/m.test(readFileSync(path, 'utf8'));
}

function etcTexts(): Record<string, string> {
  return {
    passwd: [
      'root:x:0:0:root:/root:/bin/bash',
      'daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin',
      `${VCAP.name}:x:${VCAP.uid}:${VCAP.gid}:vcap:${VCAP.home}:/bin/bash`,
      'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
      '',
    ].join('\n'),
    group: ['root:x:0:', 'daemon:x:1:', 'tty:x:5:', `${VCAP.name}:x:${VCAP.gid}:`, 'nogroup:x:65534:', ''].join('\n'),
    'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n',
    hosts: '127.0.0.1 localhost\n',
    hostname: 'localhost\n',
    'resolv.conf': resolvConf(),
    profile: 'PATH=/usr/local/bin:/usr/bin:/bin\nexport PATH\n',
  };
}

/** The host's name servers, unless they are the host's own loopback, which is another one inside. */
function resolvConf(): string {
  for (const path of ['/etc/resolv.conf', '/run/systemd/resolve/resolv.conf']) {
    if (!existsSync(path)) continue;
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => !/^\s*nameserver\s+(127\.|::1)/.test(line));
    if (lines.some((line) => /^\s*nameserver\s/.test(line))) return `${lines.join('\n').trim()}\n`;
  }
  return '# The host resolves names on its own loopback only, which a container cannot reach.\n';
}

/** What a file or folder looks like from outside, for the stack's hash. */
function signature(path: string): string {
  if (!existsSync(path)) return `${path} -`;
  const { mtimeMs, size } = statSync(path);
  const inside = isFolder(path) ? readdirSync(path).sort().join() : '';
  return `${path} ${mtimeMs} ${size} ${sha(inside)}`;
}

function sha(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
