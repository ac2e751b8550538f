// An app as the Cloud Controller drives it: what its commands (start, stop, scale, route changes) make of it until the
// DEAs have been told. Not the instances themselves: those live on the DEAs, and the health manager looks after them.
import { assign, enqueueActions, fromPromise, setup } from 'xstate';
import {
  type AppEvent,
  type AppInput,
  type AppProblem,
  type Completion,
  isWanted,
  newIndices,
  problemOf,
  range,
  type Staged,
  type StagingTicket,
  wantedBy,
} from './app-commands.ts';

export type { AppEvent, AppInput, AppProblem, Completion, Staged, StagingTicket } from './app-commands.ts';

interface AppContext {
  guid: string;
  at: AppInput['at'];
  /** True while staging was asked for without starting. */
  only: boolean;
  taskId: string;
  staged: Staged | null;
  /** How many instances are wanted when the staging ends: counted along, so that none is started twice. */
  instances: number;
  /** Indices that the next effect starts or stops; null means all. */
  indices: number[] | null;
  /** Commands that came while another was being carried out. */
  deferred: AppEvent[];
  problem: AppProblem | null;
}

function notProvided<O, I>(name: string) {
  return fromPromise<O, I>(() => Promise.reject(new Error(`not provided: ${name}`)));
}

const KEEP_PROBLEM = {
  type: 'keepProblem',
  params: ({ event }: { event: { error: unknown } }) => ({ error: event.error }),
} as const;

/** While an effect is under way, commands wait their turn instead of being lost. */
const DEFER_ALL_BUT_STOP = {
  start: { actions: 'defer' },
  scale: { actions: 'defer' },
  stage: { actions: 'defer' },
  'routes.changed': { actions: 'defer' },
  'hm.start': { actions: 'defer' },
} as const;
const DEFER_STAGING = {
  start: { actions: 'defer' },
  stop: { actions: 'defer' },
  stage: { actions: 'defer' },
} as const;
const DEFER_ALL = { ...DEFER_ALL_BUT_STOP, stop: { actions: 'defer' } } as const;

export const appMachine = setup({
  types: {
    context: {} as AppContext,
    events: {} as AppEvent,
    input: {} as AppInput,
    tags: {} as 'busy',
  },
  actors: {
    /** Choose a stager, `staging.stop`, `staging.<id>.start`, first reply. Abortable: a new task id outdates it. */
    requestStaging: notProvided<StagingTicket, { guid: string; only: boolean }>('requestStaging'),
    /** Second reply. Adoptable only within one life of the Cloud Controller: a restart marks the app FAILED. */
    awaitStaged: notProvided<Staged, { guid: string; taskId: string }>('awaitStaged'),
    /** Detected buildpack, remaining instances, `droplet.updated`. Idempotent but for the instances it starts. */
    completeStaging: notProvided<{ wanted: boolean }, Completion>('completeStaging'),
    /** Writes FAILED and the reason, if the staging is still the newest. Idempotent. */
    recordFailure: notProvided<void, { guid: string; taskId: string; problem: AppProblem }>('recordFailure'),
    /** `dea.<id>.start` for each index, then `droplet.updated`. Not idempotent: the health manager stops duplicates. */
    startInstances: notProvided<void, { guid: string; indices: number[] }>('startInstances'),
    /** `dea.stop` for the app or some indices, then `droplet.updated`. Idempotent. */
    stopInstances: notProvided<void, { guid: string; indices: number[] | null }>('stopInstances'),
    /** `dea.update` with the routes and the version of the record. Idempotent. */
    updateRoutes: notProvided<void, { guid: string }>('updateRoutes'),
    /** `dea.stop`, then package and buildpack cache are deleted. Idempotent. */
    discard: notProvided<void, { guid: string }>('discard'),
  },
  guards: {
    wasStarted: ({ context }) => context.at === 'started',
    hadFailed: ({ context }) => context.at === 'failed',
    needsStaging: ({ event }) => (event.type === 'start' || event.type === 'scale') && event.needsStaging,
    grows: ({ event }) => event.type === 'scale' && event.to > event.from,
    shrinks: ({ event }) => event.type === 'scale' && event.to < event.from,
    hasDeferred: ({ context }) => context.deferred.length > 0,
    isWanted: ({ event }) => 'output' in event && isWanted(event.output),
    stagedOnly: ({ context }) => context.only,
  },
  actions: {
    wantInstances: assign({
      ...{ only: false, problem: null, staged: null, taskId: '' },
      instances: ({ event, context }) => wantedBy(event) ?? context.instances,
    }),
    noteCount: assign({ instances: ({ event, context }) => wantedBy(event) ?? context.instances }),
    wantDropletOnly: assign({ only: true, problem: null, staged: null, taskId: '' }),
    pickAll: assign({ indices: null, problem: null }),
    keepTicket: assign({ taskId: (_, params: { ticket: StagingTicket }) => params.ticket.taskId }),
    keepStaged: assign({ staged: (_, params: { staged: Staged }) => params.staged }),
    keepProblem: assign({ problem: (_, params: { error: unknown }) => problemOf(params.error) }),
    pickNew: assign({ problem: null, indices: ({ event }) => newIndices(event) }),
    pickSurplus: assign({
      problem: null,
      indices: ({ event }) => (event.type === 'scale' ? range(event.to, event.from) : []),
    }),
    pickOne: assign({ indices: ({ event }) => (event.type === 'hm.start' ? [event.index] : []) }),
    defer: assign({ deferred: ({ context, event }) => [...context.deferred, event] }),
    takeDeferred: enqueueActions(({ enqueue, context }) => {
      const [next, ...rest] = context.deferred;
      enqueue.assign({ deferred: rest });
      if (next) enqueue.raise(next);
    }),
  },
}).createMachine({
  id: 'app',
  context: ({ input }) => ({
    guid: input.guid,
    at: input.at,
    only: false,
    taskId: '',
    staged: null,
    instances: 0,
    indices: null,
    deferred: [],
    problem: null,
  }),
  initial: 'recalled',
  on: { delete: '.deleting' },
  states: {
    /** The machine was made from the record: at creation of the app or after a restart of the Cloud Controller. */
    recalled: {
      always: [
        { guard: 'wasStarted', target: 'started' },
        { guard: 'hadFailed', target: 'failed' },
        { target: 'stopped' },
      ],
    },

    /** Nothing is to run. A command that failed ends here too, its change taken back. */
    stopped: {
      always: { guard: 'hasDeferred', actions: 'takeDeferred' },
      on: {
        start: [
          { guard: 'needsStaging', target: 'staging', actions: 'wantInstances' },
          { target: 'starting', actions: 'pickNew' },
        ],
        stage: { target: 'staging', actions: 'wantDropletOnly' },
        // A scale that could not be staged was taken back, but the app is still to be STARTED: the next one tries again.
        scale: { guard: 'needsStaging', target: 'staging', actions: 'wantInstances' },
        stop: { target: 'stopping', actions: 'pickAll' },
        'hm.start': { target: 'started.adding', actions: 'pickOne' },
      },
    },

    /** One staging task on one DEA. Scaling is only counted here: the completion starts what is wanted by then. */
    staging: {
      initial: 'requesting',
      on: { scale: { actions: 'noteCount' } },
      states: {
        /** The API call that asked is blocked until the stager's first reply. */
        requesting: {
          tags: 'busy',
          invoke: {
            src: 'requestStaging',
            input: ({ context }) => ({ guid: context.guid, only: context.only }),
            onDone: {
              target: 'waiting',
              actions: { type: 'keepTicket', params: ({ event }) => ({ ticket: event.output }) },
            },
            onError: { target: '#app.stopped', actions: KEEP_PROBLEM },
          },
          on: DEFER_STAGING,
        },

        /** The stager compiles and uploads. A stop does not end it (as in 2014); a new start outdates it. */
        waiting: {
          invoke: {
            src: 'awaitStaged',
            input: ({ context }) => ({ guid: context.guid, taskId: context.taskId }),
            onDone: {
              target: 'completing',
              actions: { type: 'keepStaged', params: ({ event }) => ({ staged: event.output }) },
            },
            onError: { target: 'failing', actions: KEEP_PROBLEM },
          },
          initial: 'quiet',
          states: {
            quiet: {
              always: { guard: 'hasDeferred', actions: 'takeDeferred' },
              on: { stop: { target: 'stopping', actions: 'pickAll' } },
            },
            stopping: {
              tags: 'busy',
              invoke: {
                src: 'stopInstances',
                input: ({ context }) => ({ guid: context.guid, indices: null }),
                onDone: 'quiet',
                onError: 'quiet',
              },
            },
          },
          on: {
            start: { target: '#app.staging', reenter: true, actions: 'wantInstances' },
            stage: { target: '#app.staging', reenter: true, actions: 'wantDropletOnly' },
          },
        },

        /** The droplet is stored; the stager starts index 0 itself, the others are started from here. */
        completing: {
          tags: 'busy',
          invoke: {
            src: 'completeStaging',
            input: ({ context }) => ({
              guid: context.guid,
              taskId: context.taskId,
              only: context.only,
              instances: context.instances,
              staged: context.staged ?? { detectedBuildpack: null, startedOn: null },
            }),
            onDone: [{ guard: 'isWanted', target: '#app.started' }, { target: '#app.stopped' }],
            onError: { target: 'failing', actions: KEEP_PROBLEM },
          },
          on: DEFER_ALL,
        },

        failing: {
          tags: 'busy',
          invoke: {
            src: 'recordFailure',
            input: ({ context }) => ({
              guid: context.guid,
              taskId: context.taskId,
              problem: context.problem ?? { type: 'StagingError', message: 'unknown' },
            }),
            onDone: [{ guard: 'stagedOnly', target: '#app.stopped' }, { target: '#app.failed' }],
            onError: '#app.failed',
          },
          on: DEFER_STAGING,
        },
      },
    },

    /** Staging failed: the app is wanted, but there is no droplet to run. */
    failed: {
      always: { guard: 'hasDeferred', actions: 'takeDeferred' },
      on: {
        start: [
          { guard: 'needsStaging', target: 'staging', actions: 'wantInstances' },
          { target: 'starting', actions: 'pickNew' },
        ],
        scale: { guard: 'needsStaging', target: 'staging', actions: 'wantInstances' },
        stage: { target: 'staging', actions: 'wantDropletOnly' },
        stop: { target: 'stopping', actions: 'pickAll' },
        'hm.start': { target: 'started.adding', actions: 'pickOne' },
        // The stager starts index 0 itself, the health manager what else is missing.
        'droplet.stored': 'started',
      },
    },

    /** The droplet is there: a start message goes out for every index. */
    starting: {
      tags: 'busy',
      invoke: {
        src: 'startInstances',
        input: ({ context }) => ({ guid: context.guid, indices: context.indices ?? [] }),
        onDone: 'started',
        onError: { target: 'stopped', actions: KEEP_PROBLEM },
      },
      on: { ...DEFER_ALL, stop: { target: 'stopping', actions: 'pickAll' } },
    },

    /** Start messages are out; whether instances live is the health manager's business. */
    started: {
      initial: 'steady',
      states: {
        steady: {
          always: { guard: 'hasDeferred', actions: 'takeDeferred' },
          on: {
            start: [
              { guard: 'needsStaging', target: '#app.staging', actions: 'wantInstances' },
              { target: '#app.starting', actions: 'pickNew' },
            ],
            scale: [
              { guard: 'needsStaging', target: '#app.staging', actions: 'wantInstances' },
              { guard: 'grows', target: 'adding', actions: 'pickNew' },
              { guard: 'shrinks', target: 'removing', actions: 'pickSurplus' },
            ],
            'hm.start': { target: 'adding', actions: 'pickOne' },
            'routes.changed': 'rerouting',
          },
        },
        adding: {
          tags: 'busy',
          invoke: {
            src: 'startInstances',
            input: ({ context }) => ({ guid: context.guid, indices: context.indices ?? [] }),
            onDone: 'steady',
            onError: { target: 'steady', actions: KEEP_PROBLEM },
          },
          on: DEFER_ALL_BUT_STOP,
        },
        removing: {
          tags: 'busy',
          invoke: {
            src: 'stopInstances',
            input: ({ context }) => ({ guid: context.guid, indices: context.indices }),
            onDone: 'steady',
            onError: 'steady',
          },
          on: DEFER_ALL_BUT_STOP,
        },
        rerouting: {
          tags: 'busy',
          invoke: {
            src: 'updateRoutes',
            input: ({ context }) => ({ guid: context.guid }),
            onDone: 'steady',
            onError: 'steady',
          },
          on: DEFER_ALL_BUT_STOP,
        },
      },
      on: { stop: { target: 'stopping', actions: 'pickAll' } },
    },

    stopping: {
      tags: 'busy',
      invoke: {
        src: 'stopInstances',
        input: ({ context }) => ({ guid: context.guid, indices: null }),
        onDone: 'stopped',
        onError: 'stopped',
      },
      on: DEFER_ALL,
    },

    deleting: {
      tags: 'busy',
      invoke: {
        src: 'discard',
        input: ({ context }) => ({ guid: context.guid }),
        onDone: 'deleted',
        onError: 'deleted',
      },
      on: { delete: {} },
    },

    deleted: { type: 'final' },
  },
});
