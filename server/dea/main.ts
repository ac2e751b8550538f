// The DEA's process: reads its configuration, opens the lab, connects, and obeys main. Reads like a parts list; what a DEA
// does is in dea.ts.
import { connectBus } from '../bus/index.ts';
import { openLab } from '../lab/lab.ts';
import { obeyMain } from '../main/child.ts';
import { labSocket, readProcessConfig } from '../main/config.ts';
import { BUNDLED, prepareBundled } from './bundled.ts';
import { createDea } from './dea.ts';
import { deaSettings } from './settings.ts';

const config = readProcessConfig();
const settings = deaSettings(config);
const lab = await openLab({
  proc: config.proc,
  role: config.role,
  socket: labSocket(config.dir),
  jitter: config.linkJitter,
  gatesDisabled: config.gatesDisabled,
});
lab.rec.secret(config.natsPassword);
lab.rec.secret(config.internal);
const bus = await connectBus({
  url: config.nats,
  user: config.natsUser,
  password: config.natsPassword,
  lab,
  proc: config.proc,
  name: `dea:${config.node}`,
});
// Nobody but a staging task needs the buildpacks, and the first one waits for them: a DEA is ready before they are.
const prepared = prepareBundled(settings.folders.buildpacks);
prepared.catch((error: unknown) => {
  const text = `could not prepare the bundled buildpacks: ${String(error)}; staging fails until this DEA is started again`;
  lab.rec.record({ type: 'note', actor: `dea:${config.node}`, text }, null);
});
const dea = createDea({ lab, bus, settings, bundled: BUNDLED, prepared });

const end = async () => {
  dea.deps.wardens.close();
  await bus.close();
  await lab.close();
};
const main = obeyMain({
  stop: async () => {
    await dea.hosted.send({ type: 'detach' }, { cause: null });
    await dea.hosted.done;
    await end();
  },
});
process.on('SIGUSR1', () => void dea.hosted.send({ type: 'withdraw' }, { cause: null }));
process.on('SIGUSR2', () => void dea.hosted.send({ type: 'evacuate' }, { cause: null }));
process.on('SIGQUIT', () => void dea.hosted.send({ type: 'shutdown' }, { cause: null }));
dea.hosted.done.then(
  async () => {
    await end();
    process.exit(0);
  },
  () => process.exit(1),
);

const up = dea.hosted.subscribe((snapshot) => {
  if (!snapshot.matches('up')) return;
  up();
  main.report({ type: 'ready' });
});
if (dea.hosted.snapshot().matches('up')) main.report({ type: 'ready' });
