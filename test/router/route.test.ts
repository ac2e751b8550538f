// Every (state, event) pair of the route machine: what is legal, and that all else is ignored.
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { type RouteEvent, routeMachine } from '../../machines/route.ts';

const EVENTS: RouteEvent['type'][] = ['router.register', 'router.unregister', 'threshold.passed', 'pruned'];
const WAYS: Record<string, RouteEvent['type'][]> = {
  absent: [],
  registered: ['router.register'],
  stale: ['router.register', 'threshold.passed'],
  unregistered: ['router.register', 'router.unregister'],
  pruned: ['router.register', 'threshold.passed', 'pruned'],
};
const LEGAL: Record<string, Partial<Record<RouteEvent['type'], string>>> = {
  absent: { 'router.register': 'registered', 'router.unregister': 'unregistered' },
  registered: { 'router.unregister': 'unregistered', 'threshold.passed': 'stale' },
  stale: { 'router.register': 'registered', 'router.unregister': 'unregistered', pruned: 'pruned' },
};

describe('the route machine', () => {
  it('has exactly the states of the matrix', () => {
    expect(Object.keys(routeMachine.states).sort()).toEqual(Object.keys(WAYS).sort());
  });

  for (const [state, legal] of Object.entries(LEGAL)) {
    for (const type of EVENTS) {
      const target = legal[type] ?? state;
      it(`${target === state ? `stays ${state}` : `goes from ${state} to ${target}`} at ${type}`, () => {
        const actor = actorAfter(WAYS[state]!);
        expect(actor.getSnapshot().value).toBe(state);
        actor.send({ type });
        expect(actor.getSnapshot().value).toBe(target);
        actor.stop();
      });
    }
  }

  for (const state of ['unregistered', 'pruned']) {
    it(`is over once ${state}`, () => {
      expect(actorAfter(WAYS[state]!).getSnapshot()).toMatchObject({ value: state, status: 'done' });
    });
  }
});

function actorAfter(way: RouteEvent['type'][]) {
  const actor = createActor(routeMachine, { input: { uri: 'web.localhost', address: '10.0.0.7:1', app: 'a' } });
  actor.start();
  for (const type of way) actor.send({ type });
  return actor;
}
