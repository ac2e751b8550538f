// What `/lab/source` serves and what it refuses, over HTTP against real folders.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import express from 'express';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceRouter } from '../../server/debugger/source.ts';

const repository = join(import.meta.dirname, '../..');

describe('the source route', () => {
  let base: string;
  let server: Server;
  const put = (path: string, text: string | Buffer) => {
    mkdirSync(dirname(join(base, path)), { recursive: true });
    writeFileSync(join(base, path), text);
  };
  const dea = 'lab/nodes/1/dea';

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'source-'));
    put('root/wshd/boot.c', 'int main(void);\n');
    put('root/machines/app.ts', 'export {};\n');
    put('root/package.json', '{"secret": true}');
    put('root/server/big.ts', 'x'.repeat(600_000));
    put('root/server/binary.ts', Buffer.from([1, 0, 2]));
    put('lab/lab.json', '{"token": "secret"}');
    put(`${dea}/admin_buildpacks/mine/bin/compile`, '#!/bin/bash\n');
    put(`${dea}/staging/w7/buildpack/own/bin/detect`, '#!/bin/bash\n');
    put(`${dea}/staging/w7/plugin_config`, "custom_dir='/var/vcap/data/dea_next/staging/t1/buildpack/own' secret=1\n");
    put(`${dea}/staging/w8/plugin_config`, 'source_dir=/tmp/unstaged\n');
    put(`${dea}/instances.json`, 'secret');
    symlinkSync(join(base, 'lab/lab.json'), join(base, 'root/machines/out.ts'));
    symlinkSync(join(base, 'lab'), join(base, `${dea}/admin_buildpacks/mine/away`));
    const app = express();
    app.use('/lab', sourceRouter({ root: join(base, 'root'), dir: join(base, 'lab') }));
    server = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });
  afterAll(() => {
    server.close();
    rmSync(base, { recursive: true, force: true });
  });

  const get = async (file: string, headers: Record<string, string> = {}) => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lab/source?file=${encodeURIComponent(file)}`;
    const answer = await fetch(url, { headers });
    return { status: answer.status, body: await answer.json() };
  };

  it.each([
    ['wshd/boot.c', 'int main(void);\n'],
    ['machines/app.ts', 'export {};\n'],
    ['admin_buildpacks/mine/bin/compile', '#!/bin/bash\n'],
    ['staging/t1/buildpack/own/bin/detect', '#!/bin/bash\n'],
  ])('serves %s', async (file, text) => {
    expect(await get(file)).toEqual({ status: 200, body: { file, text } });
  });

  it.each([
    'package.json',
    'machines/../package.json',
    'wshd/../../lab/lab.json',
    '../lab/lab.json',
    '/etc/passwd',
    'wshd//etc/passwd',
    'machines/out.ts',
    'machines',
    'wshd/',
    'admin_buildpacks/mine/away/lab.json',
    'admin_buildpacks/../instances.json',
    'staging/t1/plugin_config',
    'staging/w7/buildpack/own/bin/detect',
    'staging/t2/buildpack/own/bin/detect',
    'staging/t1/buildpack',
    'staging/t1/buildpack/../plugin_config',
    'server/big.ts',
    'server/binary.ts',
    'machines/app.ts\0.png',
    'machines/none.ts',
  ])('refuses %j in one line', async (file) => {
    const { status, body } = await get(file);
    expect(status).toBe(404);
    expect(body.error).toMatch(/^no source file .+/s);
    expect(JSON.stringify(body)).not.toContain('secret');
  });

  it('refuses a question without a name, and one of another origin', async () => {
    expect((await get('')).status).toBe(400);
    expect((await get('wshd/boot.c', { origin: 'http://evil.example' })).status).toBe(403);
  });

  it('has every file of the repository that a boot step, a machine or a bundled buildpack names', async () => {
    const app = express();
    app.use('/lab', sourceRouter({ root: repository, dir: join(base, 'lab') }));
    const real = app.listen(0, '127.0.0.1');
    await new Promise((resolve) => real.once('listening', resolve));
    const { port } = real.address() as AddressInfo;
    for (const file of ['wshd/boot.c', 'wshd/job.c', 'machines/app.ts', 'server/dea/buildpacks/nodejs/bin/compile']) {
      const answer = await fetch(`http://127.0.0.1:${port}/lab/source?file=${file}`);
      expect((await answer.json()).text.length, file).toBeGreaterThan(200);
    }
    real.close();
  });
});
