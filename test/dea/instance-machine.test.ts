// The instance machine as a table: what is legal from each state, and that everything else changes nothing.
import { describe, expect, it } from 'vitest';
import { createActor, fromCallback, fromPromise } from 'xstate';
import { type InstanceEvent, type InstanceInput, instance, UserFacingError } from '../../machines/instance.ts';

type Name = keyof typeof answers;
const answers = {
  fetchDroplet: {},
  createContainer: { handle: 'h', hostPort: 61001, containerPort: 61001 },
  prepareAppDir: {},
  extractDroplet: {},
  spawnApp: { jobId: 5 },
  checkHealth: { healthy: true },
  announceRunning: {},
  announceEvacuation: {},
  unregister: {},
  stopContainer: {},
  destroyContainer: {},
  reportCrash: {},
  keepRemains: {},
  adopt: { alive: true },
};

/** Effects answer at once, except those named, which never do; those with an error fail. */
function start(
  input: Partial<InstanceInput> = {},
  held: Name[] = [],
  failing: Partial<Record<Name, Error>> = {},
  say: Partial<Record<Name, unknown>> = {},
) {
  const ran: string[] = [];
  const actors = Object.fromEntries(
    (Object.keys(answers) as Name[]).map((name) => [
      name,
      fromPromise(async () => {
        ran.push(name);
        if (held.includes(name)) await new Promise(() => undefined);
        const error = failing[name];
        if (error) throw error;
        return say[name] ?? answers[name];
      }),
    ]),
  );
  const machine = instance.provide({
    actors: {
      ...actors,
      linkJob: fromCallback(() => {
        ran.push('linkJob');
        return () => void ran.push('unlink');
      }),
      collectStats: fromCallback(() => {
        ran.push('collectStats');
        return () => void ran.push('no stats');
      }),
    } as never,
  });
  const actor = createActor(machine, { input: { id: 'i', app: 'a', index: 0, ...input } });
  actor.start();
  const settle = async () => {
    for (let i = 0; i < 60; i++) await Promise.resolve();
  };
  return {
    actor,
    ran,
    settle,
    top: () => topOf(actor.getSnapshot().value),
    context: () => actor.getSnapshot().context,
  };
}

const topOf = (value: unknown) => (typeof value === 'string' ? value : Object.keys(value as object)[0]);

const EVENTS: InstanceEvent[] = [
  { type: 'start' },
  { type: 'refuse', description: 'no room' },
  { type: 'stop' },
  { type: 'evacuate' },
  { type: 'job.exited', status: 3, description: 'app instance exited' },
];

/** From each state, where each event leads; what is not listed must be ignored. */
const MATRIX: Record<
  string,
  { reach: () => Promise<ReturnType<typeof start>>; to: Partial<Record<InstanceEvent['type'], string>> }
> = {
  BORN: { reach: async () => start(), to: { start: 'STARTING', refuse: 'CRASHED', evacuate: 'EVACUATING' } },
  STARTING: {
    reach: async () => began(start({}, ['fetchDroplet'])),
    to: { stop: 'STOPPING', evacuate: 'EVACUATING', 'job.exited': 'CRASHED' },
  },
  RUNNING: {
    reach: async () => began(start()),
    to: { stop: 'STOPPING', evacuate: 'EVACUATING', 'job.exited': 'CRASHED' },
  },
  STOPPING: { reach: async () => then(await began(start({}, ['stopContainer'])), { type: 'stop' }), to: {} },
  STOPPED: { reach: async () => then(await began(start()), { type: 'stop' }), to: {} },
  CRASHED: {
    reach: async () => then(await began(start()), { type: 'job.exited', status: 1, description: 'x' }),
    to: {},
  },
  RESUMING: { reach: async () => start({ resume: resumed('RUNNING') }, ['adopt']), to: { evacuate: 'EVACUATING' } },
  EVACUATING: { reach: async () => then(await began(start()), { type: 'evacuate' }), to: { stop: 'STOPPING' } },
};

const resumed = (state: 'RUNNING' | 'STARTING' | 'CRASHED' | 'EVACUATING') => ({
  state,
  handle: 'h',
  jobId: 5,
  hostPort: 61001,
  containerPort: 61001,
});

async function began(s: ReturnType<typeof start>) {
  return then(s, { type: 'start' });
}
async function then(s: ReturnType<typeof start>, event: InstanceEvent) {
  s.actor.send(event);
  await s.settle();
  return s;
}

describe('instance machine', () => {
  for (const [from, { reach, to }] of Object.entries(MATRIX)) {
    for (const event of EVENTS) {
      const target = to[event.type];
      it(`${from}: ${event.type} ${target ? `leads to ${target}` : 'is ignored'}`, async () => {
        const s = await reach();
        expect(s.top()).toBe(from);
        const before = JSON.stringify(s.actor.getSnapshot().value);
        s.actor.send(event);
        if (target) expect(s.top()).toBe(target);
        else expect(JSON.stringify(s.actor.getSnapshot().value)).toBe(before);
      });
    }
  }

  it('awaits droplet and container even if one of them fails, and the first failure is the one told', async () => {
    const s = await began(start({}, [], { fetchDroplet: new Error('HTTP status 404') }));
    expect(s.top()).toBe('CRASHED');
    expect(s.ran).toContain('prepareAppDir');
    expect(s.ran).toContain('keepRemains');
    expect(s.context().exitDescription).toBe('failed to start');
  });

  it('tells the user why only where the original does', async () => {
    const s = await began(start({}, [], { spawnApp: new UserFacingError('missing start command') }));
    expect(s.context().exitDescription).toBe('missing start command');
  });

  for (const step of ['createContainer', 'prepareAppDir', 'extractDroplet', 'spawnApp', 'checkHealth'] as const) {
    it(`crashes and reports it when ${step} fails`, async () => {
      const s = await began(start({}, [], { [step]: new Error('x') }));
      expect(s.top()).toBe('CRASHED');
      expect(s.ran).toContain('reportCrash');
    });
  }

  it('crashes when nothing accepts a connection in time', async () => {
    const s = await began(start({}, [], {}, { checkHealth: { healthy: false } }));
    expect(s.top()).toBe('CRASHED');
    expect(s.context().exitDescription).toMatch(/health check/);
  });

  it('unregisters before it stops, stops before it destroys', async () => {
    const s = await then(await began(start()), { type: 'stop' });
    expect(s.ran.slice(s.ran.indexOf('unregister'))).toEqual(
      expect.arrayContaining(['unregister', 'stopContainer', 'destroyContainer']),
    );
    expect(s.ran.indexOf('unregister')).toBeLessThan(s.ran.indexOf('stopContainer'));
    expect(s.ran.indexOf('stopContainer')).toBeLessThan(s.ran.indexOf('destroyContainer'));
    expect(s.actor.getSnapshot().matches({ STOPPED: 'gone' })).toBe(true);
  });

  it('samples what it uses only while it runs', async () => {
    const s = await began(start());
    expect(s.ran).toContain('collectStats');
    await then(s, { type: 'stop' });
    expect(s.ran).toContain('no stats');
  });

  it('adopts a living container by linking it again and by nothing else', async () => {
    const s = start({ resume: resumed('RUNNING') });
    await s.settle();
    expect(s.actor.getSnapshot().value).toEqual({ RUNNING: 'serving' });
    expect(new Set(s.ran)).toEqual(new Set(['adopt', 'linkJob', 'collectStats']));
    expect(s.ran).toHaveLength(3);
  });

  it('crashes when the container it had is gone, and reports it', async () => {
    const s = start({ resume: resumed('RUNNING') }, [], {}, { adopt: { alive: false, description: 'gone' } });
    await s.settle();
    expect(s.top()).toBe('CRASHED');
    expect(s.ran).toContain('reportCrash');
  });

  it('does not report a crash of an earlier life again', async () => {
    const s = start(
      { resume: { ...resumed('CRASHED'), handle: null } },
      [],
      {},
      { adopt: { alive: false, description: 'x' } },
    );
    await s.settle();
    expect(s.top()).toBe('CRASHED');
    expect(s.ran).toEqual(['adopt']);
  });

  it('is reaped only as a crash whose remains are kept', async () => {
    const s = await then(await began(start()), { type: 'job.exited', status: 1, description: 'x' });
    await then(s, { type: 'reap' });
    expect(s.actor.getSnapshot().matches({ CRASHED: { remains: 'reaped' } })).toBe(true);
  });
});
