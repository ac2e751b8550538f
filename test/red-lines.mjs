// For each proof of the spine one line of the product that turns it red: `npm run red` changes it in a copy and looks.
// `line` stands exactly once in `file`; `proof` is a test file and the beginning of a test's name, with the names of the
// groups around it where several tests are called alike; `after` is a test of that file that it needs to have run before.

const P0 = 'test/spine/p0-held-container.test.ts';
const JOBS = 'test/wshd/jobs.test.ts';
const P1 = 'test/spine/p1-order-and-time.test.ts';
const P2 = 'test/spine/p2-record-equals-live.test.ts';
const P3 = 'test/spine/p3-behaviours.test.ts';

export const RED_LINES = [
  {
    file: 'wshd/boot.c',
    line: 'CALL(lo_up, CHILD, "RTM_NEWLINK", 0, NULL, "lo up", net_up("lo"))',
    becomes: 'CALL(lo_up, CHILD, "RTM_NEWLINK", 0, NULL, "lo up", system("ip link set lo up"))',
    proof: [P0, 'executes nothing on its way but wshd itself'],
    why: 'the boot runs a program, as the hooks of 2014 did',
  },

  {
    file: 'wshd/serve.c',
    line: '128u + (uint32_t)WTERMSIG(status)',
    becomes: '(uint32_t)WTERMSIG(status)',
    proof: [JOBS, 'that does `kill -KILL'],
    why: 'a death by signal n has the status n',
  },
  {
    file: 'wshd/serve.c',
    line: 's ? ERR : OUT, 0, j->id',
    becomes: 'OUT, 0, j->id',
    proof: [JOBS, 'keeps stdout and stderr apart'],
    why: 'both streams arrive as one',
  },
  {
    file: 'wshd/serve.c',
    line: '.lossless = lossless};',
    becomes: '.lossless = false};',
    proof: [JOBS, 'gives 20 MB of output whole to a lossless reader'],
    why: 'a writer does not wait for the reader who may lose nothing',
  },
  {
    file: 'wshd/serve.c',
    line: 'job_leave(j, j->id >= BOUND);',
    becomes: 'job_leave(j, true);',
    proof: [JOBS, 'lives on when its client vanishes'],
    why: 'a job and its output are forgotten with the client that began it',
  },

  {
    file: 'server/journal/journal.ts',
    line: 'pending.push(stored);',
    becomes: 'if (!stored.entry.background) pending.push(stored);',
    proof: [P1, 'no entry is caused by one at or after itself, and seq has no gap'],
    why: 'background entries get a number and are not kept',
  },
  {
    file: 'server/dea/staging.ts',
    line: 'cause: delivery.trail.cause,',
    becomes: 'cause: null,',
    proof: [P1, 'every entry of the push but the first has a cause, also when'],
    why: 'a staging task does not know the message that began it',
  },
  {
    file: 'server/journal/admission.ts',
    line: 'now - since < waitMs;',
    becomes: 'false;',
    proof: [P1, 'every entry of the push but the first has a cause, also when'],
    why: 'a message that is received before its `sent` has come up the link is admitted at once',
  },
  {
    file: 'server/router/registry.ts',
    line: 'return life.hosted.last();',
    becomes: 'return null;',
    proof: [P1, 'the chain from the app’s first answer'],
    why: 'the router does not tell which registration a first answer follows from',
  },
  {
    file: 'server/lab/recorder.ts',
    line: 'monotonic().toFixed(3)',
    becomes: 'performance.now().toFixed(3)',
    proof: [P1, 'every matched message was received after it was sent'],
    why: 'each process counts its real time from its own start',
  },
  {
    file: 'server/clock/skip.ts',
    line: 'Math.min(due(beat), due(wait), ',
    becomes: 'Math.min(due(wait), ',
    proof: [P1, 'a skip of 960 s'],
    why: 'a skip jumps over the periodic timers on its way',
  },

  {
    file: 'machines/projection.ts',
    line: '{ ...before?.context, ...e.context }',
    becomes: 'e.context',
    proof: [P2, 'agree at 200 random entries'],
    why: 'what a transition left as it was is not carried on',
  },

  {
    file: 'server/dea/effects/answer-staging.ts',
    line: 'deps.startInstance({ ...task.message.start_message, sha1 }, { ...doing.trail });',
    becomes:
      "deps.bus.publish('dea.' + deps.settings.id + '.start', { ...task.message.start_message, sha1 }, doing.trail.cause);",
    proof: [P3, '2: instance 0 starts on the stager'],
    why: 'the stager sends itself a start message',
  },
  {
    file: 'server/hm/health-manager.ts',
    line: "new Set(['DEA_SHUTDOWN', 'DEA_EVACUATION'])",
    becomes: "new Set(['DEA_SHUTDOWN', 'DEA_EVACUATION', 'CRASHED'])",
    proof: [P3, '3 and 5: a crash publishes'],
    why: 'a crash is answered by its droplet.exited, without waiting for a heartbeat',
  },
  {
    file: 'machines/health-analysis.ts',
    line: "'crashed', crashDelay(count), GRACE_MS",
    becomes: "'crashed', 0, GRACE_MS",
    proof: [P3, '3 and 5: a crash publishes'],
    why: 'nothing backs off',
  },
  {
    file: 'machines/health-analysis.ts',
    line: 'if (nothingRuns && index !== 0) continue;',
    becomes: '',
    proof: [P3, '4: when all instances have crashed'],
    why: 'every index is restarted while nothing runs',
  },
  {
    file: 'machines/instance.ts',
    line: "initial: 'unregistering',",
    becomes: "initial: 'unregistering', on: { 'job.exited': 'CRASHED' },",
    proof: [P3, '5: a stop publishes no event; 8:'],
    why: 'a process that ends because it is stopped counts as crashed',
  },
  {
    file: 'server/dea/instances.ts',
    line: "act('unregister', unregister),",
    becomes:
      "act('unregister', (d, i, doing) => (void stopContainer(d, i.actor, i.handle, doing), unregister(d, i, doing))),",
    proof: [P3, '5: a stop publishes no event; 8:'],
    why: 'TERM does not wait for router.unregister',
  },
  {
    file: 'machines/route-table.ts',
    line: 'export const STALE_MS = 120_000;',
    becomes: 'export const STALE_MS = 60_000;',
    proof: [P3, '8: when router.unregister is lost'],
    why: 'a route is stale after a minute',
  },
  {
    file: 'server/dea/effects/check-health.ts',
    line: 'one.uris.length === 0 || one.hostPort === null',
    becomes: 'one.hostPort === null',
    proof: [P3, '10: a worker without a route'],
    why: 'a worker has to accept a connection too',
  },
  {
    file: 'server/dea/settings.ts',
    line: 'healthCheckMs: 60_000,',
    becomes: 'healthCheckMs: 30_000,',
    proof: [P3, '10: a worker without a route'],
    why: 'a web app has only half of its minute',
  },
  {
    file: 'server/dea/env.ts',
    line: 'text.slice(at + 1)];',
    becomes: "text.slice(at + 1).replaceAll('$', '\\\\$')];",
    proof: [P3, '11: environment values are shell-expanded'],
    why: 'a dollar sign in a user’s value is escaped',
  },
  {
    file: 'server/dea/start-script.ts',
    line: 'DROPLET_BASE_DIR=$PWD',
    becomes: 'for script in app/.profile.d/*.sh; do . "$script"; done; DROPLET_BASE_DIR=$PWD',
    proof: [P3, '11: environment values are shell-expanded'],
    why: '.profile.d comes after the user’s values',
  },
  {
    file: 'server/warden/server.ts',
    line: "for (const c of all) if (c.machine.snapshot().value !== 'destroyed') warden.containers.set(c.handle, c);",
    becomes: '',
    proof: [P3, '12: apps outlive a restart of warden'],
    why: 'the next Warden does not know the handles of what it adopts',
  },
  {
    file: 'machines/instance.ts',
    line: "always: { guard: 'isResumed', target: 'RESUMING' },",
    becomes: "always: { guard: 'isResumed', target: 'STARTING' },",
    proof: [P3, '12: apps outlive a restart of dea'],
    why: 'the next DEA starts again what it should adopt',
  },
  {
    file: 'server/dea/dea.ts',
    line: "if (['RUNNING', 'EVACUATING'].includes(stateOf(one))) register(deps, one, one.uris, null, true);",
    becomes: "if (stateOf(one) === 'EVACUATING') register(deps, one, one.uris, null, true);",
    proof: [P3, '12: apps outlive a restart of control'],
    why: 'a DEA tells a router that is back nothing of what runs',
  },
  {
    file: 'server/warden/grace-time.ts',
    line: 'if (counted.delete(connection) && counted.size === 0) start(c);',
    becomes: 'counted.delete(connection);',
    proof: [P3, '12: a container that no client has been connected to'],
    why: 'the last connection’s end starts no grace time',
  },
  {
    file: 'machines/placement.ts',
    line: 'const fewest = Math.min(',
    becomes: 'const fewest = Math.max(',
    proof: [P3, '13: a second instance goes to the node'],
    why: 'the node with the most instances of the app is taken',
  },
  {
    file: 'wshd/serve.c',
    line: '#define RING (64u << 10)',
    becomes: '#define RING (32u << 10)',
    proof: [P3, '15: a late reader gets the last 64 KiB'],
    why: 'the rings hold half as much',
  },
  {
    file: 'server/dea/buildpacks/runner/run',
    line: '    buildpack=$custom_dir',
    becomes: '    buildpack=$custom_dir; detected=$(script detect "$dest_dir/app")',
    proof: [P3, '16: a custom buildpack skips detect'],
    why: 'a custom buildpack is asked whether it wants the app',
  },
  {
    file: 'server/dea/buildpacks/runner/run',
    line: '[[ $start_command ]] && return',
    becomes: ':',
    proof: [P3, '16: a custom buildpack skips detect'],
    why: 'release runs whatever the Procfile says',
  },
  {
    file: 'server/warden/effects/tear-down.ts',
    line: 'attempt(() => removeFromFirewall(warden, c)),',
    becomes: '',
    proof: [P3, '7 of the issue: a stop'],
    why: 'the rules of a container stay in the firewall',
  },
  {
    file: 'server/dea/effects/link-job.ts',
    line: 'if (!stopped.signal.aborted) void send(',
    becomes: 'if (!stopped.signal.aborted && status !== 0) void send(',
    proof: [P3, '7 of the issue: an exit with 0'],
    why: 'an app that ends with 0 counts as running',
  },
  {
    file: 'server/warden/effects/tear-down.ts',
    line: 'attempt(() => removeCgroups(c)),',
    becomes: '',
    proof: [P3, '7 of the issue: an exit with 3'],
    why: 'the cgroups of a container stay',
  },

  {
    file: 'machines/graph.ts',
    line: '(node.always ?? []).map(',
    becomes: '[].map(',
    proof: ['test/machines/graph.test.ts', 'draws a new state and its edge (always)'],
    why: 'edges that are taken at once are not drawn',
  },
  {
    file: 'server/cc/handlers/routes.ts',
    line: "throw new ApiError('NotFound');",
    becomes: 'return NO_CONTENT;',
    proof: ['test/spine/p3-cf-client.test.ts', 'dialect N logs in and pushes'],
    why: 'a free host is said to be taken',
  },
  {
    file: 'server/bus/connect.ts',
    line: '...(inferred ? { inferred: true } : {}) };',
    becomes: '};',
    proof: ['test/spine/p3-nats-server.test.ts', 'links each delivery to its publication'],
    after: 'takes a push to RUNNING and an answer',
    why: 'a guessed link is not marked as guessed',
  },
  {
    file: 'machines/crash-delay.ts',
    line: 'const FREE = 3;',
    becomes: 'const FREE = 4;',
    proof: ['test/hm/crash-delay.test.ts', 'is 0 for the first three crashes'],
    why: 'the fourth crash is answered at once as well',
  },
  {
    file: 'server/main/supervisor.ts',
    line: "await leaving.warden.answer({ type: 'destroy-all' }, 'destroyed', DESTROY_MS);",
    becomes: '',
    proof: ['test/main/start.test.ts', 'gets another node by POST /lab/nodes'],
    why: 'a node that is given back leaves its containers',
  },
];
