#!/usr/bin/env node
// The command line's first step on a fresh clone: install, build what is stale, then the verbs (server/cli.ts).
import { join } from 'node:path';
import { installNpm, isThere, nodeTooOld, root } from '../scripts/deps.mjs';

const say = (text) => process.stderr.write(`${text}\n`);
try {
  const old = nodeTooOld();
  if (old) throw new Error(old);
  installNpm(say);
  const { build } = await import('../scripts/build.mjs');
  await build({ say, wshd: isThere('make') && isThere('gcc'), web: false });
  await import(join(root, 'dist/server/cli.js'));
} catch (error) {
  say(error.message);
  process.exit(1);
}
