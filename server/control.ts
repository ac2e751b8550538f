// The control process, as a parts list: journal, clock and debugger; broker; router; Cloud Controller and UAA; health
// manager; loggregator; the page. Each part is in its own room; here they only meet.
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import express from 'express';
import { connectBus, startBroker } from './bus/index.ts';
import { createCloudController } from './cc/index.ts';
import { clientOf } from './cli/lab-client.ts';
import { afterReal } from './clock/real.ts';
import { tellAftermath } from './debugger/aftermath.ts';
import { appVerbsRouter } from './debugger/app-verbs.ts';
import { askRouter, newTraceKey } from './debugger/ask-app.ts';
import { containerFolders } from './debugger/containers-here.ts';
import { createDriver } from './debugger/driver.ts';
import { exportRouter } from './debugger/export.ts';
import { createFaults, type Faults } from './debugger/faults.ts';
import { createLauncher } from './debugger/launch.ts';
import { pushRouter } from './debugger/push.ts';
import { resetRouter } from './debugger/reset.ts';
import { createSeat } from './debugger/seat.ts';
import { readSource, sourceRouter } from './debugger/source.ts';
import { openSpine } from './debugger/spine.ts';
import { createTerminals } from './debugger/terminal.ts';
import { bulkFetcher, createHealthManager } from './hm/index.ts';
import { createLoggregator } from './loggregator/index.ts';
import { obeyMain } from './main/child.ts';
import { labSocket, readProcessConfig } from './main/config.ts';
import { labRoutes, type NodeList } from './main/lab-routes.ts';
import { projectRoot } from './main/project-root.ts';
import { stacksOf } from './main/stacks.ts';
import { entrance, tokenGuard, watchToken } from './main/token.ts';
import { createFrontDoor, type FrontDoor } from './router/index.ts';

const config = readProcessConfig();
process.title = `wardenscope ${config.proc}`;
const { proc, dir, domain, listen, port, nats, natsUser, natsPassword, linkJitter, gatesDisabled } = config;

/** Entries that are read again after a restart, for the newest lines of each app and for what became of its push. */
const REMEMBERED = 20_000;

const closers: (() => Promise<void> | void)[] = [];
let nodes: NodeList = [];
let door: FrontDoor | undefined;
let opener: (() => unknown) | undefined;
let faults: Faults | undefined;
const main = obeyMain({
  stop: async () => {
    for (const close of closers.reverse()) await close();
  },
  openGates: () => void opener?.(),
  nodes: (list) => {
    nodes = list;
  },
  faulted: (outcome) => faults?.faulted(outcome),
});

const seat = createSeat({ file: join(dir, 'driver.json'), after: afterReal });
const driver = createDriver({ ...config, seat });
const spine = await openSpine({
  proc,
  dir,
  socket: labSocket(dir),
  lab: config.lab,
  jitter: linkJitter,
  gatesDisabled,
  join: driver.join,
});
closers.push(() => spine.close());
const { lab, journal } = spine;
// Not `continue`: in the pace `beat` the next gate would close again.
opener = () => spine.debugger.setPace('real').then(() => spine.debugger.continue());
for (const secret of [natsPassword, config.internal, config.token, watchToken(config.token)].filter(Boolean))
  lab.rec.secret(secret);

if (!config.natsForeign) {
  const broker = await startBroker({
    listen: '127.0.0.1',
    port: Number(new URL(nats).port),
    user: natsUser,
    password: natsPassword,
    lab,
  });
  closers.push(() => broker.close());
}
const bus = await connectBus({ url: nats, user: natsUser, password: natsPassword, lab, proc, name: 'control' });
closers.push(() => bus.close());

const loggregator = createLoggregator({
  onEntry: (listener) => journal.stream(Math.max(0, journal.head - REMEMBERED), (batch) => batch.forEach(listener)),
});
closers.push(() => loggregator.close());
const aftermath = tellAftermath({ journal, remembered: REMEMBERED });
closers.push(() => aftermath.close());

const stacks = stacksOf(config);
const cc = createCloudController({
  lab,
  bus,
  dir,
  domain,
  admin: { user: 'admin', password: config.admin },
  internal: { user: 'internal', password: config.internal },
  frontDoor: config.frontDoor,
  stack: stacks[0].name,
  patience: afterReal,
});
closers.push(() => cc.close());
aftermath.recovered(cc.recovered);

const api = express();
api.disable('x-powered-by');
api.use('/lab', tokenGuard(config.token), driver.guard, driver.router);
api.use('/lab', labRoutes({ config, nodes: () => nodes, report: main.report, door: () => door }));
api.use(loggregator.router);
const traceKey = newTraceKey();
lab.rec.secret(traceKey);
api.use('/lab', askRouter({ ...config, journal, traceKey, routes: () => door?.status().routes ?? [] }));
faults = createFaults({ ...config, lab, labId: config.lab, journal, nodes: () => nodes, report: main.report });
closers.push(() => faults?.close());
api.use('/lab', faults.router);
const client = () => clientOf({ ...config, pid: process.pid, url: config.frontDoor });
const apps = () => cc.store.apps.find();
const ofApps = { journal, debugger: spine.debugger, client, apps };
const launcher = createLauncher(ofApps);
const names = (rows: readonly { name: string }[]) => rows.map(({ name }) => name);
api.use(
  '/lab',
  pushRouter({
    ...ofApps,
    launcher,
    samples: join(projectRoot(), 'lessons/apps'),
    uploads: emptied(join(dir, 'uploads')),
    choices: () => ({
      buildpacks: names(cc.store.buildpacks.find([], { orderBy: 'position' }).filter((b) => b.enabled)),
      stacks: names(stacks),
    }),
    url: (name) => `http://${name}.${domain}:${port}/`,
  }),
  appVerbsRouter({ ...ofApps, launcher }),
  resetRouter({
    ...ofApps,
    keepAll: () => faults?.keepAll(),
    containers: () => containerFolders(dir),
    endApp: (guid) => {
      bus.publish('staging.stop', { app_id: guid }, null, { actor: 'you' });
      bus.publish('dea.stop', { droplet: guid }, null, { actor: 'you' });
    },
  }),
);
const source = (file: string) => readSource({ root: projectRoot(), dir }, file);
api.use('/lab', exportRouter({ journal, page: join(projectRoot(), 'dist/web'), source }));
api.use('/lab', sourceRouter({ root: projectRoot(), dir }));
api.use('/lab', spine.router);
api.use(cc.app);
const page = join(projectRoot(), 'dist/web');
api.use(entrance(config.token));
if (existsSync(page)) api.use(express.static(page));

door = await createFrontDoor({
  lab,
  bus,
  listen,
  port,
  domain,
  api,
  traceKey,
  upgrade: createTerminals({ ...config, journal, mayEnter: driver.mayEnter }),
});
closers.push(() => door?.close());
const hm = createHealthManager({
  lab,
  bus,
  fetchDesired: bulkFetcher({ lab, url: config.frontDoor, user: 'internal', password: config.internal }),
  seconds: () => Date.now() / 1000,
  file: join(dir, 'hm.json'),
});
closers.push(() => hm.close());
main.report({ type: 'ready' });

/** The folder without what an earlier life, killed in the middle, has left in it. */
function emptied(folder: string): string {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}
