// Record, sequence, entry, statechart and breakpoints against a whole real lab: one moment, in every view and on two pages.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { journeysOf } from '../../machines/sequence.ts';
import { PANELS } from '../../web/panels.ts';
import { launch, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { pushed } from '../support/pushed.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/views.test.ts ${whyNoBrowserLab}`);

describe.skipIf(whyNoBrowserLab)('the views of a real push', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let entries: Entry[] = [];
  const problems: string[] = [];

  const fresh = async (hash: string) => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    const made = await context.newPage();
    made.on('pageerror', (e) => problems.push(e.message));
    await made.goto(`${lab.url}/${hash}`);
    await made.locator('header .lab').waitFor();
    return made;
  };
  /** The page anew, not only its hash. */
  const go = async (there: string) => {
    await page.goto('about:blank');
    await page.goto(`${lab.url}/${there}`);
  };
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 60_000, interval: 200 });
  const hash = () => new URL(page.url()).hash;
  const at = (seq: number | string) => eventually(hash).toMatch(new RegExp(`at=${seq}(&|$)`));

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    await lab.api('POST', '/lab/kernel-recording', { on: true });
    entries = await pushed(lab);
    browser = await launch();
    page = await fresh('');
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const create = () => journeysOf(entries).all.find((j) => j.name === 'CreateRequest')?.seq ?? 0;

  it('select one message in the list, and entry, sequence and URL are at it', async () => {
    await page.getByRole('searchbox').fill('sent CreateRequest');
    await page.locator('.row.message').first().click();
    await at(create());
    await eventually(() => page.locator('.inspector h2').innerText()).toContain(String(create()));
    await page.getByRole('searchbox').fill('');
    await page.getByRole('tab', { name: 'Sequence' }).click();
    await eventually(() => page.locator('.sequence-row.chosen .seq').innerText()).toBe(String(create()));
    expect(await page.locator('.sequence-row.chosen').textContent()).toContain('DEA 0 → Warden 0');
  });

  it('show the same moment in a fresh browser by its URL alone', async () => {
    const other = await fresh(hash());
    await eventually(() => other.locator('.sequence-row.chosen .seq').innerText()).toBe(String(create()));
    await eventually(() => other.locator('.inspector .says').innerText()).toBe(
      await page.locator('.inspector .says').innerText(),
    );
    await other.context().close();
  });

  it('have each foreground message of the push exactly once in the sequence, and once in the list', async () => {
    const mine = journeysOf(entries).all.filter((j) => !j.background && j.run !== null);
    expect(mine.length).toBeGreaterThan(50);
    await page.getByLabel('states').uncheck();
    await page.locator('.sequence-tools select').selectOption({ index: 1 });
    const sequence = await collect(page, '.sequence-scroll', '.sequence-row.message');
    expect(sequence).toEqual(mine.map((j) => j.seq));
    await page.getByLabel('states').check();
    await page.getByRole('tab', { name: 'Record' }).click();
    await page.getByLabel('all kinds').selectOption('message');
    expect(await collect(page, '.rows', '.row.message:not(.faint)')).toEqual(sequence);
    await page.getByLabel('all kinds').selectOption('');
    await page.getByLabel('all runs').selectOption('');
  });

  it('light the bytes of a field, and the field of a byte', async () => {
    await page.goto(`${lab.url}/#at=${create()}`);
    const frame = page.locator('ws-frame').first();
    await frame.locator('.frame-field', { hasText: 'payload' }).hover();
    await eventually(() => frame.locator('.byte.lit').count()).toBeGreaterThan(4);
    // The pointer rests elsewhere: what moves under it must not be taken for a choice.
    await page.mouse.move(5, 5);
    await frame.locator('.frame-fields').focus();
    await page.keyboard.press('Home');
    await eventually(() => frame.locator('.frame-field.lit .key').innerText()).toBe('length');
    // The length is written in decimal digits before a line end: the very bytes on the wire.
    const lit = await frame.locator('.byte.lit').allTextContents();
    expect(Buffer.from(lit.join(''), 'hex').toString()).toMatch(/^\d+\r\n$/);
    await frame.locator('.frame-dump').focus();
    await page.keyboard.press('End');
    await eventually(() => frame.locator('.frame-field.lit .key').innerText()).toBe('end');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await eventually(() => frame.locator('.frame-field.lit').count()).toBe(1);
    await at(create());
  });

  it.each([
    ['nats', 'staging.*.start', /^staging\..*\.start$/],
    ['nats', 'router.register', /^router\.register$/],
    ['http', '201 PUT /v2/apps/:guid', /^201 PUT \/v2\/apps\/:guid$/],
  ])('show what a message of %s carries as a tree, field by field: %s', async (transport, _, name) => {
    const message = entries.find(
      (e) =>
        e.type === 'message' && e.phase === 'sent' && e.transport === transport && name.test(e.name) && !e.background,
    );
    const payload = message?.type === 'message' ? message.payload : undefined;
    const carried = leavesOf(payload);
    expect(Object.keys(carried).length).toBeGreaterThan(2);
    await go(`#at=${message?.seq}`);
    const tree = page.locator('.inspector .json-tree').first();
    await tree.waitFor();
    const drawn = await tree.locator('.leaf').evaluateAll((all) =>
      all.map((leaf) => {
        const path = [leaf.querySelector('.key')?.textContent ?? ''];
        for (let up = leaf.parentElement?.closest('details'); up; up = up.parentElement?.closest('details'))
          path.unshift(up.querySelector('summary .key')?.textContent ?? '');
        return [path.join('/'), leaf.querySelector('.value')?.textContent ?? ''];
      }),
    );
    expect(Object.fromEntries(drawn)).toEqual(carried);
    // The first level is open: its fields can be read without a click.
    expect(await tree.locator('.key').first().isVisible()).toBe(true);
  });

  it('show a sample of the kernel as before and after, a step as its call, a transition with what changed', async () => {
    const seqOf = (fits: (e: Entry) => boolean) => entries.find(fits)?.seq ?? 0;
    const inspector = page.locator('.inspector');
    await page.goto(`${lab.url}/#at=${seqOf((e) => e.type === 'step' && e.name === 'pivot_root')}`);
    await eventually(() => inspector.locator('.call').innerText()).toMatch(/^pivot_root\(.*\) = 0$/);
    await inspector.getByRole('button', { name: /Source wshd\/\w+\.c:\d+/ }).waitFor();
    const pivot = seqOf((e) => e.type === 'kernel' && 'root' in e.diff && e.diff.root?.[0] !== null);
    await page.goto(`${lab.url}/#at=${pivot}`);
    await eventually(() => inspector.locator('.changes tbody tr', { hasText: 'root' }).count()).toBeGreaterThan(0);
    await page.goto(
      `${lab.url}/#at=${seqOf((e) => e.type === 'transition' && 'hostPort' in e.context && e.context.hostPort !== null)}`,
    );
    await eventually(() => inspector.locator('.changes tbody tr', { hasText: 'hostPort' }).innerText()).toMatch(
      /none\s+61\d\d\d/,
    );
  });

  it('light the statechart at the moment of the cursor, with what was possible then', async () => {
    const starting = entries.find((e) => e.type === 'transition' && e.machine === 'instance' && e.event === 'start');
    await go(`#at=${starting?.seq}&below=chart`);
    await eventually(() => page.locator('.chart-head .state').innerText()).toContain('STARTING');
    expect(await page.locator('.edge.possible, .row.possible').count()).toBeGreaterThan(0);
    const sizes = await page.locator('ws-chart .state .title').evaluateAll((all) =>
      all.map((one) => {
        const scale = one instanceof SVGGraphicsElement ? (one.getScreenCTM()?.a ?? 0) : 0;
        return Number.parseFloat(getComputedStyle(one).fontSize) * scale;
      }),
    );
    expect(Math.min(...sizes)).toBeGreaterThanOrEqual(12);
  });

  it('are there although the network broke their program off, which a browser does not ask for again', async () => {
    const broken = await fresh('');
    let asked = 0;
    await broken.route('**/assets/breakpoints-*.js', (route) => {
      asked += 1;
      return asked === 1 ? route.abort('failed') : route.continue();
    });
    await broken.goto('about:blank');
    await broken.goto(`${lab.url}/#at=${create()}&under=breakpoints`);
    await broken.locator('.add-breakpoint').waitFor();
    expect(asked).toBe(2);
    expect(broken.url()).toContain(`#at=${create()}&under=breakpoints`);
    await broken.context().close();
  });

  it('need nothing of the network any more, a moment after the first view', async () => {
    const early = await fresh('');
    const tags = PANELS.map((panel) => panel.tag);
    await eventually(() => early.evaluate((all) => all.filter((tag) => !customElements.get(tag)), tags)).toEqual([]);
    await early.route('**/assets/**', (route) => route.abort('failed'));
    for (const { id, tag } of PANELS.filter((panel) => panel.place === 'drawer')) {
      await early.locator(`#tab-${id}`).click();
      await early.locator(tag).waitFor();
    }
    await early.context().close();
  });

  it('break at a message from the sequence by one key, hold the next push there, and keep it over a reload', async () => {
    await go(`#at=${create()}&show=sequence&under=breakpoints`);
    await page.locator('.sequence-row.chosen').waitFor();
    await page.keyboard.press('x');
    await page.locator('.breakpoints li', { hasText: 'CreateRequest @ warden:0' }).waitFor();
    await page.reload();
    await page.locator('.breakpoints li', { hasText: 'CreateRequest @ warden:0' }).waitFor();
    await lab.api('POST', '/lab/push', { app: 'hello-node' });
    await page.keyboard.press('End');
    const held = page.locator('.breakpoints li.holds');
    await held.waitFor({ timeout: 90_000 });
    await eventually(() => page.locator('.sequence-row .closed').count()).toBeGreaterThan(0);
    await eventually(() => held.innerText()).toMatch(/hit \d/);
    await page.getByRole('button', { name: /^Remove CreateRequest/ }).click();
    await lab.api('POST', '/lab/continue', {});
    await eventually(() => page.locator('.breakpoints li').count()).toBe(0);
  });
});

/** The `seq` of every row of a virtual list, in its order, while it is scrolled from its beginning to its end. */
async function collect(page: Page, list: string, rows: string): Promise<number[]> {
  const found = new Map<string, number>();
  await page.locator(list).evaluate((one) => one.scrollTo(0, 0));
  for (;;) {
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const seen = await page
      .locator(rows)
      .evaluateAll((all) => all.map((row) => [row.id, Number(row.querySelector('.seq')?.textContent)] as const));
    for (const [id, seq] of seen) found.set(id, seq);
    const end = await page.locator(list).evaluate((one) => {
      const before = one.scrollTop;
      one.scrollBy(0, Math.max(60, one.clientHeight * 0.6));
      return one.scrollTop === before;
    });
    if (end) break;
  }
  const place = (id: string) => Number(id.split('-').at(-1));
  return [...found].sort(([a], [b]) => place(a) - place(b)).map(([, seq]) => seq);
}

/** Every value that is no branch, by its path. */
function leavesOf(value: unknown, path: string[] = []): Record<string, string> {
  const parts = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (parts.length === 0) return { [path.join('/')]: JSON.stringify(value) };
  return Object.assign({}, ...parts.map(([key, one]) => leavesOf(one, [...path, key])));
}
