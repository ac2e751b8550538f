// A container of Warden: when each part of its life happens (warden: container/base.rb, linux.rb). It does nothing itself:
// effects are provided by server/warden or by a simulation. Requests that only look or limit are not events of it.
import { assign, setup } from 'xstate';
import { nothingHeard, notProvided } from './not-provided.ts';

/** `adopt`: built from a snapshot of an earlier server. `remove`: what an earlier server left without one. */
export type ContainerOrigin = 'request' | 'adopt' | 'remove';

export interface ContainerInput {
  id: string;
  handle: string;
  origin: ContainerOrigin;
  /** State that the snapshot says, for `adopt`. */
  wasStopped?: boolean;
}

export interface ContainerContext {
  id: string;
  handle: string;
  origin: ContainerOrigin;
  wasStopped: boolean;
  /** A destroy is wanted as soon as it is stopped. */
  doomed: boolean;
  /** The next stop skips TERM. */
  kill: boolean;
  /** Why it could not be created, adopted or removed; an answer to whoever asked. */
  error: string | null;
}

export type ContainerEvent =
  | { type: 'create' }
  | { type: 'stop'; kill: boolean }
  | { type: 'destroy' }
  | { type: 'oom' }
  | { type: 'wshd.gone' };

/** What every effect gets: enough to show, the rest it knows from its provider. */
export interface OfContainer {
  id: string;
  handle: string;
}

const of = ({ context }: { context: ContainerContext }): OfContainer => ({ id: context.id, handle: context.handle });

export const container = setup({
  types: { context: {} as ContainerContext, events: {} as ContainerEvent, input: {} as ContainerInput },
  actors: {
    acquire: notProvided<void, OfContainer>('acquire'),
    prepareDirectories: notProvided<void, OfContainer>('prepareDirectories'),
    makeCgroups: notProvided<void, OfContainer>('makeCgroups'),
    bootWshd: notProvided<{ pid: number }, OfContainer>('bootWshd'),
    connectToWshd: notProvided<void, OfContainer>('connectToWshd'),
    writeSnapshot: notProvided<void, OfContainer>('writeSnapshot'),
    adopt: notProvided<void, OfContainer>('adopt'),
    stopProcesses: notProvided<void, OfContainer & { kill: boolean }>('stopProcesses'),
    tearDown: notProvided<void, OfContainer>('tearDown'),
    release: notProvided<void, OfContainer>('release'),
    watchMemory: nothingHeard<OfContainer>('watchMemory'),
    watchWshd: nothingHeard<OfContainer>('watchWshd'),
  },
  actions: {
    keepError: assign({
      error: ({ context, event }) =>
        context.error ?? ('error' in event && event.error instanceof Error ? event.error.message : 'unknown cause'),
    }),
    doom: assign({ doomed: true }),
  },
  guards: {
    isAdopted: ({ context }) => context.origin === 'adopt',
    isLeftover: ({ context }) => context.origin === 'remove',
    wasStopped: ({ context }) => context.wasStopped,
    isDoomed: ({ context }) => context.doomed,
  },
}).createMachine({
  id: 'container',
  context: ({ input }) => ({
    id: input.id,
    handle: input.handle,
    origin: input.origin,
    wasStopped: input.wasStopped ?? false,
    doomed: false,
    kill: false,
    error: null,
  }),
  initial: 'born',
  states: {
    born: {
      description: 'Has an id and a handle, nothing else yet.',
      always: [
        { guard: 'isAdopted', target: 'adopting' },
        { guard: 'isLeftover', target: 'destroying' },
      ],
      on: { create: 'creating', destroy: 'destroyed' },
    },
    creating: {
      description: 'Is being made. Nobody else knows its handle, and List does not name it.',
      on: { destroy: { target: 'destroying', actions: assign({ error: 'destroyed while it was created' }) } },
      initial: 'acquiring',
      states: {
        acquiring: {
          description: 'Takes a network and a range of user ids.',
          invoke: {
            src: 'acquire',
            input: of,
            onDone: 'preparing',
            onError: { target: '#container.destroying', actions: 'keepError' },
          },
        },
        preparing: {
          description: 'Its directory in the depot.',
          invoke: {
            src: 'prepareDirectories',
            input: of,
            onDone: 'limiting',
            onError: { target: '#container.destroying', actions: 'keepError' },
          },
        },
        limiting: {
          description: 'Its cgroups, before anything runs that they should count.',
          invoke: {
            src: 'makeCgroups',
            input: of,
            onDone: 'booting',
            onError: { target: '#container.destroying', actions: 'keepError' },
          },
        },
        booting: {
          description: 'wshd makes the namespaces, the root, the network link, and becomes PID 1 inside.',
          invoke: {
            src: 'bootWshd',
            input: of,
            onDone: 'connecting',
            onError: { target: '#container.destroying', actions: 'keepError' },
          },
        },
        connecting: {
          description: 'The one socket over which all jobs will be started.',
          invoke: {
            src: 'connectToWshd',
            input: of,
            onDone: 'saving',
            onError: { target: '#container.destroying', actions: 'keepError' },
          },
        },
        saving: {
          description: 'From its first snapshot on, a next server adopts it instead of removing it.',
          invoke: {
            src: 'writeSnapshot',
            input: of,
            onDone: '#container.active',
            onError: { target: '#container.destroying', actions: 'keepError' },
          },
        },
      },
    },
    adopting: {
      description: 'Alive since an earlier server: its ids, rules, limits and jobs are taken over.',
      invoke: {
        src: 'adopt',
        input: of,
        onDone: [{ guard: 'wasStopped', target: 'stopped' }, { target: 'active' }],
        onError: { target: 'destroying', actions: 'keepError' },
      },
    },
    active: {
      description: 'PID 1 serves; every request is allowed.',
      invoke: [
        { src: 'watchMemory', input: of },
        { src: 'watchWshd', input: of },
      ],
      on: {
        stop: { target: 'stopping', actions: assign({ kill: ({ event }) => event.kill }) },
        destroy: { target: 'stopping', actions: 'doom' },
        oom: 'stopping',
        'wshd.gone': 'stopping',
      },
    },
    stopping: {
      description: 'TERM to everything inside each second for ten seconds, then KILL. Already says stopped.',
      on: { destroy: { actions: 'doom' } },
      invoke: {
        src: 'stopProcesses',
        input: ({ context }) => ({ ...of({ context }), kill: context.kill }),
        onDone: 'stopped',
        // As in the original, what could not be stopped does not keep a container from being destroyed.
        onError: 'stopped',
      },
    },
    stopped: {
      description: 'No process but PID 1. Limits and Info still work.',
      always: { guard: 'isDoomed', target: 'destroying' },
      on: { destroy: 'destroying' },
    },
    destroying: {
      description: 'Processes, cgroups, links, mounts and directories go. Each step may be repeated.',
      initial: 'dismantling',
      states: {
        dismantling: {
          invoke: {
            src: 'tearDown',
            input: of,
            onDone: 'releasing',
            onError: { target: 'stuck', actions: 'keepError' },
          },
        },
        releasing: {
          description: 'Ids go back to their pools only now: nothing can still use them.',
          invoke: {
            src: 'release',
            input: of,
            onDone: '#container.destroyed',
            onError: { target: 'stuck', actions: 'keepError' },
          },
        },
        stuck: {
          description: 'Something could not be removed. It keeps its ids and List still names it.',
          on: { destroy: 'dismantling' },
        },
      },
    },
    destroyed: { description: 'Nothing of it is left.', type: 'final' },
  },
});

/** The original's word for where a container is (reference 5.4), as Info and its errors say it. */
export function containerState(value: unknown): 'born' | 'active' | 'stopped' | 'destroyed' {
  const top = typeof value === 'string' ? value : Object.keys(value ?? {})[0];
  if (top === 'active') return 'active';
  if (top === 'stopping' || top === 'stopped') return 'stopped';
  return top === 'destroying' || top === 'destroyed' ? 'destroyed' : 'born';
}
