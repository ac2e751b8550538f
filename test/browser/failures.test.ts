// What went wrong with an app, in a real browser on a real lab: *Debug my staging* by both its doors, the card of a failure and
// where its facts lead, a buildpack that is mended on disk and tried again.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUILDPACKS } from '../../server/dea/layout.ts';
import { axeFinds, dropOn, launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/failures.test.ts ${whyNoBrowserLab}`);

const WAIT = 60_000;
const NODE = `${BUILDPACKS}/nodejs/bin`;
const BROKEN = '#!/bin/bash\nset -e\nif [[ -d nowhere ]]; then echo never; fi\ntest -f "$1/built"\necho built\n';
const MENDED = `#!/bin/bash\nset -e\necho mended\nexec ${NODE}/compile "$@"\n`;
const SERVER = "require('http').createServer((q, r) => r.end('mended')).listen(process.env.PORT)";
const TALKER = "for (let i = 1; i <= 25; i++) console.log('line ' + i); process.exitCode = 3";

describe.skipIf(whyNoBrowserLab !== '')('failures in the page', { timeout: 120_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let page: Page;
  let problems: string[];
  const folder = mkdtempSync(join(tmpdir(), 'failures-'));
  const buildpack = join(folder, 'mender');
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: WAIT });
  const app = (name: string) => page.locator(`ws-apps .app[data-app="${name}"]`);
  const phase = (name: string) => app(name).getAttribute('data-phase');
  const card = () => page.locator('ws-apps .failure-card');
  const fact = (name: string) => card().locator(`dt:text-is("${name}") + dd`).innerText();
  const dialog = () => page.locator('ws-push-dialog dialog');
  const push = () => dialog().getByRole('button', { name: 'Push', exact: true }).click();
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  beforeAll(async () => {
    mkdirSync(join(buildpack, 'bin'), { recursive: true });
    writeFileSync(join(buildpack, 'bin/compile'), BROKEN, { mode: 0o755 });
    writeFileSync(join(buildpack, 'bin/release'), `#!/bin/bash\nexec ${NODE}/release "$@"\n`, { mode: 0o755 });
    for (const [name, server] of Object.entries({ site: SERVER, talker: TALKER })) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'package.json'), '{"scripts":{"start":"node server.js"}}');
      writeFileSync(join(folder, name, 'server.js'), server);
    }
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    browser = await launch();
    const opened = await openPage(browser, { viewport: { width: 1440, height: 900 }, locale: 'en-GB' });
    page = opened.page;
    problems = opened.problems;
    page.setDefaultTimeout(WAIT);
    await page.goto(`${lab.url}/`);
    await page.locator('header .lab').waitFor();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
    expect(problems).toEqual([]);
  }, 60_000);

  /** The card says that it is held; its advice leads into the container, where `ls` says what is there. */
  async function enterHeld(): Promise<string> {
    await card().locator('.held-now').waitFor();
    const look = card().getByRole('button', { name: /^Open a terminal in container / });
    const handle = (await look.innerText()).split(' ').at(-1) ?? '';
    expect(await lab.list(0)).toContain(handle);
    await look.click();
    await eventually(() => page.locator('ws-terminals select').first().inputValue()).toBe(handle);
    await button('Open a terminal').click();
    await page.locator('.terminal-status.ready').waitFor();
    await page.keyboard.type(`ls /tmp/staged/app; echo "in ${handle} $((6 * 7))"\n`);
    const room = () => page.locator('.terminal-room').innerText();
    await eventually(room).toContain(`in ${handle} 42`);
    const seen = await room();
    await page.locator('.terminal-room textarea').focus();
    await page.keyboard.type('exit\n');
    await page.locator('.terminal-status.exited').waitFor();
    return seen;
  }

  it('has a door to Debug my staging: it holds on failure, and the held container can be entered', async () => {
    await button('Debug my staging').click();
    expect(await dialog().getByLabel('Hold', { exact: true }).inputValue()).toBe('failure');
    expect(await dialog().getByLabel('Pace').inputValue()).toBe('real');
    await dialog()
      .getByRole('radio', { name: /unbuilt-site/ })
      .check();
    await push();
    expect(await enterHeld()).toContain('Staticfile');
    await card().getByRole('button', { name: 'Retry with another or a changed buildpack…' }).click();
    await page.locator('.asking select').selectOption('nodejs_buildpack');
    await page.locator('.asking').getByRole('button', { name: 'Retry' }).click();
    await eventually(() => phase('unbuilt-site')).toBe('running');
  });

  it('shows of a failed buildpack the first failing line, its status, and what was written to disk', async () => {
    await dropOn(page, join(folder, 'site'));
    await dialog().getByText('site: 2 files').waitFor();
    expect(await dialog().getByLabel('Hold', { exact: true }).inputValue()).toBe('no');
    await dialog().getByLabel('Buildpack', { exact: true }).selectOption('other');
    await dialog().getByLabel('Folder on this machine').fill(buildpack);
    await push();
    await card().waitFor();
    const failing = card().locator('.failing');
    await eventually(() => failing.innerText()).toContain('bin/compile:4');
    expect(await failing.innerText()).toContain('status 1; the script ended on it');
    expect(await fact('Exit status')).toContain('1: ');
    expect(await fact('Disk')).toMatch(/^[\d.]+ [KM]B in its own layer; quota: none$/);
    expect(await axeFinds(page, '.failure-card')).toEqual([]);
  });

  it('debugs the staging of an app by its own button', async () => {
    await app('site').locator('.verbs').getByRole('button', { name: 'Debug my staging' }).click();
    expect(await enterHeld()).toContain('server.js');
  });

  it('retries with the folder that was mended: it stands there already', async () => {
    writeFileSync(join(buildpack, 'bin/compile'), MENDED, { mode: 0o755 });
    await card().getByRole('button', { name: 'Retry with another or a changed buildpack…' }).click();
    const form = page.locator('.asking');
    expect(await form.getByLabel('Folder on this machine').inputValue()).toBe(buildpack);
    await form.getByRole('button', { name: 'Retry' }).click();
    await eventually(() => phase('site')).toBe('running');
    // The router's own beat comes after the instance's.
    const answer = () => lab.api('GET', '/', undefined, { host: 'site.localhost' });
    await eventually(async () => (await answer()).text).toBe('mended');
  });

  it('shows exactly the last 20 lines of an app that wrote 25 before it failed', async () => {
    await dropOn(page, join(folder, 'talker'));
    await dialog().getByText('talker: 2 files').waitFor();
    await dialog().getByLabel('Buildpack', { exact: true }).selectOption('auto');
    await push();
    await card().waitFor();
    await card().getByRole('heading', { name: 'Last 20 log lines' }).waitFor();
    const last = Array.from({ length: 20 }, (_, i) => `line ${i + 6}`);
    await eventually(() => card().locator('.last-lines li').allInnerTexts()).toEqual(last);
    expect(await fact('Exit status')).toContain('3: ');
  });

  it('says of an app that took too much memory that the kernel ended it, and each cause leads to its moment', async () => {
    await app('talker').getByRole('button', { name: 'Stop' }).click();
    await page.locator('ws-apps').getByRole('button', { name: 'Push…' }).click();
    await dialog()
      .getByRole('radio', { name: /memory-hog/ })
      .check();
    await push();
    await eventually(() => card().getByText('memory-hog').count()).toBeGreaterThan(0);
    expect(await fact('Out of memory')).toBe('Yes: the kernel ended it for memory');
    expect(await fact('Memory at the time')).toContain('of 256 MB');
    expect(await fact('Disk')).toMatch(/^[\d.]+ [KM]B in its own layer; quota: none$/);
    const cause = card().locator('.causes li').last().getByRole('button');
    const seq = await cause.locator('.number').innerText();
    await cause.click();
    await eventually(() => /[#&]at=(\d+)/.exec(page.url())?.[1]).toBe(seq);
  });
});
