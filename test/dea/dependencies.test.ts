// What package.json asks for, installed by npm inside a real staging container, from a registry on this machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cf, cf, until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { type NpmRegistry, startRegistry } from '../support/npm-registry.ts';

const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/dea/dependencies.test.ts (${skipped})`);

const SERVER = `const greeting = require('greeting');
require('http').createServer((q, r) => r.end(greeting)).listen(process.env.PORT);`;

describe.skipIf(skipped)('the dependencies of an app', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let c: Cf;
  let registry: NpmRegistry;
  beforeAll(async () => {
    lab = await startLab({ deas: 1 });
    c = await cf(lab.url);
    // The node's own address: what a container reaches of this host.
    const [link] = networkInterfaces()[`w-${lab.id}-0`] ?? [];
    registry = await startRegistry(link?.address ?? 'the node has no link');
  }, 300_000);
  afterAll(async () => {
    registry?.close();
    await lab?.stop();
  }, 300_000);

  /** Pushes an app that depends on `greeting`, and returns what it answers. */
  async function pushed(name: string, more: Record<string, string>): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'ws-app-'));
    const app = { name, version: '1.0.0', scripts: { start: 'node server.js' }, dependencies: { greeting: '1.0.0' } };
    const files = {
      'package.json': JSON.stringify(app),
      'server.js': SERVER,
      '.npmrc': `registry=${registry.url}\n`,
      ...more,
    };
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    try {
      const guid = await c.prepare(name, folder);
      expect((await c.start(guid)).status).toBe(201);
      return await until(`an answer of ${name}`, async () => {
        const { status, text } = await c.visit(name);
        return status === 200 && text;
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it('are installed by npm install where there is no lock file', async () => {
    expect(await pushed('without-lock', {})).toBe('hello from a dependency');
    expect(registry.asked).toEqual(['/greeting', '/greeting/-/greeting-1.0.0.tgz']);
  });

  it('are installed by npm ci where there is one: the registry is asked for nothing that the lock file says', async () => {
    registry.asked.length = 0;
    expect(await pushed('with-lock', { 'package-lock.json': registry.lockFile('with-lock') })).toBe(
      'hello from a dependency',
    );
    expect(registry.asked).toEqual(['/greeting/-/greeting-1.0.0.tgz']);
  });
});
