// The stage as a function of a recorded run: what stands on it, what is marked, and where it stands.
import { describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { emptyModel } from '../../web/model.ts';
import { aheadOf, COMING, foreseen } from '../../web/stage/ahead.ts';
import { type Box, layoutOf } from '../../web/stage/layout.ts';
import { ghostsOf, newSince, withComing } from '../../web/stage/marks.ts';
import { lastStep, stageAt } from '../../web/stage/model.ts';
import { nextText } from '../../web/stage/next.ts';
import { beadAt } from '../../web/stage/passing.ts';
import { excerptOf } from '../../web/stage/source-beside.ts';
import { lineOf, waysOf } from '../../web/stage/ways.ts';
import { recordedPushes } from './recorded.ts';

const entries = recordedPushes();
const head = entries.at(-1)?.seq ?? 0;
const seqOf = (fits: (e: Entry) => boolean) => entries.find(fits)?.seq ?? 0;
const step = (name: string, when: 'before' | 'after') => (e: Entry) =>
  e.type === 'step' && e.name === name && e.when === when;
const message = (name: string, phase: string) => (e: Entry) =>
  e.type === 'message' && e.name === name && e.phase === phase;
/** The stage behind a held call or message that the record does not hold: as if it were at this entry. */
const ghost = (e: Entry | undefined) => {
  if (e?.type !== 'step' && e?.type !== 'message') throw new Error('no call and no message');
  const view = stageAt(entries, e.seq);
  const kind = e.type === 'step' ? ('step' as const) : ('delivery' as const);
  const more =
    e.type === 'step'
      ? { when: 'before' as const, handle: e.handle, machine: 'wshd-boot' }
      : { transport: e.transport };
  const point = { kind, proc: e.proc, actor: e.actor, name: e.name, ...more };
  const args = e.type === 'step' ? e.args : [];
  const ahead = foreseen(view, { point, args, payload: e.type === 'message' ? e.payload : undefined });
  return { marks: ghostsOf(view, ahead), both: withComing(view, ahead) };
};

describe('the stage of a recorded push', () => {
  it('lets no message lie about: of each path only the last, and what is on its way', () => {
    const { paths } = stageAt(entries, head);
    expect(paths.length).toBeGreaterThan(4);
    for (const { flying } of paths) expect(flying).toEqual([]);
    const warden = paths.find((p) => p.path.startsWith('warden:'));
    expect(warden?.passed).toBeGreaterThan(20);
  });

  it('has a message on its way from its sending, or its hold, to its receiving', () => {
    const flies = (seq: number) =>
      stageAt(entries, seq).paths.some((p) => p.flying.some((b) => b.name === 'CreateRequest'));
    const sent = seqOf(message('CreateRequest', 'sent'));
    const received = seqOf((e) => e.seq > sent && message('CreateRequest', 'received')(e));
    expect([flies(sent - 1), flies(sent), flies(received - 1), flies(received)]).toEqual([false, true, true, false]);
    const held = entries.find((e) => e.type === 'gate' && e.phase === 'held' && e.point.name === 'CreateRequest');
    const waiting = stageAt(entries, held?.seq ?? 0).paths.flatMap((p) => p.flying.filter((b) => b.held));
    expect(waiting.map((b) => b.name)).toEqual(['CreateRequest']);
  });

  it('finds each foreground message while its entry is looked at, with a way from its sender', () => {
    const frame = { width: 1040, height: 640, zoom: null, text: 15, small: 13 };
    const layout = layoutOf(stageAt(entries, head), frame);
    const lost = entries.filter((e) => {
      if (e.type !== 'message' || e.background || e.run === null) return false;
      const bead = beadAt(entries, e.seq);
      return !bead || waysOf(layout, bead).length === 0;
    });
    expect(lost.map((e) => `${e.seq} ${e.type === 'message' ? `${e.from} ${e.to} ${e.name}` : ''}`)).toEqual([]);
  });

  it('shows memory and processor time as they were read back, not as they were asked for', () => {
    const limited = seqOf(message('LimitMemoryRequest', 'received'));
    const before = stageAt(entries, limited).containers.at(-1)?.gauges.memory;
    expect(before?.limit ?? null).toBeNull();
    const last = stageAt(entries, head).containers.at(-1)?.gauges;
    expect(last?.memory.limit).toBe(256 * 2 ** 20);
    expect(last?.memory.usage).toBeGreaterThan(2 ** 20);
    expect(last?.memory.usage).toBeLessThan(256 * 2 ** 20);
    expect(last?.memory.rss).toBeLessThanOrEqual(last?.memory.usage ?? 0);
    expect(last?.cpu).toMatchObject({ unit: 'shares' });
  });

  it('has the two trees change places at pivot_root, and one of them go at umount', () => {
    // Right before the next call, when the kernel has been looked at.
    const priorTo = (name: string) => {
      const index = entries.findIndex(step(name, 'after'));
      return stageAt(entries, entries[index - 1]?.seq ?? 0).containers.at(-1)?.floor;
    };
    const [nodes, devpts, setsid] = [priorTo('pivot_root'), priorTo('devpts'), priorTo('guard')];
    expect([nodes?.of, nodes?.other?.of]).toEqual(['host', 'container']);
    expect(nodes?.other?.names).toContain('usr');
    expect([devpts?.of, devpts?.other]).toEqual(['container', { of: 'host', at: '/mnt', names: [] }]);
    expect([setsid?.of, setsid?.other]).toEqual(['container', null]);
  });

  it('forgets a process whose job has ended, and knows it by its program once that has begun', () => {
    const executed = seqOf((e) => e.type === 'step' && e.of === 'job' && e.name === 'execve' && e.when === 'after');
    const names = (seq: number) => stageAt(entries, seq).containers[0]?.processes.map((p) => p.name);
    expect(names(executed)).toEqual(['bash']);
    const answered = seqOf((e) => e.seq > executed && message('RunResponse', 'sent')(e));
    expect(names(answered)?.filter((name) => name === 'bash')).toEqual([]);
  });
});

describe('the ghost of what will change', () => {
  const cases: [string, string[]][] = [
    ['clone', ['wall:pid', 'wall:net', 'wall:mnt', 'wall:uts', 'wall:ipc', 'wall:user', 'wshd']],
    ['unshare_cgroup', ['wall:cgroup']],
    ['map_ids', ['fact:user']],
    ['overlay', ['other']],
    ['join_cgroups', ['gauges']],
    ['pivot_root', ['floor', 'other']],
    ['proc', ['file:container:proc']],
    ['hostname', ['fact:uts']],
    ['address', ['fact:net']],
  ];
  for (const [name, parts] of cases)
    it(`before ${name} is ${parts.join(', ')}`, () => {
      // The record has the call only when it has returned: the stage before it is that of the entry before.
      const index = entries.findIndex(step(name, 'after'));
      const [e, prior] = [entries[index], entries[index - 1]];
      const view = stageAt(entries, prior?.seq ?? 0);
      if (e?.type !== 'step') throw new Error(`no ${name} in the record`);
      const point = {
        kind: 'step' as const,
        proc: e.proc,
        actor: e.actor,
        name,
        when: 'before' as const,
        handle: e.handle,
      };
      const marks = ghostsOf(
        view,
        foreseen(view, { point: { ...point, machine: 'wshd-boot' }, args: e.args, payload: null }),
      );
      const coming = [...marks].filter(([, mark]) => mark === 'coming').map(([key]) => key.replace(`${e.handle} `, ''));
      for (const part of parts) expect(coming).toContain(part);
    });

  /** Held behind the step that came before this one: as if it were right before this one returned. */
  const behind = (name: string) => {
    const index = entries.findIndex(step(name, 'after'));
    const e = entries.slice(0, index).findLast((one) => one.type === 'step');
    if (e?.type !== 'step') throw new Error(`nothing before ${name}`);
    const { proc, actor, handle, file, line } = e;
    const point = {
      kind: 'step' as const,
      ...{ proc, actor, handle, file, line, name: e.name },
      when: 'after' as const,
    };
    const view = stageAt(entries, entries[index - 1]?.seq ?? 0);
    const held = { gate: 'g', point: { ...point, machine: 'wshd-boot' } };
    const ahead = aheadOf(entries, held.point, e.seq);
    const marks = ghostsOf(view, foreseen(view, ahead));
    const coming = [...marks].filter(([, mark]) => mark === 'coming').map(([key]) => key.replace(`${handle} `, ''));
    const next = (language: 'en' | 'ja') => nextText({ ...emptyModel(), entries, language }, held, e.seq);
    return { coming, next };
  };
  for (const [name, parts] of cases.filter(([name]) => name !== 'clone'))
    it(`behind the step before ${name} is ${parts.join(', ')} as well`, () => {
      for (const part of parts) expect(behind(name).coming).toContain(part);
    });

  it('behind a step comes with the very call that follows, all that may follow, or that the boot is over', () => {
    expect(behind('devpts').next('en')).toBe(
      'mount(devpts, /dev/pts, devpts, MS_NOSUID|MS_NOEXEC, newinstance,ptmxmode=0666,mode=0620,gid=5)',
    );
    expect(behind('address').next('en')).toMatch(/^RTM_NEWADDR\(w-\w+-1, …\/30\)$/);
    expect(behind('veth').next('en')).toBe('RTM_NEWLINK(…, …, mtu=…) or write(…, 0)');
    expect(behind('veth').next('ja')).toContain(' または ');
    expect(behind('veth').coming).toEqual([]);
    const guard = entries.find(step('guard', 'after'));
    if (guard?.type !== 'step') throw new Error('no guard');
    const point = {
      kind: 'step' as const,
      proc: guard.proc,
      actor: guard.actor,
      name: 'guard',
      when: 'after' as const,
    };
    expect(nextText({ ...emptyModel(), entries }, { gate: 'g', point }, guard.seq)).toBe(
      'wshd is ready and waits for jobs',
    );
  });

  it('before umount_old is the tree that will go', () => {
    const index = entries.findIndex(step('umount_old', 'after'));
    const { marks } = ghost({ ...entries[index], seq: entries[index - 1]?.seq ?? 0 } as Entry);
    expect([...marks.values()]).toEqual(['going']);
  });

  it('of a request is the container, the door or the limit that it asks for', () => {
    const created = ghost(entries.find(message('CreateRequest', 'sent')));
    expect([...created.marks]).toEqual([[`${COMING} container`, 'coming']]);
    expect(created.both.containers.map((c) => c.handle)).toContain(COMING);
    const door = ghost(entries.find(message('NetInRequest', 'sent')));
    expect([...door.marks.keys()].some((key) => key.includes(' door:'))).toBe(true);
    const limit = ghost(entries.find(message('LimitMemoryRequest', 'sent')));
    expect([...limit.marks.keys()].map((key) => key.split(' ')[1])).toEqual(['memory']);
    const destroyed = ghost(entries.find(message('DestroyRequest', 'sent')));
    expect([...destroyed.marks.values()]).toEqual(['going']);
    const started = ghost(
      entries.find((e) => e.type === 'message' && /^staging\..+\.start$/.test(e.name) && e.phase === 'sent'),
    );
    expect(started.marks.size).toBeLessThanOrEqual(1);
  });

  it('reads the arguments from the entries that led to the gate', () => {
    const gate = entries.find((e) => e.type === 'gate' && e.phase === 'held' && e.point.name === 'CreateRequest');
    if (gate?.type !== 'gate') throw new Error('nothing was held');
    expect(aheadOf(entries, gate.point, gate.seq).payload).toBeDefined();
  });
});

describe('what the card says of a held script line', () => {
  const point = { kind: 'script' as const, proc: 'dea/0', actor: 'staging-task:1', name: 'cp -a "$1"\n  "$2"' };
  it('is its command, and its line where it cannot be read', () => {
    const next = (name: string) =>
      nextText(emptyModel(), { gate: 'g', point: { ...point, name, file: 'bin/compile', line: 12 } }, undefined);
    expect(next(point.name)).toBe('cp -a "$1"\n  "$2"');
    expect(next('')).toBe('line 12 of compile');
  });
});

describe('the source beside what is held', () => {
  const text = ['a', '  b', '    c', '', '    d', '    e', 'f', ''].join('\n');
  it('is the held line and two lines on each side, moved left together', () => {
    expect(excerptOf(text, 4)).toEqual({
      line: 4,
      lines: ['b', '  c', '', '  d', '  e'].map((line, i) => ({ at: i + 2, text: line })),
    });
  });

  it('keeps its five lines at both ends of the file', () => {
    expect(excerptOf(text, 1).lines.map((l) => l.at)).toEqual([1, 2, 3, 4, 5]);
    expect(excerptOf(text, 7).lines.map((l) => l.at)).toEqual([3, 4, 5, 6, 7]);
    expect(excerptOf('one', 1).lines).toEqual([{ at: 1, text: 'one' }]);
  });
});

describe('what the last step changed', () => {
  it('is what the call and the samples behind it changed, and no more', () => {
    const at = seqOf(step('hostname', 'after'));
    const index = entries.findIndex((e) => e.seq === at) + 1;
    const before = lastStep(entries, index, 'past') ?? 0;
    const marks = newSince(stageAt(entries, before), stageAt(entries, at));
    expect([...marks].map(([key, mark]) => [key.split(' ')[1], mark])).toEqual([['fact:uts', 'new']]);
  });

  it('is one mark for a container that is wholly new', () => {
    const born = seqOf((e) => e.type === 'transition' && e.machine === 'container' && e.event === 'xstate.init');
    const marks = newSince(stageAt(entries, born - 1), stageAt(entries, born));
    expect([...marks.keys()].map((key) => key.split(' ')[1])).toEqual(['container']);
  });

  it('is nothing while nobody steps', () => {
    expect(lastStep([], 0, 'live')).toBeNull();
  });
});

describe('the layout', () => {
  const inside = (box: Box, w: number, h: number) =>
    box.x >= 0 && box.y >= 0 && box.x + box.w <= w + 0.5 && box.y + box.h <= h + 0.5;
  const sizes = [
    [1040, 640, 15],
    [1280, 430, 18],
    [1500, 880, 15],
    [360, 340, 14],
  ] as const;
  const view = stageAt(entries, head);
  const [one] = view.containers;
  const many = (count: number) => ({
    ...view,
    containers: one ? Array.from({ length: count }, (_, i) => ({ ...one, handle: `h${i}`, node: i % 2 })) : [],
  });

  for (const [width, height, text] of sizes)
    for (const count of [0, 1, 3, 9])
      it(`keeps ${count} containers on the stage at ${width}×${height}, above the kernel and clear of each other`, () => {
        const frame = { width, height, text, small: Math.max(12, text - 2) };
        for (const zoom of [null, ...(count > 0 ? ['h0'] : [])]) {
          const layout = layoutOf(many(count), { ...frame, zoom });
          const boxes = Object.values(layout.containers).filter((c) => c.w > 0);
          for (const box of boxes) expect(inside(box, width, zoom ? height : Number.POSITIVE_INFINITY)).toBe(true);
          for (const house of Object.values(layout.houses).filter((h) => h.w > 0 && h.x < width))
            expect(inside(house, width, layout.kernel)).toBe(true);
          const large = boxes.filter((b) => b.size === 'large');
          expect(large.length).toBe(zoom ? 1 : 0);
          for (const box of large) expect(box.y + box.h).toBeLessThan(layout.kernel);
          const overlaps = boxes.flatMap((a, i) =>
            boxes
              .slice(i + 1)
              .filter((b) => a.x < b.x + b.w - 1 && b.x < a.x + a.w - 1 && a.y < b.y + b.h - 1 && b.y < a.y + a.h - 1),
          );
          expect(overlaps).toEqual([]);
        }
      });

  it('gives the large container half to two thirds of the height, the house it talks to one row', () => {
    for (const [width, height] of [
      [1040, 640],
      [1500, 880],
    ] as const) {
      const layout = layoutOf(many(3), { width, height, zoom: 'h1', text: 15, small: 13 });
      const large = Object.values(layout.containers).filter((c) => c.size === 'large');
      expect(large.length).toBe(1);
      const share = (large[0]?.h ?? 0) / height;
      expect(share, `${width}×${height}`).toBeGreaterThan(0.5);
      expect(share, `${width}×${height}`).toBeLessThan(0.65);
      const talks = layout.houses[many(3).containers[1]?.node ?? -1];
      expect(talks?.h).toBe(layout.line * 2.2);
    }
  });

  it('never changes order and side: whoever stood left of another does so at any zoom', () => {
    const frame = { width: 1040, height: 640, text: 15, small: 13 };
    const left = (zoom: string | null) => {
      const { sky, houses } = layoutOf(many(3), { ...frame, zoom });
      return [Object.entries(sky), Object.entries(houses)].map((all) =>
        all.sort((a, b) => a[1].x - b[1].x).map(([key]) => key),
      );
    };
    expect(left('h0')).toEqual(left(null));
    expect(left('h1')).toEqual(left(null));
  });

  it('draws a line for every path that was taken', () => {
    const layout = layoutOf(view, { width: 1040, height: 640, zoom: null, text: 15, small: 13 });
    expect(view.paths.filter(({ path }) => lineOf(layout, path) === null).map((p) => p.path)).toEqual([]);
  });
});
