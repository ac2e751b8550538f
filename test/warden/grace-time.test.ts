// Grace time on lab time moved by hand.
import { describe, expect, it } from 'vitest';
import { memoryLab } from '../../server/lab/memory-lab.ts';
import { createGraceTime } from '../../server/warden/grace-time.ts';

function graced(seconds = 300) {
  const lab = memoryLab('warden/0');
  const expired: string[] = [];
  const grace = createGraceTime<{ name: string }>({
    lab,
    secondsOf: () => seconds,
    nameOf: (c) => c.name,
    onExpired: (c) => expired.push(c.name),
  });
  return { lab, expired, grace, c: { name: 'c' } };
}

describe('grace time', () => {
  it('begins when the last connection leaves, and any connection stops it', async () => {
    const { lab, expired, grace, c } = graced();
    const [a, b, later] = [{}, {}, {}];
    grace.register(a, c);
    grace.register(b, c);
    grace.leave(a);
    await lab.advance(400_000);
    expect(expired).toEqual([]);
    grace.leave(b);
    await lab.advance(299_000);
    grace.register(later, c);
    await lab.advance(400_000);
    expect(expired).toEqual([]);
    grace.leave(later);
    await lab.advance(300_000);
    expect(expired).toEqual(['c']);
  });

  it('begins at once for an adopted container, and never with 0 seconds', async () => {
    const { lab, expired, grace, c } = graced();
    grace.watch(c);
    await lab.advance(300_000);
    expect(expired).toEqual(['c']);
    const never = graced(0);
    never.grace.watch(never.c);
    await never.lab.advance(1e9);
    expect(never.expired).toEqual([]);
  });

  it('begins at once for a container whose connection closed while it was being made', async () => {
    const { lab, expired, grace, c } = graced();
    const a = {};
    grace.leave(a);
    grace.register(a, c);
    await lab.advance(299_000);
    expect(expired).toEqual([]);
    await lab.advance(1000);
    expect(expired).toEqual(['c']);
  });

  it('is over when the container is gone', async () => {
    const { lab, expired, grace, c } = graced();
    grace.watch(c);
    grace.forget(c);
    await lab.advance(1e9);
    expect(expired).toEqual([]);
  });
});
