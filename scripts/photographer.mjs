// For scripts/screenshots.mjs: a lab of its own, and the pictures of one view in both themes, both languages and three
// sizes. What is photographed, and in which moment of a lab, is said there.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './deps.mjs';

const SIZES = { screen: [1280, 720], wide: [1920, 1080], phone: [360, 740] };

/** Until `fn` answers something true; fails after `seconds`. */
export async function until(what, fn, seconds = 120) {
  for (let i = 0; i < seconds * 5; i++) {
    const found = await fn();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${what} did not come within ${seconds} s`);
}

/** Starts a lab on a free port with a fresh data folder, which goes with it. */
export async function startLab(flags = []) {
  const data = mkdtempSync(join(tmpdir(), 'ws-shots-'));
  const main = [join(root, 'dist/server/main.js'), '--port', '0', '--data', data, ...flags];
  const lab = spawn(process.execPath, main, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, WARDENSCOPE_LEASH: 'stdin' },
  });
  let text = '';
  const url = await new Promise((resolve, reject) => {
    lab.stdout.on('data', (part) => {
      text += part;
      const ready = /ready at (http:\S+?)\/ /.exec(text);
      if (ready) resolve(ready[1]);
    });
    lab.once('exit', () => reject(new Error(`the lab ended: ${text}`)));
  });
  const token = /^token of the lab's own API: (\S+)$/m.exec(text)?.[1] ?? '';
  const headers = { 'content-type': 'application/json', authorization: `bearer ${token}` };
  const api = async (method, path, body) => {
    const answer = await fetch(`${url}${path}`, { method, headers, body: body && JSON.stringify(body) });
    return answer.json().catch(() => null);
  };
  return {
    url,
    token,
    api,
    /** Until something of this name is held; a beat that a picture's page has not reported opens by itself. */
    held: (name) =>
      until(`${name} to be held`, async () => (await api('GET', '/lab/state')).held.some((h) => h.point.name === name)),
    /** Until the record has an entry with these words. */
    says: (words) =>
      until(`an entry with ${words}`, async () => {
        const answer = await fetch(`${url}/lab/journal?after=0&limit=10000`, { headers });
        return (await answer.text()).includes(words);
      }),
    async stop() {
      const ended = new Promise((resolve) => lab.once('exit', resolve));
      lab.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** @param only a pattern of the names of pictures that are taken; none takes all */
export async function photographer({ out, only = '' }) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });

  const pattern = new RegExp(only);
  /** Of all pictures of a view those that are wanted: `<view>-<size>-<theme>-<language>`. */
  const picturesOf = (view, sizes = Object.keys(SIZES)) =>
    sizes
      .flatMap((size) => ['light', 'dark'].map((theme) => ({ size, theme })))
      .flatMap((one) => ['en', 'ja'].map((locale) => ({ ...one, locale })))
      .map((one) => ({ ...one, name: `${view}-${one.size}-${one.theme}-${one.locale}` }))
      .filter(({ name }) => pattern.test(name));
  const wants = (view) => picturesOf(view).length > 0;

  async function open(options) {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const page = await context.newPage();
    // One and the same page to the lab, so that it drives in every picture.
    await page.addInitScript(() => sessionStorage.setItem('wardenscope-client', 'f'.repeat(32)));
    return page;
  }

  return {
    wants,
    open,
    close: () => browser.close(),
    /**
     * One picture each: `<view>-<size>-<theme>-<language>.png`.
     * @param there what stands behind the lab's address, such as `#below=chart`
     * @param state what a browser has kept, as playwright's `storageState()` answers it
     */
    async shoot(lab, view, there, { prepare, state, sizes } = {}) {
      const pictures = picturesOf(view, sizes);
      if (pictures.length === 0) return;
      for (const { size, theme, locale, name } of pictures) {
        const [width, height] = SIZES[size];
        const page = await open({ viewport: { width, height }, colorScheme: theme, locale, storageState: state });
        page.on('pageerror', (e) => console.log(`${view}: ${e.message}`));
        await page.goto(`${lab.url}/${there}`);
        await page.locator('.caption').first().waitFor();
        await page.locator('.slot-panel > *').first().waitFor({ state: 'attached' });
        await page.waitForTimeout(700);
        await prepare?.(page);
        await page.screenshot({ path: join(out, `${name}.png`) });
        await page.context().close();
      }
      console.log(view);
    },
  };
}
