// NetOut by packets: a container behind a node that denies a network, and a host in that network, a network namespace of
// the test's own. What is reachable is what a connection from inside says.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilReal } from '../../server/clock/real.ts';
import type { WardenConnection } from '../../server/warden/protocol/client.ts';
import { startNode, type TestNode, whyNot } from './node.ts';
import { expectNoNewTraces } from './traces.ts';

const reason = whyNot();
if (reason) console.log(`skipped: NetOut by packets (${reason})`);

const SPACE = `ws-out-${process.pid}`;
const [OURS, THEIRS] = [`wt-${process.pid}a`, `wt-${process.pid}b`];
/** A network for documentation: nobody's, and not the one that sandboxes like to use. */
const [NETWORK, HOST, PEER] = ['198.51.100.0/24', '198.51.100.1', '198.51.100.2'];

describe.skipIf(reason !== '')('a denied network', { timeout: 60_000 }, () => {
  let node: TestNode;
  let w: WardenConnection;
  let handle: string;
  const listeners: ChildProcess[] = [];
  const t = { cause: null };
  const ip = (...words: string[]) => execFileSync('ip', words);

  beforeAll(async () => {
    ip('netns', 'add', SPACE);
    ip('link', 'add', OURS, 'type', 'veth', 'peer', 'name', THEIRS, 'netns', SPACE);
    ip('addr', 'add', `${HOST}/30`, 'dev', OURS);
    ip('link', 'set', OURS, 'up');
    ip('-n', SPACE, 'addr', 'add', `${PEER}/30`, 'dev', THEIRS);
    ip('-n', SPACE, 'link', 'set', THEIRS, 'up');
    ip('-n', SPACE, 'link', 'set', 'lo', 'up');
    for (const port of [7001, 7002]) listeners.push(await listening(port));
    node = await startNode({ denyNetworks: [NETWORK] });
    w = await node.client();
    handle = (await w.request('Create', {}, t)).handle;
  }, 300_000);
  afterAll(async () => {
    await node?.end();
    for (const listener of listeners) listener.kill('SIGKILL');
    ip('netns', 'del', SPACE);
    await untilReal(() => !execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' }).includes(OURS), 5000);
    if (node) await expectNoNewTraces(node.of, []);
  }, 300_000);

  /** A host in the namespace that accepts on this port. */
  async function listening(port: number): Promise<ChildProcess> {
    const serve = `require('net').createServer((s) => s.end('there')).listen(${port}, '${PEER}', () => console.log('up'))`;
    const child = spawn('ip', ['netns', 'exec', SPACE, process.execPath, '-e', serve], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise<void>((up) => child.stdout.once('data', () => up()));
    return child;
  }
  /** What a connection from inside reads; nothing where no packet comes through. */
  const reads = async (port: number) => {
    const script = `timeout 2 bash -c 'cat < /dev/tcp/${PEER}/${port}' 2>/dev/null`;
    return (await w.request('Run', { handle, script }, t)).stdout;
  };

  it('is not reached from inside, although the host itself reaches it', async () => {
    expect(execFileSync('bash', ['-c', `cat < /dev/tcp/${PEER}/7001`], { encoding: 'utf8' })).toBe('there');
    expect(await reads(7001)).toBe('');
  });

  it('is reached where NetOut opens it: that address and port, no other port, and no other container', async () => {
    await w.request('NetOut', { handle, network: PEER, port: 7001 }, t);
    expect(await reads(7001)).toBe('there');
    expect(await reads(7002)).toBe('');
    const other = (await w.request('Create', {}, t)).handle;
    const from = { handle: other, script: `timeout 2 bash -c 'cat < /dev/tcp/${PEER}/7001' 2>/dev/null` };
    expect((await w.request('Run', from, t)).stdout).toBe('');
    await w.request('Destroy', { handle: other }, t);
  });

  it('is closed again with the container: no rule of it is left', async () => {
    const rules = () => execFileSync('nft', ['list', 'ruleset'], { encoding: 'utf8' });
    expect(rules()).toContain(`ip daddr ${PEER} tcp dport 7001 accept`);
    await w.request('Destroy', { handle }, t);
    expect(rules()).not.toContain(PEER);
  });
});
