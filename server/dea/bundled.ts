// The buildpacks that this DEA brings itself (as the original did until 2013) and its runner, copied to where every user
// of a container can read them. The Node.js that runs us becomes the runtime that they vendor.
import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { chmod, copyFile, cp, link, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../main/project-root.ts';

/** In the order in which they are asked when the Cloud Controller names none. */
export const BUNDLED = ['nodejs', 'staticfile', 'procfile'] as const;

const run = promisify(execFile);

/** Runs a program to its end; a DEA that is stopped meanwhile does not leave it behind. */
async function execute(command: string, args: string[]) {
  const running = run(command, args);
  const end = () => void running.child.kill('SIGKILL');
  process.once('exit', end);
  try {
    return await running;
  } finally {
    process.off('exit', end);
  }
}
const SOURCE = join(projectRoot(), 'server/dea/buildpacks');
const NEED_NODE = ['nodejs', 'staticfile'];
const NEED_NPM = 'nodejs';
/** The C library and its loader belong to the stack; a second copy beside the stack's own would break its programs. */
const OF_THE_STACK = /^(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt)\.so/;

/** Fills `folder` (`<base_dir>/buildpacks`) with `runner/` and the bundled buildpacks. Idempotent; what changed is replaced. */
export async function prepareBundled(folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const name of ['runner', ...BUNDLED]) {
    const target = join(folder, name);
    for (const old of await readdir(target).catch(() => [])) {
      if (old !== 'vendor') await rm(join(target, old), { recursive: true, force: true });
    }
    await cp(join(SOURCE, name), target, { recursive: true });
    await openToAll(target);
  }
  for (const name of NEED_NODE) await vendorNode(join(folder, name, 'vendor'));
  await vendorNpm(join(folder, NEED_NPM, 'vendor/npm'));
  await openToAll(folder);
  return BUNDLED;
}

/** vendor/node/bin/node and vendor/node/lib: what a foreign stack may lack. */
async function vendorNode(vendor: string): Promise<void> {
  const node = realpathSync(process.execPath);
  await place(node, join(vendor, 'node/bin/node'));
  for (const library of sharedLibraries())
    await place(realpathSync(library), join(vendor, 'node/lib', basename(library)));
}

/**
 * The npm that came with it, copied once, and renamed into place so that a half copy is never used. By cp: Node takes 2.5 s
 * for its 2000 files, cp a tenth of that.
 */
async function vendorNpm(target: string): Promise<void> {
  const npm = join(dirname(realpathSync(process.execPath)), '../lib/node_modules/npm');
  if (!existsSync(npm) || existsSync(target)) return;
  const part = `${target}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(dirname(target), { recursive: true });
  await execute('cp', ['-RL', npm, part]);
  await execute('chmod', ['-R', 'a+rX', part]);
  await rename(part, target);
}

/** Full paths of the libraries that this process has loaded, but for the stack's own. */
function sharedLibraries(): string[] {
  const report: unknown = process.report?.getReport();
  if (typeof report !== 'object' || report === null || !('sharedObjects' in report)) return [];
  const loaded = Array.isArray(report.sharedObjects) ? report.sharedObjects.map(String) : [];
  return loaded.filter((path) => path.startsWith('/') && !path.endsWith('.node') && !OF_THE_STACK.test(basename(path)));
}

/** A hard link where that is possible: the binary is 100 MB, and there may be many nodes. */
async function place(from: string, to: string): Promise<void> {
  const there = await stat(to).catch(() => undefined);
  const wanted = await stat(from);
  if (there && there.size === wanted.size && there.mtimeMs >= wanted.mtimeMs) return;
  await mkdir(dirname(to), { recursive: true });
  await rm(to, { force: true });
  await link(from, to).catch(() => copyFile(from, to));
}

/** Whatever umask the clone was made with: a container's vcap is nobody here. Links are left alone, they have no mode. */
async function openToAll(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    // Opened when it was copied.
    if (entry.name === 'npm') continue;
    const child = join(path, entry.name);
    if (entry.isDirectory()) await openToAll(child);
    else if (entry.isFile()) {
      const { mode } = await stat(child);
      const wanted = mode | 0o444 | (mode & 0o100 ? 0o111 : 0);
      if (wanted !== mode) await chmod(child, wanted);
    }
  }
  const { mode } = await stat(path);
  if ((mode & 0o555) !== 0o555) await chmod(path, mode | 0o555);
}
