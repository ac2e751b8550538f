// The DEA as a component: when it advertises, beats, evacuates and shuts down (dea_ng: bootstrap.rb, lifecycle/*,
// reference 1.14–1.16). What instances and staging tasks do is theirs; messages are effects of server/dea.
import { setup } from 'xstate';
import { nothingHeard, notProvided } from './not-provided.ts';

export interface DeaInput {
  id: string;
  /** Milliseconds of lab time from the first evacuation signal to a shutdown at any price (600 s). */
  evacuationMs: number;
}

export type DeaContext = DeaInput;

export type DeaEvent =
  /** USR1: no more advertisements. */
  | { type: 'withdraw' }
  /** USR2, as often as the drain script likes. */
  | { type: 'evacuate' }
  /** QUIT, or the end of an evacuation: everything that runs here is stopped. */
  | { type: 'shutdown' }
  /** This process ends and containers live on: the next life of the DEA adopts them. */
  | { type: 'detach' }
  /** Every instance is stopping, stopped or crashed. */
  | { type: 'instances.settled' };

export interface OfDea {
  id: string;
}

const ofDea = ({ context }: { context: DeaContext }): OfDea => ({ id: context.id });

export const dea = setup({
  types: { context: {} as DeaContext, events: {} as DeaEvent, input: {} as DeaInput },
  actors: {
    loadSnapshot: notProvided<{ instances: number }, OfDea>('loadSnapshot'),
    joinBus: notProvided<void, OfDea>('joinBus'),
    advertise: nothingHeard<OfDea>('advertise'),
    heartbeat: nothingHeard<OfDea>('heartbeat'),
    registerRoutes: nothingHeard<OfDea>('registerRoutes'),
    reapCrashes: nothingHeard<OfDea>('reapCrashes'),
    reapDroplets: nothingHeard<OfDea>('reapDroplets'),
    sendShutdown: notProvided<void, OfDea>('sendShutdown'),
    evacuateInstances: notProvided<{ settled: boolean }, OfDea>('evacuateInstances'),
    watchInstances: nothingHeard<OfDea>('watchInstances'),
    shutDown: notProvided<void, OfDea>('shutDown'),
    detach: notProvided<void, OfDea>('detach'),
  },
  delays: { evacuationLimit: ({ context }) => context.evacuationMs },
}).createMachine({
  id: 'dea',
  context: ({ input }) => input,
  initial: 'booting',
  states: {
    booting: {
      description: 'The snapshot first, then the subscriptions, then the first advertisement.',
      initial: 'loading',
      on: { shutdown: 'shutting_down', detach: 'detaching' },
      states: {
        loading: { invoke: { src: 'loadSnapshot', input: ofDea, onDone: 'joining', onError: 'joining' } },
        joining: {
          invoke: {
            src: 'joinBus',
            input: ofDea,
            onDone: '#dea.up',
            onError: '#dea.shutting_down',
          },
        },
      },
    },
    up: {
      initial: 'advertising',
      on: { shutdown: 'shutting_down', detach: 'detaching' },
      invoke: [
        { src: 'heartbeat', input: ofDea },
        { src: 'registerRoutes', input: ofDea },
        { src: 'reapCrashes', input: ofDea },
        { src: 'reapDroplets', input: ofDea },
      ],
      states: {
        advertising: {
          description: 'Takes staging tasks and instances: says so every 5 s.',
          invoke: { src: 'advertise', input: ofDea },
          on: { withdraw: 'withdrawing', evacuate: 'leaving' },
        },
        withdrawing: { invoke: { src: 'sendShutdown', input: ofDea, onDone: 'withdrawn', onError: 'withdrawn' } },
        withdrawn: { on: { evacuate: 'leaving' } },
        leaving: {
          description: 'The first evacuation signal: dea.shutdown, then every instance is announced as going.',
          invoke: { src: 'sendShutdown', input: ofDea, onDone: 'evacuating', onError: 'evacuating' },
        },
        evacuating: {
          initial: 'announcing',
          after: { evacuationLimit: '#dea.shutting_down' },
          invoke: { src: 'watchInstances', input: ofDea },
          on: { 'instances.settled': '#dea.shutting_down' },
          states: {
            announcing: {
              invoke: {
                src: 'evacuateInstances',
                input: ofDea,
                onDone: [
                  { guard: ({ event }) => event.output.settled, target: '#dea.shutting_down' },
                  { target: 'waiting' },
                ],
                onError: 'waiting',
              },
            },
            waiting: { on: { evacuate: 'announcing' } },
          },
        },
      },
    },
    shutting_down: {
      description: 'Local droplets go, dea.shutdown, subscriptions end, everything is stopped, the bus is flushed.',
      invoke: { src: 'shutDown', input: ofDea, onDone: 'down', onError: 'down' },
    },
    detaching: {
      description: 'dea.shutdown and the snapshot, nothing more: the supervisor ends this process, not the apps.',
      invoke: { src: 'detach', input: ofDea, onDone: 'down', onError: 'down' },
    },
    down: { type: 'final' },
  },
});
