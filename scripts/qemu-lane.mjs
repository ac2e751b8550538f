// The lane for cgroup v2: boots Debian's cloud kernel in a virtual machine without KVM, runs test/v2/guest.ts in it and
// counts its lines. `npm test` calls it; it can be run alone: `node scripts/qemu-lane.mjs`.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { fetchKernel, makeImage } from '../test/v2/image.mjs';
import { root } from './deps.mjs';

/** Wall time of all of it; beyond this the lane is skipped. */
const AT_MOST_MS = 360_000;
const MEMORY = '1024';
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * @param {(text: string) => void} say
 * @returns {Promise<{ passed: string[], failed: { what: string, why: string }[], skipped?: string }>} `skipped` is why
 */
export async function qemuLane(say) {
  const began = performance.now();
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(0)} s`;
  const none = (why) => ({ passed: [], failed: [], skipped: `${why} (after ${seconds()})` });
  if (process.platform !== 'linux' || process.arch !== 'x64') return none('only made for Linux on x86-64');
  if (process.getuid() !== 0) return none('not root; type: sudo npm test');
  if (!existsSync(join(root, 'dist/wshd/wshd'))) return none('wshd could not be built');
  const folder = mkdtempSync(join(tmpdir(), 'ws-vm-'));
  try {
    let kernel;
    try {
      kernel = fetchKernel(say);
    } catch (error) {
      return none(error.message);
    }
    await makeImage({ folder, file: join(folder, 'disk'), ...kernel });
    say(`# image made after ${seconds()}; booting ${kernel.release}`);
    const seen = await boot(folder, kernel.kernel, AT_MOST_MS - (performance.now() - began), say);
    say(`# ${seen.passed.length} passed, ${seen.failed.length} failed, in ${seconds()}`);
    if (seen.late && seen.failed.length === 0)
      return { ...seen, skipped: `not at its end, ${seen.passed.length} passed until then (after ${seconds()})` };
    if (!seen.late && !seen.whole)
      seen.failed.push({ what: 'the virtual machine', why: `ended before its tests (exit ${seen.code})` });
    if (seen.failed.length > 0) say(tail(join(folder, 'console')));
    return seen;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the machine to its end. One CPU, nice, no network, and the image is written to by nobody else. */
function boot(folder, kernel, ms, say) {
  const disk = join(folder, 'disk');
  const args = [
    ...['-accel', 'tcg', '-cpu', 'max', '-smp', '1', '-m', MEMORY, '-display', 'none', '-no-reboot', '-nic', 'none'],
    ...['-kernel', kernel, '-append', 'root=/dev/nvme0n1 rw init=/init console=ttyS0 panic=-1 quiet mitigations=off'],
    ...['-drive', `file=${disk},if=none,id=d,format=raw,cache=unsafe`, '-device', 'nvme,drive=d,serial=lab'],
    ...['-serial', `file:${join(folder, 'console')}`, '-serial', 'stdio'],
  ];
  return new Promise((resolve) => {
    const seen = { passed: [], failed: [], whole: false, late: false, code: undefined };
    const machine = spawn('nice', ['-n', '10', 'qemu-system-x86_64', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => {
      seen.late = true;
      machine.kill('SIGKILL');
    }, ms);
    const stop = () => {
      machine.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    };
    const broken = () => process.exit(130);
    process.once('exit', stop);
    for (const signal of SIGNALS) process.once(signal, broken);
    createInterface({ input: machine.stdout }).on('line', (line) => {
      say(line);
      const [, not, what, why] = /^(not )?ok \d+ - (.*?)(?: # (.*))?$/.exec(line.trim()) ?? [];
      if (what && not) seen.failed.push({ what: `cgroup v2: ${what}`, why: why ?? '' });
      else if (what) seen.passed.push(what);
      if (/^1\.\.\d+$/.test(line.trim()))
        seen.whole = Number(line.trim().slice(3)) === seen.passed.length + seen.failed.length;
    });
    machine.stderr.on('data', (text) => say(String(text).trim()));
    machine.on('error', (error) => say(error.message));
    machine.on('close', (code) => {
      clearTimeout(timer);
      process.off('exit', stop);
      for (const signal of SIGNALS) process.off(signal, broken);
      resolve({ ...seen, code });
    });
  });
}

function tail(console) {
  const text = existsSync(console) ? readFileSync(console, 'utf8') : '';
  return `# the machine's console, its end:\n${text.split('\n').slice(-40).join('\n')}`;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { failed, skipped } = await qemuLane((text) => console.log(text));
  if (skipped) console.log(`skipped: cgroup v2 in a virtual machine: ${skipped}`);
  process.exit(failed.length > 0 ? 1 : 0);
}
