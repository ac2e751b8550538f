// `stage` where no lab has the wanted stack: it starts one of its own, stages there in that tree, and leaves nothing.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTree } from '../apps/tree.ts';
import { expectNothingLeft, kernelNow } from '../support/kernel.ts';

const root = join(import.meta.dirname, '../..');
const skipped = process.getuid?.() !== 0 && 'not root: the full tier cannot start';
if (skipped) console.log(`skipped: test/cli/stage-alone.test.ts (${skipped})`);

const COMPILE = '#!/bin/bash\nread -r name </etc/os-release\necho "staged in $name"\n';
const RELEASE = '#!/bin/bash\necho "default_process_types:"\necho "  web: sleep 1000"\n';

describe.skipIf(skipped)('stage without a lab', { timeout: 240_000 }, () => {
  const dir = mkdtempSync(join(tmpdir(), 'ws-alone-'));
  const [tree, buildpack] = [join(dir, 'tree'), join(dir, 'teller')];
  beforeAll(() => {
    makeTree(tree, 'a tree of its own');
    mkdirSync(join(buildpack, 'bin'), { recursive: true });
    writeFileSync(join(buildpack, 'bin/compile'), COMPILE, { mode: 0o755 });
    writeFileSync(join(buildpack, 'bin/release'), RELEASE, { mode: 0o755 });
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const stage = (...words: string[]) =>
    spawnSync(process.execPath, [join(root, 'bin/wardenscope.mjs'), 'stage', 'lessons/apps/static-site', ...words], {
      ...{ cwd: root, encoding: 'utf8', env: { ...process.env, INIT_CWD: root } },
    });
  const labsOfItsOwn = () => readdirSync(tmpdir()).filter((name) => name.startsWith('wardenscope-stage-'));

  it('with --stack DIR makes the droplet in that tree, in a lab of its own that is gone afterwards', async () => {
    const before = kernelNow();
    const { status, stdout, stderr } = stage('--buildpack', buildpack, '--stack', tree);
    expect(stderr).toMatch(/^starting a lab of its own in /m);
    expect(stdout).toMatch(/staged in NAME="a tree of its own"/);
    expect(stdout).toMatch(/is staged \(.*\); nothing was started/);
    expect(status).toBe(0);
    expect(labsOfItsOwn()).toEqual([]);
    await expectNothingLeft(before);
  });

  it('with a stack that is not there says so in one sentence, and leaves nothing', async () => {
    const before = kernelNow();
    const { status, stderr } = stage('--buildpack', buildpack, '--stack', join(dir, 'nowhere'));
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/The stack \S+nowhere does not exist; --stack takes a folder or a tar archive\./);
    expect(labsOfItsOwn()).toEqual([]);
    await expectNothingLeft(before);
  });
});
