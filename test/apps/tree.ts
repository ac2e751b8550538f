// A small root file system for `--stack`: this machine's shell, tools and C library, and an os-release of its own.
import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const TOOLS =
  `bash basename cat chmod chown cp cut date dirname env expr find grep gzip head id ln ls mkdir mkfifo mktemp mv
  readlink rm sed sleep sort stat tail tar tee test timeout touch tr true uname wc`.split(/\s+/);

/** @param name what its /etc/os-release says */
export function makeTree(root: string, name: string): void {
  for (const folder of [
    'app',
    'dev',
    'etc',
    'home/vcap',
    'mnt',
    'proc',
    'root',
    'run',
    'sys',
    'tmp',
    'usr/bin',
    'var/tmp',
  ])
    mkdirSync(join(root, folder), { recursive: true });
  execFileSync('chmod', ['1777', join(root, 'tmp'), join(root, 'var/tmp')]);
  execFileSync('chown', ['1000:1000', join(root, 'home/vcap')]);
  writeFileSync(join(root, 'etc/os-release'), `NAME="${name}"\n`);
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/bash\nvcap:x:1000:1000::/home/vcap:/bin/bash\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nvcap:x:1000:\n');
  symlinkSync('usr/bin', join(root, 'bin'));
  const tools = TOOLS.map((tool) => `/usr/bin/${tool}`).filter((file) => existsSync(file));
  for (const file of tools) copyFileSync(realpathSync(file), join(root, file));
  // Node comes with the buildpack, its share of the C library with the stack.
  for (const library of [...tools, process.execPath].flatMap(librariesOf)) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    if (!existsSync(join(root, library))) cpSync(library, join(root, library), { dereference: true });
  }
  symlinkSync('bash', join(root, 'usr/bin/sh'));
}

function librariesOf(program: string): string[] {
  const said = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...said.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
}
