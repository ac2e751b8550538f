// Runs as files: saved from a live lab in one browser, played in another one from a static server, where no lab is. That
// one serves what `npm run build:static` made, and nothing else.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entry } from '../../machines/journal.ts';
import { launch, openPage, whyNoBrowserLab } from '../support/browser.ts';
import { until } from '../support/cf.ts';
import { type RunningLab, startLab } from '../support/lab.ts';

if (whyNoBrowserLab) console.log(`skipped: test/browser/run.test.ts ${whyNoBrowserLab}`);

/** Where the static server has the page: not at its root. */
const BASE = '/some/where/';
const PATIENCE = { timeout: 40_000 };
const root = join(import.meta.dirname, '../..');

describe.skipIf(whyNoBrowserLab)('runs as files', { timeout: 90_000 }, () => {
  let lab: RunningLab;
  let browser: Browser;
  let files: Server;
  let still: string;
  /** The page of the live lab, and what it saved. */
  let live: Page;
  let saved: string;
  let bytes: Buffer;
  const problems: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'ws-static-'));

  beforeAll(async () => {
    // As somebody types it: vitest's own NODE_ENV would make a development build.
    const built = spawnSync('npm', ['run', 'build:static', '--', folder], {
      cwd: root,
      env: { ...process.env, NODE_ENV: '' },
      encoding: 'utf8',
    });
    expect(built.status, built.stderr).toBe(0);
    expect(built.stdout).toContain(`${folder}: copy it to any static server`);
    lab = await startLab({ deas: 1, env: { WARDENSCOPE_TEST_WEB: '1' } });
    files = createServer((req, res) => {
      const { pathname } = new URL(req.url ?? '/', 'http://x');
      const ours = pathname.startsWith(BASE) ? join(folder, pathname.slice(BASE.length) || 'index.html') : '';
      const file = pathname === '/mine.gz' ? saved : ours;
      if (!file || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
        res.writeHead(404, { 'content-type': 'text/html' }).end('<p>no</p>');
        return;
      }
      res.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
      res.end(readFileSync(file));
    });
    await new Promise<void>((done) => files.listen(0, '127.0.0.1', done));
    still = `http://127.0.0.1:${(files.address() as AddressInfo).port}${BASE}`;
    browser = await launch();
    live = await open(`${lab.url}/`);
    expect((await lab.api('POST', '/lab/push', { app: 'hello-node', name: 'mine' })).status).toBe(202);
    await until(
      'the app',
      async () => (await transitions()).some((e) => JSON.stringify(e.value).includes('RUNNING')),
      60_000,
    );
    const download = live.waitForEvent('download', PATIENCE);
    await choose(live, 'Save this run as a file');
    const file = await download;
    expect(file.suggestedFilename()).toMatch(/^push-mine-\d{4}-\d\d-\d\d\.wardenscope\.json\.gz$/);
    saved = await file.path();
    bytes = readFileSync(saved);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    files?.close();
    await lab?.stop();
    if (saved) rmSync(saved, { force: true });
    rmSync(folder, { recursive: true, force: true });
    expect(problems).toEqual([]);
  }, 60_000);

  const eventually = <T>(fn: () => T | Promise<T>) => expect.poll(fn, PATIENCE);
  const caption = (page: Page) => page.locator('.caption').first().innerText();
  const position = (page: Page) => page.locator('.position').innerText();
  const chip = (page: Page) => page.locator('.recorded-chip').innerText();
  const at = (page: Page) => Number(/#at=(\d+)/.exec(page.url())?.[1] ?? 0);
  const actors = (page: Page) =>
    page.locator('ws-stage svg').evaluate((svg) => svg.querySelectorAll('.container').length);
  const seek = (page: Page, seq: number) =>
    page.evaluate((hash) => {
      location.hash = hash;
    }, `at=${seq}`);

  async function open(url: string, motion: 'reduce' | 'no-preference' = 'reduce'): Promise<Page> {
    const opened = await openPage(browser, {
      viewport: { width: 1440, height: 900 },
      acceptDownloads: true,
      reducedMotion: motion,
    });
    opened.page.on('pageerror', (e) => problems.push(e.message));
    await opened.page.goto(url);
    return opened.page;
  }

  async function choose(page: Page, item: string): Promise<void> {
    await page.locator('.menu-button').click(PATIENCE);
    await page.getByRole('menuitem', { name: item }).click(PATIENCE);
  }

  async function transitions(): Promise<(Entry & { value?: unknown })[]> {
    const { entries } = (await lab.api('GET', '/lab/journal?type=transition&limit=10000')).json<{ entries: Entry[] }>();
    return entries.filter((e) => e.type === 'transition' && e.machine === 'instance');
  }

  /** As somebody who drops a file from the desktop. */
  async function drop(page: Page, name: string, content: Buffer): Promise<void> {
    await page.evaluate(
      ([name, base64]) => {
        const data = new DataTransfer();
        data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
        document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
      },
      [name, content.toString('base64')] as const,
    );
  }

  it('a page without a lab plays the run that is shipped, and its verbs move it', async () => {
    const page = await open(still, 'no-preference');
    await eventually(() => chip(page)).toContain('recorded run: push hello-node');
    expect(await page.locator('.recorded-chip button').count()).toBe(0);
    expect(await page.locator('header .push').isDisabled()).toBe(true);
    const first = await eventually(() => at(page))
      .toBeGreaterThan(0)
      .then(() => at(page));
    await eventually(() => at(page)).toBeGreaterThan(first);
    await page.locator('.command.pause').click();
    await page.locator('.command.continue').waitFor(PATIENCE);
    const paused = at(page);
    await page.locator('.command.step').click();
    await eventually(() => at(page)).toBeGreaterThan(paused);
    const stepped = at(page);
    await page.locator('.command.previous').click();
    await eventually(() => at(page)).toBeLessThan(stepped);
    await page.locator('.command.continue').click();
    await eventually(() => at(page)).toBeGreaterThan(stepped);
    await page.context().close();
  });

  it('what was saved from a live lab shows the same moment in a page without one', async () => {
    const boot = await lab.api('GET', '/lab/journal?type=step&limit=10000');
    const moment = boot.json<{ entries: Entry[] }>().entries.find((e) => e.type === 'step' && e.name === 'pivot_root');
    await seek(live, moment?.seq ?? 0);
    await eventually(() => caption(live)).toContain('pivot_root');
    await eventually(() => actors(live)).toBeGreaterThan(0);
    const page = await open(`${still}?run=/mine.gz#at=${moment?.seq}`);
    await eventually(() => chip(page)).toContain('recorded run: push mine');
    await eventually(() => caption(page)).toBe(await caption(live));
    await eventually(() => actors(page)).toBe(await actors(live));
    expect(new URL(page.url()).hash).toContain(`at=${moment?.seq}`);
    await page.getByRole('button', { name: 'Leave' }).click();
    await eventually(() => chip(page)).toContain('push hello-node');
    expect(new URL(page.url()).search).toBe('');
    await page.context().close();
  });

  it('a file that is torn, newer or no run is one sentence, and what is shown stays', async () => {
    const page = await open(`${still}#at=400`);
    await eventually(() => position(page)).toContain('400');
    const notice = () => page.locator('.notice').innerText();
    await drop(page, 'torn.wardenscope.json.gz', bytes.subarray(0, bytes.length / 2));
    await eventually(notice).toContain('torn');
    await drop(page, 'newer.wardenscope.json', Buffer.from('{"wardenscope":"run","version":99}\n'));
    await eventually(notice).toContain('newer Wardenscope (version 99)');
    await drop(page, 'notes.wardenscope.json', Buffer.from('{"hello":1}'));
    await eventually(notice).toContain('not a run of Wardenscope');
    expect(await position(page)).toContain('400');
    expect(await chip(page)).toContain('push hello-node');
    await page.context().close();
  });

  it('dropped on the page of a live lab it is watched there, and leaving it returns to the lab', async () => {
    await drop(live, 'push-mine.wardenscope.json.gz', bytes);
    await eventually(() => chip(live)).toContain('recorded run: push mine');
    await live.locator('.command.step').click();
    expect(await live.locator('header .push').isDisabled()).toBe(true);
    await live.getByRole('button', { name: 'Leave' }).click();
    await eventually(() => live.locator('.recorded-chip').count()).toBe(0);
    await eventually(() => live.locator('header .push').isEnabled()).toBe(true);
    const { head } = (await lab.api('GET', '/lab/state')).json<{ head: number }>();
    await eventually(async () => Number(/\d+/.exec(await position(live))?.[0] ?? 0)).toBeGreaterThanOrEqual(head);
  });
});

const TYPES: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.gz': 'application/gzip',
};
