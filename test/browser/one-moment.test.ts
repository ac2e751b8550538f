// One moment in every view of a real push: a message that is chosen in any of them is the chosen one in all others, in the
// chart and in the URL. What periodic traffic hides, the tables and the chart's lights are held to the same record.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { journeysOf } from '../../machines/sequence.ts';
import { launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { pushed } from '../support/pushed.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/one-moment.test.ts ${whyNoBrowserLab}`);

type Transition = Extract<Entry, { type: 'transition' }>;

describe.skipIf(whyNoBrowserLab)('one moment of a real push', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let entries: Entry[] = [];
  /** Messages of actors that have a chart and have moved in it. */
  let known = new Set<number>();
  const problems: string[][] = [];

  const fresh = async (hash: string) => {
    const opened = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    problems.push(opened.problems);
    await opened.page.goto(`${lab.url}/${hash}`);
    await opened.page.locator('header .lab').waitFor();
    return opened.page;
  };
  const go = async (there: string) => {
    await page.goto('about:blank');
    await page.goto(`${lab.url}/${there}`);
    await page.locator('.slot-panel > *').first().waitFor();
  };
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 45_000, interval: 50 });
  const hash = (of = page) => new URL(of.url()).hash;
  /** The panel of this name, opened where it is not. */
  const show = async (name: string, on = page) => {
    const tab = on.getByRole('tab', { name, exact: true });
    if ((await tab.getAttribute('aria-selected')) !== 'true') await tab.click();
  };
  const movedBefore = (seq: number): Transition | undefined => {
    const actor = entries.find((e) => e.seq === seq)?.actor;
    return entries.findLast((e): e is Transition => e.type === 'transition' && e.actor === actor && e.seq <= seq);
  };

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    entries = await pushed(lab);
    const mine = journeysOf(entries).all.filter((j) => !j.background && j.run !== null && j.sent === j.seq);
    known = new Set(mine.map((j) => j.seq).filter((seq) => (movedBefore(seq)?.edges.length ?? 0) > 0));
    expect(known.size).toBeGreaterThan(20);
    browser = await launch();
    page = await fresh('#in=platform');
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems.flat()).toEqual([]);
  }, 60_000);

  /** Stage, list, sequence, timeline, chart, entry and URL of this page are at this message. */
  async function everywhere(seq: number, on = page): Promise<void> {
    await eventually(() => hash(on)).toMatch(new RegExp(`at=${seq}(&|$)`));
    await eventually(() => on.locator('.bead.chosen').getAttribute('data-seq')).toBe(String(seq));
    await eventually(() => on.locator('.inspector h2 .number').innerText()).toBe(String(seq));
    await show('Record', on);
    await eventually(() => on.locator('ws-record .row.chosen .seq').innerText()).toBe(String(seq));
    await show('Sequence', on);
    await eventually(() => on.locator('.sequence-row.chosen .seq').innerText()).toBe(String(seq));
    await show('Timeline', on);
    // In the picture: under its line, in the lane that is lit.
    await eventually(() => atTheLine(on)).toMatch(new RegExp(`^${seq} `));
    await show('Statechart', on);
    const moved = movedBefore(seq);
    await eventually(() => on.locator('.chart-head select.actor').inputValue()).toBe(moved?.actor);
    const taken = await on
      .locator('.edge.taken .reach, .row.taken')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-id')));
    expect(taken.length).toBeGreaterThan(0);
    for (const id of taken) if (id !== null) expect(moved?.edges).toContain(id);
  }

  const spot = async (on: Page, lane: string, x: number) => {
    const [picture, row] = await Promise.all([
      on.locator('.lanes svg').boundingBox(),
      on.locator(lane).first().boundingBox(),
    ]);
    return [(picture?.x ?? 0) + x, (row?.y ?? 0) + (row?.height ?? 0) - 6] as const;
  };
  const hint = (on: Page) => on.locator('.timeline-head .hint').textContent();
  const atTheLine = async (on: Page) => {
    const x = Number(/^M([\d.-]+) /.exec((await on.locator('.lanes .cursor').getAttribute('d')) ?? '')?.[1]);
    await on.mouse.move(...(await spot(on, '.lane-names .here', x)));
    return hint(on);
  };

  /** Each chooses a message that is not the chosen one by hand and says which it was. */
  const chooseIn: Record<string, (not: number) => Promise<number>> = {
    stage: async (not) => {
      const free = await page.locator('.bead:not(.chosen)').evaluateAll((all) =>
        all
          .filter((bead) => {
            const { x, y, width, height } = bead.getBoundingClientRect();
            return document.elementFromPoint(x + width / 2, y + height / 2) === bead;
          })
          .map((bead) => Number(bead.getAttribute('data-seq'))),
      );
      const seq = free.find((one) => one !== not && known.has(one)) ?? 0;
      await page.locator(`.bead[data-seq="${seq}"]`).click();
      return seq;
    },
    sequence: async (not) => {
      await show('Sequence');
      return clickRow('.sequence-row.message:not(.chosen)', not);
    },
    timeline: async (not) => {
      await show('Timeline');
      const width = (await page.locator('.lanes svg').boundingBox())?.width ?? 0;
      const lane = '.lane-names > div[title="DEA 0"]';
      for (let x = width * 0.2; x < width * 0.95; x += 3) {
        const [left, top] = await spot(page, lane, x);
        await page.mouse.move(left, top);
        // The hint is drawn in the frame after the move.
        await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
        const seq = Number(/^\d+/.exec((await hint(page)) ?? '')?.[0]);
        if (seq === not || !known.has(seq)) continue;
        await page.mouse.click(left, top);
        return seq;
      }
      return 0;
    },
    list: async (not) => {
      await show('Record');
      return clickRow('ws-record .row.message:not(.chosen)', not);
    },
  };
  async function clickRow(rows: string, not: number): Promise<number> {
    await page.locator(rows).first().waitFor();
    const seqs = (await page.locator(`${rows} .seq`).allInnerTexts()).map(Number);
    // In the middle of the list: at its ends rows are half hidden.
    const middle = seqs.filter((seq) => seq !== not && known.has(seq));
    const seq = middle[middle.length >> 1] ?? 0;
    await page
      .locator(rows)
      .filter({ has: page.locator('.seq', { hasText: new RegExp(`^${seq}$`) }) })
      .click();
    return seq;
  }

  it('is chosen in stage, sequence, timeline or list, and is then the moment of all of them and of a fresh browser', async () => {
    const middle = [...known][known.size >> 1] ?? 0;
    await go(`#at=${middle}&in=platform`);
    await everywhere(middle);
    let last = middle;
    const chosen: number[] = [];
    for (const choose of Object.values(chooseIn)) {
      const seq = await choose(last);
      expect(known).toContain(seq);
      expect(seq).not.toBe(last);
      await everywhere(seq);
      chosen.push(seq);
      last = seq;
    }
    expect(chosen).toHaveLength(4);
    const other = await fresh(hash());
    await everywhere(last, other);
    await other.context().close();
  });

  it('lights the last edges as the record has them, the state it led to, and every way on with an outline of its own', async () => {
    const taking = (edge: string) =>
      entries.find((e): e is Transition => e.type === 'transition' && e.edges.some((id) => id.startsWith(edge)));
    const shown = [
      taking('container.creating.booting:done'),
      taking('staging-task.staging.spawning:done'),
      taking('instance.BORN:start'),
    ];
    const ids = (all: string) =>
      page.locator(all).evaluateAll((found) => found.map((one) => one.getAttribute('data-id') ?? '').sort());
    for (const e of shown) {
      await go(`#at=${e?.seq}&below=chart`);
      await eventually(() => ids('.edge.taken .reach, .row.exit.taken')).toEqual([...(e?.edges ?? ['none'])].sort());
      const active = await ids('.state.active > .box');
      expect(active.length).toBeGreaterThan(1);
      const ways = await ids('.edge:not(.initial) .reach, .row.exit');
      expect(await ids('.edge.possible .reach, .row.exit.possible')).toEqual(
        ways.filter((id) => active.includes(id.split(':')[0] ?? '')),
      );
    }
    const style = (of: string) =>
      page
        .locator(of)
        .first()
        .evaluate((one) => {
          const { stroke, strokeWidth, strokeDasharray, fill } = getComputedStyle(one);
          return { stroke, width: Number.parseFloat(strokeWidth), dashed: strokeDasharray !== 'none', fill };
        });
    const possible = await style('.edge.possible:not(.error) .line');
    const toFail = await style('.edge.possible.error .line');
    const other = await style('.edge:not(.possible, .taken, .error, .initial) .line');
    const otherToFail = await style('.edge.error:not(.possible, .taken) .line');
    const taken = await style('.edge.taken .line');
    expect([possible.dashed, other.dashed, taken.dashed]).toEqual([true, false, false]);
    expect(taken.width).toBeGreaterThan(other.width + 0.5);
    expect(possible.stroke).not.toBe(other.stroke);
    expect([toFail.stroke, toFail.width]).not.toEqual([otherToFail.stroke, otherToFail.width]);
    expect(toFail.width).toBeGreaterThan(otherToFail.width);
    const [leaf, rest] = [await style('.state.leaf > .box'), await style('.state.atomic:not(.active) > .box')];
    expect(leaf.fill).not.toBe(rest.fill);
    // Not by its colour alone: where the actor is, there is a token.
    const token = (of: string) => style(`${of} > .token`).then((s) => s.fill);
    expect(await token('.state.leaf')).not.toBe('none');
    expect(await token('.state.atomic:not(.active)')).toBe('none');
  });

  it('has its sequence as a table with the same rows, which arrow keys go along', async () => {
    const seq = [...known][3] ?? 0;
    await go(`#at=${seq}&show=sequence`);
    const row = page.locator('.sequence-row.chosen');
    const said = await row.locator('.seq').innerText();
    await page.locator('.sequence-tools button').click();
    const line = page.locator('.sequence-table .line.chosen');
    await eventually(() => line.locator('.seq').innerText()).toBe(said);
    const cells = await line.locator('[role=gridcell]').allInnerTexts();
    const journey = journeysOf(entries).of(seq);
    expect(cells.join(' ')).toContain(journey?.name.split(' ')[0]);
    await page.locator('.sequence-scroll').focus();
    await page.keyboard.press('ArrowDown');
    await eventually(() => line.locator('.seq').innerText()).not.toBe(said);
    await page.keyboard.press('ArrowUp');
    await eventually(() => line.locator('.seq').innerText()).toBe(said);
    await eventually(hash).toContain(`at=${seq}`);
  });

  it('folds the periodic traffic of a lab into one faint row, which opens by its box', async () => {
    await until('an advertisement', async () =>
      (await lab.api('GET', '/lab/journal?limit=10000')).text.includes('staging.advertise'),
    );
    await go('');
    await page
      .locator('.row.faint', { hasText: /\d+ periodic entries/ })
      .first()
      .waitFor();
    const beats = page.locator('ws-record .row', { hasText: 'staging.advertise' });
    await page.getByRole('searchbox').fill('staging.advertise');
    await eventually(() => beats.count()).toBe(0);
    await page.locator('ws-record').getByLabel('background').check();
    await beats.first().waitFor();
  });
});
