// A push's own run is told of a death under it, over a restart of the process that tells, and each thing only once.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { type AftermathTeller, tellAftermath } from '../../server/debugger/aftermath.ts';
import { openSpine, type Spine } from '../../server/debugger/spine.ts';
import type { Cause } from '../../server/lab/types.ts';
import { until } from '../support/cf.ts';

const dir = mkdtempSync(join(tmpdir(), 'aftermath-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function life(): Promise<{ spine: Spine; teller: AftermathTeller; end(): Promise<void> }> {
  const spine = await openSpine({ proc: 'control', dir, lab: 'abcdef', socket: join(dir, 'lab.sock') });
  const teller = tellAftermath({ journal: spine.journal, remembered: 1000 });
  const end = async () => {
    teller.close();
    await spine.close();
  };
  return { spine, teller, end };
}
const told = ({ journal }: Spine) =>
  journal.read(0, 1000).flatMap((e) => (e.proc === 'journal' && e.type === 'note' ? [e] : []));
function moved({ lab }: Spine, actor: string, machine: string, value: unknown, context: object, cause: Cause = null) {
  const event = machine === 'app' ? 'start' : '';
  return lab.rec.record(
    { type: 'transition', actor, machine, event, value, edges: [], context: { ...context } },
    cause,
  );
}

it('is told what cut it off, and by the next life what became of it', async () => {
  const first = await life();
  const begun = first.spine.lab.rec.record({ type: 'note', actor: 'you', text: 'PUT', begins: 'push a' }, null);
  moved(first.spine, 'app:A', 'app', { staging: 'waiting' }, {}, begun);
  await until('the story', () => first.spine.journal.head >= 2);
  await first.end();

  const second = await life();
  second.teller.recovered(['A', 'never heard of']);
  const died = { type: 'note', actor: 'main', text: 'control died (SIGKILL) and is started again' } as const;
  second.spine.lab.rec.record({ ...died, data: { proc: 'control' } }, null);
  await until('two words', () => told(second.spine).length === 2);
  await second.end();

  const third = await life();
  moved(third.spine, 'instance:i', 'instance', 'BORN', { app: 'A', index: 0 });
  moved(third.spine, 'instance:i', 'instance', { RUNNING: 'announcing' }, {});
  await until('the last word', () => told(third.spine).length === 3);
  const words = told(third.spine);
  expect(words.map((e) => e.text)).toEqual([
    'the Cloud Controller was restarted while staging: FAILED, unless the droplet still arrives',
    'control died (SIGKILL) while this push was under way',
    expect.stringMatching(/^this push came through: instance 0 is RUNNING on control; control .*died on its way$/),
  ]);
  for (const word of words) {
    expect(word.run).toBe('push a');
    expect(word.cause).toBeLessThan(word.seq);
  }
  await third.end();
});
