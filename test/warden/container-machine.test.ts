// The container machine with played effects: every failure edge, and what is refused or ignored where.
import { describe, expect, it } from 'vitest';
import { createActor, fromCallback, fromPromise, waitFor } from 'xstate';
import { type ContainerInput, container, containerState, type OfContainer } from '../../machines/container.ts';

const EFFECTS = ['acquire', 'prepareDirectories', 'makeCgroups', 'bootWshd', 'connectToWshd', 'writeSnapshot'] as const;
type Effect = (typeof EFFECTS)[number] | 'adopt' | 'stopProcesses' | 'tearDown' | 'release';

/** The machine with effects that succeed at once, but for those named in `fail`. */
function start(part: Partial<ContainerInput> = {}, fail: readonly Effect[] = []) {
  const done: string[] = [];
  const failing = new Set<Effect>(fail);
  const play = <O, I = OfContainer>(name: Effect, output: O) =>
    fromPromise<O, I>(async () => {
      done.push(name);
      if (failing.has(name)) throw new Error(`${name} failed`);
      return output;
    });
  const actor = createActor(
    container.provide({
      actors: {
        acquire: play<void>('acquire', undefined),
        prepareDirectories: play<void>('prepareDirectories', undefined),
        makeCgroups: play<void>('makeCgroups', undefined),
        bootWshd: play('bootWshd', { pid: 1 }),
        connectToWshd: play<void>('connectToWshd', undefined),
        writeSnapshot: play<void>('writeSnapshot', undefined),
        adopt: play<void>('adopt', undefined),
        stopProcesses: play<void, OfContainer & { kill: boolean }>('stopProcesses', undefined),
        tearDown: play<void>('tearDown', undefined),
        release: play<void>('release', undefined),
        watchMemory: fromCallback(() => undefined),
        watchWshd: fromCallback(() => undefined),
      },
    }),
    { input: { id: '1', handle: 'h', origin: 'request', ...part } },
  );
  actor.start();
  return { actor, done, failing };
}

describe('a container', () => {
  it('is made in the original’s order and is born until it is active', async () => {
    const { actor, done } = start();
    expect(containerState(actor.getSnapshot().value)).toBe('born');
    actor.send({ type: 'create' });
    expect(containerState(actor.getSnapshot().value)).toBe('born');
    await waitFor(actor, (s) => s.matches('active'));
    expect(done).toEqual([...EFFECTS]);
  });

  it.each(EFFECTS)('is torn down and gives its ids back when %s fails, and says why', async (name) => {
    const { actor, done } = start({}, [name]);
    actor.send({ type: 'create' });
    await waitFor(actor, (s) => s.status === 'done');
    expect(actor.getSnapshot().context.error).toBe(`${name} failed`);
    expect(done.slice(-2)).toEqual(['tearDown', 'release']);
  });

  it('is stopped before it is destroyed, also when stopping fails', async () => {
    const { actor, done } = start({}, ['stopProcesses']);
    actor.send({ type: 'create' });
    await waitFor(actor, (s) => s.matches('active'));
    actor.send({ type: 'destroy' });
    expect(containerState(actor.getSnapshot().value)).toBe('stopped');
    await waitFor(actor, (s) => s.status === 'done');
    expect(done.slice(-3)).toEqual(['stopProcesses', 'tearDown', 'release']);
  });

  it('stops when memory runs out or PID 1 ends, and stays stopped', async () => {
    for (const type of ['oom', 'wshd.gone'] as const) {
      const { actor } = start();
      actor.send({ type: 'create' });
      await waitFor(actor, (s) => s.matches('active'));
      actor.send({ type });
      await waitFor(actor, (s) => s.matches('stopped'));
      actor.send({ type: 'oom' });
      expect(actor.getSnapshot().matches('stopped')).toBe(true);
    }
  });

  it('keeps its ids while something cannot be removed, and may be destroyed again', async () => {
    const { actor, done, failing } = start({ origin: 'remove' }, ['tearDown']);
    await waitFor(actor, (s) => s.matches({ destroying: 'stuck' }));
    expect(done).not.toContain('release');
    failing.clear();
    actor.send({ type: 'destroy' });
    await waitFor(actor, (s) => s.status === 'done');
    expect(done.at(-1)).toBe('release');
  });

  it('is adopted as it was, or torn down when it is not whole', async () => {
    const active = start({ origin: 'adopt' });
    await waitFor(active.actor, (s) => s.matches('active'));
    const stopped = start({ origin: 'adopt', wasStopped: true });
    await waitFor(stopped.actor, (s) => s.matches('stopped'));
    const broken = start({ origin: 'adopt' }, ['adopt']);
    await waitFor(broken.actor, (s) => s.status === 'done');
    expect(broken.done).toEqual(['adopt', 'tearDown', 'release']);
  });

  it('ends a boot that is under way when it is destroyed', async () => {
    const { actor } = start();
    actor.send({ type: 'create' });
    actor.send({ type: 'destroy' });
    await waitFor(actor, (s) => s.status === 'done');
    expect(actor.getSnapshot().context.error).toBe('destroyed while it was created');
  });
});
