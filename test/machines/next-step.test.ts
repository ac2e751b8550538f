// What follows a step, against boots and jobs that real wshds have recorded: two pushes, a boot with era=2014, and one
// without network, cgroups and binds. At each step the record so far is asked for the one that did follow.
import { describe, expect, it } from 'vitest';
import type { Entry, StepBody } from '../../machines/journal.ts';
import { nextCalls, stepsOf, UNKNOWN } from '../../machines/next-step.ts';
import { causeChain } from '../../machines/projection.ts';
import { recordedPushes } from '../web/recorded.ts';
import boots from './fixtures/boots.json' with { type: 'json' };

const entries = recordedPushes();
type Step = Extract<Entry, { type: 'step' }>;
const steps = entries.filter((e): e is Step => e.type === 'step' && e.when === 'after');
/** Boots and jobs of the two pushes, each from its beginning to its end. */
const pushed: Step[][] = [...new Set(steps.map((e) => `${e.handle} ${e.job ?? ''}`))].map((key) =>
  steps.filter((e) => `${e.handle} ${e.job ?? ''}` === key),
);
const [in2014, bare] = [boots.in2014, boots.bare] as StepBody[][];
const every: [string, StepBody[]][] = [
  ...pushed.map((run): [string, StepBody[]] => [`${run[0]?.of} ${run[0]?.job ?? ''} of ${run[0]?.handle}`, run]),
  ['boot with era=2014', in2014 ?? []],
  ['boot without network, cgroups and binds', bare ?? []],
];
const namesAfter = (run: readonly StepBody[], name: string) =>
  nextCalls(run.slice(0, run.findIndex((e) => e.name === name) + 1)).map(({ step }) => step.name);

describe('what follows a step of wshd', () => {
  it.each(every)('is among what is foretold at each step of the %s, and nearly always the only one', (_, run) => {
    expect(run.length).toBeGreaterThan(8);
    run.slice(0, -1).forEach((e, i) => {
      const next = run[i + 1];
      const found = nextCalls(run.slice(0, i + 1));
      const names = found.map(({ step }) => step.name);
      expect(names, e.name).toContain(next?.name);
      const open = { boot: ['listen', 'leave_mounts'], job: ['setsid'] }[e.of];
      expect(names.length, `${e.name}: ${names.join()}`)[open.includes(e.name) ? 'toBeGreaterThan' : 'toBe'](1);
    });
    expect(nextCalls(run)).toEqual([]);
  });

  it.each(every)('has no argument that the %s did not have', (_, run) => {
    run.slice(0, -1).forEach((_e, i) => {
      const [only, ...others] = nextCalls(run.slice(0, i + 1));
      if (!only || others.length > 0) return;
      const next = run[i + 1];
      const known = only.args.join(' ').split(UNKNOWN);
      const pattern = known.map((text) => text.replace(/[^\w]/g, '\\$&')).join('.*');
      // What a step notes of itself only its end can tell.
      const is = next?.args.filter((arg) => !arg.startsWith('era=2014')).join(' ');
      expect(`${next?.call} ${is}`).toMatch(new RegExp(`^${only.step.call} ${pattern}$`, 's'));
    });
  });

  it('takes the arguments from the steps that have shown them', () => {
    const [boot] = pushed;
    const after = (name: string) =>
      nextCalls((boot ?? []).slice(0, 1 + (boot ?? []).findIndex((e) => e.name === name)));
    const args = (name: string) => after(name)[0]?.args;
    expect(args('pivot_root')).toEqual([
      ...['devpts', '/dev/pts', 'devpts', 'MS_NOSUID|MS_NOEXEC', 'newinstance,ptmxmode=0666,mode=0620,gid=5'],
    ]);
    expect(args('unshare_cgroup')).toEqual([expect.stringMatching(/\/depot\/.*\/mnt$/)]);
    expect(args('address')).toEqual(['default', 'via', '10.254.32.5']);
    expect(args('lo_up')).toEqual([expect.stringMatching(/^w-.*-1$/), `${UNKNOWN}/30`]);
    expect(args('shm')).toEqual([UNKNOWN]);
  });

  it('goes from bind to bind, and on behind the last', () => {
    const [boot = []] = pushed;
    const binds = boot.filter((e) => e.name === 'bind');
    expect(binds.length).toBe(4);
    const first = boot.findIndex((e) => e.name === 'bind');
    binds.forEach((_, i) => {
      const [next] = nextCalls(boot.slice(0, first + i + 1));
      expect(next?.step.name).toBe(i < 3 ? 'bind' : 'leave_mounts');
      if (i < 3) expect(next?.args).toEqual(binds[i + 1]?.args);
    });
  });

  it('leaves out what the run has shown to be left out: the namespaces of today, the network', () => {
    const run = in2014 ?? [];
    expect(namesAfter(run, 'clone')).toEqual(['idmap_lower']);
    expect(namesAfter(run, 'join_cgroups')).toEqual(['chdir_root']);
    expect(namesAfter(run, 'chdir_root')).toEqual(['dev']);
    expect(namesAfter(bare ?? [], 'overlay')).toEqual(['leave_mounts']);
    expect(namesAfter(bare ?? [], 'lo_up')).toEqual(['umount_old']);
  });

  it('names all that may follow where the record does not tell which of them there are', () => {
    const [boot = [], job = []] = pushed;
    expect(namesAfter(boot, 'listen')).toEqual(['open_cgroups', 'clone']);
    expect(namesAfter(boot, 'leave_mounts')).toEqual(['veth', 'join_cgroups']);
    expect(namesAfter(job, 'setsid')).toEqual(['ctty', 'join_cgroups', 'user']);
    // A record that begins in the middle of a boot says nothing of what came before.
    const late = boot.slice(boot.findIndex((e) => e.name === 'proc'));
    expect(namesAfter(late, 'lo_up')).toEqual(['address', 'umount_old']);
    expect(namesAfter(late, 'hostname')).toEqual(['lo_up']);
  });

  it('is nothing behind a step that failed', () => {
    const [boot = []] = pushed;
    const failed = boot.slice(0, 5).map((e, i) => (i === 4 ? { ...e, result: -1 } : e));
    expect(nextCalls(failed)).toEqual([]);
    expect(nextCalls([])).toEqual([]);
  });

  it('knows a run by its causes, and neither the boot nor another job that led to it', () => {
    const at = (name: string, job: number) => steps.find((e) => e.name === name && e.job === job)?.seq ?? 0;
    const [boot = [], first = []] = pushed;
    const chain = causeChain(entries, at('user', 2));
    const run = stepsOf([...boot, ...first, ...chain]);
    expect(run.map((e) => e.name)).toEqual(['stdio', 'setsid', 'join_cgroups', 'user']);
    expect(new Set(run.map((e) => `${e.of} ${e.job}`))).toEqual(new Set(['job 2']));
    expect(stepsOf(boot)).toEqual(boot);
  });
});
