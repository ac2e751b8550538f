// A machine on which containers cannot run: the page all the same, with the recorded run and the sentence why. Starts no
// lab and touches nothing but its port. Reached with `--tier auto` only; a tier that is asked for by name is refused.
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import express from 'express';
import { type Ability, examine } from '../doctor/index.ts';
import type { Options } from './options.ts';
import { projectRoot } from './project-root.ts';
import { Refusal } from './refusal.ts';

/** Why there is no lab, as the page says it. */
export interface Why {
  en: string;
  ja: string;
}

export interface Machine {
  platform: NodeJS.Platform;
  uid: number | undefined;
  /** Whether wshd is built. */
  wshd: boolean;
  /** What the doctor tried of `NEEDED`. */
  abilities: readonly Ability[];
}

/** Abilities without which no container of the full tier can be made, as the doctor names them. */
export const NEEDED = ['overlay', 'cgroups', 'veth', 'nftables'] as const;

/** Why containers cannot run on such a machine; undefined when they can. */
export function whyNoContainers({ platform, uid, wshd, abilities }: Machine): Why | undefined {
  const because = (en: string, ja: string): Why => ({
    en: `Containers cannot run on this machine: ${en}.`,
    ja: `このマシンではコンテナを動かせません: ${ja}。`,
  });
  if (platform !== 'linux')
    return because(`they need Linux, and this is ${platform}`, `Linux が必要ですが、これは ${platform} です`);
  if (uid !== 0) return because('they need root; try sudo npm start', 'root 権限が必要です（sudo npm start）');
  if (!wshd)
    return because(
      'wshd is not built; install gcc, make and musl-tools, then npm run build',
      'wshd がありません（gcc、make、musl-tools を入れて npm run build）',
    );
  const missing = abilities.find(({ name, here }) => here === 'no' && NEEDED.some((needed) => needed === name));
  if (!missing) return undefined;
  const type = missing.type ? `; type: ${missing.type}` : '';
  return because(`${missing.name}: ${missing.seen}${type}`, `${missing.name}: ${missing.seen}${type}`);
}

/** Looks at this machine. A trial that fails is tried once more: a busy moment is no reason to have no lab. */
export async function whyNotHere(): Promise<Why | undefined> {
  const root = projectRoot();
  const wshd = join(root, 'dist/wshd/wshd');
  const about = { platform: process.platform, uid: process.getuid?.(), wshd: existsSync(wshd) };
  const before = whyNoContainers({ ...about, abilities: [] });
  if (before) return before;
  const look = async () => whyNoContainers({ ...about, abilities: await examine({ dir: root, wshd }, NEEDED) });
  return (await look()) && look();
}

/** Serves the page and says why; resolves with its address once it listens. */
export async function serveRecorded(options: Pick<Options, 'listen' | 'port'>, why: Why): Promise<RecordedPage> {
  const page = join(projectRoot(), 'dist/web');
  if (!existsSync(join(page, 'index.html')))
    throw new Refusal(`${why.en} The page with the recorded run is not built either; npm run build makes it.`);
  const app = express();
  app.disable('x-powered-by');
  app.get('/lab/state', (_req, res) => void res.json({ tier: 'recorded', why }));
  app.use('/lab', (_req, res) => void res.status(404).json({ error: why.en }));
  app.use(express.static(page));
  const server = await listen(app, options);
  const { port } = server.address() as AddressInfo;
  const host = options.listen.includes(':') ? `[${options.listen}]` : options.listen;
  return {
    url: `http://${host}:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

export interface RecordedPage {
  url: string;
  close(): Promise<void>;
}

function listen(app: express.Express, { port, listen: host }: Pick<Options, 'listen' | 'port'>): Promise<Server> {
  return new Promise((done, failed) => {
    const server = app.listen(port, host);
    server.once('listening', () => done(server));
    server.once('error', (cause) => {
      const code = 'code' in cause ? cause.code : cause.message;
      failed(new Refusal(`Port ${port} on ${host} cannot be opened (${code}); choose another with --port N.`));
    });
  });
}
