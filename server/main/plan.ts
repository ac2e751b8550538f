// From what the user asked to what each process is told: checks what can be known before anything runs, and refuses in
// one sentence. Starts nothing.
import { existsSync, realpathSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { claim } from './claim.ts';
import { type ProcessConfig, RUN_BASE } from './config.ts';
import { type DataFolder, openDataFolder } from './data-folder.ts';
import { FLAGS, type Options } from './options.ts';
import { projectRoot } from './project-root.ts';
import { Refusal } from './refusal.ts';
import { claimSlot, type Slot } from './slot.ts';
import { makeStack } from './stack.ts';
import { endOrphans, removeLeftOnSlot, tidyLab } from './tidy.ts';

/** Everything but `proc`, `role` and `node`, which differ from process to process. */
export type LabConfig = Omit<ProcessConfig, 'proc' | 'role' | 'node'>;

export interface Plan {
  config: LabConfig;
  data: DataFolder;
  slot: Slot;
}

/** Claims folder and slot, finds ports, makes the stack. Throws a Refusal; what was claimed is given back then. */
export async function makePlan(options: Options): Promise<Plan> {
  if (options.tier === 'rootless' || options.tier === 'insecure')
    throw new Refusal(`The ${options.tier} tier is not built yet; start as root on Linux for the full tier.`);
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    throw new Refusal(
      'The full tier needs Linux and root; start with sudo npm start (the other tiers are not built yet).',
    );
  const root = projectRoot();
  const built = join(root, 'dist/wshd/wshd');
  if (!existsSync(built))
    throw new Refusal(
      'Without wshd only the insecure tier is possible, and it is not built yet; install gcc, make and musl-tools, then npm run build.',
    );
  // The build itself, not the link to the newest: this lab keeps it however often wshd is built meanwhile.
  const wshd = realpathSync(built);
  const from = process.env.INIT_CWD ?? process.cwd();
  const data = openDataFolder(
    options.data === FLAGS.data.value ? join(root, options.data) : resolve(from, options.data),
  );
  let slot: Slot | undefined;
  try {
    const port = await freePort(options.listen, options.port);
    slot = claimSlot(data.lab.id, data.dir);
    if (slot.left) await tidyLab(slot.left.lab, slot.left.dir);
    removeLeftOnSlot(data.lab.id, slot.slot);
    await endOrphans(data.lab.id);
    const wide = !isLoopback(options.listen);
    const nats = await broker(options.nats, data);
    const hostStack = await makeStack(data.dir, '');
    const config: LabConfig = {
      lab: data.lab.id,
      slot: slot.slot,
      dir: data.dir,
      run: `${RUN_BASE}/${data.lab.id}`,
      listen: options.listen,
      port,
      domain: options.domain,
      ...nats,
      frontDoor: `http://${reachable(options.listen)}:${port}`,
      wshd,
      stack: options.stack === '' ? hostStack : await makeStack(data.dir, resolve(from, options.stack)),
      hostStack,
      admin: wide ? data.lab.admin : 'admin',
      internal: data.lab.internal,
      token: wide ? data.lab.token : '',
      tier: 'full',
      linkJitter: options.linkJitter,
      gatesDisabled: options.gatesDisabled,
    };
    // Names this lab for `clean` even if somebody else has its slot by then. Last: a start that is refused leaves nothing.
    claim(`${RUN_BASE}/${data.lab.id}/owner`, data.lab.id, data.dir);
    return { config, data, slot };
  } catch (error) {
    slot?.release();
    data.unlock();
    throw error;
  }
}

export function isLoopback(listen: string): boolean {
  return listen === 'localhost' || listen === '::1' || listen.startsWith('127.');
}

/** The address under which this host reaches what listens on `listen`. */
function reachable(listen: string): string {
  if (listen === '0.0.0.0' || listen === 'localhost') return '127.0.0.1';
  if (listen === '::') return '[::1]';
  return listen.includes(':') ? `[${listen}]` : listen;
}

type Broker = Pick<ProcessConfig, 'nats' | 'natsUser' | 'natsPassword' | 'natsForeign'>;

async function broker(asked: string, { lab }: DataFolder): Promise<Broker> {
  if (asked !== '') {
    const url = new URL(asked);
    const { username, password } = url;
    const port = Number(url.port || 4222);
    const nats = `nats://${url.hostname}:${port}`;
    const why = await unreachable(url.hostname.replace(/^\[|\]$/g, ''), port);
    if (why) throw new Refusal(`No nats-server answers at ${nats} (${why}); start it first, or leave --nats away.`);
    return {
      nats,
      natsUser: decodeURIComponent(username),
      natsPassword: decodeURIComponent(password),
      natsForeign: true,
    };
  }
  const port = await freePort('127.0.0.1', 0);
  return {
    nats: `nats://127.0.0.1:${port}`,
    natsUser: lab.natsUser,
    natsPassword: lab.natsPassword,
    natsForeign: false,
  };
}

/**
 * The asked port if nothing listens there, or for 0 a free one below the ephemeral range: a port in that range could be
 * given to an outgoing connection while control is being restarted, even to one that connects to itself.
 */
async function freePort(listen: string, asked: number): Promise<number> {
  if (asked !== 0) {
    const why = await bindable(listen, asked);
    if (!why) return asked;
    if (why === 'EADDRINUSE')
      throw new Refusal(
        `Port ${asked} on ${listen} is busy; stop what uses it, or choose another with --port N (0 takes a free one).`,
      );
    throw new Refusal(`Port ${asked} on ${listen} cannot be opened (${why}); choose others with --listen and --port.`);
  }
  for (let tries = 0; tries < 50; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const why = await bindable(listen, port);
    if (!why) return port;
    if (why !== 'EADDRINUSE')
      throw new Refusal(
        `Nothing can be opened on ${listen} (${why}); choose an address of this machine with --listen.`,
      );
  }
  throw new Refusal(`No port between 20000 and 32000 is free on ${listen}; name one with --port N.`);
}

/** Why nothing answers at that address; undefined when something does. Waits at most 3 real seconds. */
function unreachable(host: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const socket = connect({ host, port, timeout: 3000 });
    const end = (why?: string) => {
      socket.destroy();
      done(why);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end('no answer within 3 s'));
    socket.once('error', (error) => end('code' in error ? String(error.code) : error.message));
  });
}

function bindable(host: string, port: number): Promise<string | undefined> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', (error) => done('code' in error ? String(error.code) : error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => done(undefined)));
  });
}
