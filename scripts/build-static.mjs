// `npm run build:static [FOLDER]`: the page as a folder that any static server can serve below any path. Without a lab
// behind it, it plays the recorded run that it brings along, or the one that `?run=URL` names.
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { installNpm, root } from './deps.mjs';

const say = (text) => process.stderr.write(`${text}\n`);
const [asked] = process.argv.slice(2);
const out = asked ? resolve(process.env.INIT_CWD ?? process.cwd(), asked) : join(root, 'dist/static');

try {
  installNpm(say);
  const vite = ['node_modules/vite/bin/vite.js', 'build', '--logLevel', 'error', '--outDir', out, '--emptyOutDir'];
  const built = spawnSync(process.execPath, vite, { cwd: root, stdio: ['ignore', 2, 2] });
  if (built.status !== 0) throw new Error('[build] could not build the page (see above)');
  process.stdout.write(`${out}: copy it to any static server; to look at it here: npx vite preview --outDir ${out}\n`);
} catch (error) {
  say(error.message);
  process.exit(1);
}
