// The scenes of the article in a real browser on a real lab: each goes to its moment, lights up what it speaks of, and gives
// its verdict only when the reader has found out.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AT_REST, parseArticle } from '../../machines/article.ts';
import { axeFinds, launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

const { scenes } = parseArticle(readFileSync(join(import.meta.dirname, '../../lessons/scenes/article.md'), 'utf8'));
if (whyNoBrowserLab) console.log(`skipped: test/browser/article.test.ts ${whyNoBrowserLab}`);

describe.skipIf(whyNoBrowserLab)('the article', () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let problems: string[] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    ({ page, problems } = await openPage(browser, { viewport: { width: 1440, height: 900 } }));
    page.setDefaultTimeout(60_000);
    await page.goto(`${lab.url}/`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const eventually = <T>(fn: () => T | Promise<T>, message = '') => expect.poll(fn, { timeout: 60_000, message });
  const article = () => page.locator('ws-article');
  const tries = (text: string) => article().locator('.lesson-try', { hasText: text });
  const verdicts = () => article().locator('.scene-verdict');
  const go = async (paragraph: number) => {
    await page.goto(`${lab.url}/#lesson=article&step=${paragraph}`);
    await article()
      .locator('.lesson-count', { hasText: `Paragraph ${paragraph} of ${scenes.length}` })
      .waitFor();
  };

  it('lists a scene for each paragraph; the first pushes an app where none has been pushed', async () => {
    await page.getByRole('button', { name: 'Read along with the article' }).first().click();
    await eventually(() => article().locator('button.scene').count()).toBe(19);
    expect(await axeFinds(page, 'ws-article')).toEqual([]);
    await article().locator('button.scene').first().click();
    await tries('Push hello-node').click();
    await article().locator('.lesson-point').first().waitFor();
    await eventually(async () => (await lab.api('POST', '/lab/ask', { app: 'hello-node' })).text).toContain(
      'Hello from',
    );
  }, 120_000);

  it('goes to the moment of every scene and lights up all that it speaks of', async () => {
    for (const scene of scenes) {
      await article()
        .locator('.lesson-count', { hasText: `Paragraph ${scene.paragraph} of 19` })
        .waitFor();
      const points = article().locator('.lesson-point');
      await eventually(() => points.count()).toBe(scene.points.length);
      const past = scene.moment !== undefined && scene.moment.name !== AT_REST;
      await eventually(() => new URL(page.url()).hash.includes('at=')).toBe(past);
      for (let i = 0; i < scene.points.length; i++) {
        await points.nth(i).click();
        await eventually(
          () => page.locator('.lesson-light:not([hidden])').count(),
          `scene ${scene.paragraph}.${i}`,
        ).toBe(1);
      }
      if (scene.dates.length > 0) expect(await article().locator('time').count()).toBe(scene.dates.length);
      if (scene.paragraph < 19) await article().locator('.lesson-next').click();
    }
  }, 180_000);

  it('counts the C of wshd, and only then says what the claim of under 1000 lines comes to', async () => {
    await go(13);
    await tries('Count the C').waitFor();
    expect(await verdicts().count()).toBe(0);
    await tries('Count the C').click();
    const total = await article().locator('.lesson-lines .total td').first().innerText();
    expect(Number(total)).toBeGreaterThan(500);
    await eventually(() => verdicts().innerText()).toContain(`terminal included: ${total}.`);
    expect(await verdicts().innerText()).toContain('Partly so');
    expect(await axeFinds(page, 'ws-article')).toEqual([]);
  }, 60_000);

  it('lets the reader change the limit of a running container, and shows the request as evidence', async () => {
    await go(14);
    await tries('300 MiB').waitFor();
    expect(await verdicts().count()).toBe(0);
    await tries('300 MiB').click();
    await eventually(() => verdicts().allInnerTexts()).toHaveLength(1);
    const evidence = verdicts().locator('.lesson-evidence');
    expect(await evidence.innerText()).toContain('LimitMemory');
    await evidence.getByRole('button', { name: 'See it on the stage' }).click();
    const seq = /Entry (\d+)/.exec(await evidence.innerText())?.[1];
    await eventually(() => new URL(page.url()).hash).toContain(`at=${seq}`);
    const { entries } = (await lab.api('GET', `/lab/journal?after=${Number(seq) - 1}&limit=1`)).json<{
      entries: { name: string; payload: { limit_in_bytes: string } }[];
    }>();
    expect(entries[0]).toMatchObject({ name: 'LimitMemoryRequest', payload: { limit_in_bytes: String(300 << 20) } });
    await tries('/ps').click();
    await eventually(() => verdicts().count()).toBe(2);
  }, 60_000);

  it('kills warden and finds the app alive; ends the app and finds its container gone', async () => {
    await go(7);
    await tries('Kill warden').click();
    await expect
      .poll(
        async () => {
          await tries('still lives').click();
          return verdicts().allInnerTexts();
        },
        { timeout: 60_000, interval: 1000 },
      )
      .toHaveLength(2);
    await eventually(() => article().locator('.lesson-said').innerText()).toContain('Hello from');
    await go(4);
    await tries('SIGKILL').waitFor();
    expect(await verdicts().count()).toBe(0);
    // A warden that is just adopting its containers refuses, in a sentence; then the reader presses once more.
    await expect
      .poll(
        async () => {
          if ((await verdicts().count()) === 0) await tries('SIGKILL').click();
          return verdicts().allInnerTexts();
        },
        { timeout: 60_000, interval: 3000 },
      )
      .toHaveLength(1);
    expect(await verdicts().innerText()).toContain('It holds');
  }, 120_000);

  it('tells a verdict also to who does not want to try', async () => {
    await go(19);
    await article().locator('.lesson-point').first().waitFor();
    expect(await verdicts().count()).toBe(0);
    await article().getByRole('button', { name: 'Tell me without trying' }).click();
    await eventually(() => verdicts().innerText()).toContain('An opinion');
  }, 60_000);
});
