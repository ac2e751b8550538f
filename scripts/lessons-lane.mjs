// The lane of `npm test` that runs `npm run lessons:check` and counts its lines.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './deps.mjs';

/**
 * @param {(text: string) => void} say
 * @returns {Promise<{ passed: string[], failed: { what: string, why: string }[], skipped?: string }>} `skipped` is why
 */
export async function lessonsLane(say) {
  const { code, output } = await run();
  say(output.trimEnd());
  return countLines(output, code);
}

/** What lessons:check has said, line by line: what is proved, what is wrong, and why solutions were not played. */
export function countLines(output, code) {
  const of = (pattern) => [...output.matchAll(pattern)];
  const passed = of(/^proved: (.+)$/gm).map(([, what]) => what);
  const failed = of(/^(lessons\/.*?:\d+): (.+)$/gm).map(([, what, why]) => ({ what, why }));
  const skipped = /^solutions not played: (.+)$/m.exec(output)?.[1];
  if (failed.length === 0 && (code !== 0 || passed.length === 0)) {
    const said = output.trim().split('\n').at(-1) ?? '';
    failed.push({ what: 'lessons:check', why: `ended with ${code} and proved ${passed.length} things: ${said}` });
  }
  return { passed, failed, ...(skipped === undefined ? {} : { skipped }) };
}

function run() {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(root, 'scripts/lessons-check.mjs')], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text;
      });
    }
    child.on('error', (error) => resolve({ code: -1, output: error.message }));
    child.on('close', (code) => resolve({ code, output }));
  });
}
