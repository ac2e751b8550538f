// The first minute of a newcomer against a real lab: a first screen on which nothing has to be understood first, and a push
// that goes beat by beat, which is not shown as stopped until somebody stops it.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFinds, launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/first-push.test.ts ${whyNoBrowserLab}`);

interface State {
  paused: boolean;
  held: { gate: string; by: string }[];
}

describe.skipIf(whyNoBrowserLab)('the first push', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let problems: string[] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    ({ page, problems } = await openPage(browser, { viewport: { width: 1440, height: 900 } }));
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
    await page.locator('.rows [role=option]').first().click();
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

  it('is held by one button, then says so by its colour and its bar, and goes on by another', async () => {
    await card().getByRole('button', { name: 'Hold here' }).click();
    await eventually(state).toMatchObject({ paused: true });
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
});
