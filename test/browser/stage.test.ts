// The stage against a whole real lab: what the kernel says about a held container is what the picture shows.
import { existsSync, readFileSync, statSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { launch, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/stage.test.ts ${whyNoBrowserLab}`);

describe.skipIf(whyNoBrowserLab)('the stage', { timeout: 60_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    page.on('pageerror', (e) => problems.push(e.message));
    await lab.api('POST', '/lab/kernel-recording', { on: true });
    for (const [name, when] of [
      ['join_cgroups', 'before'],
      ['unshare_cgroup', 'before'],
      ['pivot_root', 'before'],
      ['pivot_root', 'after'],
    ])
      await lab.api('POST', '/lab/breakpoints', { kind: 'step', machine: 'wshd-boot', name, when, once: true });
    await page.goto(`${lab.url}/`);
    void lab.api('POST', '/lab/push', { app: 'hello-node' });
    await page.locator('.held .what', { hasText: /^write\(/ }).waitFor({ timeout: 45_000 });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 20_000 });
  /** Words of the picture that lie over each other, or reach out of it. */
  const clashes = (at = page) =>
    at.evaluate(() => {
      const svg = document.querySelector('ws-stage svg');
      const whole = svg?.getBoundingClientRect();
      if (!svg || !whole) return ['no stage'];
      const seen = [...svg.querySelectorAll('text')]
        .filter((t) => (t.textContent ?? '').trim() !== '' && t.checkVisibility())
        .map((t) => ({ says: (t.textContent ?? '').trim(), box: t.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0);
      const out = seen.filter(
        ({ box: b }) => b.left < whole.left - 1 || b.right > whole.right + 1 || b.bottom > whole.bottom + 1,
      );
      // The line of a text is higher than its letters.
      const over = seen.flatMap((a, i) =>
        seen.slice(i + 1).flatMap((b) => {
          const w = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
          const h = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
          return w > 2 && h > 6 ? [`${a.says} | ${b.says}`] : [];
        }),
      );
      return [...out.map(({ says }) => `cut: ${says}`), ...over];
    });
  const seqOfCreate = async () => {
    const { entries } = (await lab.api('GET', '/lab/journal?after=0&limit=10000')).json<{ entries: Entry[] }>();
    return entries.find((e) => e.type === 'message' && e.name === 'CreateRequest' && e.phase === 'sent')?.seq;
  };
  const floor = () => page.locator('.container.large .floor');
  const files = () => floor().locator('.file').allTextContents();

  const token = () => page.locator('.container.large .process.init');
  const pidOf = async () => Number(await token().locator('.host-pid').textContent());
  /** Every wall with its line as it is drawn, beside what /proc says of that namespace. */
  const walls = async () => {
    const pid = await pidOf();
    const drawn = await page.locator('.container.large .namespace').evaluateAll((all) =>
      all.map((g) => ({
        namespace: g.getAttribute('data-namespace') ?? '',
        dashes: getComputedStyle(g.querySelector('.segment') ?? g).strokeDasharray,
        inode: (g.querySelector('.inode')?.textContent ?? '').trim(),
      })),
    );
    return drawn.map((wall) => {
      const inode = (of: number | 'self') => statSync(`/proc/${of}/ns/${wall.namespace}`).ino;
      return { ...wall, is: String(inode(pid)), hosts: inode(pid) === inode('self') };
    });
  };

  /** While this call is held and the camera is there: each of the seven has the number that /proc has. */
  const wallsAt = async (call: string) => {
    await page.locator('.held .what', { hasText: call }).waitFor({ timeout: 20_000 });
    let seen: Awaited<ReturnType<typeof walls>> = [];
    await eventually(async () => {
      seen = await walls();
      return seen.filter((w) => w.inode === w.is).length;
    }).toBe(7);
    return seen;
  };

  it("draws a wall dashed while its namespace is the host's, as /proc says, and solid once it is its own", async () => {
    const before = await wallsAt('write(');
    expect(before.filter((w) => w.hosts).map((w) => w.namespace)).toEqual(['cgroup']);
    for (const { namespace, dashes, hosts } of before) expect(dashes !== 'none', namespace).toBe(hosts);
    // Right before it gets its own the ghost says so: dots in place of the dashes.
    await page.locator('.held .go button', { hasText: 'Continue' }).click();
    const dots = await wallsAt('unshare(CLONE_NEWCGROUP)');
    const dashesOf = (all: typeof before) => all.find((w) => w.namespace === 'cgroup')?.dashes;
    expect(dots.filter((w) => w.dashes !== 'none').map((w) => w.namespace)).toEqual(['cgroup']);
    expect(dashesOf(dots)).not.toBe(dashesOf(before));
    await page.locator('.held .go button', { hasText: 'Continue' }).click();
    expect((await wallsAt('pivot_root(')).filter((w) => w.dashes !== 'none' || w.hosts)).toEqual([]);
  });

  it('comes close by itself, with every wall solid once clone and unshare have returned', async () => {
    expect(await page.locator('.container.large .namespace').count()).toBe(7);
    expect(await page.locator('.container.large .namespace.own').count()).toBe(7);
    const inodes = await page.locator('.container.large .inode').allTextContents();
    expect(new Set(inodes.filter((text) => /^\d{6,}$/.test(text.trim()))).size).toBe(7);
    const ours = page.locator('.container.large .namespace.ours');
    const marked = await ours.evaluateAll((all) => all.map((g) => g.getAttribute('data-namespace')));
    expect(marked.sort()).toEqual(['cgroup', 'user']);
  });

  it("shows the host's floor under a process that is held before pivot_root, and the very call", async () => {
    expect(await page.locator('.held .what').innerText()).toMatch(/^pivot_root\(/);
    expect(await page.locator('.held .where').innerText()).toMatch(/wshd\/\w+\.c:\d+/);
    expect(await floor().getAttribute('data-floor')).toBe('host');
    expect((await files()).length).toBeGreaterThan(5);
    expect(await page.locator('#closed').count()).toBe(1);
    expect(await page.locator('.held-bar .closed').getAttribute('display')).toBeNull();
  });

  it('shows the ghost of what the held call will change: the two trees, dotted, and that they change places', async () => {
    expect(await floor().locator('.outline.coming').getAttribute('display')).toBeNull();
    const dots = await floor()
      .locator('.outline.coming')
      .evaluate((e) => getComputedStyle(e).strokeDasharray);
    expect(dots).not.toBe('none');
    expect(await floor().locator('.swap').textContent()).toContain('change places');
    const other = page.locator('.container.large .other');
    expect(await other.locator('.where').textContent()).toMatch(/mnt/);
    expect(await other.getAttribute('class')).toContain('coming');
  });

  it('puts all that is not concerned to a third, and no word over another', async () => {
    const faint = await page
      .locator('.station')
      .first()
      .evaluate((e) => Number(getComputedStyle(e).opacity));
    expect(faint).toBeLessThan(0.4);
    const sizes = await page.evaluate(() =>
      ['.held .what', '.held .before', '.station .word'].map((s) =>
        Number.parseFloat(getComputedStyle(document.querySelector(s) ?? document.body).fontSize),
      ),
    );
    expect(sizes[0]).toBe(Math.max(...sizes));
    expect(await clashes()).toEqual([]);
  });

  it('shows beside the call its line of C with what stands around it, and opens the whole file there', async () => {
    const place = page.locator('.held .to-source');
    const [file = '', line = ''] = (await place.innerText()).split(':');
    const source = readFileSync(file, 'utf8').split('\n');
    expect(source[Number(line) - 1]).toContain('STEP(pivot_root');
    const beside = page.locator('.held .beside p');
    await eventually(() => beside.count()).toBe(5);
    expect(await beside.first().isVisible()).toBe(true);
    expect(await beside.locator('.at').allInnerTexts()).toEqual([-2, -1, 0, 1, 2].map((by) => `${Number(line) + by}`));
    const marked = page.locator('.held .beside .is-held');
    expect(await marked.innerText()).toContain(source[Number(line) - 1]);
    expect(await marked.locator('i.bar').count()).toBe(1);
    await place.press('Enter');
    await eventually(() => page.locator('.source-head .file').innerText()).toBe(`${file}:${line}`);
    expect(await page.locator('.line.lit').innerText()).toContain('STEP(pivot_root');
    await page.locator('.slot-fold').click();
    await page.locator('ws-source').waitFor({ state: 'detached' });
  });

  it('leaves the source to its panel where the stage is low, and on a phone', async () => {
    const at = page.viewportSize() ?? { width: 1440, height: 900 };
    for (const [width, height] of [
      [1440, 560],
      [360, 740],
    ] as const) {
      await page.setViewportSize({ width, height });
      await eventually(() => page.locator('.held .beside').isVisible()).toBe(false);
      expect(await page.locator('.held .to-source').isVisible()).toBe(true);
    }
    await page.setViewportSize(at);
    await eventually(() => page.locator('.held .beside').isVisible()).toBe(true);
  });

  it('keeps the subject at half to two thirds of its height, and large is only one', async () => {
    const at = page.viewportSize() ?? { width: 1440, height: 900 };
    const share = () =>
      page.evaluate(() => {
        const height = (s: string) => document.querySelector(s)?.getBoundingClientRect().height ?? 0;
        const sides = [...document.querySelectorAll('.container.large .segment')].map((e) => e.getBoundingClientRect());
        const [top, bottom] = [Math.min(...sides.map((b) => b.top)), Math.max(...sides.map((b) => b.bottom))];
        return (bottom - top) / height('ws-stage svg');
      });
    for (const [width, height] of [
      [1440, 900],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height });
      await eventually(share).toBeGreaterThan(0.5);
      expect(await share(), `${width}×${height}`).toBeLessThan(0.65);
      expect(await page.locator('.container.large').count()).toBe(1);
    }
    await page.setViewportSize(at);
  });

  it("has one token for PID 1, with both its numbers, which stays where it is in the host's tree", async () => {
    expect(await token().count()).toBe(1);
    expect(await token().locator('.pid').textContent()).toBe('1 wshd');
    const pid = await pidOf();
    expect(existsSync(`/proc/${pid}/ns/pid`)).toBe(true);
    const branch = page.locator('.container.large .tree .branch');
    const place = () => token().locator('.inner').getAttribute('x');
    const inside = await place();
    expect(await branch.getAttribute('d')).toBe('');
    await page.keyboard.press('h');
    await eventually(() => page.locator('svg.host-view').count()).toBe(1);
    const parent = /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    expect(await page.locator('.container.large .tree .starter').textContent()).toBe(parent);
    expect(await branch.getAttribute('d')).toMatch(/^M[\d.]+,[\d.]+V[\d.]+H[\d.]+$/);
    expect(await place()).toBe(inside);
    await page.keyboard.press('h');
    await eventually(() => branch.getAttribute('d')).toBe('');
  });

  it('goes out of the held container by key and in again, while it is held', async () => {
    const large = page.locator('.container.large');
    await page.keyboard.press('Escape');
    await eventually(() => large.count()).toBe(0);
    // Out is never in: a second press stays at the platform.
    await page.keyboard.press('Escape');
    await page.keyboard.press('h');
    await eventually(() => page.locator('svg.host-view').count()).toBe(1);
    expect(await large.count()).toBe(0);
    await page.keyboard.press('h');
    expect(await page.locator('.held .what').innerText()).toMatch(/^pivot_root\(/);
    await page.keyboard.press('Enter');
    await eventually(() => large.count()).toBe(1);
    // It follows what is held again: no container is written into the address.
    await eventually(() => new URL(page.url()).hash).not.toContain('in=');
  });

  it("shows the container's floor after pivot_root, and under which name the host's still hangs", async () => {
    await page.locator('.held .primary').click();
    await eventually(() => floor().getAttribute('data-floor')).toBe('container');
    await eventually(files).toContain('mnt');
    expect(await floor().locator('.file.hosts').allTextContents()).toEqual(['mnt']);
  });

  it('says behind the step which call follows, and shows its ghost', async () => {
    const what = page.locator('.held .what');
    await eventually(() => what.innerText()).toMatch(/^mount\(devpts, \/dev\/pts, devpts, MS_/);
    expect(await page.locator('.held .before').innerText()).toContain('wshd called pivot_root(., mnt)');
    const dev = floor().locator('.file-cell', { hasText: /^dev/ }).first();
    expect(await dev.locator('.outline.coming').getAttribute('display')).toBeNull();
    expect(await page.locator('.held .beside .is-held').getAttribute('class')).toContain('after');
  });

  it('marks what the last step changed until the next one, by an outline and by a word', async () => {
    const marked = floor().locator('.outline.new');
    expect(await marked.count()).toBe(1);
    expect(await marked.getAttribute('display')).toBeNull();
    expect(await floor().locator('.swap').textContent()).toBe('new');
    expect(await page.locator('.container.large .namespace.new').count()).toBe(0);
    await page.locator('.held .primary').click();
    await page.locator('.held .what', { hasText: 'devpts' }).waitFor({ timeout: 20_000 });
    await eventually(() => floor().locator('.swap').textContent()).toBe('');
  });

  it('says the same as its picture in tables that are opened by keyboard', async () => {
    await page.locator('.as-table summary').press('Enter');
    const tables = page.locator('.as-table .tables');
    await eventually(() => tables.locator('table').count()).toBeGreaterThan(4);
    const inodes = await page.locator('.container.large .inode').allTextContents();
    const pid = await page.locator('.container.large .process.init .host-pid').textContent();
    const text = await tables.innerText();
    for (const inode of inodes) expect(text).toContain(inode.trim());
    expect(text).toContain(String(pid));
    expect(text).toMatch(/will change/);
    await page.locator('.as-table summary').press('Enter');
    await eventually(() => tables.count()).toBe(0);
  });

  it('shows the floor of an earlier moment when that moment is looked at', async () => {
    await page.getByRole('searchbox').fill('is held before pivot_root');
    await page.locator('.row.gate').first().click();
    await eventually(() => floor().getAttribute('data-floor')).toBe('host');
    expect(await page.locator('.past-note').innerText()).toMatch(/The past: \d+ of \d+/);
    const tint = await page.locator('ws-stage svg').evaluate((e) => getComputedStyle(e).backgroundColor);
    expect(tint).not.toBe('rgba(0, 0, 0, 0)');
    await page.keyboard.press('Escape');
    await page.getByRole('searchbox').fill('');
    await page.keyboard.press('Escape');
    await eventually(() => floor().getAttribute('data-floor')).toBe('container');
  });

  it('selects a message in the list, in the URL and on its path alike', async () => {
    await page.getByRole('button', { name: 'Whole platform' }).click();
    const bead = page.locator('.bead').last();
    const seq = Number(await bead.getAttribute('data-seq'));
    await bead.click();
    await eventually(() => page.locator('.bead.chosen').getAttribute('data-seq')).toBe(String(seq));
    expect(new URL(page.url()).hash).toContain(`at=${seq}`);
    await eventually(() => page.locator('.row.chosen .seq').innerText()).toBe(String(seq));
    expect(await page.locator('.detail h2 .number').first().innerText()).toBe(String(seq));
  });

  it('goes into a container by key and by click, and back', async () => {
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Whole platform' }).click();
    const large = page.locator('.container.large');
    await eventually(() => large.count()).toBe(0);
    await page.locator('body').press('Enter');
    await eventually(() => large.count()).toBe(1);
    await page.getByRole('button', { name: 'Whole platform' }).click();
    await eventually(() => large.count()).toBe(0);
    // By arrow keys to the container, and in.
    await page.locator('ws-stage svg').focus();
    await page.keyboard.press('ArrowRight');
    await eventually(() =>
      page.evaluate(() => document.activeElement?.closest('.container')?.getAttribute('data-handle') ?? ''),
    ).not.toBe('');
    await page.keyboard.press('Enter');
    await eventually(() => large.count()).toBe(1);
    await page.getByRole('button', { name: 'Whole platform' }).click();
    await page.locator('.container .title').first().click();
    await eventually(() => large.count()).toBe(1);
  });

  it('hangs gauges that were read back, and lets no arrived message lie about, when the push is done', async () => {
    await lab.api('POST', '/lab/continue', {});
    await page.goto(`${lab.url}/#in=platform`);
    await page.reload();
    await page.locator('.station .note', { hasText: 'hello-node.localhost' }).waitFor({ timeout: 60_000 });
    const memory = page.locator('.gauges:not([display]) .memory').last();
    await eventually(() => memory.getAttribute('data-limit')).toBe(String(256 * 2 ** 20));
    const usage = Number(await memory.getAttribute('data-usage'));
    expect(usage).toBeGreaterThan(2 ** 20);
    expect(usage).toBeLessThan(256 * 2 ** 20);
    expect(Number(await page.locator('.gauges .cpu').last().getAttribute('data-shares'))).toBeGreaterThan(0);
    // Of each path one that came last, and none on its way.
    await eventually(() => page.locator('.bead.flying').count()).toBe(0);
    const paths = await page.locator('.path').count();
    expect(paths).toBeGreaterThan(4);
    expect(await page.locator('.bead').count()).toBeLessThanOrEqual(paths + 1);
    await eventually(clashes).toEqual([]);
  });

  it('names each message of the push while its entry is looked at, once, in a lane of its own', async () => {
    const { entries } = JSON.parse((await lab.api('GET', '/lab/journal?after=0&limit=5000')).text);
    const sent = entries.filter(
      (e: Entry) => e.type === 'message' && e.phase === 'sent' && !e.background && e.run !== null,
    );
    expect(sent.length).toBeGreaterThan(40);
    const every = Math.ceil(sent.length / 12);
    for (const { seq } of sent.filter((_: Entry, i: number) => i % every === 0)) {
      await page.goto(`${lab.url}/#at=${seq}&in=platform`);
      await eventually(() => page.locator('.bead.chosen').getAttribute('data-seq')).toBe(String(seq));
      expect(await page.locator('.bead.chosen').count()).toBe(1);
      expect(await page.locator('.message-name').textContent()).not.toBe('');
      await eventually(clashes).toEqual([]);
    }
  });

  it.each(['no-preference', 'reduce'] as const)(
    'lets messages travel and pivot_root slide the floor, and nothing for who asks for no motion: %s',
    async (reducedMotion) => {
      const { entries }: { entries: Entry[] } = JSON.parse(
        (await lab.api('GET', '/lab/journal?after=0&limit=5000')).text,
      );
      const before = (fits: (e: Entry) => boolean) => (entries.find(fits)?.seq ?? 0) - 1;
      const turned = (e: Entry) => e.type === 'kernel' && (e.diff.root?.[0] ?? null) !== null;
      const created = before((e) => e.type === 'message' && e.name === 'CreateRequest' && e.phase === 'sent');
      const called = before((e) => e.type === 'step' && e.name === 'pivot_root' && e.when === 'after');
      // The floor turns when the kernel has been seen to have turned it.
      const pivoted = before((e) => e.seq > called && turned(e));
      const other = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion });
      other.on('pageerror', (e) => problems.push(e.message));
      await other.addInitScript(() => {
        const moved: string[] = [];
        Object.assign(window, { moved });
        const { animate } = Element.prototype;
        Element.prototype.animate = function (...how) {
          moved.push(this.getAttribute('class') ?? '');
          return animate.apply(this, how);
        };
        const watch = new MutationObserver((all) => {
          for (const { addedNodes } of all)
            for (const node of addedNodes)
              if (node instanceof SVGCircleElement) moved.push(node.getAttribute('class') ?? '');
        });
        watch.observe(document, { subtree: true, childList: true });
      });
      const at = () => Number(new URLSearchParams(new URL(other.url()).hash.slice(1)).get('at'));
      /** One step on from `seq`, entry by entry; what moves with it is noted. */
      const step = async (seq: number) => {
        await other.goto(`${lab.url}/#at=${seq}`);
        await other.reload();
        await eventually(() => other.locator('.position').innerText()).toContain(`looking at ${seq} of`);
        await other.locator('select.grain').selectOption('entry');
        await other.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
        await eventually(() => other.locator('.moving').count()).toBe(0);
        await other.evaluate(() => {
          Reflect.get(window, 'moved').length = 0;
        });
        await other.keyboard.press('j');
        await eventually(at).toBe(seq + 1);
      };
      const has = (fits: RegExp) =>
        other.evaluate(
          (text) => Reflect.get(window, 'moved').some((name: string) => new RegExp(text).test(name)),
          fits.source,
        );
      const moving = reducedMotion === 'no-preference';
      await step(created);
      await eventually(() => other.locator('.message-name').textContent()).toContain('CreateRequest');
      await eventually(() => has(/^moving$/)).toBe(moving);
      await step(pivoted);
      await eventually(() => other.locator('.container.large .floor').getAttribute('data-floor')).toBe('container');
      await eventually(() => has(/^floor/)).toBe(moving);
      await other.close();
    },
  );

  for (const [width, height, keys, below] of [
    [1280, 720, ['f'], ''],
    [1280, 720, [], '&below=chart'],
    [1920, 1080, [], ''],
    [360, 740, [], ''],
    [360, 740, ['f'], ''],
  ] as const)
    it(`is whole and readable at ${width}×${height}${below && ' over an open drawer'}${keys.length > 0 ? ' for a presenter' : ''}, far and near`, async () => {
      const small = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
      small.on('pageerror', (e) => problems.push(e.message));
      await small.goto(`${lab.url}/#in=platform${below}`);
      // The record is read: there is a container to enter.
      await small.locator('.container').first().waitFor();
      for (const key of keys) await small.keyboard.press(key);
      await eventually(() => clashes(small)).toEqual([]);
      // With the name of a message that goes through a hatch.
      await small.goto(`${lab.url}/#in=platform&at=${await seqOfCreate()}${below}`);
      await eventually(() => small.locator('.message-name').textContent()).toBe('CreateRequest');
      await eventually(() => clashes(small)).toEqual([]);
      await small.goto(`${lab.url}/#in=platform${below}`);
      await eventually(() => small.locator('.message-name').textContent()).not.toBe('CreateRequest');
      await small.locator('body').press('Enter');
      await eventually(() => small.locator('.container.large').count()).toBe(1);
      await eventually(() => clashes(small)).toEqual([]);
      const least = await small.evaluate(() =>
        Math.min(
          ...[...document.querySelectorAll('ws-stage text')].map((t) =>
            Number.parseFloat(getComputedStyle(t).fontSize),
          ),
        ),
      );
      expect(least).toBeGreaterThanOrEqual(keys.length > 0 ? 16 : 12);
      expect(await small.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      await small.close();
    });
});
