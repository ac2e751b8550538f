// Kernel recording over a death of control: what was asked for stays, what a push turned on for itself does not.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSpine, type Spine } from '../../server/debugger/spine.ts';

let dir: string;
let lives: Spine[];
/** Another life on the same data folder; nothing of the one before was told that it ends. */
async function life(): Promise<Spine> {
  const spine = await openSpine({ proc: 'control', dir, socket: join(dir, 'lab.sock'), lab: 'kernel' });
  lives.push(spine);
  return spine;
}
const isOn = (spine: Spine) => spine.debugger.rules().kernelRecording;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'ws-recording-'));
  lives = [];
});
afterEach(async () => {
  for (const spine of lives) await spine.close();
  rmSync(dir, { recursive: true, force: true });
});

it('is off again when control dies during a push that turned it on', async () => {
  const first = await life();
  await first.debugger.kernelRecording(true, 'passing');
  expect(isOn(first)).toBe(true);
  expect(isOn(await life())).toBe(false);
});

it('stays on over a push and over a death of control when somebody asked for it', async () => {
  const first = await life();
  await first.debugger.kernelRecording(true);
  await first.debugger.kernelRecording(true, 'passing');
  await first.debugger.kernelRecording(false, 'passing');
  expect(isOn(first)).toBe(true);
  const second = await life();
  expect(isOn(second)).toBe(true);
  await second.debugger.kernelRecording(false);
  expect(isOn(await life())).toBe(false);
});
