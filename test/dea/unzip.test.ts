import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unzip } from '../../server/dea/unzip.ts';
import { type Member, zipOf } from '../cc/zip-fixture.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'dea-zip-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function unpack(members: Member[]): Promise<string> {
  writeFileSync(join(root, 'a.zip'), zipOf(members));
  await unzip(join(root, 'a.zip'), join(root, 'out'));
  return join(root, 'out');
}

describe('an archive on the host', () => {
  it('is unpacked with folders, modes and links that stay inside', async () => {
    const out = await unpack([
      { name: 'bin/compile', data: '#!/bin/bash\n', mode: 0o100755 },
      { name: 'lib/a.sh', data: 'x' },
      { name: 'bin/link', data: '../lib/a.sh', mode: 0o120777 },
    ]);
    expect(statSync(join(out, 'bin/compile')).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(out, 'lib/a.sh'), 'utf8')).toBe('x');
    expect(readlinkSync(join(out, 'bin/link'))).toBe('../lib/a.sh');
  });

  for (const name of ['../escaped', '/tmp/dea-escaped', 'a/../../escaped']) {
    it(`is refused when an entry is called ${name}`, async () => {
      await expect(unpack([{ name, data: 'x' }])).rejects.toThrow();
      expect(existsSync(join(root, 'escaped'))).toBe(false);
      expect(existsSync('/tmp/dea-escaped')).toBe(false);
    });
  }

  it('is refused when a link leads out, so that nothing can be written through it', async () => {
    const members = [
      { name: 'door', data: '..', mode: 0o120777 },
      { name: 'door/escaped', data: 'x' },
    ];
    await expect(unpack(members)).rejects.toThrow(/leads out/);
    expect(existsSync(join(root, 'escaped'))).toBe(false);
  });
});
