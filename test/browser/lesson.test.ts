// Lesson 1 and the first scenes of the article in a real browser on a real lab: only what the panel says is done.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLesson } from '../../machines/lesson-text.ts';
import { axeFinds, launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { type LessonPage, lessonPage } from '../support/lesson-page.ts';

const FILE = join(import.meta.dirname, '../../lessons/01-a-push/01-in-five-minutes/README.md');
const { lesson } = parseLesson(readFileSync(FILE, 'utf8'));
if (whyNoBrowserLab) console.log(`skipped: test/browser/lesson.test.ts ${whyNoBrowserLab}`);

interface LabNow {
  held: { by: string; point: { name: string } }[];
  breakpoints: unknown[];
}

describe.skipIf(whyNoBrowserLab)('the lesson panel', () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let problems: string[] = [];
  let panel: LessonPage['panel'];
  let options: LessonPage['options'];
  let tries: LessonPage['tries'];
  let replies: LessonPage['replies'];
  let next: LessonPage['next'];
  let told: LessonPage['told'];
  let goOn: LessonPage['goOn'];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    ({ page, problems } = await openPage(browser, { viewport: { width: 1440, height: 900 } }));
    page.setDefaultTimeout(60_000);
    ({ panel, options, tries, replies, next, told, goOn } = lessonPage(page, lesson));
    await page.goto(`${lab.url}/`);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems).toEqual([]);
  }, 60_000);

  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 60_000 });
  const now = async () => (await lab.api('GET', '/lab/state')).json<LabNow>();

  it('begins at the door of the first screen, and waits for the push before it goes on', async () => {
    await page.locator('.hero .door').click();
    await told(1);
    expect(await next().isDisabled()).toBe(true);
    expect(await axeFinds(page, 'ws-lesson')).toEqual([]);
    await tries('Push hello-node').click();
    // Pressed is pressed: until the push is in the record the button says so, and cannot be pressed twice.
    await eventually(async () => (await tries('It has begun').count()) + Number(await next().isEnabled())).toBe(1);
    await goOn();
    await told(2);
    await goOn();
  }, 120_000);

  it('holds the flow until a prediction is locked in, and answers a wrong one with what happened', async () => {
    await told(3);
    expect(await page.locator('ws-stage').innerText()).not.toContain('staging');
    expect((await now()).held).toHaveLength(1);
    await options().first().click();
    await eventually(replies).toMatch(/Not this time.*files are not a droplet.*Stage it/s);
    await goOn();
    await told(4);
    // The held frame, as its sender wrote it: the length as text, then the fields, each with its bytes.
    await tries('Open the frame').click();
    const frame = panel().locator('ws-frame');
    await eventually(() => frame.locator('.frame-field.head').innerText()).toMatch(/\d+/);
    await frame.locator('.frame-field.head').click();
    await eventually(() => frame.locator('.frame-line .lit').count()).toBeGreaterThan(0);
    expect(await axeFinds(page, 'ws-lesson')).toEqual([]);
    expect((await now()).held).toHaveLength(1);
    await options().nth(1).click();
    await goOn();
  }, 120_000);

  it('covers up what would give an answer away, and goes on where it was after a reload', async () => {
    await told(5);
    await goOn();
    await told(6);
    await eventually(() => page.locator('.lesson-light.cover:not([hidden])').count()).toBe(1);
    const words = page.locator('.lesson-light.cover');
    expect(await words.evaluate((e) => getComputedStyle(e, '::after').content)).toContain('what you expect here');
    await page.reload();
    await told(6);
    await page.keyboard.press('1');
    await eventually(replies).toMatch(/^Right\.\s.*begins as a copy/s);
    expect(await page.locator('.lesson-light.cover').count()).toBe(0);
    await goOn();
    // The exchange is held right behind the call, so that it can be looked at.
    await told(7);
    expect(await page.locator('.container.large .floor').getAttribute('data-floor')).toBe('container');
    await goOn();
    await told(8);
    await tries('umount2').click();
    await goOn();
    await told(9);
    // The push has run on to the next step's gate, and dims nothing of what is spoken of here.
    await eventually(async () => (await now()).held.map((h) => h.point.name)).toContain('answerSetup');
    await page.locator('svg.holding').waitFor();
    expect(await page.locator('.container.large').evaluate((e) => getComputedStyle(e).opacity)).toBe('1');
    await page.keyboard.press('h');
    await eventually(() => page.locator('ws-stage svg.host-view').count()).toBe(1);
    await goOn();
  }, 120_000);

  it('shows the staging log, and whose word starts instance 0', async () => {
    await told(10);
    await goOn();
    await told(11);
    // The answer of detect is the newest line, and nothing of compile has run.
    const log = await panel().locator('.lesson-answer pre').innerText();
    expect(log).toMatch(/bin\/detect:\d+/);
    expect(log).not.toContain('bin/compile');
    await goOn();
    await told(12);
    expect(await panel().locator('.lesson-text').innerText()).toMatch(/[0-9a-f]{40}/);
    await goOn();
    await told(13);
    await options().first().click();
    await eventually(replies).toMatch(/Not this time.*Nobody: this DEA/s);
    await goOn();
  }, 120_000);

  it('asks the app through the router, settles the bet, and sees the app come back in another container', async () => {
    await told(14);
    await tries('Let warden cut the door').click();
    await eventually(replies).toMatch(/You win/);
    await goOn();
    await told(15);
    await goOn();
    // What makes it reachable is held on its way, and goes when the learner says so.
    await told(16);
    expect((await now()).held.map((h) => h.point.name)).toContain('router.register');
    await tries('Let the router have it').click();
    await eventually(() => panel().locator('.lesson-text').innerText()).toMatch(/leads to port \d+/);
    await goOn();
    await told(17);
    await tries('/json').click();
    await eventually(() => panel().locator('.lesson-answer pre').innerText()).toContain('"init": "wshd:');
    await goOn();
    await told(18);
    expect(await next().isDisabled()).toBe(true);
    // Looking does not end it, and the reply says what was missed; every hint comes when it is asked for, then no more.
    await tries('/ps').click();
    await eventually(replies).toContain('Looking ends nothing');
    for (const [n, words] of ['Who waits for', 'one of the processes is node', 'skip lab time until'].entries()) {
      await panel()
        .getByRole('button', { name: n === 0 ? 'Give me a hint' : 'Another hint' })
        .click();
      await eventually(() => panel().locator('.lesson-hint').nth(n).innerText()).toContain(words);
    }
    expect(await panel().getByRole('button', { name: /hint/i }).count()).toBe(0);
    await tries('/exit').click();
    await eventually(replies).toContain('CRASHED');
    await expect
      .poll(
        async () => {
          if (await next().isEnabled()) return true;
          await tries('Skip lab time').click();
          return next().isEnabled();
        },
        { timeout: 60_000, interval: 1500 },
      )
      .toBe(true);
    await goOn();
    await told(19);
    await next().click();
    // The end says how it went, and what to do next.
    await eventually(() => panel().innerText()).toMatch(/\d of \d/);
    await eventually(now).toMatchObject({ held: [], breakpoints: [] });
    await panel().getByRole('button', { name: 'Back to the lessons' }).click();
    await eventually(() => new URL(page.url()).hash).not.toContain('lesson=');
  }, 180_000);

  it('takes a name of its own where the app is there already, says when it was overtaken, and leaves nothing behind', async () => {
    await tries('A push in five minutes').click();
    await told(1);
    await tries('Push hello-node').click();
    await goOn();
    await told(2);
    const { apps } = (await lab.api('GET', '/lab/apps')).json<{ apps: { name: string }[] }>();
    expect(apps.map((a) => a.name)).toEqual(['hello-node', 'hello-node-2']);
    await goOn();
    await told(3);
    // Somebody opens every gate by hand, three times, instead of answering.
    for (const gate of ['CreateRequest', 'pivot_root', '"when":"after"']) {
      await lab.api('POST', '/lab/continue', {});
      await eventually(async () => JSON.stringify((await now()).held)).toContain(gate);
    }
    await eventually(() => panel().locator('.lesson-obstacle').innerText()).toContain('gone on without you');
    // It names the step that is reached as soon as the record tells of it, and until then one on the way.
    await panel().locator('.lesson-obstacle button', { hasText: 'Go to step 7' }).click();
    await told(7);
    await panel().getByRole('button', { name: 'Leave' }).click();
    await eventually(now).toMatchObject({ breakpoints: [] });
    await eventually(() => panel().locator('h2').innerText()).toBe('Lessons');
  }, 180_000);
});
