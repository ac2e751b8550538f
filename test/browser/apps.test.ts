// Pushing by dropping a folder on the page, in a real browser with a real drop, on a whole real lab: the dialog, the panel
// of apps, the card of a failure, another buildpack, deleting, and the reset.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zipOf } from '../cc/zip-fixture.ts';
import { dropOn, launch, readsQuickly, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/apps.test.ts ${whyNoBrowserLab}`);

const WAIT = 60_000;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SERVER = `require('http').createServer((q, r) => r.end(process.env.GREETING + ' from the dropped folder'))
  .listen(process.env.PORT, () => console.log('listening, was dropped'))`;

describe.skipIf(whyNoBrowserLab)('apps in the page', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  const folder = mkdtempSync(join(tmpdir(), 'apps-drop-'));
  const problems: string[] = [];
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: WAIT });
  const panel = () => page.locator('ws-apps');
  const app = (name: string) => panel().locator(`.app[data-app="${name}"]`);
  const phase = (name: string) => app(name).getAttribute('data-phase');
  const dialog = () => page.locator('ws-push-dialog dialog');
  const push = () => dialog().getByRole('button', { name: 'Push', exact: true });

  beforeAll(async () => {
    const own = join(folder, 'My Shop');
    mkdirSync(join(own, 'lib'), { recursive: true });
    mkdirSync(join(own, '.git'));
    writeFileSync(join(own, 'package.json'), '{"name":"shop","scripts":{"start":"node lib/server.js"}}');
    writeFileSync(join(own, 'lib/server.js'), SERVER);
    writeFileSync(join(own, '.git/config'), 'not to be pushed');
    const members = ['package.json', 'lib/server.js'].map((name) => ({ name, data: readFileSync(join(own, name)) }));
    writeFileSync(join(folder, 'twins.zip'), zipOf(members));
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce', locale: 'en-GB' });
    await page.addInitScript(readsQuickly);
    page.setDefaultTimeout(WAIT);
    page.on('pageerror', (e) => problems.push(e.message));
    await page.goto(`${lab.url}/`);
    await page.locator('header .lab').waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(problems).toEqual([]);
  }, 60_000);

  async function gatesOfBeat(): Promise<number> {
    const { entries } = (await lab.api('GET', '/lab/journal?type=gate&limit=1000')).json<{
      entries: { phase: string; by: string }[];
    }>();
    return entries.filter((e) => e.phase === 'held' && e.by === 'beat').length;
  }

  async function violations(of: string): Promise<string[]> {
    await page.evaluate(axe);
    return page.evaluate(async (selector) => {
      const run = (globalThis as unknown as { axe: { run(s: string): Promise<{ violations: { id: string }[] }> } }).axe;
      return (await run.run(selector)).violations.map((v) => v.id);
    }, of);
  }

  it('takes a folder that is dropped anywhere: name, files, what is wrong beside its field, and nothing lost', async () => {
    await dropOn(page, join(folder, 'My Shop'));
    await dialog().getByText('My Shop: 2 files').waitFor();
    expect(await dialog().getByText('left out: .git').count()).toBe(1);
    expect(await dialog().getByLabel('Name', { exact: true }).inputValue()).toBe('my-shop');
    await dialog().getByLabel('Memory, MB').fill('much');
    await dialog().getByLabel('Environment').fill('GREETING=hello\nVCAP_X=1');
    await push().click();
    await dialog().getByText('A whole number of MB').waitFor();
    expect(await dialog().getByText('reserved: VCAP_X').count()).toBe(1);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('push-memory');
    expect(await violations('ws-push-dialog')).toEqual([]);
    await dialog().getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.menu-button').click();
    await page.getByRole('menuitem', { name: 'Push…' }).click();
    expect(await dialog().getByLabel('Memory, MB').inputValue()).toBe('much');
    await dialog().getByLabel('Memory, MB').fill('128');
    await dialog().getByLabel('Environment').fill('GREETING=hello');
    await push().click();
    await dialog().waitFor({ state: 'hidden' });
    // Beat by beat, as every push of the page: the lab closes gates by itself, one after the other.
    await eventually(() => gatesOfBeat()).toBeGreaterThan(2);
    expect((await lab.api('GET', '/lab/state')).json<{ pace: string }>().pace).toBe('beat');
  });

  it('shows how far it is, the running instance, its link, and its log by source', async () => {
    await app('my-shop').locator('.progress .now').waitFor();
    await eventually(() => phase('my-shop')).toBe('running');
    await app('my-shop').locator('.instances [data-state=RUNNING]').waitFor();
    const link = app('my-shop').getByRole('link');
    expect(await link.getAttribute('href')).toBe(`http://my-shop.localhost:${new URL(lab.url).port}/`);
    expect(await app('my-shop').locator('.facts').innerText()).toContain('128 MB');
    const answer = () => lab.api('GET', '/', undefined, { host: 'my-shop.localhost' });
    await eventually(async () => (await answer()).text).toBe('hello from the dropped folder');
    await panel().getByLabel('Source').selectOption('App/0');
    await eventually(() => panel().locator('.app-lines .text').allTextContents()).toContain('listening, was dropped');
    await panel().getByLabel('Find in the log').fill('no such words');
    await panel().getByText('No line fits.').waitFor();
    expect(await violations('ws-apps')).toEqual([]);
  });

  it('shows an earlier moment as it was, with the reason why nothing can be ordered there', async () => {
    const staged = (await lab.api('GET', '/lab/journal?type=transition&limit=10000')).json<{
      entries: { seq: number; machine: string; value: unknown }[];
    }>();
    const seq = staged.entries.find(
      (e) => e.machine === 'staging-task' && JSON.stringify(e.value).includes('linked'),
    )?.seq;
    await page.goto(`${lab.url}/#at=${seq}&show=apps`);
    await eventually(() => phase('my-shop')).toBe('staging');
    await panel().getByText('the buildpack is at work').waitFor();
    await panel().locator('.off').waitFor();
    expect(await app('my-shop').getByRole('button', { name: 'Stop' }).isDisabled()).toBe(true);
    await page.getByRole('button', { name: 'Go live' }).click();
    await eventually(() => phase('my-shop')).toBe('running');
    expect(await app('my-shop').getByRole('button', { name: 'Stop' }).isEnabled()).toBe(true);
  });

  it('shows the card of a failed push by itself, and retries with another buildpack', async () => {
    await panel().getByRole('button', { name: 'Push…' }).click();
    await dialog()
      .getByRole('radio', { name: /unbuilt-site/ })
      .check();
    await eventually(() => dialog().getByLabel('Buildpack', { exact: true }).inputValue()).toBe('staticfile_buildpack');
    await dialog().getByLabel('Environment').fill('');
    await push().click();
    const card = panel().locator('.failure-card');
    await card.waitFor();
    expect(await card.locator('.script-line').first().innerText()).toContain('bin/compile:14');
    await eventually(() => card.innerText()).toContain('root: dist is not a folder');
    expect(await card.innerText()).toContain('1: the program ended with this status of its own');
    expect(await violations('.failure-card')).toEqual([]);
    await card.getByRole('button', { name: 'Retry with another or a changed buildpack…' }).click();
    await panel().locator('.asking select').selectOption('nodejs_buildpack');
    await panel().locator('.asking').getByRole('button', { name: 'Retry' }).click();
    await eventually(() => phase('unbuilt-site')).toBe('running');
  });

  it('takes a zip with two instances, environment and memory; scales, stops, starts and restarts it by its buttons', async () => {
    await dropOn(page, join(folder, 'twins.zip'));
    await dialog().getByText('twins.zip, ').waitFor();
    await dialog().getByLabel('Name', { exact: true }).fill('twins');
    await dialog().getByLabel('Memory, MB').fill('96');
    await dialog().getByLabel('Instances').fill('2');
    await dialog().getByLabel('Environment').fill('GREETING=both');
    expect(await dialog().getByText("the host's own system, read only").count()).toBe(1);
    await push().click();
    const running = () => app('twins').locator('.instances [data-state=RUNNING]');
    const press = (name: string) => app('twins').locator('.verbs').getByRole('button', { name, exact: true }).click();
    await eventually(() => phase('twins')).toBe('running');
    expect(await running().count()).toBe(2);
    expect(await app('twins').locator('.facts').innerText()).toContain('96 MB');
    const answer = () => lab.api('GET', '/', undefined, { host: 'twins.localhost' });
    await eventually(async () => (await answer()).text).toBe('both from the dropped folder');
    await press('Scale…');
    await app('twins').locator('.asking').getByLabel('Instances').fill('3');
    await app('twins').locator('.asking').getByRole('button', { name: 'Apply' }).click();
    await eventually(() => running().count()).toBe(3);
    await press('Stop');
    await eventually(() => phase('twins')).toBe('stopped');
    await app('twins').getByText('no instance').waitFor();
    await eventually(async () => (await answer()).status).toBe(404);
    await press('Start');
    await eventually(() => phase('twins')).toBe('running');
    const handles = () => app('twins').locator('.instances .handle').allInnerTexts();
    const first = await handles();
    expect(first).toHaveLength(3);
    await press('Restart');
    await eventually(async () => (await handles()).filter((handle) => !first.includes(handle)).length).toBe(3);
    await eventually(() => phase('twins')).toBe('running');
    await eventually(async () => (await answer()).status).toBe(200);
  });

  it('deletes after a question in the page, and resets the lab from the menu', async () => {
    await app('my-shop').locator('h3 button').click();
    await app('my-shop').getByRole('button', { name: 'Delete…' }).click();
    await app('my-shop').locator('.asking').getByRole('button', { name: 'Delete' }).click();
    await eventually(() => app('my-shop').count()).toBe(0);
    await page.locator('.menu-button').click();
    await page.getByRole('menuitem', { name: 'Reset the lab…' }).click();
    await page.locator('.ask-reset').getByRole('button', { name: 'Reset' }).click();
    await page.getByText('The lab is as new. Apps deleted: 2.').waitFor();
    await eventually(() => panel().locator('.app').count()).toBe(0);
    expect(await lab.list(0)).toEqual([]);
  });
});
