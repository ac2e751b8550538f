// Runs vitest, or another program of ours, in a checkout and answers what it said: for `npm test` and `npm run red`.
// It judges nothing.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Runs vitest with these arguments in the checkout `root`; `file` is where it shall write its report. Answers its exit
 * code, all that it said, and the report, which is undefined when there is none.
 * @param {string[]} args
 * @param {{ root: string, file: string, env?: Record<string, string>, shown?: boolean, signal?: AbortSignal }} options
 */
export async function runVitest(args, { file, ...options }) {
  // What an earlier run has reported must not stand in for one that broke.
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { code, output } = await run('node_modules/.bin/vitest', ['run', ...args, ...reporters], options);
  return { code, output, report: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined };
}

/**
 * Runs a program whose path is relative to `root`. `shown` streams what it says; `signal` ends it. Never rejects.
 * @param {string} command
 * @param {string[]} args
 * @param {{ root: string, env?: Record<string, string>, shown?: boolean, signal?: AbortSignal }} options
 */
export function run(command, args, { root, env = {}, shown = false, signal }) {
  return new Promise((resolve) => {
    const child = spawn(join(root, command), args, {
      cwd: root,
      env: { ...process.env, ...env, CI: '1', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text;
        if (shown) process.stdout.write(text);
      });
    }
    // What was ended by the signal still says goodbye: it is over when it has closed.
    child.on('error', (error) => child.pid === undefined && resolve({ code: -1, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}

export function firstLine(text) {
  return (text ?? '').split('\n')[0];
}
