// Uploads that try to leave their folder, fill the disk or lie: each is refused with a sentence, and nothing is lost.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkedPath, UPLOAD_LIMITS, unzip } from '../../server/cc/unzip.ts';
import { receiveUpload } from '../../server/cc/upload.ts';
import { zipFolder } from '../../server/cc/zip.ts';
import { FILES, pushBits, target, uploadBits } from './client.ts';
import { type Rig, rig } from './support.ts';
import { type Member, zipOf } from './zip-fixture.ts';

const dir = mkdtempSync(join(tmpdir(), 'cc-zip-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
let made = 0;

function fresh(): string {
  return mkdtempSync(join(dir, `t${made++}-`));
}

async function unpack(archive: Buffer, limits = UPLOAD_LIMITS) {
  const folder = fresh();
  const path = `${folder}.zip`;
  writeFileSync(path, archive);
  return { folder, files: await unzip(path, folder, limits) };
}

describe('unzip', () => {
  const attacks: [string, Member[], RegExp][] = [
    ['a path that climbs out', [{ name: '../evil', data: 'x' }], /evil|relative/],
    ['a path that climbs out from within', [{ name: 'a/../../evil', data: 'x' }], /evil|relative/],
    ['an absolute path', [{ name: '/etc/evil', data: 'x' }], /absolute/],
    ['a drive', [{ name: 'C:/evil', data: 'x' }], /absolute/],
    ['backslashes', [{ name: 'a\\..\\evil', data: 'x' }], /character/],
    ['a symbolic link', [{ name: 'link', data: '/etc/passwd', mode: 0o120777 }], /link or a special file/],
    ['a device', [{ name: 'dev', mode: 0o020666 }], /special file/],
    [
      'the same file twice',
      [
        { name: 'a', data: '1' },
        { name: './a', data: '2' },
      ],
      /twice/,
    ],
    [
      'a file where a folder is',
      [
        { name: 'a', data: '1' },
        { name: 'a/b', data: '2' },
      ],
      /EEXIST|ENOTDIR/,
    ],
    ['more bytes than it claims', [{ name: 'a', data: 'long enough', claimedSize: 2 }], /bytes|size/],
    ['fewer bytes than it claims', [{ name: 'a', data: 'x', claimedSize: 99 }], /bytes|size/],
  ];
  it.each(attacks)('refuses %s', async (_, members, why) => {
    await expect(unpack(zipOf([{ name: 'innocent', data: 'i' }, ...members]))).rejects.toThrow(why);
    expect(existsSync(join(dir, 'evil'))).toBe(false);
    expect(existsSync('/etc/evil')).toBe(false);
  });

  it('stops a bomb at the limit, not at its end', async () => {
    const bomb = zipOf([{ name: 'zeros', data: Buffer.alloc(8 * 1024 * 1024) }]);
    expect(bomb.length).toBeLessThan(20_000);
    await expect(unpack(bomb, { ...UPLOAD_LIMITS, bytes: 1024 * 1024 })).rejects.toThrow(/larger than 1048576 bytes/);
  });

  it('counts the bytes of all files together, and the files', async () => {
    const two = zipOf([
      { name: 'a', data: 'x'.repeat(600) },
      { name: 'b', data: 'x'.repeat(600) },
    ]);
    await expect(unpack(two, { ...UPLOAD_LIMITS, bytes: 1000 })).rejects.toThrow(/larger/);
    await expect(unpack(two, { ...UPLOAD_LIMITS, files: 1 })).rejects.toThrow(/2 entries/);
  });

  it('refuses what is no archive, and one that is cut off', async () => {
    await expect(unpack(Buffer.from('hello'))).rejects.toThrow(/not a zip archive/);
    await expect(unpack(zipOf([{ name: 'a', data: 'x' }]).subarray(0, 60))).rejects.toThrow(/not a zip archive/);
  });

  it('unpacks folders, nested files and modes', async () => {
    const { folder, files } = await unpack(
      zipOf([
        { name: 'empty/', mode: 0o040755 },
        { name: 'bin/run', data: '#!/bin/sh', mode: 0o100755 },
        { name: './plain', data: 'p', mode: 0 },
      ]),
    );
    expect(files).toEqual([
      { path: 'bin/run', size: 9, mode: 0o755 },
      { path: 'plain', size: 1, mode: 0 },
    ]);
    expect(readdirSync(folder).sort()).toEqual(['bin', 'empty', 'plain']);
  });

  it('checks names by itself, whatever its library lets pass', () => {
    for (const fileName of ['..', 'a/..', '', '.', '//a', '/a', 'a//b', 'a\0b', 'a\\b', 'c:x', 'x/'.repeat(70)]) {
      expect(() => checkedPath({ fileName }, UPLOAD_LIMITS), JSON.stringify(fileName)).toThrow();
    }
    expect(checkedPath({ fileName: './a/..b/c.txt' }, UPLOAD_LIMITS)).toBe('a/..b/c.txt');
  });
});

describe('zipFolder', () => {
  it('writes what unzip and our own reader read back, modes included', async () => {
    const { folder } = await unpack(
      zipOf([
        { name: 'ü/run', data: 'é'.repeat(100_000) },
        { name: 'empty', data: '' },
      ]),
    );
    const archive = join(fresh(), 'a.zip');
    const members = [
      { path: 'ü/run', mode: 0o755 },
      { path: 'empty', mode: 0o644 },
    ];
    const size = await zipFolder(folder, members, archive);
    expect(size).toBe(readFileSync(archive).length);
    const again = await unpack(readFileSync(archive));
    expect(again.files).toEqual([
      { path: 'empty', size: 0, mode: 0o644 },
      { path: 'ü/run', size: 200_000, mode: 0o755 },
    ]);
    expect(readFileSync(join(again.folder, 'ü/run'), 'utf8')).toBe('é'.repeat(100_000));
    if (existsSync('/usr/bin/unzip')) execFileSync('/usr/bin/unzip', ['-tq', archive]);
    else console.log('skipped: unzip is not installed');
  });

  it('gives the same bytes for the same files', async () => {
    const one = await unpack(
      zipOf([
        { name: 'a', data: '1' },
        { name: 'b', data: '2' },
      ]),
    );
    const archives = [join(fresh(), 'x.zip'), join(fresh(), 'y.zip')] as const;
    const members = one.files.map(({ path }) => ({ path, mode: 0o644 }));
    await zipFolder(one.folder, members, archives[0]);
    await zipFolder(one.folder, [...members].reverse(), archives[1]);
    expect(readFileSync(archives[0])).toEqual(readFileSync(archives[1]));
  });
});

describe('receiveUpload', () => {
  async function post(body: BodyInit, headers: Record<string, string> = {}, limit = 1000) {
    const folder = fresh();
    const server = createServer((req, res) => {
      receiveUpload(req, folder, limit).then(
        (upload) => res.end(JSON.stringify(upload)),
        (error: Error) => {
          req.resume();
          res.writeHead(400).end(error.message);
        },
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', body, headers });
      return { status: response.status, text: await response.text() };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }
  const form = (size: number) => {
    const data = new FormData();
    data.append('resources', '[]');
    data.append('application', new Blob(['x'.repeat(size)]), '../../evil.zip');
    return data;
  };

  it('gives fields and files, under names of its own', async () => {
    const { status, text } = await post(form(10));
    const { fields, files } = JSON.parse(text);
    expect(status).toBe(200);
    expect(fields).toEqual({ resources: '[]' });
    expect(files[0]).toMatchObject({ field: 'application', size: 10, path: expect.stringMatching(/upload-0$/) });
  });

  it('answers an upload that is too large instead of cutting the connection', async () => {
    expect(await post(form(5_000_000))).toEqual({ status: 400, text: 'application is larger than 1000 bytes' });
  });

  it('answers a form that ends in the middle', async () => {
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const body = '--x\r\nContent-Disposition: form-data; name="application"; filename="a"\r\n\r\nPK';
    expect(await post(body, headers)).toMatchObject({ status: 400, text: expect.stringMatching(/end/i) });
  });
});

describe('an upload', () => {
  let cf: Rig;
  let app: string;
  beforeAll(async () => {
    cf = await rig();
    app = await pushBits(cf, await target(cf, 'L'), 'hello', 'L');
  });
  afterAll(() => cf.close());

  const send = async (archive: Buffer | undefined, resources: unknown = [], query = '?async=true') => {
    const form = new FormData();
    form.append('resources', typeof resources === 'string' ? resources : JSON.stringify(resources));
    if (archive) form.append('application', new Blob([new Uint8Array(archive)]), 'application.zip');
    return cf.call('PUT', `/v2/apps/${app}/bits${query}`, form);
  };
  const leftovers = () => readdirSync(join(cf.dir, 'blobs/tmp'));
  const hash = async () => cf.cc.store.apps.get(app)?.package_hash;

  it('that is refused fails its job with a sentence and leaves package and disk as they were', async () => {
    const before = await hash();
    const { json } = await send(zipOf([{ name: 'link', data: '/etc/passwd', mode: 0o120777 }]));
    const job = await cf.call('GET', json.metadata.url);
    expect(job.json.entity).toMatchObject({
      status: 'failed',
      error_details: { error_code: 'CF-AppBitsUploadInvalid', code: 160001 },
    });
    expect(job.json.entity.error_details.description).toMatch(/link is a link or a special file/);
    expect(await hash()).toBe(before);
    expect(leftovers()).toEqual([]);
  });

  it('without async answers the error itself', async () => {
    expect(await send(Buffer.from('no zip'), [], '')).toMatchObject({ status: 400, json: { code: 160001 } });
    expect(leftovers()).toEqual([]);
  });

  it.each([
    ['a resource that climbs out', [{ fn: '../x', sha1: 'a'.repeat(40), size: 1 }]],
    ['a resource that nobody has', [{ fn: 'x', sha1: 'a'.repeat(40), size: 1 }]],
    ['a resource whose hash is a path', [{ fn: 'x', sha1: '../../../db/cc.sqlite', size: 1 }]],
  ])('with %s is refused', async (_, resources) => {
    expect(await send(undefined, resources, '')).toMatchObject({ status: 400, json: { code: 160001 } });
    expect(leftovers()).toEqual([]);
  });

  it('with resources that are not JSON, or no form at all, is refused', async () => {
    expect(await send(undefined, '{', '')).toMatchObject({ status: 400, json: { code: 160001 } });
    expect(await cf.call('PUT', `/v2/apps/${app}/bits`, {})).toMatchObject({ status: 400, json: { code: 160001 } });
    expect(leftovers()).toEqual([]);
  });

  it('of files that are all known needs no archive', async () => {
    const before = await hash();
    const { known, job } = await uploadBits(cf, app, FILES);
    expect(known).toHaveLength(2);
    expect(job.status).toBe('finished');
    expect(await hash()).toBe(before);
  });

  it('is matched by hash and size, and by nothing else', async () => {
    const { json: known } = await cf.call('PUT', '/v2/resource_match', [
      { fn: 'x', sha1: 'b'.repeat(40), size: 5 },
      { fn: 'y', sha1: '../etc', size: 5 },
      { fn: 'z', sha1: 'b'.repeat(40), size: 0 },
    ]);
    expect(known).toEqual([]);
  });
});
