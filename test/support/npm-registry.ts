// An npm registry with one package, `greeting@1.0.0`, for buildpacks that install what an app asks for.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { create } from 'tar';

export interface NpmRegistry {
  url: string;
  /** Paths that were asked for, in order. */
  asked: string[];
  /** What a lock file of an app says that depends on `greeting`. */
  lockFile(app: string): string;
  close(): void;
}

/** @param host an address of this machine that the container reaches */
export async function startRegistry(host: string): Promise<NpmRegistry> {
  const tarball = await packed();
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const asked: string[] = [];
  const server = createServer((req, res) => {
    asked.push(req.url ?? '');
    const version = { name: 'greeting', version: '1.0.0', dist: { integrity, tarball: at('greeting') } };
    const document = { name: 'greeting', 'dist-tags': { latest: '1.0.0' }, versions: { '1.0.0': version } };
    if (req.url === '/greeting/-/greeting-1.0.0.tgz') res.end(tarball);
    else if (req.url === '/greeting') res.setHeader('content-type', 'application/json').end(JSON.stringify(document));
    else res.writeHead(404).end('{}');
  });
  await new Promise<void>((done) => server.listen(0, host, done));
  const url = `http://${host}:${(server.address() as AddressInfo).port}/`;
  const at = (name: string) => `${url}${name}/-/${name}-1.0.0.tgz`;
  return {
    url,
    asked,
    lockFile: (name) =>
      JSON.stringify({
        ...{ name, version: '1.0.0', lockfileVersion: 3, requires: true },
        packages: {
          '': { name, version: '1.0.0', dependencies: { greeting: '1.0.0' } },
          'node_modules/greeting': { version: '1.0.0', resolved: at('greeting'), integrity },
        },
      }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function packed(): Promise<Buffer> {
  const dir = mkdtempSync(join(tmpdir(), 'ws-npm-'));
  try {
    mkdirSync(join(dir, 'package'));
    writeFileSync(join(dir, 'package/package.json'), JSON.stringify({ name: 'greeting', version: '1.0.0' }));
    writeFileSync(join(dir, 'package/index.js'), "module.exports = 'hello from a dependency';\n");
    await create({ file: join(dir, 'p.tgz'), cwd: dir, gzip: true, portable: true }, ['package']);
    return readFileSync(join(dir, 'p.tgz'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
