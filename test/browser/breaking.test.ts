// Breakpoints that are set in the page, against a real lab: by mouse, by key and by form; each holds where it was set.
import { existsSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { type Debug, debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { pushed } from '../support/pushed.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/breaking.test.ts ${whyNoBrowserLab}`);

const EDGE = 'instance.STARTING.extracting:done extractDroplet:0→instance.STARTING.spawning';
const STATE = 'instance.STARTING.checking';

describe.skipIf(whyNoBrowserLab)('breakpoints of the page', { timeout: 180_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let d: Debug;
  let entries: Entry[] = [];
  let problems: string[] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    d = debug(lab.url);
    entries = await pushed(lab);
    browser = await launch();
    ({ page, problems } = await openPage(browser, { viewport: { width: 1440, height: 1000 } }));
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const go = async (there: string) => {
    await page.goto('about:blank');
    await page.goto(`${lab.url}/${there}`);
    await page.locator('.slot-panel > *').first().waitFor();
  };
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 60_000 });
  const all = () => page.locator('.breakpoints li');
  const one = (text: string) => all().filter({ hasText: text });
  const turn = (text: string) => one(text).getByRole('switch').click();
  const goOn = () => page.locator('.command.continue').click();
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('data-id') ?? '');
  /** Where the hand meets this edge and no other. */
  const spotOf = (edge: string) =>
    page.locator(`.edge .reach[data-id="${edge}"]`).evaluate((path) => {
      if (!(path instanceof SVGPathElement)) throw new Error('no path');
      const matrix = path.getScreenCTM();
      for (const share of [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8]) {
        const at = path.getPointAtLength(path.getTotalLength() * share).matrixTransform(matrix ?? undefined);
        if (document.elementFromPoint(at.x, at.y)?.closest('.edge') === path.closest('.edge')) return [at.x, at.y];
      }
      throw new Error('it is covered everywhere');
    });

  it('are set by mouse at a state, an arrow, a boot step and a message, listed, and kept over a reload', async () => {
    await go('#below=chart&machine=instance&under=breakpoints');
    await page.getByRole('button', { name: 'Whole', exact: true }).click();
    await page.locator(`.state > .box[data-id="${STATE}"]`).click();
    await one(STATE).waitFor();
    const [x = 0, y = 0] = await spotOf(EDGE);
    await page.mouse.click(x, y);
    await one(EDGE).waitFor();
    await page.locator('.steps button', { hasText: 'pivot_root' }).click();
    await one('pivot_root before').waitFor();
    expect(await page.locator('.state.breaks > .title').allTextContents()).toEqual(['checking']);
    expect(await page.locator('.edge.breaks').count()).toBe(1);
    const create = entries.find((e) => e.type === 'message' && e.name === 'CreateRequest' && e.phase === 'sent');
    await go(`#at=${create?.seq}`);
    const here = page.locator('.inspector').getByRole('button', { name: /^Break here/ });
    await here.click();
    await page.locator('.inspector .break[aria-pressed=true]', { hasText: 'Breaks here' }).waitFor();
    await go('#under=breakpoints');
    await eventually(() => all().count()).toBe(4);
    await one('CreateRequest @ warden:0').waitFor();
    const listed = await all().allInnerTexts();
    await page.reload();
    await eventually(() => all().allInnerTexts()).toEqual(listed);
  });

  it('hold there with nothing of it done; one that is switched off lets pass, and on again holds', async () => {
    const handles = await lab.list(0);
    const { head } = await d.state();
    const passed = async (fits: (e: Entry) => boolean) =>
      (await d.journal()).filter((e) => e.seq > head && fits(e)).length;
    const took = (end: string) => passed((e) => e.type === 'transition' && e.edges.some((edge) => edge.endsWith(end)));
    /** The page and the lab say that this one holds. */
    const holds = async (text: string) => {
      await page.locator('.breakpoints li.holds', { hasText: text }).waitFor({ timeout: 90_000 });
      const { held, breakpoints } = await d.state();
      const gate = held.find((h) => breakpoints.some((b) => b.id === h.by));
      expect(JSON.stringify(breakpoints.find((b) => b.id === gate?.by))).toContain(text.split(' ')[0]);
      return gate;
    };
    /** From here it is the host's tree until pivot_root has been called. */
    const seesHost = async (handle: string | undefined) => {
      const step = await d.entry(
        'the step that is held, in the record',
        (e) => e.type === 'step' && e.handle === handle && e.name === 'pivot_root',
      );
      return existsSync(`/proc/${step.type === 'step' ? step.pid : 0}/root${lab.data}`);
    };
    await lab.api('POST', '/lab/push', { app: 'hello-node' });
    await holds('CreateRequest');
    // Warden itself: the container is not there yet.
    for (const handle of await lab.list(0)) expect(handles).toContain(handle);
    await goOn();
    const gate = await holds('pivot_root');
    expect(await seesHost(gate?.point.handle)).toBe(true);
    await turn('pivot_root');
    await turn('CreateRequest');
    await eventually(() => page.locator('.breakpoints li.off').count()).toBe(2);
    await goOn();
    // The app's own container was made meanwhile: neither of the two has held it.
    await holds(EDGE);
    expect(await took(EDGE)).toBe(0);
    for (const text of ['pivot_root', 'CreateRequest']) expect(await one(text).innerText()).toContain('hit 1×');
    expect(await seesHost(gate?.point.handle)).toBe(false);
    await goOn();
    await holds(STATE);
    expect(await took(EDGE)).toBe(1);
    expect(await took(`→${STATE}`)).toBe(0);
    await turn(EDGE);
    await turn(STATE);
    await turn('pivot_root');
    await eventually(() => page.locator('.breakpoints li.off').count()).toBe(3);
    await goOn();
    await d.entry('the app to run again', (e) => e.seq > head && e.type === 'message' && e.name === 'router.register');
    const app = entries.findLast((e) => e.type === 'transition' && e.machine === 'app')?.actor.slice('app:'.length);
    const scaled = await lab.api('POST', `/lab/apps/${app}/scale`, { instances: 2 });
    expect(scaled.status, scaled.text).toBe(202);
    await holds('pivot_root');
    expect(await one('pivot_root').innerText()).toContain('hit 2×');
    await page.getByRole('button', { name: 'Remove all' }).click();
    await eventually(() => all().count()).toBe(0);
    await goOn();
    await eventually(async () => (await d.state()).held.length).toBe(0);
  });

  it('are added by form, one of each kind, and switched off, which a reload keeps', async () => {
    await go('#under=breakpoints');
    const form = page.locator('.add-breakpoint');
    const kinds: [kind: string, fill: () => Promise<unknown>, shown: string][] = [
      ['state', () => form.getByLabel('Name').selectOption('app.started'), 'app.started'],
      ['edge', () => form.getByLabel('Name').selectOption({ index: 2 }), 'app'],
      ['message', () => form.getByLabel('Name').fill('nothing.is.called.so'), 'nothing.is.called.so'],
      ['boot', () => form.getByLabel('Name').selectOption('pivot_root'), 'pivot_root before'],
      ['job', () => form.getByLabel('Name').selectOption('execve'), 'execve before'],
      [
        'script',
        async () => {
          await form.getByLabel('File').fill('bin/compile');
          await form.getByRole('spinbutton').fill('7');
        },
        'bin/compile:7',
      ],
      ['effect', () => form.getByLabel('Name').selectOption({ index: 0 }), ''],
    ];
    let count = 0;
    for (const [kind, fill, shown] of kinds) {
      await form.getByLabel('Kind').selectOption(kind);
      await fill();
      await form.getByRole('button', { name: 'Add' }).click();
      count += 1;
      await eventually(() => all().count()).toBe(count);
      expect(await all().last().innerText()).toContain(shown);
    }
    await turn('app.started');
    await page.locator('.breakpoints li.off').waitFor();
    await page.reload();
    await eventually(() => all().count()).toBe(count);
    await eventually(() => page.locator('.breakpoints li.off').count()).toBe(1);
    // Where it stands in a picture it is asked for again: it is switched on, and not there twice.
    await page.goto(`${lab.url}/#under=breakpoints&below=chart&machine=app`);
    await page.getByRole('button', { name: 'Stop before app.started', exact: true }).press('Enter');
    await eventually(() => page.locator('.breakpoints li.off').count()).toBe(0);
    expect(await all().count()).toBe(count);
    await page.getByRole('button', { name: 'Remove all' }).click();
    await eventually(() => all().count()).toBe(0);
    await d.go();
  });

  it('are reached by arrow keys from state to arrow in a chart, and stand in its table as well', async () => {
    await go('#below=chart&machine=instance&under=breakpoints');
    await page.locator('.state.leaf').waitFor();
    await page.locator('ws-chart svg').focus();
    await page.keyboard.press('ArrowDown');
    await eventually(focused).toMatch(/^instance/);
    const first = await focused();
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    const second = await focused();
    expect(second).toMatch(/^instance/);
    expect(second).not.toBe(first);
    await page.keyboard.press('Enter');
    await eventually(() => all().count()).toBe(1);
    await eventually(() => page.locator('ws-chart .breaks').count()).toBe(1);
    await page.locator('.chart-tools button', { hasText: 'Table' }).click();
    const pressed = page.locator('.chart-table button[aria-pressed=true]');
    await eventually(() => pressed.getAttribute('title')).toBe(`Stop before ${second}`);
    expect(await page.locator('.chart-table tr.active').count()).toBeGreaterThan(1);
    await pressed.click();
    await eventually(() => all().count()).toBe(0);
  });
});
