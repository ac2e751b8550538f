import { describe, expect, it } from 'vitest';
import { createProcessClock, SUSPENDED_MS } from '../../server/clock/lab-clock.ts';

function clockAt(start = 1000) {
  let real = start;
  const clock = createProcessClock({ mono: () => real });
  return {
    clock,
    pass: (ms: number) => (real += ms),
    run: (lt: number) => clock.apply({ epoch: 1, running: true, lt, mono: real }),
  };
}

describe("a process's lab clock", () => {
  it('runs with real time while the owner says so, and stands still at once when a gate closes here', () => {
    const { clock, pass, run } = clockAt();
    run(500);
    pass(100);
    expect(clock.now()).toBe(600);
    clock.hold();
    pass(300);
    expect(clock.now()).toBe(600);
  });

  it('does not run again before the owner says so, although its own gate has opened', () => {
    const { clock, pass, run } = clockAt();
    run(0);
    pass(10);
    clock.hold();
    clock.release();
    pass(100);
    expect(clock.now()).toBe(10);
    run(10);
    pass(5);
    expect(clock.now()).toBe(15);
  });

  it('never goes back, even when the owner is behind', () => {
    const { clock, pass, run } = clockAt();
    run(0);
    pass(50);
    expect(clock.now()).toBe(50);
    run(20);
    expect(clock.now()).toBe(50);
    pass(40);
    expect(clock.now()).toBe(60);
  });

  it('does not jump when the host was suspended', () => {
    const { clock, pass, run } = clockAt();
    run(0);
    pass(SUSPENDED_MS - 1);
    expect(clock.now()).toBe(SUSPENDED_MS - 1);
    pass(SUSPENDED_MS + 60_000);
    expect(clock.now()).toBe(SUSPENDED_MS - 1);
    pass(10);
    expect(clock.now()).toBe(SUSPENDED_MS + 9);
  });

  it('fires in deadline order during a skip, shows each timer its own deadline, and only the kinds asked for', () => {
    const { clock } = clockAt();
    const seen: [string, number][] = [];
    const log = (label: string) => () => void seen.push([label, clock.now()]);
    clock.after(30, 'wait', 'wait', log('wait'));
    clock.every(10, 'beat', log('beat'));
    clock.after(15, 'limit', 'limit', log('limit'));
    expect(clock.fire(35, ['wait', 'beat'])).toEqual({ wait: 1, beat: 3 });
    expect(seen).toEqual([
      ['beat', 10],
      ['beat', 20],
      ['wait', 30],
      ['beat', 30],
    ]);
    expect(clock.now()).toBe(35);
    expect(clock.earliest().map((t) => [t.label, t.due])).toEqual([
      ['beat', 40],
      ['limit', 15],
    ]);
  });

  it('forgets a cancelled timer', () => {
    const { clock } = clockAt();
    let fired = 0;
    clock.after(5, 'wait', 'never', () => (fired += 1)).cancel();
    const beat = clock.every(2, 'beat', () => {
      fired += 1;
      if (fired === 2) beat.cancel();
    });
    clock.fire(100, ['wait', 'beat', 'limit']);
    expect(fired).toBe(2);
    expect(clock.timers()).toEqual([]);
  });
});
