// Breakpoints are the lab's: they outlive its process, switched off or on as they were.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openSpine } from '../../server/debugger/spine.ts';

const dir = mkdtempSync(join(tmpdir(), 'kept-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const open = () => openSpine({ proc: 'control', dir, lab: 'abcdef', socket: join(dir, 'lab.sock') });

it('keeps every kind of breakpoint over a restart of the lab, and which of them are off; one-shot ones go', async () => {
  const kinds = [
    { machine: 'app', state: 'app.started' },
    { machine: 'app', edge: 'app:stop:0→app.stopped' },
    { kind: 'delivery', transport: 'warden', name: 'CreateRequest', actor: 'warden:0' },
    { kind: 'step', name: 'pivot_root', when: 'before' },
    { kind: 'script', file: 'bin/compile', line: 7 },
    { kind: 'effect', machine: 'instance', name: 'createContainer' },
  ] as const;
  const first = await open();
  for (const fields of kinds) await first.debugger.addBreakpoint(fields);
  await first.debugger.addBreakpoint({ kind: 'step', name: 'clone', once: true });
  const set = first.debugger.rules().breakpoints;
  await first.debugger.changeBreakpoint(set[2]?.id ?? '', { disabled: true });
  await first.debugger.removeBreakpoint(set[0]?.id ?? '');
  const left = first.debugger.rules().breakpoints.filter((b) => !b.once);
  await first.close();

  const second = await open();
  expect(second.debugger.rules().breakpoints).toEqual(left);
  expect(left.map((b) => b.disabled === true)).toEqual([false, true, false, false, false]);
  await second.close();
});
