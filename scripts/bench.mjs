// `npm run bench`: installs and builds what is missing, then measures (test/bench/main.ts). ROUNDS sets the count.
import { join } from 'node:path';
import { build } from './build.mjs';
import { installDebian, installNpm, root } from './deps.mjs';

const say = (text) => process.stderr.write(`${text}\n`);
installNpm(say);
installDebian(say, [
  ['runc', 'runc'],
  ['bwrap', 'bubblewrap'],
  ['curl', 'curl'],
  ['gcc', 'gcc'],
]);
await build({ say });
await import(join(root, 'dist/server/bench.js'));
