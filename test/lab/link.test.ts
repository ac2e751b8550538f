// The lab link within one process: a real journal, real sockets, several labs.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSpine, type Spine } from '../../server/debugger/spine.ts';
import { nullLab, openLab } from '../../server/lab/lab.ts';
import type { Lab } from '../../server/lab/types.ts';
import { until } from './fixtures/harness.ts';

const point = { kind: 'effect', proc: 'a', actor: 'instance:1', name: 'compile' } as const;
const TOKEN = 'a token for other hosts';

describe('the lab link', () => {
  let dir: string;
  let port: number;
  let spine: Spine;
  const labs: Lab[] = [];
  const open = async (proc: string, more: Partial<Parameters<typeof openLab>[0]> = {}) => {
    const lab = await openLab({ proc, role: 'test', socket: join(dir, 'lab.sock'), ...more });
    labs.push(lab);
    return lab;
  };
  const texts = () => spine.journal.read(0, 1000).flatMap((e) => (e.type === 'note' ? [e.text] : []));
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'spine-link-'));
    port = await freePort();
    spine = await openSpine({
      proc: 'control',
      dir,
      socket: join(dir, 'lab.sock'),
      lab: 'testab',
      tcp: { host: '127.0.0.1', port, token: TOKEN },
    });
  });
  afterEach(async () => {
    for (const lab of labs.splice(0)) await lab.close();
    await spine.close();
    rmSync(dir, { recursive: true, force: true });
  });

  it('is for its owner only', () => {
    expect(statSync(join(dir, 'lab.sock')).mode & 0o777).toBe(0o600);
  });

  it('masks a secret of one process in the entries of every other', async () => {
    const [a, b] = [await open('a'), await open('b')];
    a.rec.secret('s3cr3t-token');
    await until('the other to know', () => {
      b.rec.record({ type: 'note', actor: 'b', text: 'has s3cr3t-token in it' }, null);
      return texts().some((text) => text === 'has ************ in it');
    });
    expect(spine.journal.head).toBeGreaterThan(0);
  });

  it('lets another host in with the token, and nobody else', async () => {
    const remote = await open('dea/7', { socket: `tcp://127.0.0.1:${port}`, token: TOKEN });
    remote.rec.record({ type: 'note', actor: 'dea:7', text: 'from afar' }, null);
    await until('its entry', () => texts().includes('from afar'));
    // Refused, and refused again: it never counts as a process of the lab.
    const stranger = openLab({ proc: 'evil', role: 'x', socket: `tcp://127.0.0.1:${port}`, token: 'guess' });
    labs.push(await Promise.race([stranger, open('b')]));
    expect(spine.journal.peers().map((p) => p.proc)).not.toContain('evil');
    void stranger.then((lab) => lab.close());
  });

  it('drops a peer that talks nonsense, and goes on', async () => {
    const a = await open('a');
    for (const nonsense of [
      'no json\n',
      'null\n',
      '{"type":"entries","entries":[]}\n',
      '{"type":"hello"}\n{"type":"hello"}\n',
    ]) {
      await new Promise<void>((resolve) => {
        const socket = connect(join(dir, 'lab.sock')).on('close', () => resolve());
        socket.on('data', () => {}).write(nonsense);
      });
    }
    a.rec.record({ type: 'note', actor: 'a', text: 'still here' }, null);
    await until('an entry', () => texts().includes('still here'));
  });

  it('holds and opens a gate of the process that the journal itself lives in', async () => {
    await spine.debugger.addBreakpoint({ name: 'compile' });
    const cause = spine.lab.rec.record({ type: 'note', actor: 'control', text: 'before' }, null);
    const passed = spine.lab.gates.pass({ ...point, proc: 'control' }, cause);
    const held = await until('the gate', () => spine.debugger.held()[0]);
    expect(spine.clock.running).toBe(false);
    expect(spine.debugger.open(held.gate)).toBe(true);
    expect((await passed)?.proc).toBe('control');
    await until('lab time to run', () => spine.clock.running);
  });

  it('does not let entries of the journal’s own process gather: they are on the disk some turns of the loop later', async () => {
    const say = (text: string) => spine.lab.rec.record({ type: 'note', actor: 'control', text }, null);
    say('the link is up and has nothing else to send');
    await until('that to be there', () => texts().length === 1);
    say('of the journal’s own process');
    // Turns, not time: gathering takes a timer, and a kill -9 would take with it what waits for that.
    for (let turn = 0; turn < 10; turn++) await new Promise((next) => setImmediate(next));
    expect(texts()).toContain('of the journal’s own process');
  });

  it('with gates disabled closes nothing, and a pause does not wait for such a process', async () => {
    const lab = await open('main', { gatesDisabled: true });
    expect(await spine.debugger.pause()).toEqual({ missing: [] });
    expect(lab.gates.closes(point)).toBe(false);
    await spine.debugger.continue();
  });

  it('is not needed: a process without a lab records nothing, holds nothing and its time runs', async () => {
    const lab = nullLab('alone');
    labs.push(lab);
    const cause = lab.rec.record({ type: 'note', actor: 'x', text: 'nowhere' }, null);
    expect(await lab.gates.pass(point, cause)).toBe(cause);
    await lab.clock.sleep(5, 'wait', 'a moment');
    expect(lab.clock.now()).toBeGreaterThanOrEqual(5);
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
