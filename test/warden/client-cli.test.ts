// The prompt `warden-client`, one command at a time, against a real server.
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../server/warden/client-cli.ts';
import { splitWords } from '../../server/warden/protocol/words.ts';
import { startNode, type TestNode, whyNot } from './node.ts';

const reason = whyNot();
if (reason) console.log(`skipped: warden-client on the real back end (${reason})`);

describe('a typed line', () => {
  it.each([
    ['run  --handle h', ['run', '--handle', 'h']],
    [`run --script 'echo "a b"; exit 3'`, ['run', '--script', 'echo "a b"; exit 3']],
    ['echo --message "a \\" b"', ['echo', '--message', 'a " b']],
    [`echo --message ''`, ['echo', '--message', '']],
    ['', []],
  ])('%s is split as a shell would', (line, words) => {
    expect(splitWords(line)).toEqual(words);
  });
});

describe.skipIf(reason !== '')('warden-client', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode();
  }, 300_000);
  afterAll(() => node.end(), 60_000);
  afterEach(() => vi.restoreAllMocks());

  async function typed(...words: string[]) {
    let out = '';
    let err = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
      out += text;
      return true;
    });
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      err += text;
      return true;
    });
    vi.spyOn(console, 'log').mockImplementation((text) => {
      out += `${text}\n`;
    });
    vi.spyOn(console, 'error').mockImplementation((text) => {
      err += `${text}\n`;
    });
    const status = await main([node.socket, ...words]);
    vi.restoreAllMocks();
    return { status, out, err };
  }

  it('creates, runs with the job’s status and streams, lists and destroys', async () => {
    expect(await typed('create', '--handle', 'typed')).toMatchObject({ status: 0, out: 'handle: typed\n' });
    const run = await typed('run', '--handle', 'typed', '--script', 'echo out; echo err >&2; exit 3');
    expect(run.status).toBe(3);
    expect(run.out).toMatch(/^out\n/);
    expect(run.err).toBe('err\n');
    expect((await typed('limit_memory', '--handle', 'typed', '--limit-in-bytes', '67108864')).out).toBe(
      'limit_in_bytes: 67108864\n',
    );
    expect((await typed('list')).out).toBe('handles: typed\n');
    expect((await typed('destroy', '--handle', 'typed')).status).toBe(0);
  });

  it('says what is wrong and what would be right', async () => {
    expect(await typed('info', '--handle', 'nobody')).toMatchObject({ status: 1, err: 'error: unknown handle\n' });
    expect((await typed('info', '--what')).err).toContain('info --handle');
    expect((await typed('fly')).err).toContain('type help');
    expect((await typed('help')).out).toContain('net_in --handle --container-port --host-port');
  });
});
