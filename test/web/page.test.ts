// The page in a real browser, against the real journal and debugger. Skipped, with its reason, where there is no Chromium.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KEYS, keyName, PLACES } from '../../web/keys.ts';
import { CHROMIUM, launch, readsQuickly } from '../support/browser.ts';
import { type SimulatedLab, simulatedLab } from './simulated-lab.ts';

if (!CHROMIUM) console.log('skipped: test/web/page.test.ts needs Chromium (apt-get install chromium)');

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

describe.skipIf(!CHROMIUM)('the page', { timeout: 120_000 }, () => {
  let browser: Browser;
  let lab: SimulatedLab;
  let page: Page;
  const problems: string[] = [];
  const dist = mkdtempSync(join(tmpdir(), 'web-dist-'));

  beforeAll(async () => {
    // As `npm start` builds it: vitest's own NODE_ENV would make a development build.
    const vite = [here('../../node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'error', '--outDir', dist];
    const built = spawnSync(process.execPath, vite, {
      cwd: here('../..'),
      env: { ...process.env, NODE_ENV: '' },
      encoding: 'utf8',
    });
    if (built.status !== 0) throw new Error(`the page could not be built: ${built.stderr}`);
    browser = await launch();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    rmSync(dist, { recursive: true, force: true });
  });

  beforeEach(async () => {
    lab = await simulatedLab(dist);
    page = await browser.newPage({ viewport: { width: 1440, height: 900 }, reducedMotion: 'reduce' });
    await page.addInitScript(readsQuickly);
    problems.length = 0;
    page.on('pageerror', (e) => problems.push(e.message));
    page.on(
      'console',
      (m) =>
        m.type() === 'error' &&
        !m.text().includes('404') &&
        // Offline on purpose; and another lab on this machine makes and removes network interfaces.
        !m.text().includes('ERR_INTERNET_DISCONNECTED') &&
        !m.text().includes('ERR_NETWORK_CHANGED') &&
        problems.push(m.text()),
    );
  });
  afterEach(async () => {
    await page.close();
    await lab.close();
    expect(problems).toEqual([]);
  });

  const open = async (hash = '') => {
    await page.goto(`${lab.url}/${hash}`);
    await page.locator('header .lab').waitFor();
  };
  /** Polls with a deadline that a busy machine keeps, too. */
  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, { timeout: 45_000 });
  const caption = () => page.locator('.caption').innerText();
  const shows = (text: string) => page.locator('.row', { hasText: text }).first().waitFor();

  it('teaches when nothing has happened yet, and shows a push as it happens', async () => {
    await open();
    expect(await page.locator('ws-record .empty').innerText()).toContain('Push an app');
    await page.getByRole('button', { name: 'Push hello-node' }).first().click();
    await shows('router.register');
  });

  it('lights the states of the actor at the cursor, and those of an earlier moment when it is looked at', async () => {
    await lab.push();
    await open('#below=chart&machine=instance');
    await eventually(() => page.locator('.state.leaf > .title').allTextContents()).toEqual(['serving']);
    const begins = page.locator('.row', { hasText: /instance .* begins in BORN/ });
    await page.getByRole('searchbox').fill('begins in BORN');
    await begins.click();
    await eventually(() => page.locator('.state.leaf > .title').allTextContents()).toEqual(['BORN']);
    expect(await page.locator('main.past').count()).toBe(1);
  });

  it('puts the cursor into the URL, and a link to a moment opens at that moment', async () => {
    await lab.push();
    await open('#at=5');
    await eventually(() => page.locator('.position').innerText()).toContain('looking at 5 of');
    const there = await caption();
    // Not beat by beat but entry by entry.
    await page.keyboard.press('g');
    await page.keyboard.press('j');
    await eventually(() => new URL(page.url()).hash).toBe('#at=6');
    await page.keyboard.press('k');
    await eventually(caption).toBe(there);
    await page.keyboard.press('Escape');
    await eventually(() => new URL(page.url()).hash).toBe('');
  });

  it('follows the causes of an entry back to the request that began it', async () => {
    await lab.push();
    await open();
    await page.getByRole('searchbox').fill('received router.register');
    await page.locator('.row').first().click();
    await page.locator('.inspector .links button').first().click();
    await eventually(caption).toContain('received PUT /v2/apps');
    await eventually(() => page.locator('.inspector').innerText()).toContain('A beginning');
  });

  it('sets a breakpoint by a click on a state, and is held before that state is entered', async () => {
    await open('#below=chart&machine=container&under=breakpoints');
    await page.getByRole('button', { name: 'Stop before container.active', exact: true }).press('Enter');
    await page.locator('.breakpoints li', { hasText: 'container.active' }).waitFor();
    void lab.push();
    await page.locator('.held').first().waitFor();
    await eventually(() => page.locator('.state.next > .title').allTextContents()).toEqual(['active']);
    await eventually(() => page.locator('.state.active > .title').allTextContents()).toContain('saving');
    await page.locator('.breakpoints li.holds').waitFor();
    await eventually(() => page.locator('.breakpoints li').innerText()).toContain('hit 1×');
    await page.getByRole('button', { name: 'Remove container.active' }).click();
    await page.keyboard.press('c');
    await shows('router.register');
  });

  it('lists the boot steps, holds at one, and steps to the next', async () => {
    await lab.push();
    await open('#under=breakpoints');
    await page.locator('.steps button', { hasText: 'pivot_root' }).click();
    await page.locator('.breakpoints li', { hasText: 'pivot_root' }).waitFor();
    void lab.push();
    await eventually(() => page.locator('.held').first().innerText()).toContain('pivot_root');
    await page.keyboard.press('s');
    await eventually(() => page.locator('.held').first().innerText()).toContain('devpts');
  });

  it('breaks at what an entry is about with one key, and takes it back with the same', async () => {
    await lab.push();
    await open('#under=breakpoints');
    await page.getByRole('searchbox').fill('sent CreateRequest');
    await page.locator('.row.message').first().click();
    await page.locator('.rows').focus();
    await page.keyboard.press('x');
    await eventually(() => page.locator('.breakpoints li').allInnerTexts()).toEqual([
      expect.stringContaining('CreateRequest'),
    ]);
    await page.keyboard.press('x');
    await eventually(() => page.locator('.breakpoints li').count()).toBe(0);
  });

  it('shows each message once in list and sequence, and moves one cursor from either', async () => {
    await lab.push();
    await open('#show=sequence');
    const chosen = page.locator('.sequence-row.chosen');
    const create = page.locator('.sequence-row.message', { hasText: 'CreateRequest' }).first();
    const seq = await create.locator('.seq').innerText();
    await create.click();
    await eventually(() => chosen.locator('.seq').innerText()).toBe(seq);
    await eventually(() => new URL(page.url()).hash).toContain(`at=${seq}`);
    await eventually(() => page.locator('.inspector h2').innerText()).toContain(seq);
    await page.locator('.sequence-scroll').focus();
    await page.keyboard.press('ArrowDown');
    await eventually(() => chosen.locator('.seq').innerText()).not.toBe(seq);
    await page.keyboard.press('ArrowUp');
    await eventually(() => chosen.locator('.seq').innerText()).toBe(seq);
    await page.getByRole('tab', { name: 'Record' }).click();
    await eventually(() => page.locator('.row.chosen .seq').innerText()).toBe(seq);
    await page.locator('.row.chosen .end').first().click();
    await eventually(() => new URL(page.url()).hash).not.toContain(`at=${seq}`);
    expect(await page.locator('.row.chosen .seq').innerText()).toBe(seq);
    await page.getByRole('tab', { name: 'Sequence' }).click();
    await eventually(() => chosen.locator('.seq').innerText()).toBe(seq);
    await page.getByRole('button', { name: 'Table' }).first().click();
    await eventually(() => page.locator('.sequence-table .line.chosen .seq').innerText()).toBe(seq);
  });

  it('goes on without gaps when the connection was lost', async () => {
    await lab.push();
    await open();
    const heads = () => page.evaluate(() => document.querySelector('.position')?.textContent ?? '');
    await page.context().setOffline(true);
    await lab.print(50);
    await page.context().setOffline(false);
    const state = await (await fetch(`${lab.url}/lab/state`)).json();
    await eventually(heads).toBe(`live, ${state.head} entries`);
  });

  it('keeps only the rows that can be seen, however long the record is', async () => {
    await lab.print(30_000);
    await open();
    await shows('note 29999 of many');
    expect(await page.locator('.row').count()).toBeLessThan(60);
    await page.keyboard.press('Home');
    await shows('note 0 of many');
  });

  it('does from the keyboard what its help sheet lists', async () => {
    await open();
    await page.keyboard.press('?');
    for (const where of PLACES)
      await eventually(() => page.locator(`.sheet .keys-${where} dt`).allTextContents()).toEqual(
        KEYS.filter((k) => k.where === where).map((k) => k.keys.map(keyName).join('')),
      );
    // It is longer than the screen, and the keys that turn its pages are its own: each time, not only the first.
    await page.keyboard.press('Escape');
    await page.locator('.sheet').waitFor({ state: 'detached' });
    await page.keyboard.press('?');
    await page.locator('.sheet button:focus').waitFor();
    await page.keyboard.press('End');
    await eventually(() => page.locator('.sheet').evaluate((e) => e.scrollTop)).toBeGreaterThan(0);
    await page.keyboard.press('Escape');
    await page.locator('.sheet').waitFor({ state: 'detached' });
    await page.keyboard.press('p');
    await eventually(async () => (await (await fetch(`${lab.url}/lab/state`)).json()).paused).toBe(true);
    await page.keyboard.press('c');
    await eventually(async () => (await (await fetch(`${lab.url}/lab/state`)).json()).paused).toBe(false);
    await page.keyboard.press('/');
    await page.keyboard.type('pc?');
    expect(await page.getByRole('searchbox').inputValue()).toBe('pc?');
  });

  it('takes in each of its panels the keys of the one table, and leaves all others to the page', async () => {
    const named = ['Enter', 'Home', 'End', 'PageUp', 'PageDown', 'ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'];
    const printed = Array.from({ length: 127 - 32 }, (_, i) => String.fromCharCode(32 + i));
    const places = [
      ['stage', 'ws-stage svg', ''],
      ['sequence', '.sequence-scroll', '#show=sequence'],
      ['timeline', 'ws-timeline .lanes', '#below=timeline'],
      ['chart', 'ws-chart svg', '#below=chart&machine=instance'],
      ['lesson', 'body', '#lesson=a-push-in-five-minutes&step=1'],
    ] as const;
    await lab.push();
    for (const [where, selector, hash] of places) {
      await page.goto('about:blank');
      await open(hash);
      await page.locator(selector).first().waitFor();
      if (where === 'lesson') await page.locator('.lesson-body').waitFor();
      const table: string[] = KEYS.filter((k) => k.where === where).flatMap((k) => [...k.keys]);
      const presses = [...named, ...printed, ...table.filter((k) => k.startsWith('Shift+'))];
      const taken = () =>
        page.evaluate(
          ([selector, presses]) => {
            const left: string[] = [];
            let press = '';
            // What comes as far as this was not taken by the panel; the page itself is not to have it either.
            const leave = (event: Event) => {
              left.push(press);
              event.stopImmediatePropagation();
            };
            document.addEventListener('keydown', leave);
            for (press of presses) {
              const [shift, key = shift] = press.split(/(?<=^Shift)\+/);
              const event = { key, shiftKey: press.startsWith('Shift+'), bubbles: true, cancelable: true };
              document.querySelector(selector)?.dispatchEvent(new KeyboardEvent('keydown', event));
            }
            document.removeEventListener('keydown', leave);
            return presses.filter((p) => !left.includes(p));
          },
          [selector, presses] as const,
        );
      // A panel has its keys once it has its record.
      await eventually(async () => [where, ...(await taken()).toSorted()]).toEqual([
        where,
        ...new Set(table.toSorted()),
      ]);
    }
  });

  it('says everything in Japanese after one key', async () => {
    await lab.push();
    await open();
    await page.keyboard.press('l');
    await eventually(() => page.locator('html').getAttribute('lang')).toBe('ja');
    expect(await page.locator('header').innerText()).toContain('Push する');
    expect(await caption()).toMatch(/(ます|ました|です|ません)。$/);
  });

  for (const scheme of ['light', 'dark'] as const) {
    it(`has nothing that axe finds (${scheme})`, async () => {
      await page.emulateMedia({ colorScheme: scheme });
      await lab.push();
      lab.beat(3);
      await open('#show=sequence&below=chart&machine=container');
      const found: string[] = [];
      const look = async () => {
        await page.evaluate(axe);
        found.push(...(await violations(page)));
      };
      const message = page.locator('.sequence-row.message', { hasText: 'CreateRequest' }).first();
      await message.click();
      await look();
      await page.getByRole('button', { name: 'Table' }).first().click();
      await page.locator('.chart-tools button', { hasText: 'Table' }).click();
      await page.getByRole('tab', { name: 'Breakpoints' }).click();
      await page.keyboard.press('x');
      await page.locator('.breakpoints li').waitFor();
      await look();
      await page.getByRole('tab', { name: 'Record' }).click();
      await page.locator('.rows').waitFor();
      await look();
      expect(found).toEqual([]);
    });
  }
});

/** What axe finds on the page as it is, beside the stage, which has tests of its own: the rule, the first element, and why. */
function violations(page: Page): Promise<string[]> {
  return page.evaluate(async () => {
    const { violations } = await (
      globalThis as unknown as {
        axe: {
          run(where: {
            exclude: string[];
          }): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
        };
      }
    ).axe.run({ exclude: ['.scene'] });
    return violations.map((v) => `${v.id}: ${v.nodes[0]?.html} ${v.nodes[0]?.failureSummary}`);
  });
}
