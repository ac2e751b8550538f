// `npm start`: installs what is missing, builds what is stale, and becomes the supervisor. Plain JavaScript without
// dependencies, because it runs on a fresh clone. `--dev` starts again whenever the sources change.
import { spawn } from 'node:child_process';
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { installDebian, installNpm, isThere, nodeTooOld, root } from './deps.mjs';

const say = (text) => process.stderr.write(`${text}\n`);

try {
  const old = nodeTooOld();
  if (old) throw new Error(old);
  installNpm(say);
  // Without root there is no lab, only the page with a recorded run (server/main/recorded.ts): that needs no package.
  const full = process.platform === 'linux' && process.getuid() === 0;
  if (full) installDebian(say);
  const { build } = await import('./build.mjs');
  const compiler = isThere('make') && (isThere('musl-gcc') || isThere('gcc'));
  if (full && !compiler) say('without a compiler wshd cannot be built, and only the insecure tier would be possible');
  if (process.argv.includes('--dev')) await develop(build);
  else {
    await built(build, { say, wshd: compiler && full });
    await import(join(root, 'dist/server/main.js'));
  }
} catch (error) {
  say(error.message);
  process.exit(1);
}

/** Builds what is stale. Whoever may not write here goes on with what others have built. */
async function built(build, options) {
  try {
    await build(options);
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes(error.code) || !existsSync(join(root, 'dist/server/main.js')))
      throw error;
    say(`going on with what was built before (${error.message})`);
  }
}

/**
 * Runs the supervisor as a child, and a page with hot reload beside it once the lab's address is known; a change on the
 * server starts the lab again. A lab that cannot start the first time ends this too.
 */
async function develop(build) {
  const args = process.argv.slice(2).filter((argument) => argument !== '--dev');
  await build({ say, web: false });
  let page;
  let ending = false;
  const ready = (url) => {
    page ??= startPage(url);
  };
  const start = () => {
    const started = startLab(args, ready);
    started.once('exit', (code) => {
      if (started !== lab || ending) return;
      if (!page) process.exit(code ?? 1);
      say('the lab ended (see above); it starts again with the next change');
    });
    return started;
  };
  let lab = start();
  let pending;
  const changed = () => {
    clearTimeout(pending);
    pending = setTimeout(async () => {
      try {
        await build({ say, web: false });
      } catch (error) {
        return say(error.message);
      }
      const before = lab;
      lab = undefined;
      await ended(before);
      if (!ending) lab = start();
    }, 300);
  };
  for (const folder of ['server', 'machines', 'wshd'])
    watch(join(root, folder), { recursive: true }, (_, name) => {
      if (!name?.startsWith('build')) changed();
    });
  const end = async () => {
    ending = true;
    clearTimeout(pending);
    page?.kill();
    process.exit(await ended(lab));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

function startLab(args, ready) {
  const lab = spawn(process.execPath, [join(root, 'dist/server/main.js'), ...args], {
    cwd: root,
    stdio: ['inherit', 'pipe', 'inherit'],
    detached: true,
  });
  lab.stdout.on('data', (text) => {
    process.stdout.write(text);
    const [, url] = /^Wardenscope is ready at (http:\S+?)\/ /m.exec(String(text)) ?? [];
    if (url) ready(url);
  });
  return lab;
}

function startPage(url) {
  say('the page with hot reload is at the address that vite prints:');
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  return spawn(process.execPath, [vite], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, WARDENSCOPE_URL: url },
  });
}

/** Ends a lab in order; resolves with its exit status. */
function ended(lab) {
  if (!lab || lab.exitCode !== null || lab.signalCode !== null) return Promise.resolve(lab?.exitCode ?? 0);
  return new Promise((done) => {
    lab.once('exit', (code) => done(code ?? 1));
    lab.kill('SIGTERM');
  });
}
