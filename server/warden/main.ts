// The process warden/N: opens the lab, starts the server of its node, obeys main. The only process that needs privileges.
import { openLab } from '../lab/lab.ts';
import { obeyMain } from '../main/child.ts';
import { labSocket, readProcessConfig, wardenSocket } from '../main/config.ts';
import { inject } from './faults.ts';
import { startWarden } from './server.ts';
import { wshdPort } from './wshd/index.ts';

const GRACE_TIME = 300;
const JOB_OUTPUT_LIMIT = 10 * 1024 * 1024;
const MTU = 1500;
/** Ours, not 2014: a fork bomb ends in its own container. */
const PIDS_LIMIT = 1024;

const config = readProcessConfig();
const lab = await openLab({
  proc: config.proc,
  role: config.role,
  socket: labSocket(config.dir),
  jitter: config.linkJitter,
  gatesDisabled: config.gatesDisabled,
});
const server = await startWarden({
  lab,
  socket: wardenSocket(config.dir, config.node),
  wshd: wshdPort(config.wshd),
  config: {
    lab: config.lab,
    slot: config.slot,
    node: config.node,
    depot: `${config.dir}/nodes/${config.node}/depot`,
    run: config.run,
    stack: config.stack,
    graceTime: GRACE_TIME,
    jobOutputLimit: JOB_OUTPUT_LIMIT,
    containerRlimits: {},
    allowNetworks: [],
    denyNetworks: [],
    mtu: MTU,
    pidsLimit: PIDS_LIMIT,
  },
});

const leave = async () => {
  await server.drain();
  await lab.close();
};
const orders = obeyMain({
  stop: leave,
  destroyAll: () => server.destroyAll(),
  fault: (fault) => inject(server.warden, fault),
});
// The original's drain by hand; containers and jobs go on.
process.once('SIGUSR2', () => void leave().then(() => process.exit(0)));
orders.report({ type: 'ready' });
