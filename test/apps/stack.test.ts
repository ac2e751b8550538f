// Stacks on a real lab: with --stack there are two trees, and the app's own choice decides in which of them it is staged and
// runs. What is inside is asked of the app and of its buildpack.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { type FormFile, pushForm } from './form.ts';
import { makeTree } from './tree.ts';

const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/apps/stack.test.ts ${skipped}`);

const WAIT = 60_000;
const SERVER = `const release = require('fs').readFileSync('/etc/os-release', 'utf8');
require('http').createServer((q, r) => r.end(release)).listen(process.env.PORT);`;
const APP: FormFile[] = [
  { name: 'package.json', bytes: '{"name":"where","scripts":{"start":"node server.js"}}' },
  { name: 'server.js', bytes: SERVER },
];
const COMPILE = '#!/bin/bash\nread -r name </etc/os-release\necho "staged in $name"\nexit 1\n';

describe.skipIf(skipped)('two stacks', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  const dir = mkdtempSync(join(tmpdir(), 'apps-stack-'));
  const tree = join(dir, 'tree');
  const host = readFileSync('/etc/os-release', 'utf8');
  beforeAll(async () => {
    makeTree(tree, 'a tree of its own');
    mkdirSync(join(dir, 'teller/bin'), { recursive: true });
    writeFileSync(join(dir, 'teller/bin/compile'), COMPILE, { mode: 0o755 });
    lab = await startLab({ deas: 1, args: ['--stack', tree] });
  }, 120_000);
  afterAll(async () => {
    await lab?.stop();
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);

  const push = async (order: Record<string, unknown>) => {
    const answer = await pushForm(lab.url, order, APP);
    expect(answer.status, answer.text).toBe(202);
  };
  const served = (name: string) =>
    until(
      `${name} to answer`,
      async () => {
        const { status, text } = await ask(`${lab.url}/`, { headers: { host: `${name}.localhost` } });
        return status === 200 && text;
      },
      WAIT,
    );
  const creates = async () => {
    const path = '/lab/journal?type=message&name=CreateRequest&limit=5000';
    const { entries } = (await lab.api('GET', path)).json<{
      entries: { name: string; phase: string; payload: { rootfs?: string } }[];
    }>();
    return entries.filter((e) => e.name === 'CreateRequest' && e.phase === 'received').map((e) => e.payload.rootfs);
  };

  it('are offered, the given one first', async () => {
    const { stacks } = (await lab.api('GET', '/lab/apps')).json<{ stacks: string[] }>();
    expect(stacks).toEqual([tree, 'lucid64']);
  });

  it('give an app that asks for none the tree of --stack, with a Create as the original sent it', async () => {
    await push({ name: 'given' });
    expect(await served('given')).toBe('NAME="a tree of its own"\n');
    expect(await creates()).toEqual([undefined, undefined]);
  });

  it('give another that asks for it the host’s own system, for staging and for running', async () => {
    await push({ name: 'hosted', stack: 'lucid64' });
    expect(await served('hosted')).toBe(host);
    const [, , staging, running] = await creates();
    expect(staging).toMatch(/\/stack\/\w+$/);
    expect(running).toBe(staging);
  });

  it('show a buildpack the tree that the app has', async () => {
    const buildpack = join(dir, 'teller');
    /** What the buildpack has said, when its staging has failed, as it is to. */
    const told = async (name: string, stack: string) => {
      await push({ name, buildpack, stack });
      const app = async () =>
        (await lab.api('GET', '/lab/apps'))
          .json<{ apps: { name: string; guid: string; package_state: string }[] }>()
          .apps.find((one) => one.name === name);
      const { guid } = await until(
        `${name} to fail`,
        async () => {
          const now = await app();
          return now?.package_state === 'FAILED' && now;
        },
        WAIT,
      );
      const { entries } = (await lab.api('GET', '/lab/journal?type=log&limit=10000')).json<{
        entries: { text: string; app?: string }[];
      }>();
      return entries.find((e) => e.app === guid && e.text.startsWith('staged in '))?.text;
    };
    expect(await told('told-tree', tree)).toBe('staged in NAME="a tree of its own"');
    expect(await told('told-host', 'lucid64')).toMatch(/^staged in (?!.*a tree of its own)/);
  });
});
