// What can come between in a lesson, in real browsers on a real lab: a pause, a second page that reads along and takes the
// wheel, a start over, an app that is deleted and a lab that is reset in the middle, and what the lesson breaks itself.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseLesson } from '../../machines/lesson-text.ts';
import { launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { debug } from '../support/debug.ts';
import { type RunningLab, startLab } from '../support/lab.ts';
import { giveLesson, type LessonPage, lessonPage } from '../support/lesson-page.ts';

const FILE = join(import.meta.dirname, '../../lessons/01-a-push/01-in-five-minutes/README.md');
const { lesson } = parseLesson(readFileSync(FILE, 'utf8'));
const FAULT = readFileSync(join(import.meta.dirname, '../lessons/a-fault.md'), 'utf8');
if (whyNoBrowserLab) console.log(`skipped: test/browser/lesson-turns.test.ts ${whyNoBrowserLab}`);

interface LabNow {
  paused: boolean;
  kernelRecording: boolean;
  held: { by: string; point: { name: string } }[];
  breakpoints: unknown[];
}

describe.skipIf(whyNoBrowserLab)('what comes between in a lesson', () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let mine: LessonPage;
  const problems: string[][] = [];

  beforeAll(async () => {
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    page = await enter();
    mine = lessonPage(page, lesson);
    await page.locator('.seat-chip', { hasText: 'You drive' }).waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    expect(problems.flat()).toEqual([]);
  }, 60_000);

  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 60_000 });
  const now = async () => (await lab.api('GET', '/lab/state')).json<LabNow>();
  const heldAt = async () => (await now()).held.map((h) => h.point.name).join();
  const obstacle = () => mine.panel().locator('.lesson-obstacle');
  async function enter(hash = ''): Promise<Page> {
    const opened = await openPage(browser, { viewport: { width: 1440, height: 900 } });
    problems.push(opened.problems);
    opened.page.setDefaultTimeout(60_000);
    await opened.page.goto(`${lab.url}/${hash}`);
    return opened.page;
  }
  const apps = async () =>
    (await lab.api('GET', '/lab/apps')).json<{ apps: { name: string; guid: string; state: string }[] }>().apps;
  /** From the list of lessons to the gate of the first question. */
  async function toFirstQuestion(): Promise<void> {
    await mine.told(1);
    await mine.tries('Push hello-node').click();
    await mine.goOn();
    await mine.told(2);
    await mine.goOn();
    await mine.told(3);
  }

  it('pauses by Space while the flow runs, says so, and goes on', async () => {
    await page.locator('.hero .door').click();
    await mine.told(1);
    await mine.tries('Push hello-node').click();
    await eventually(async () => (await now()).held.length).toBeGreaterThan(0);
    // The button that was pressed would take the key.
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
    await page.keyboard.press(' ');
    await eventually(async () => (await now()).paused).toBe(true);
    await eventually(() => obstacle().innerText()).toContain('The lab is paused');
    await obstacle().getByRole('button', { name: 'Go on, beat by beat' }).click();
    await eventually(async () => (await now()).paused).toBe(false);
    await mine.goOn();
    await mine.told(2);
    await mine.goOn();
    await mine.told(3);
    // The gate of the question has outlived the pause.
    expect(await heldAt()).toBe('PUT /v2/apps/:guid');
  }, 120_000);

  it('is read along in a second page, which answers for itself, gives no order, and can take the wheel', async () => {
    // A link to a step shows that step, wherever the driver is.
    const linked = await enter(`#lesson=${lesson.id}&step=2`);
    await lessonPage(linked, lesson).at(2);
    await linked.context().close();
    const other = await enter();
    const theirs = lessonPage(other, lesson);
    await theirs.at(3);
    await eventually(() => theirs.panel().locator('.lesson-obstacle').innerText()).toContain('Somebody else drives');
    await theirs.options().nth(1).click();
    await eventually(() => theirs.replies()).toContain('Locked in');
    expect(await heldAt()).toBe('PUT /v2/apps/:guid');
    await mine.options().first().click();
    await eventually(mine.replies).toContain('Not this time');
    await eventually(() => theirs.replies()).toContain('Right.');
    await mine.goOn();
    await mine.told(4);
    await theirs.at(4);
    await eventually(heldAt).toBe('CreateRequest');
    // The second page takes over in the middle: the gates are its own from now on.
    await other.locator('.seat-chip').click();
    await other.getByRole('dialog').getByRole('button', { name: 'Take over' }).click();
    await eventually(() => other.locator('.seat-chip').innerText()).toContain('You drive');
    await other.keyboard.press('Escape');
    await eventually(() => theirs.panel().locator('.lesson-obstacle').count()).toBe(0);
    await theirs.options().nth(1).click();
    await theirs.goOn();
    await theirs.told(5);
    await mine.at(5);
    await theirs.goOn();
    await eventually(heldAt).toBe('pivot_root');
    await page.locator('.seat-chip').click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take over' }).click();
    await page.keyboard.press('Escape');
    await mine.at(6);
    await eventually(() => obstacle().count()).toBe(0);
    await other.context().close();
    await page.keyboard.press('1');
    await eventually(mine.replies).toMatch(/^Right\./);
  }, 180_000);

  it('starts over in the middle: what it held goes on, and the gates stand again', async () => {
    await mine.press('Start over');
    await mine.told(1);
    // The push that was under way has come to its end: it would run through the first pictures.
    const { held, kernelRecording } = await now();
    expect([held, kernelRecording]).toEqual([[], true]);
    const phases = (await debug(lab.url).journal()).filter((e) => e.type === 'transition' && e.machine === 'instance');
    expect(JSON.stringify(phases.at(-1))).toContain('RUNNING');
    await eventually(async () => (await now()).breakpoints.length).toBe(lesson.steps.filter((s) => s.hold).length);
    await eventually(async () => (await apps())[0]?.state).toBe('STARTED');
    await toFirstQuestion();
    expect((await apps()).map((a) => a.name)).toEqual(['hello-node', 'hello-node-2']);
  }, 180_000);

  it('says when its app was deleted, and starts over', async () => {
    const { guid = '' } = (await apps()).find((a) => a.name === 'hello-node-2') ?? {};
    await mine.options().nth(1).click();
    await mine.goOn();
    await mine.told(4);
    const deleted = await lab.api('DELETE', `/lab/apps/${guid}`);
    expect(deleted.status, deleted.text).toBeLessThan(300);
    await eventually(() => obstacle().innerText()).toContain('was deleted');
    await obstacle().getByRole('button', { name: 'Start over' }).click();
    await toFirstQuestion();
  }, 180_000);

  it('says when the lab was reset, and starts over', async () => {
    const reset = await lab.api('POST', '/lab/reset', {});
    expect(reset.status, reset.text).toBe(200);
    await eventually(() => obstacle().innerText()).toContain('The lab was reset');
    await obstacle().getByRole('button', { name: 'Start over' }).click();
    await toFirstQuestion();
    expect((await apps()).map((a) => a.name)).toEqual(['hello-node']);
  }, 180_000);

  it('ends its task also by the fault that it offers: killed from outside, the app comes back in another container', async () => {
    for (let step = 3; step < 18; step++) {
      await mine.at(step);
      await mine.panel().locator('.lesson-next:enabled, .quiet:text-is("Skip this step")').first().click();
    }
    await mine.told(18);
    await eventually(async () => (await lab.api('POST', '/lab/ask', { app: 'hello-node' })).text).toContain(
      'Hello from',
    );
    await mine.tries('kill it from outside').click();
    await eventually(mine.replies).toContain('CRASHED');
    await expect
      .poll(
        async () => {
          if (await mine.next().isEnabled()) return true;
          await mine.tries('Skip lab time').click();
          return mine.next().isEnabled();
        },
        { timeout: 60_000, interval: 1500 },
      )
      .toBe(true);
    expect(await mine.replies()).toContain('Goal reached');
    await mine.press('Leave');
    await eventually(now).toMatchObject({ held: [], breakpoints: [] });
  }, 180_000);

  it('breaks something itself, once, and waits for what comes of it', async () => {
    await giveLesson(page, FAULT);
    // A page anew, with the list of lessons: the address alone would not load the other program.
    await page.goto('about:blank');
    await page.goto(`${lab.url}/#show=lesson`);
    const short = lessonPage(page, parseLesson(FAULT).lesson);
    await short.tries('A fault').click();
    await short.told(1);
    await short.tries('Push it').click();
    await short.goOn();
    await short.told(2);
    const faults = (await debug(lab.url).journal()).filter((e) => e.type === 'fault');
    // The one of the task before, and the lesson's own.
    expect(faults).toHaveLength(2);
  }, 180_000);
});
