// The life of one route: one host name at one endpoint (gorouter: registry.go). Refreshing every few seconds is no event
// of this machine; it happens in the table. When a route counts as stale is decided there too.
import { setup } from 'xstate';

export interface RouteInput {
  uri: string;
  /** `<host>:<port>`. */
  address: string;
  /** App guid, or empty. */
  app: string;
}

export type RouteContext = RouteInput;

export type RouteEvent =
  /** `router.register` for an endpoint that is not in the table, or that had become stale. */
  | { type: 'router.register' }
  | { type: 'router.unregister' }
  /** Not refreshed for 120 s when the table was looked through. */
  | { type: 'threshold.passed' }
  | { type: 'pruned' };

/** Ends when the route is gone; the same host name at the same endpoint later is another life. */
export const routeMachine = setup({
  types: { context: {} as RouteContext, events: {} as RouteEvent, input: {} as RouteInput },
}).createMachine({
  id: 'route',
  context: ({ input }) => input,
  initial: 'absent',
  states: {
    absent: {
      description: 'Nobody answers for this name at this endpoint: 404, or another endpoint of the pool.',
      on: {
        'router.register': 'registered',
        // Unregistered before its registration was let through.
        'router.unregister': 'unregistered',
      },
    },
    registered: {
      description: 'Requests for the name may go to this endpoint.',
      on: { 'router.unregister': 'unregistered', 'threshold.passed': 'stale' },
    },
    stale: {
      description: 'Still in the table, but its DEA has been silent for too long; a request here may end in a 502.',
      on: { 'router.register': 'registered', 'router.unregister': 'unregistered', pruned: 'pruned' },
    },
    unregistered: { type: 'final', description: 'Its DEA took it out of the table.' },
    pruned: { type: 'final', description: 'The router took it out of the table.' },
  },
});
