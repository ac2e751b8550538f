// The root file systems that containers start from, looked at as a container would.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeStack, StackFile } from '../../server/main/stack.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'base-stack-'));
  mkdirSync(join(dir, 'stack'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
/** Runs a command with the stack as its root and its binds in place, in a mount namespace that ends with it. */
function inside(stack: string, command: string) {
  const { binds } = StackFile.parse(JSON.parse(readFileSync(join(stack, 'stack.json'), 'utf8')));
  const root = realpathSync(join(stack, 'rootfs'));
  const mounts = [...binds, { src: '/dev', dst: '/dev' }]
    .map(({ src, dst }) => `mount --bind ${src} ${root}${dst}`)
    .join(' && ');
  return spawnSync('unshare', ['--mount', 'sh', '-c', `${mounts} && exec chroot ${root} ${command}`], {
    encoding: 'utf8',
  });
}

describe('the default stack', () => {
  it('is made once and found again', async () => {
    const first = await makeStack(dir, '');
    const made = statSync(join(first, 'stack.json')).mtimeMs;
    expect(await makeStack(dir, '')).toBe(first);
    expect(statSync(join(first, 'stack.json')).mtimeMs).toBe(made);
  });

  it.skipIf(!isRoot)('runs programs of the host: bash knows vcap, and git and certificates are found', async () => {
    const stack = await makeStack(dir, '');
    const ran = inside(
      stack,
      "/bin/bash -c 'id vcap; git --version; test -s /etc/ssl/certs/ca-certificates.crt && echo certificates'",
    );
    expect(ran.stderr).toBe('');
    expect(ran.stdout).toMatch(/uid=1000\(vcap\) gid=1000\(vcap\)/);
    expect(ran.stdout).toMatch(/git version/);
    expect(ran.stdout).toMatch(/certificates/);
  });

  it('has nothing secret of the host: no shadow, no keys, no users but its own', async () => {
    const root = join(await makeStack(dir, ''), 'rootfs');
    expect(existsSync(join(root, 'etc/shadow'))).toBe(false);
    expect(existsSync(join(root, 'etc/ssl/private'))).toBe(false);
    expect(readdirSync(join(root, 'root'))).toEqual([]);
    expect(readFileSync(join(root, 'etc/passwd'), 'utf8').match(/^\w+/gm)).toEqual([
      'root',
      'daemon',
      'vcap',
      'nobody',
    ]);
    const every = spawnSync('grep', ['-rIl', 'PRIVATE KEY', root], { encoding: 'utf8' });
    expect(every.stdout).toBe('');
  });

  it('has a sticky /tmp, a home of vcap and no name server that is only the host itself', async () => {
    const root = join(await makeStack(dir, ''), 'rootfs');
    expect(statSync(join(root, 'tmp')).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(root, 'home/vcap')).uid).toBe(1000);
    expect(readFileSync(join(root, 'etc/resolv.conf'), 'utf8')).not.toMatch(/^nameserver 127\./m);
  });
});

describe('--stack', () => {
  it('uses a folder that knows vcap where it is', async () => {
    const own = join(dir, 'own');
    mkdirSync(join(own, 'etc'), { recursive: true });
    writeFileSync(join(own, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\nvcap:x:1000:1000::/home/vcap:/bin/sh\n');
    const stack = await makeStack(dir, own);
    expect(realpathSync(join(stack, 'rootfs'))).toBe(realpathSync(own));
    expect(StackFile.parse(JSON.parse(readFileSync(join(stack, 'stack.json'), 'utf8'))).binds).toEqual([]);
  });

  it('copies a folder that does not know vcap, adds it to the copy, and leaves the folder as it is', async () => {
    const foreign = join(dir, 'foreign');
    mkdirSync(join(foreign, 'etc'), { recursive: true });
    writeFileSync(join(foreign, 'etc/passwd'), 'root:x:0:0::/:/bin/sh');
    const stack = await makeStack(dir, foreign);
    expect(readFileSync(join(stack, 'rootfs/etc/passwd'), 'utf8')).toMatch(/sh\nvcap:x:1000:1000/);
    expect(readFileSync(join(foreign, 'etc/passwd'), 'utf8')).not.toMatch(/vcap/);
  });

  it('unpacks an archive, and nothing of it outside of its folder', async () => {
    const tree = join(dir, 'tree');
    mkdirSync(join(tree, 'etc'), { recursive: true });
    writeFileSync(join(tree, 'etc/passwd'), 'root:x:0:0::/:/bin/sh\n');
    const archive = join(dir, 'evil.tar');
    const victim = join(dir, 'victim');
    writeFileSync(join(dir, 'payload'), 'evil');
    const pack = [
      '-cf',
      archive,
      '-C',
      tree,
      'etc',
      '-P',
      '--transform',
      `s,^payload$,../../../victim,`,
      '-C',
      dir,
      'payload',
    ];
    expect(spawnSync('tar', pack).status).toBe(0);
    const listed = spawnSync('tar', ['-tPf', archive], { encoding: 'utf8' }).stdout;
    expect(listed).toContain('../../../victim');
    const stack = await makeStack(dir, archive);
    expect(existsSync(victim)).toBe(false);
    expect(lstatSync(join(stack, 'rootfs')).isDirectory()).toBe(true);
    expect(readFileSync(join(stack, 'rootfs/etc/passwd'), 'utf8')).toMatch(/^vcap:/m);
  });

  it.each([
    ['/does/not/exist', /does not exist/],
    [import.meta.filename, /cannot be unpacked|not a root file system/],
  ])('refuses %s in one sentence and leaves nothing', async (asked, sentence) => {
    const before = readdirSync(join(dir, 'stack'));
    await expect(makeStack(dir, asked)).rejects.toThrow(sentence);
    expect(readdirSync(join(dir, 'stack'))).toEqual(before);
  });
});
