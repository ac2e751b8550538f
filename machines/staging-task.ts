// A staging task of a DEA: when each step of turning an app package into a droplet happens (dea_ng: staging_task.rb,
// reference 1.7 S1–S15). It does nothing itself: every effect is provided by server/dea or by a simulation.
import { assign, setup } from 'xstate';
import { notProvided } from './not-provided.ts';

/** `type` is what the Cloud Controller stores as `staging_failed_reason`. */
export interface StagingError {
  type: string;
  message: string;
}

export interface StagingInput {
  taskId: string;
  app: string;
  /** Milliseconds of lab time that the buildpack may take (900 s in the original). */
  maxStagingMs: number;
}

export interface StagingContext extends StagingInput {
  /** How far the task came: decides which of the later replies and copies still make sense after a failure. */
  phase: 'setup' | 'staging' | 'upload';
  setupAnswered: boolean;
  handle: string | null;
  containerPath: string | null;
  jobId: number | null;
  cacheFound: boolean;
  detectedBuildpack: string | null;
  dropletSha1: string | null;
  error: StagingError | null;
}

export type StagingEvent = { type: 'stop' };

export interface StagingOutput {
  dropletSha1: string | null;
  error: StagingError | null;
}

/** What the runner left in staging_info.yml. `error` is one of the three named ones. */
export interface StagingInfo {
  detectedBuildpack: string | null;
  error: StagingError | null;
}

/** What every effect of a task gets: enough to show, the rest it knows from its provider. */
export interface InTask {
  taskId: string;
  handle: string | null;
}

/** What failed, for the reply: every failure that staging_info.yml does not name is a plain StagingError. */
export function stagingError(thrown: unknown): StagingError {
  return { type: 'StagingError', message: thrown instanceof Error ? thrown.message : String(thrown) };
}

const inTask = ({ context }: { context: StagingContext }): InTask => ({
  taskId: context.taskId,
  handle: context.handle,
});

export const stagingTask = setup({
  types: {
    context: {} as StagingContext,
    events: {} as StagingEvent,
    input: {} as StagingInput,
    output: {} as StagingOutput,
  },
  actors: {
    prepareWorkspace: notProvided<void, InTask>('prepareWorkspace'),
    createContainer: notProvided<{ handle: string }, InTask>('createContainer'),
    downloadApp: notProvided<{ bytes: number }, InTask>('downloadApp'),
    downloadCache: notProvided<{ found: boolean }, InTask>('downloadCache'),
    prepareLog: notProvided<void, InTask>('prepareLog'),
    prepareAppDir: notProvided<void, InTask>('prepareAppDir'),
    readInfo: notProvided<{ containerPath: string }, InTask>('readInfo'),
    answerSetup: notProvided<void, InTask & { error: StagingError | null }>('answerSetup'),
    unpackApp: notProvided<void, InTask>('unpackApp'),
    unpackCache: notProvided<void, InTask>('unpackCache'),
    spawnRunner: notProvided<{ jobId: number }, InTask>('spawnRunner'),
    linkRunner: notProvided<void, InTask & { jobId: number | null }>('linkRunner'),
    killContainer: notProvided<void, InTask>('killContainer'),
    packDroplet: notProvided<void, InTask>('packDroplet'),
    copyOutDroplet: notProvided<void, InTask>('copyOutDroplet'),
    saveDroplet: notProvided<{ sha1: string }, InTask>('saveDroplet'),
    logUpload: notProvided<void, InTask>('logUpload'),
    noteFailure: notProvided<void, InTask & { error: StagingError | null }>('noteFailure'),
    copyOutStagingInfo: notProvided<StagingInfo, InTask>('copyOutStagingInfo'),
    copyOutTaskLog: notProvided<void, InTask>('copyOutTaskLog'),
    uploadDroplet: notProvided<void, InTask & { sha1: string | null }>('uploadDroplet'),
    saveCache: notProvided<void, InTask>('saveCache'),
    complete: notProvided<
      void,
      InTask & { error: StagingError | null; sha1: string | null; detectedBuildpack: string | null }
    >('complete'),
    stopContainer: notProvided<void, InTask>('stopContainer'),
    answerStopped: notProvided<void, InTask>('answerStopped'),
    destroyContainer: notProvided<void, InTask>('destroyContainer'),
  },
  actions: {
    /** The first failure wins, as where the original awaits two promises and fails with the first. */
    keepError: assign({
      error: ({ context, event }) => context.error ?? stagingError('error' in event ? event.error : 'unknown'),
    }),
    timeOut: assign({
      error: { type: 'StagingError', message: 'Staging in container timed out' },
    }),
  },
  guards: {
    hasFailed: ({ context }) => context.error !== null,
    setupUnanswered: ({ context }) => !context.setupAnswered,
    isStaging: ({ context }) => context.phase === 'staging',
    hasCache: ({ context }) => context.cacheFound,
  },
  delays: {
    maxStagingLimit: ({ context }) => context.maxStagingMs,
  },
}).createMachine({
  id: 'staging-task',
  context: ({ input }) => ({
    ...input,
    phase: 'setup',
    setupAnswered: false,
    handle: null,
    containerPath: null,
    jobId: null,
    cacheFound: false,
    detectedBuildpack: null,
    dropletSha1: null,
    error: null,
  }),
  output: ({ context }) => ({ dropletSha1: context.dropletSha1, error: context.error }),
  initial: 'setup',
  states: {
    setup: {
      description: 'S1–S4: a container that has everything it needs; the Cloud Controller still waits.',
      initial: 'workspace',
      on: { stop: 'stopping' },
      states: {
        workspace: {
          invoke: {
            src: 'prepareWorkspace',
            input: inTask,
            onDone: 'container',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        container: {
          invoke: {
            src: 'createContainer',
            input: inTask,
            onDone: { target: 'downloads', actions: assign({ handle: ({ event }) => event.output.handle }) },
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        downloads: {
          description: 'S3: both are started, then both are awaited; a missing cache is no failure.',
          type: 'parallel',
          states: {
            app: {
              initial: 'working',
              states: {
                working: {
                  invoke: {
                    src: 'downloadApp',
                    input: inTask,
                    onDone: 'done',
                    onError: { target: 'failed', actions: 'keepError' },
                  },
                },
                done: { type: 'final' },
                failed: { type: 'final' },
              },
            },
            cache: {
              initial: 'working',
              states: {
                working: {
                  invoke: {
                    src: 'downloadCache',
                    input: inTask,
                    onDone: { target: 'done', actions: assign({ cacheFound: ({ event }) => event.output.found }) },
                    onError: 'failed',
                  },
                },
                done: { type: 'final' },
                failed: { type: 'final' },
              },
            },
          },
          onDone: [{ guard: 'hasFailed', target: '#staging-task.failed' }, { target: 'folders' }],
        },
        folders: {
          description: 'S4: staging log as vcap, /app as root, and where the container lies.',
          type: 'parallel',
          states: {
            log: {
              initial: 'working',
              states: {
                working: {
                  invoke: {
                    src: 'prepareLog',
                    input: inTask,
                    onDone: 'done',
                    onError: { target: 'failed', actions: 'keepError' },
                  },
                },
                done: { type: 'final' },
                failed: { type: 'final' },
              },
            },
            app: {
              initial: 'working',
              states: {
                working: {
                  invoke: {
                    src: 'prepareAppDir',
                    input: inTask,
                    onDone: 'done',
                    onError: { target: 'failed', actions: 'keepError' },
                  },
                },
                done: { type: 'final' },
                failed: { type: 'final' },
              },
            },
            info: {
              initial: 'working',
              states: {
                working: {
                  invoke: {
                    src: 'readInfo',
                    input: inTask,
                    onDone: {
                      target: 'done',
                      actions: assign({ containerPath: ({ event }) => event.output.containerPath }),
                    },
                    onError: { target: 'failed', actions: 'keepError' },
                  },
                },
                done: { type: 'final' },
                failed: { type: 'final' },
              },
            },
          },
          onDone: [{ guard: 'hasFailed', target: '#staging-task.failed' }, { target: '#staging-task.answering' }],
        },
      },
    },
    answering: {
      description: 'The first of two replies: it releases the blocked PUT of the Cloud Controller.',
      on: { stop: 'stopping' },
      invoke: {
        src: 'answerSetup',
        input: ({ context }) => ({ ...inTask({ context }), error: context.error }),
        onDone: [
          { guard: 'hasFailed', target: 'completing', actions: assign({ setupAnswered: true }) },
          { target: 'staging', actions: assign({ setupAnswered: true, phase: 'staging' }) },
        ],
        onError: { target: 'failed', actions: ['keepError', assign({ setupAnswered: true })] },
      },
    },
    staging: {
      description: 'S5–S11: the buildpack at work inside the container.',
      initial: 'unpacking',
      on: { stop: 'stopping' },
      states: {
        unpacking: {
          invoke: {
            src: 'unpackApp',
            input: inTask,
            onDone: [{ guard: 'hasCache', target: 'unpacking_cache' }, { target: 'spawning' }],
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        unpacking_cache: {
          invoke: {
            src: 'unpackCache',
            input: inTask,
            onDone: 'spawning',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        spawning: {
          invoke: {
            src: 'spawnRunner',
            input: inTask,
            onDone: { target: 'linked', actions: assign({ jobId: ({ event }) => event.output.jobId }) },
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        linked: {
          description: 'S7: detect, compile and release run as a job; only the time limit is ours.',
          after: { maxStagingLimit: { target: 'killing', actions: 'timeOut' } },
          invoke: {
            src: 'linkRunner',
            input: ({ context }) => ({ ...inTask({ context }), jobId: context.jobId }),
            onDone: 'packing',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        killing: {
          description: 'The limit has passed: Stop with kill, after which nothing can be copied out but files.',
          invoke: {
            src: 'killContainer',
            input: inTask,
            onDone: '#staging-task.failed',
            onError: '#staging-task.failed',
          },
        },
        packing: {
          invoke: {
            src: 'packDroplet',
            input: inTask,
            onDone: 'copying_out',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        copying_out: {
          invoke: {
            src: 'copyOutDroplet',
            input: inTask,
            onDone: 'saving',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        saving: {
          invoke: {
            src: 'saveDroplet',
            input: inTask,
            onDone: { target: 'logging', actions: assign({ dropletSha1: ({ event }) => event.output.sha1 }) },
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        logging: {
          invoke: {
            src: 'logUpload',
            input: inTask,
            onDone: '#staging-task.collecting',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
      },
    },
    failed: {
      description: 'Something went wrong and nothing is cleaned up yet: hold here to look inside the container.',
      on: { stop: 'stopping' },
      invoke: {
        src: 'noteFailure',
        input: ({ context }) => ({ ...inTask({ context }), error: context.error }),
        onDone: [
          { guard: 'setupUnanswered', target: 'answering' },
          { guard: 'isStaging', target: 'collecting' },
          { target: 'completing' },
        ],
        onError: 'completing',
      },
    },
    collecting: {
      description: 'Always, also after a failure of S5–S11: what the runner says about itself, and the log.',
      type: 'parallel',
      on: { stop: 'stopping' },
      states: {
        info: {
          initial: 'working',
          states: {
            working: {
              invoke: {
                src: 'copyOutStagingInfo',
                input: inTask,
                onDone: {
                  target: 'done',
                  actions: assign({
                    detectedBuildpack: ({ event }) => event.output.detectedBuildpack,
                    error: ({ context, event }) => (context.error ? (event.output.error ?? context.error) : null),
                  }),
                },
                onError: 'failed',
              },
            },
            done: { type: 'final' },
            failed: { type: 'final' },
          },
        },
        log: {
          initial: 'working',
          states: {
            working: { invoke: { src: 'copyOutTaskLog', input: inTask, onDone: 'done', onError: 'failed' } },
            done: { type: 'final' },
            failed: { type: 'final' },
          },
        },
      },
      onDone: [
        { guard: 'hasFailed', target: 'completing' },
        { target: 'uploading', actions: assign({ phase: 'upload' }) },
      ],
    },
    uploading: {
      description:
        'S12 and S13: the droplet, then what the buildpack keeps for next time. Either failure fails staging.',
      initial: 'droplet',
      on: { stop: 'stopping' },
      states: {
        droplet: {
          invoke: {
            src: 'uploadDroplet',
            input: ({ context }) => ({ ...inTask({ context }), sha1: context.dropletSha1 }),
            onDone: 'cache',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
        cache: {
          invoke: {
            src: 'saveCache',
            input: inTask,
            onDone: '#staging-task.completing',
            onError: { target: '#staging-task.failed', actions: 'keepError' },
          },
        },
      },
    },
    completing: {
      description: 'S14: the second reply; the reservation is given back; on success instance 0 starts right here.',
      invoke: {
        src: 'complete',
        input: ({ context }) => ({
          ...inTask({ context }),
          error: context.error,
          sha1: context.dropletSha1,
          detectedBuildpack: context.detectedBuildpack,
        }),
        onDone: 'destroying',
        onError: 'destroying',
      },
    },
    stopping: {
      description: 'Asked to stop: the completion is dropped, the container stopped.',
      invoke: { src: 'stopContainer', input: inTask, onDone: 'answering_stop', onError: 'answering_stop' },
    },
    answering_stop: {
      invoke: { src: 'answerStopped', input: inTask, onDone: 'destroying', onError: 'destroying' },
    },
    destroying: {
      description: 'S15: the container and the workspace go; the droplet stays.',
      invoke: { src: 'destroyContainer', input: inTask, onDone: 'done', onError: 'done' },
    },
    done: { type: 'final' },
  },
});
