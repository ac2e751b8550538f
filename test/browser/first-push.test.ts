// The first minute of a newcomer against a real lab: a first screen on which nothing has to be understood first, and a push
// that goes beat by beat, which is not shown as stopped until somebody stops it.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFinds, launch, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { tracePage } from '../support/trace.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/first-push.test.ts ${whyNoBrowserLab}`);

interface State {
  paused: boolean;
  held: { gate: string; by: string }[];
}

describe.skipIf(whyNoBrowserLab)('the first push', { timeout: 150_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    // As a newcomer has it: nobody has chosen how long a beat stays.
    page = await (
      await browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' })
    ).newPage();
    tracePage(page);
    page.on('pageerror', (e) => problems.push(e.message));
    await page.goto(`${lab.url}/`);
    await page.locator('.hero .push').waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 45_000 });
  const state = async () => (await lab.api('GET', '/lab/state')).json<State>();
  const card = () => page.locator('.held');
  const next = () => card().locator('.what').innerText();
  /** How visible the faintest station of the sky is. */
  const contrast = () =>
    page
      .locator('.station')
      .evaluateAll((all) => Math.min(...all.map((station) => Number(getComputedStyle(station).opacity))));

  it('begins with nothing chosen: what the lab says to itself while it starts is talked about by nobody', async () => {
    await eventually(() => page.locator('.rows [role=option]').count()).toBeGreaterThan(5);
    expect(await page.locator('.rows [aria-selected=true]').count()).toBe(0);
    expect(await page.locator('.message-name').textContent()).toBe('');
    await eventually(() => page.locator('.inspector').innerText()).toContain('Choose an entry in the record');
    // It is there for who looks at it.
    // The list goes on with the record: the row itself is told, wherever it stands by then.
    await page.locator('.rows [role=option]').first().dispatchEvent('click');
    await eventually(() => page.locator('.inspector .says').count()).toBe(1);
    await page.locator('.moment .live').click();
    await eventually(() => page.locator('.rows [aria-selected=true]').count()).toBe(0);
  });

  it('goes on by itself at full contrast, with the next thing named and no gate shown as closed', async () => {
    await page.locator('.hero .push').click();
    await card().and(page.locator('.paced')).waitFor();
    const seen = new Set<string>();
    await eventually(async () => {
      if ((await card().count()) > 0) seen.add(await next());
      return seen.size;
    }).toBeGreaterThan(3);
    await card().and(page.locator('.paced')).waitFor();
    expect(await card().innerText()).toContain('goes on by itself');
    expect(await contrast()).toBe(1);
    expect(await page.locator('.held-bar .closed').isVisible()).toBe(false);
    expect(await page.locator('.clock').innerText()).not.toContain('stands still');
    expect(await axeFinds(page, 'ws-stage')).toEqual([]);
  });

  it('says where it is in a sentence above the stage, and not while the past is looked at', async () => {
    await eventually(() => page.locator('.story').innerText()).toMatch(/^[1-8]\/8/);
    await page.locator('.rows [role=option]').first().dispatchEvent('click');
    await eventually(() => page.locator('.story').count()).toBe(0);
    await page.locator('.moment .live').click();
    await eventually(() => page.locator('.story').count()).toBe(1);
  });

  it('is held by one button, then says so by its colour and its bar, and goes on by another', async () => {
    await card().getByRole('button', { name: 'Hold here' }).click();
    await eventually(state).toMatchObject({ paused: true });
    // Between two beats nothing waits for a moment: the pause holds what comes next.
    await eventually(async () => (await state()).held.length).toBeGreaterThan(0);
    await page.locator('.held:not(.paced) .primary').waitFor();
    const held = await next();
    expect(await contrast()).toBeLessThan(0.5);
    expect(await page.locator('.clock').innerText()).toContain('stands still');
    const [gate] = (await state()).held;
    // As long as several beats would have taken.
    await page.waitForTimeout(4000);
    expect((await state()).held[0]).toEqual(gate);
    expect(await next()).toBe(held);
    await card().getByRole('button', { name: 'Continue' }).click();
    await eventually(async () => (await state()).held.some((h) => h.gate === gate?.gate)).toBe(false);
    await card().and(page.locator('.paced')).waitFor();
    expect(await contrast()).toBe(1);
  });

  it('keeps the camera on a container for the whole of its boot, with a clock that never goes back', async () => {
    // Every frame of the boot from here on: how close the camera is, and what time it is.
    await page.locator('ws-stage svg.near').waitFor({ timeout: 60_000 });
    await page.evaluate(() => {
      const seen: [near: boolean, time: string, caption: string][] = [];
      Object.assign(window, { seen });
      const text = (selector: string) => document.querySelector(selector)?.textContent ?? '';
      const look = () => {
        const near = document.querySelector('ws-stage svg')?.matches('.near') ?? false;
        seen.push([near, text('.clock time'), text('.caption')]);
        requestAnimationFrame(look);
      };
      look();
    });
    await page.locator('.caption', { hasText: 'prctl' }).waitFor({ timeout: 90_000 });
    const seen = await page.evaluate(() => (window as unknown as { seen: [boolean, string, string][] }).seen);
    expect(new Set(seen.map(([, , caption]) => caption)).size).toBeGreaterThan(20);
    expect(seen.filter(([near]) => !near)).toEqual([]);
    const times = seen.map(([, time]) => time);
    expect(times).toEqual([...times].sort());
  });

  it('ends with the way on: the app can be asked, or the lesson begun', async () => {
    await page.locator('select.reading').selectOption('brisk');
    const story = page.locator('.story');
    await expect.poll(() => story.innerText(), { timeout: 110_000 }).toContain('hello-node runs.');
    await story.getByRole('button', { name: 'Ask it' }).click();
    await eventually(() => page.getByRole('combobox', { name: 'Address' }).inputValue()).toBe('hello-node.localhost/');
    // Whoever asks for the app sees its answer, and not a form.
    await page.locator('.answer-line strong', { hasText: '200' }).waitFor();
    expect(await page.locator('.answer pre').innerText()).toContain('Hello from');
  });
});
