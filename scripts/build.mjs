// Builds what is stale: the server's bundles, wshd, the page. `npm start` and `npm test` call it; it can be run alone.
// Each build of the server and of wshd is a folder of its own, named by its sources' hash, under dist/builds and
// dist/wshd-builds; dist/server and dist/wshd point at the newest, so that a lab that is running keeps the code that it
// started with.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Entry points of the server, by the name of the bundle. An entry that does not exist is left out. */
const ENTRIES = {
  main: 'server/main/main.ts',
  control: 'server/control.ts',
  dea: 'server/dea/main.ts',
  warden: 'server/warden/main.ts',
  cli: 'server/cli.ts',
  bench: 'test/bench/main.ts',
};

/** How many old builds are kept beside those that a living process names. */
const KEPT = 8;

/**
 * Builds what is stale, says what it does through `say`. Throws one line when a part cannot be built.
 * @param {{ say?: (text: string) => void, wshd?: boolean, web?: boolean }} [options]
 */
export async function build({ say = () => {}, wshd = true, web = true } = {}) {
  const dist = join(root, 'dist');
  const parts = [
    {
      name: 'server',
      sources: ['server', 'machines', 'test/bench', 'package-lock.json', 'scripts/build.mjs'],
      product: join(dist, 'server/main.js'),
      make: buildServer,
    },
  ];
  if (wshd && existsSync(join(root, 'wshd/Makefile')))
    parts.push({ name: 'wshd', sources: ['wshd'], product: join(dist, 'wshd/wshd'), make: buildWshd });
  if (web && existsSync(join(root, 'web/index.html')))
    parts.push({
      name: 'web',
      sources: ['web', 'machines', 'lessons', 'wshd', 'vite.config.ts', 'package-lock.json'],
      product: join(dist, 'web/index.html'),
      make: buildWeb,
    });
  // Whoever finds nothing stale needs no lock, and so no right to write here.
  if (parts.every(isFresh)) return;
  mkdirSync(join(dist, '.stamp'), { recursive: true });
  const unlock = await lock(join(dist, '.lock'));
  try {
    for (const part of parts) {
      if (isFresh(part)) continue;
      say(`building ${part.name}`);
      const hash = hashOf(part.sources);
      await part.make(hash);
      writeFileSync(stampOf(part), hash);
    }
  } finally {
    unlock();
  }
}

const stampOf = ({ name }) => join(root, 'dist/.stamp', name);

function isFresh(part) {
  const stamp = stampOf(part);
  return existsSync(part.product) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOf(part.sources);
}

async function buildServer(hash) {
  const { rolldown } = await import('rolldown');
  const input = Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(join(root, file))));
  const { temporary, finish } = newFolder('builds', 'server', hash);
  const bundle = await rolldown({
    cwd: root,
    input,
    platform: 'node',
    external: (id) => !id.startsWith('.') && !id.startsWith('/'),
    logLevel: 'silent',
  });
  await bundle.write({
    dir: temporary,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
  });
  await bundle.close();
  finish();
}

function buildWshd(hash) {
  const { temporary, finish } = newFolder('wshd-builds', 'wshd', hash);
  run('make', ['-s', '-C', 'wshd', `OUT=${temporary}`]);
  finish();
}

/** A folder to build into; `finish` gives it its name, lets dist/<link> point at it and removes what nobody needs. */
function newFolder(all, link, hash) {
  const dist = join(root, 'dist');
  const builds = join(dist, all);
  const out = join(builds, hash.slice(0, 12));
  const temporary = `${out}.${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  const finish = () => {
    // The same sources give the same build: one that a lab is using stays as it is.
    if (existsSync(out)) rmSync(temporary, { recursive: true, force: true });
    else renameSync(temporary, out);
    const now = new Date();
    utimesSync(out, now, now);
    const fresh = join(dist, `${link}.${process.pid}`);
    symlinkSync(relative(dist, out), fresh);
    renameSync(fresh, join(dist, link));
    const old = readdirSync(builds).map((n) => ({ n, at: statSync(join(builds, n)).mtimeMs }));
    for (const { n } of old.sort((a, b) => b.at - a.at).slice(KEPT))
      if (!isNamed(join(builds, n))) rmSync(join(builds, n), { recursive: true, force: true });
  };
  return { temporary, finish };
}

/** Whether a living process was started from this folder or told of it (main tells its children where wshd is). */
function isNamed(folder) {
  if (process.platform !== 'linux') return false;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) =>
      ['cmdline', 'environ'].some((file) => {
        try {
          return readFileSync(`/proc/${pid}/${file}`, 'utf8').includes(`${folder}/`);
        } catch {
          return false;
        }
      }),
    );
}

function buildWeb() {
  run(process.execPath, ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'error']);
}

function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (done.error) throw new Error(`[build] could not run ${command}: ${done.error.message}`);
  if (done.status !== 0) throw new Error(`[build] ${command} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`);
}

/** A hash over names and contents of files and folders, leaving out what builds and installs make. */
export function hashOf(paths) {
  const hash = createHash('sha256');
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort())
        if (!['node_modules', 'build', 'dist'].includes(name)) visit(join(path, name));
      return;
    }
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update('\0');
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest('hex');
}

/** One build at a time in a checkout: a folder that names its owner; an owner that died is passed over. */
async function lock(path) {
  const deadline = Date.now() + 180_000;
  for (;;) {
    try {
      mkdirSync(path);
      writeFileSync(join(path, 'pid'), String(process.pid));
      return () => rmSync(path, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (ownerDied(path)) rmSync(path, { recursive: true, force: true });
    if (Date.now() > deadline)
      throw new Error(`[build] could not lock ${path}: another build has it for three minutes`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

function ownerDied(path) {
  try {
    const pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
    return pid > 0 && !existsSync(`/proc/${pid}`) && process.platform === 'linux';
  } catch {
    return false;
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  build({ say: (text) => console.log(text) }).catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
