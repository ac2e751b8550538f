// The staging task's machine: the order of its steps, what each failure leads to, and what a stop does at each place.
import { describe, expect, it } from 'vitest';
import { createActor, fromPromise, SimulatedClock } from 'xstate';
import { stagingTask } from '../../machines/staging-task.ts';

const answers: Record<string, unknown> = {
  prepareWorkspace: undefined,
  createContainer: { handle: 'h' },
  downloadApp: { bytes: 9 },
  downloadCache: { found: true },
  prepareLog: undefined,
  prepareAppDir: undefined,
  readInfo: { containerPath: '/depot/h' },
  answerSetup: undefined,
  unpackApp: undefined,
  unpackCache: undefined,
  spawnRunner: { jobId: 3 },
  linkRunner: undefined,
  killContainer: undefined,
  packDroplet: undefined,
  copyOutDroplet: undefined,
  saveDroplet: { sha1: 'abc' },
  logUpload: undefined,
  noteFailure: undefined,
  copyOutStagingInfo: { detectedBuildpack: 'Node.js', error: null },
  copyOutTaskLog: undefined,
  uploadDroplet: undefined,
  saveCache: undefined,
  complete: undefined,
  stopContainer: undefined,
  answerStopped: undefined,
  destroyContainer: undefined,
};

function start(options: { held?: string | string[]; failing?: string; say?: Record<string, unknown> } = {}) {
  const ran: string[] = [];
  const inputs: Record<string, unknown> = {};
  const actors = Object.fromEntries(
    Object.keys(answers).map((name) => [
      name,
      fromPromise(async ({ input }) => {
        ran.push(name);
        inputs[name] = input;
        if ([options.held].flat().includes(name)) await new Promise(() => undefined);
        if (options.failing === name) throw new Error(`${name} failed`);
        return options.say?.[name] ?? answers[name];
      }),
    ]),
  );
  const clock = new SimulatedClock();
  const actor = createActor(stagingTask.provide({ actors: actors as never }), {
    input: { taskId: 't', app: 'a', maxStagingMs: 900_000 },
    clock,
  });
  actor.start();
  const settle = async () => {
    for (let i = 0; i < 200; i++) await Promise.resolve();
  };
  return { actor, ran, inputs, clock, settle, context: () => actor.getSnapshot().context };
}

const SETUP = [
  'prepareWorkspace',
  'createContainer',
  'downloadApp',
  'downloadCache',
  'prepareLog',
  'prepareAppDir',
  'readInfo',
];
const STAGING = [
  'unpackApp',
  'unpackCache',
  'spawnRunner',
  'linkRunner',
  'packDroplet',
  'copyOutDroplet',
  'saveDroplet',
  'logUpload',
];
const COLLECT = ['copyOutStagingInfo', 'copyOutTaskLog'];
const UPLOAD = ['uploadDroplet', 'saveCache'];
const END = ['complete', 'destroyContainer'];

describe('staging task machine', () => {
  it('runs the steps of the original in their order', async () => {
    const s = start();
    await s.settle();
    expect(s.ran).toEqual([...SETUP, 'answerSetup', ...STAGING, ...COLLECT, ...UPLOAD, ...END]);
    expect(s.actor.getSnapshot().output).toEqual({ dropletSha1: 'abc', error: null });
  });

  it('unpacks no cache that was not found', async () => {
    const s = start({ say: { downloadCache: { found: false } } });
    await s.settle();
    expect(s.ran).not.toContain('unpackCache');
  });

  it('ignores a cache that cannot be fetched', async () => {
    const s = start({ failing: 'downloadCache' });
    await s.settle();
    expect(s.context().error).toBeNull();
  });

  for (const step of SETUP.filter((s) => s !== 'downloadCache')) {
    it(`answers twice with the error and destroys when ${step} fails`, async () => {
      const s = start({ failing: step });
      await s.settle();
      expect(s.inputs.answerSetup).toMatchObject({ error: { type: 'StagingError', message: `${step} failed` } });
      expect(s.inputs.complete).toMatchObject({ error: { message: `${step} failed` } });
      expect(s.ran.at(-1)).toBe('destroyContainer');
      for (const later of [...STAGING, ...UPLOAD]) expect(s.ran).not.toContain(later);
    });
  }

  for (const step of STAGING) {
    it(`still collects info and log, uploads nothing and destroys when ${step} fails`, async () => {
      const s = start({ failing: step });
      await s.settle();
      const after = s.ran.slice(s.ran.indexOf('noteFailure'));
      expect(after).toEqual(['noteFailure', ...COLLECT, ...END]);
      expect(s.ran.filter((name) => name === 'answerSetup')).toHaveLength(1);
    });
  }

  for (const step of UPLOAD) {
    it(`fails the whole task when ${step} fails, without collecting again`, async () => {
      const s = start({ failing: step });
      await s.settle();
      expect(s.ran.slice(s.ran.indexOf('noteFailure'))).toEqual(['noteFailure', ...END]);
      expect(s.inputs.complete).toMatchObject({ error: { message: `${step} failed` } });
    });
  }

  it('tells the named error of staging_info.yml instead of the exit status', async () => {
    const error = { type: 'NoAppDetectedError', message: 'nobody wants it' };
    const s = start({ failing: 'linkRunner', say: { copyOutStagingInfo: { detectedBuildpack: null, error } } });
    await s.settle();
    expect(s.inputs.complete).toMatchObject({ error });
  });

  it('stands in `failed`, with the container untouched, before anything is cleaned up', async () => {
    const s = start({ failing: 'linkRunner', held: 'noteFailure' });
    await s.settle();
    expect(s.actor.getSnapshot().value).toBe('failed');
    for (const later of [...COLLECT, ...END]) expect(s.ran).not.toContain(later);
  });

  it('kills the container when the buildpack takes longer than its limit', async () => {
    const s = start({ held: 'linkRunner' });
    await s.settle();
    s.clock.increment(899_999);
    expect(s.ran).not.toContain('killContainer');
    s.clock.increment(1);
    await s.settle();
    expect(s.ran.slice(s.ran.indexOf('killContainer'))).toEqual(['killContainer', 'noteFailure', ...COLLECT, ...END]);
    expect(s.inputs.complete).toMatchObject({ error: { message: 'Staging in container timed out' } });
  });

  const stoppable = [...SETUP, 'answerSetup', ...STAGING, 'noteFailure', ...COLLECT, ...UPLOAD];
  for (const place of stoppable) {
    it(`drops the completion and answers the stop when stopped in ${place}`, async () => {
      const s = start(place === 'noteFailure' ? { held: place, failing: 'linkRunner' } : { held: place });
      await s.settle();
      s.actor.send({ type: 'stop' });
      await s.settle();
      expect(s.ran.slice(-3)).toEqual(['stopContainer', 'answerStopped', 'destroyContainer']);
      expect(s.ran).not.toContain('complete');
      expect(s.actor.getSnapshot().status).toBe('done');
    });
  }

  for (const place of ['complete', 'destroyContainer']) {
    it(`ignores a stop in ${place}`, async () => {
      const s = start({ held: place });
      await s.settle();
      expect(s.ran.at(-1)).toBe(place);
      const before = s.actor.getSnapshot().value;
      s.actor.send({ type: 'stop' });
      expect(s.actor.getSnapshot().value).toEqual(before);
    });
  }

  for (const place of ['stopContainer', 'answerStopped']) {
    it(`ignores a second stop in ${place}`, async () => {
      const s = start({ held: ['linkRunner', place] });
      await s.settle();
      s.actor.send({ type: 'stop' });
      await s.settle();
      expect(s.ran.at(-1)).toBe(place);
      const before = s.actor.getSnapshot().value;
      s.actor.send({ type: 'stop' });
      expect(s.actor.getSnapshot().value).toEqual(before);
    });
  }
});
