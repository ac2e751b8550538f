// Plays the solution of each lesson on a lab of its own: before it the goal is not reached, after it it is. Where no lab
// can run it says why. The bundle with `holds` comes from scripts/lessons-check.mjs.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Milliseconds for a lab to come up, and for a push or a solution to have its effect. */
const PATIENCE_MS = 120_000;
const READY = /^Wardenscope is ready at (http:\S+?)\/ /m;

/** Why no lab can run here; undefined when one can. */
export function whyNotPlayed(root) {
  if (process.platform !== 'linux' || process.getuid() !== 0) return 'containers need Linux and root';
  return existsSync(join(root, 'dist/server/main.js')) ? undefined : 'the server is not built; type: npm run build';
}

/**
 * What is wrong with the lessons' solutions, as [lesson id, sentence]; empty when each does what it promises.
 * @param holds whether a predicate is true of a record
 */
export async function playSolutions(root, lessons, holds) {
  const data = mkdtempSync(join(tmpdir(), 'ws-lessons-lab-'));
  const main = spawn(
    process.execPath,
    [join(root, 'dist/server/main.js'), '--port', '0', '--data', data, '--deas', '1'],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, WARDENSCOPE_LEASH: 'stdin' },
      detached: true,
    },
  );
  const ended = new Promise((resolve) => main.once('close', resolve));
  try {
    let printed = '';
    main.stdout.on('data', (text) => {
      printed += text;
    });
    const [, url] = await until('the lab to come up', () => READY.exec(printed));
    const wrong = [];
    for (const lesson of lessons) {
      const said = await play(url, lesson, holds);
      if (said) wrong.push([lesson.id, said]);
    }
    return wrong;
  } finally {
    main.kill('SIGTERM');
    await ended;
    rmSync(data, { recursive: true, force: true });
  }
}

async function play(url, { app, goal, solution }, holds) {
  const { head: since } = await call(url, 'GET', '/lab/state');
  const story = async () => {
    const all = [];
    for (let after = since; ; ) {
      const { entries } = await call(url, 'GET', `/lab/journal?after=${after}&limit=10000`);
      if (entries.length === 0) return all.filter((e) => !e.background);
      all.push(...entries);
      after = entries.at(-1).seq;
    }
  };
  const is = async (name) => holds(await story(), { name, args: [] });
  for (const { action, args } of solution) {
    if (holds(await story(), goal)) return `the goal is reached before ${action} ${args.join(' ')}`;
    if (action === 'push') {
      await call(url, 'POST', '/lab/push', { app });
      await until(`${app} to run`, async () => (await is('running')) && (await is('route-registered')));
    } else if (action === 'visit') await call(url, 'POST', '/lab/ask', { app, path: args[0] });
    else if (action === 'fault' && args[0] === 'kill-app')
      await call(url, 'POST', '/lab/faults', { what: 'kill-app', app });
    else if (action === 'skip') await until('something to skip', () => is('crashed'));
    else return `nobody knows how to play ${action} ${args.join(' ')}`;
  }
  // The last word of a solution may be patience: lab time is skipped for as long as it takes.
  const skips = solution.at(-1)?.action === 'skip';
  await until('the goal', async () => {
    if (holds(await story(), goal)) return true;
    if (skips) await call(url, 'POST', '/lab/skip', { to: 'next' });
    return false;
  });
  return undefined;
}

async function call(url, method, path, body) {
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const answer = await fetch(url + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}

async function until(what, fits) {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = await fits();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`waited ${PATIENCE_MS / 1000} s in vain for ${what}`);
}
