// A whole lab on Debian's nats-server in the place of the embedded broker: the same push, and a record that says which of
// its links are guessed. The witnesses are nats-server itself, by a connection of the test's own, and the app.
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { rawClient } from '../bus/raw-client.ts';
import { type Cf, cf, until } from '../support/cf.ts';
import { debug } from '../support/debug.ts';
import { expectNothingLeft, kernelNow } from '../support/kernel.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { NATS_SERVER, type NatsServer, startNatsServer } from '../support/nats-server.ts';

const skipped =
  process.getuid?.() !== 0
    ? 'not root: the full tier cannot start'
    : !NATS_SERVER && 'nats-server is not installed (apt-get install nats-server)';
if (skipped) console.log(`skipped: test/spine/p3-nats-server.test.ts (${skipped})`);
const HELLO = join(import.meta.dirname, '../../lessons/apps/hello-node');

describe.skipIf(skipped)('a lab on nats-server', { timeout: 120_000 }, () => {
  const before = skipped ? undefined : kernelNow();
  let nats: NatsServer;
  let lab: RunningLab;
  let c: Cf;
  let wire: Awaited<ReturnType<typeof rawClient>>;
  beforeAll(async () => {
    nats = await startNatsServer(0, 'lab', 'secret');
    wire = await rawClient(nats.port, { verbose: false, user: 'lab', pass: 'secret' });
    wire.send('SUB > 1\r\nPING\r\n');
    await wire.pongs(1);
    lab = await startLab({ args: ['--nats', `nats://lab:secret@127.0.0.1:${nats.port}`] });
    c = await cf(lab.url);
  }, 300_000);
  afterAll(async () => {
    await lab?.stop();
    wire?.socket.destroy();
    await nats?.stop();
    if (before) await expectNothingLeft(before);
  }, 300_000);

  it('takes a push to RUNNING and an answer, by messages that went through that server', async () => {
    const guid = await c.prepare('foreign', HELLO);
    expect((await c.start(guid)).status).toBe(201);
    const answer = await until('an answer', async () => {
      const { status, text } = await c.visit('foreign', '/json');
      return status === 200 && JSON.parse(text);
    });
    const handles = [...(await lab.list(0)), ...(await lab.list(1))];
    expect(handles).toContain(answer.hostname);
    for (const subject of [/MSG staging\.[^ ]+\.start /, /MSG router\.register /, /MSG dea\.heartbeat /])
      await wire.until(subject);
    expect(wire.text()).toContain(guid);
  });

  it('links each delivery to its publication, marks that link as inferred, and no other', async () => {
    const entries = await debug(lab.url).journal();
    const bySeq = new Map(entries.map((e) => [e.seq, e]));
    const messages = entries.flatMap((e) => (e.type === 'message' ? [e] : []));
    const linked = messages.filter((e) => e.transport === 'nats' && e.phase === 'received' && e.cause !== null);
    expect(linked.length).toBeGreaterThan(5);
    for (const e of linked) {
      const sent = bySeq.get(e.cause ?? 0);
      expect(e.inferred, `entry ${e.seq}`).toBe(true);
      expect(sent).toMatchObject({ type: 'message', phase: 'sent', name: e.name });
    }
    expect(messages.filter((e) => e.transport !== 'nats' && e.inferred)).toEqual([]);
  });

  it('still leads from the app’s first answer to the request that began the push', async () => {
    const entries = await debug(lab.url).journal();
    const bySeq = new Map(entries.map((e) => [e.seq, e]));
    const answer = entries.find(
      (e) => e.type === 'message' && e.transport === 'proxy' && e.phase === 'received' && e.from.startsWith('app'),
    );
    let first: Entry | undefined = answer;
    while (first && first.cause !== null) first = bySeq.get(first.cause);
    expect(first?.type === 'message' && first.name).toMatch(/^PUT \/v2\/apps\//);
  });
});
