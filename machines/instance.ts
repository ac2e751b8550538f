// An app instance of a DEA (dea_ng: starting/instance.rb, reference 1.10–1.13). The state names are the original's.
// It decides when; fetching, containers, messages and snapshots are effects that server/dea or a simulation provides.
import { assign, setup, spawnChild, stopChild } from 'xstate';
import { nothingHeard, notProvided } from './not-provided.ts';

/** What instances.json kept: with it the machine starts by adopting what is still there. */
export interface ResumedInstance {
  state: 'STARTING' | 'RUNNING' | 'CRASHED' | 'EVACUATING';
  handle: string | null;
  jobId: number | null;
  hostPort: number | null;
  containerPort: number | null;
}

export interface InstanceInput {
  /** Private to this DEA: survives a change of `instance_id` by `dea.update`. */
  id: string;
  app: string;
  index: number;
  resume?: ResumedInstance;
}

export interface InstanceContext {
  id: string;
  app: string;
  index: number;
  resume: ResumedInstance | null;
  handle: string | null;
  jobId: number | null;
  hostPort: number | null;
  containerPort: number | null;
  exitStatus: number | null;
  exitDescription: string | null;
  /** True when the DEA had no room: such an instance was never registered and holds nothing. */
  refused: boolean;
}

export type InstanceEvent =
  | { type: 'start' }
  | { type: 'refuse'; description: string }
  | { type: 'stop' }
  | { type: 'evacuate' }
  | { type: 'reap' }
  | { type: 'job.exited'; status: number; description: string };

export interface InContainer {
  handle: string | null;
  jobId: number | null;
}

export interface Container {
  handle: string;
  hostPort: number;
  containerPort: number;
}

/** What adopting found. `gone` needs no more words than why. */
export type Adopted = { alive: true } | { alive: false; description: string };

/** An error that the original shows to the user as exit_description; any other becomes "failed to start". */
export class UserFacingError extends Error {
  override name = 'UserFacingError';
}

const inContainer = ({ context }: { context: InstanceContext }): InContainer => ({
  handle: context.handle,
  jobId: context.jobId,
});

export const instance = setup({
  types: { context: {} as InstanceContext, events: {} as InstanceEvent, input: {} as InstanceInput },
  actors: {
    fetchDroplet: notProvided<void, { id: string }>('fetchDroplet'),
    createContainer: notProvided<Container, { id: string }>('createContainer'),
    prepareAppDir: notProvided<void, InContainer>('prepareAppDir'),
    extractDroplet: notProvided<void, InContainer>('extractDroplet'),
    spawnApp: notProvided<{ jobId: number }, InContainer & { hostPort: number | null }>('spawnApp'),
    linkJob: nothingHeard<InContainer>('linkJob'),
    collectStats: nothingHeard<InContainer>('collectStats'),
    checkHealth: notProvided<{ healthy: boolean }, { hostPort: number | null }>('checkHealth'),
    announceRunning: notProvided<void, InContainer>('announceRunning'),
    announceEvacuation: notProvided<void, InContainer>('announceEvacuation'),
    unregister: notProvided<void, InContainer>('unregister'),
    stopContainer: notProvided<void, InContainer>('stopContainer'),
    destroyContainer: notProvided<void, InContainer>('destroyContainer'),
    reportCrash: notProvided<
      void,
      InContainer & { refused: boolean; exitStatus: number | null; exitDescription: string | null }
    >('reportCrash'),
    keepRemains: notProvided<void, InContainer>('keepRemains'),
    adopt: notProvided<Adopted, ResumedInstance>('adopt'),
  },
  actions: {
    failToStart: assign({
      exitStatus: ({ context }) => context.exitStatus ?? -1,
      exitDescription: ({ context, event }) =>
        context.exitDescription ??
        ('error' in event && event.error instanceof UserFacingError ? event.error.message : 'failed to start'),
    }),
    failHealthCheck: assign({
      exitStatus: -1,
      exitDescription: 'failed to accept connections within health check timeout',
    }),
    link: spawnChild('linkJob', { id: 'link', input: inContainer }),
    unlink: stopChild('link'),
  },
  guards: {
    isResumed: ({ context }) => context.resume !== null,
    wasCrashed: ({ context }) => context.resume?.state === 'CRASHED',
    hasFailed: ({ context }) => context.exitDescription !== null,
    hasContainer: ({ context }) => context.handle !== null,
  },
}).createMachine({
  id: 'instance',
  context: ({ input }) => ({
    id: input.id,
    app: input.app,
    index: input.index,
    resume: input.resume ?? null,
    handle: input.resume?.handle ?? null,
    jobId: input.resume?.jobId ?? null,
    hostPort: input.resume?.hostPort ?? null,
    containerPort: input.resume?.containerPort ?? null,
    exitStatus: null,
    exitDescription: null,
    refused: false,
  }),
  initial: 'BORN',
  states: {
    BORN: {
      description: 'Built from a start message or from instances.json; holds a reservation, nothing else.',
      always: { guard: 'isResumed', target: 'RESUMING' },
      on: {
        start: 'STARTING',
        evacuate: 'EVACUATING',
        refuse: {
          target: 'CRASHED',
          actions: assign({ refused: true, exitStatus: -1, exitDescription: ({ event }) => event.description }),
        },
      },
    },
    STARTING: {
      initial: 'preparing',
      on: {
        // The mid-2014 DEA tried and failed to stop a starting instance; from September 2014 on it could. So can we.
        stop: 'STOPPING',
        evacuate: 'EVACUATING',
        'job.exited': {
          target: 'CRASHED',
          actions: assign({
            exitStatus: ({ event }) => event.status,
            exitDescription: ({ event }) => event.description,
          }),
        },
      },
      states: {
        preparing: {
          description: 'Droplet and container in parallel; both are awaited even if one fails.',
          type: 'parallel',
          states: {
            droplet: {
              initial: 'fetching',
              states: {
                fetching: {
                  invoke: {
                    src: 'fetchDroplet',
                    input: ({ context }) => ({ id: context.id }),
                    onDone: 'ready',
                    onError: { target: 'failed', actions: 'failToStart' },
                  },
                },
                ready: { type: 'final' },
                failed: { type: 'final' },
              },
            },
            container: {
              initial: 'creating',
              states: {
                creating: {
                  invoke: {
                    src: 'createContainer',
                    input: ({ context }) => ({ id: context.id }),
                    onDone: { target: 'linking_app', actions: assign(({ event }) => event.output) },
                    onError: { target: 'failed', actions: 'failToStart' },
                  },
                },
                linking_app: {
                  description: 'As root: /home/vcap/app, and /app as a link to it.',
                  invoke: {
                    src: 'prepareAppDir',
                    input: inContainer,
                    onDone: 'ready',
                    onError: { target: 'failed', actions: 'failToStart' },
                  },
                },
                ready: { type: 'final' },
                failed: { type: 'final' },
              },
            },
          },
          onDone: [{ guard: 'hasFailed', target: '#instance.CRASHED' }, { target: 'extracting' }],
        },
        extracting: {
          invoke: {
            src: 'extractDroplet',
            input: inContainer,
            onDone: 'spawning',
            onError: { target: '#instance.CRASHED', actions: 'failToStart' },
          },
        },
        spawning: {
          invoke: {
            src: 'spawnApp',
            input: ({ context }) => ({ ...inContainer({ context }), hostPort: context.hostPort }),
            onDone: { target: 'checking', actions: assign({ jobId: ({ event }) => event.output.jobId }) },
            onError: { target: '#instance.CRASHED', actions: 'failToStart' },
          },
        },
        checking: {
          description: 'The job is linked without waiting; a web app must accept a connection, a worker need not.',
          entry: 'link',
          invoke: {
            src: 'checkHealth',
            input: ({ context }) => ({ hostPort: context.hostPort }),
            onDone: [
              { guard: ({ event }) => event.output.healthy, target: '#instance.RUNNING' },
              { target: '#instance.CRASHED', actions: 'failHealthCheck' },
            ],
            onError: { target: '#instance.CRASHED', actions: 'failToStart' },
          },
        },
      },
    },
    RUNNING: {
      initial: 'announcing',
      invoke: { src: 'collectStats', input: inContainer },
      on: {
        stop: 'STOPPING',
        evacuate: 'EVACUATING',
        'job.exited': {
          target: 'CRASHED',
          actions: assign({
            exitStatus: ({ event }) => event.status,
            exitDescription: ({ event }) => event.description,
          }),
        },
      },
      states: {
        announcing: {
          description: 'A heartbeat at once, router.register, the snapshot.',
          invoke: { src: 'announceRunning', input: inContainer, onDone: 'serving', onError: 'serving' },
        },
        serving: { description: 'Nothing checks it any more: alive means that the linked job has not ended.' },
      },
    },
    STOPPING: {
      initial: 'unregistering',
      states: {
        unregistering: {
          description: 'The router forgets the instance before the first TERM.',
          invoke: { src: 'unregister', input: inContainer, onDone: 'stopping', onError: 'stopping' },
        },
        stopping: {
          description: 'Warden Stop: TERM, KILL after 10 s. A container that is gone is stopped as well.',
          invoke: {
            src: 'stopContainer',
            input: inContainer,
            onDone: '#instance.STOPPED',
            onError: '#instance.STOPPED',
          },
        },
      },
    },
    STOPPED: {
      entry: 'unlink',
      initial: 'destroying',
      states: {
        destroying: {
          invoke: { src: 'destroyContainer', input: inContainer, onDone: 'gone', onError: 'gone' },
        },
        gone: { description: 'Unregistered: no container, no reservation; the droplet stays.' },
      },
    },
    CRASHED: {
      description: 'The container is given back, its logs are kept for an hour; only the disk counts as reserved.',
      entry: 'unlink',
      type: 'parallel',
      states: {
        report: {
          initial: 'deciding',
          states: {
            // A crash that an earlier life of the DEA reported is not reported again.
            deciding: { always: [{ guard: 'wasCrashed', target: 'reported' }, { target: 'reporting' }] },
            reporting: {
              description: 'router.unregister, droplet.exited, the snapshot.',
              invoke: {
                src: 'reportCrash',
                input: ({ context }) => ({
                  ...inContainer({ context }),
                  refused: context.refused,
                  exitStatus: context.exitStatus,
                  exitDescription: context.exitDescription,
                }),
                onDone: 'reported',
                onError: 'reported',
              },
            },
            reported: {},
          },
        },
        remains: {
          initial: 'looking',
          states: {
            looking: { always: [{ guard: 'hasContainer', target: 'keeping' }, { target: 'kept' }] },
            keeping: {
              description: 'The crash handler: CopyOut of the logs, then Destroy.',
              invoke: {
                src: 'keepRemains',
                input: inContainer,
                onDone: { target: 'kept', actions: assign({ handle: null }) },
                onError: { target: 'kept', actions: assign({ handle: null }) },
              },
            },
            kept: { on: { reap: 'reaped' } },
            reaped: { description: 'Unregistered by the crash reaper.' },
          },
        },
      },
    },
    RESUMING: {
      description: 'After a restart of the DEA: looks at the living container first, runs no effect twice.',
      on: { evacuate: 'EVACUATING' },
      invoke: {
        src: 'adopt',
        input: ({ context }) => context.resume ?? neverResumed(),
        onDone: [
          {
            guard: ({ context, event }) => event.output.alive && context.resume?.state === 'EVACUATING',
            target: 'EVACUATING',
          },
          { guard: ({ event }) => event.output.alive, target: 'RUNNING.serving', actions: 'link' },
          {
            target: 'CRASHED',
            actions: assign({
              exitStatus: -1,
              exitDescription: ({ event }) => (event.output.alive ? null : event.output.description),
            }),
          },
        ],
        onError: { target: 'CRASHED', actions: 'failToStart' },
      },
    },
    EVACUATING: {
      description: 'Serves until a replacement runs elsewhere; counts for no reservation.',
      initial: 'announcing',
      on: { stop: 'STOPPING' },
      states: {
        announcing: {
          description: 'droplet.exited with reason DEA_EVACUATION.',
          invoke: { src: 'announceEvacuation', input: inContainer, onDone: 'serving', onError: 'serving' },
        },
        serving: {},
      },
    },
  },
});

function neverResumed(): ResumedInstance {
  throw new Error('[machines] could not resume an instance: instances.json has nothing about it');
}
